/** How the points are coloured: by groups that have names, or by a number along a ramp. */

import type { ColumnKind } from "../api.ts";
import { type Classes, dim, unclassified } from "./colors.ts";
import { gradate, type Scale, scaleOf, shareOf } from "./ramps.ts";

export interface GroupColoring extends Classes {
  kind: "groups";
}

export interface NumberColoring {
  kind: Exclude<ColumnKind, "groups">;
  /** A step of the ramp for each point. */
  classes: Uint8Array;
  values: Float64Array;
  scale: Scale | null;
}

export type Coloring = GroupColoring | NumberColoring;

/** A part of a scale, from 0 to 1. */
export type Part = readonly [low: number, high: number];

export const WHOLE: Part = [0, 1];

export function colorByNumber(values: Float64Array, kind: NumberColoring["kind"]): NumberColoring {
  const scale = scaleOf(values);
  return { kind, classes: gradate(values, scale), values, scale };
}

export function plain(n: number): GroupColoring {
  return { kind: "groups", ...unclassified(n) };
}

/** Mark the points that the legend leaves out: other classes than those chosen, other numbers. */
export function leftOut(
  coloring: Coloring,
  chosen: ReadonlySet<number>,
  [low, high]: Part,
): Uint8Array {
  if (coloring.kind === "groups") return dim(coloring.classes, chosen);
  const { values, scale } = coloring;
  const all = low <= WHOLE[0] && high >= WHOLE[1];
  if (all || scale === null) return new Uint8Array(values.length);
  return Uint8Array.from(values, (value) => {
    const share = Number.isFinite(value) ? shareOf(value, scale) : NaN;
    return share >= low && share <= high ? 0 : 1;
  });
}

/** Whether the legend leaves any point out. */
export function isFiltered(
  { kind }: Coloring,
  chosen: ReadonlySet<number>,
  [low, high]: Part,
): boolean {
  return kind === "groups" ? chosen.size > 0 : low > WHOLE[0] || high < WHOLE[1];
}
