/** Annotations as boxes in time and frequency: finding the one under the pointer, and dragging. */

import type { Annotation } from "../api.ts";
import { hzAt, shareOfHz, type View } from "./scales.ts";

/** A place in the picture: time, and height from 0 at the bottom to 1 at the top. */
export interface Spot {
  time_s: number;
  height: number;
}

/** A box in the picture; without heights it spans all frequencies. */
export interface Box {
  start_s: number;
  end_s: number;
  /** From 0 at the bottom to 1 at the top. */
  low: number;
  high: number;
  /** Whether the frequencies mean something. */
  bounded: boolean;
}

export type Part = "inside" | "start" | "end" | "low" | "high";

export interface Grip {
  id: number;
  part: Part;
}

export function boxOf(said: Annotation, top_hz: number): Box | null {
  const { start_s, end_s, low_hz, high_hz } = said;
  if (start_s === null || end_s === null) return null;
  return {
    start_s,
    end_s,
    low: low_hz === null ? 0 : shareOfHz(low_hz, top_hz),
    high: high_hz === null ? 1 : shareOfHz(high_hz, top_hz),
    bounded: low_hz !== null || high_hz !== null,
  };
}

/** The frequencies of a box as an annotation has them. */
export function bandOf(
  box: Box,
  top_hz: number,
): { low_hz: number | null; high_hz: number | null } {
  if (!box.bounded) return { low_hz: null, high_hz: null };
  const hz = (share: number): number => Math.round(hzAt(share, top_hz));
  return {
    low_hz: box.low <= 0 ? null : hz(box.low),
    high_hz: box.high >= 1 ? null : hz(box.high),
  };
}

/** How far, in time and height, an edge can be grasped. */
export interface Reach {
  time_s: number;
  height: number;
}

/** Find what of a box is at a spot. */
export function partAt(box: Box, spot: Spot, reach: Reach): Part | null {
  const { time_s, height } = spot;
  const nearTime = time_s >= box.start_s - reach.time_s && time_s <= box.end_s + reach.time_s;
  const nearHeight = height >= box.low - reach.height && height <= box.high + reach.height;
  if (!nearTime || !nearHeight) return null;
  if (Math.abs(time_s - box.start_s) <= reach.time_s) return "start";
  if (Math.abs(time_s - box.end_s) <= reach.time_s) return "end";
  if (box.bounded && Math.abs(height - box.low) <= reach.height) return "low";
  if (box.bounded && Math.abs(height - box.high) <= reach.height) return "high";
  const inside = time_s > box.start_s && time_s < box.end_s;
  return inside && height >= box.low && height <= box.high ? "inside" : null;
}

/** Of several boxes at a spot, the shortest is meant: the others can be grasped elsewhere. */
export function gripAt(
  boxes: ReadonlyArray<{ id: number; box: Box }>,
  spot: Spot,
  reach: Reach,
): Grip | null {
  let best: (Grip & { length: number }) | null = null;
  for (const { id, box } of boxes) {
    const part = partAt(box, spot, reach);
    const length = box.end_s - box.start_s;
    if (part !== null && (best === null || length < best.length)) best = { id, part, length };
  }
  return best === null ? null : { id: best.id, part: best.part };
}

/** Span a box between two spots. */
export function spanned(from: Spot, to: Spot, bounded: boolean): Box {
  return {
    start_s: Math.min(from.time_s, to.time_s),
    end_s: Math.max(from.time_s, to.time_s),
    low: bounded ? Math.min(from.height, to.height) : 0,
    high: bounded ? Math.max(from.height, to.height) : 1,
    bounded,
  };
}

/** Whether a box is large enough to mean anything: a slip of the pointer is none. */
export function isBox({ start_s, end_s, low, high }: Box, { time_s, height }: Reach): boolean {
  return end_s - start_s >= time_s && high - low >= height;
}

/** Drag a part of a box from one spot to another, within a recording of `duration_s` seconds. */
export function dragged(box: Box, part: Part, from: Spot, to: Spot, duration_s: number): Box {
  const time = Math.min(duration_s, Math.max(0, to.time_s));
  const height = Math.min(1, Math.max(0, to.height));
  if (part === "start" || part === "end") {
    const fixed = part === "start" ? box.end_s : box.start_s;
    return { ...box, start_s: Math.min(fixed, time), end_s: Math.max(fixed, time) };
  }
  if (part === "low" || part === "high") {
    const fixed = part === "low" ? box.high : box.low;
    return { ...box, low: Math.min(fixed, height), high: Math.max(fixed, height) };
  }
  const later = to.time_s - from.time_s;
  const by_s = Math.min(duration_s - box.end_s, Math.max(-box.start_s, later));
  const higher = box.bounded ? to.height - from.height : 0;
  const up = Math.min(1 - box.high, Math.max(-box.low, higher));
  return {
    ...box,
    start_s: box.start_s + by_s,
    end_s: box.end_s + by_s,
    low: box.low + up,
    high: box.high + up,
  };
}

/** Where a box is in a view, as shares of its width and height; null where it is not seen. */
export function placed(
  box: Box,
  { start_s, end_s }: View,
): { left: number; width: number; top: number; height: number } | null {
  if (box.end_s <= start_s || box.start_s >= end_s) return null;
  const length = end_s - start_s;
  return {
    left: (box.start_s - start_s) / length,
    width: (box.end_s - box.start_s) / length,
    top: 1 - box.high,
    height: box.high - box.low,
  };
}
