/** Discs painted into an image by the processor alone: faster than software that imitates a GPU. */

import type { Runs } from "./grid.ts";
import type { Points } from "./renderer.ts";
import type { View } from "./view.ts";

/** Where within a pixel a disc may have its middle: that often from side to side. */
const OFFSETS = 4;
/** How finely the edge of a disc is measured. */
const SAMPLES = 4;

/** How much of each pixel discs of one radius cover, 0 to 255, for each offset of the middle. */
export interface Stamp {
  /** Pixels from side to side. */
  width: number;
  /** `OFFSETS`² squares of `width`² one after the other, rows of offsets downwards. */
  cover: Uint8Array;
}

/** Measure the disc of a radius in pixels. */
export function stampOf(radius: number): Stamp {
  const reach = Math.ceil(radius); // the middle is somewhere in the pixel that it is counted from
  const width = 2 * reach + 1;
  const cover = new Uint8Array(OFFSETS ** 2 * width ** 2);
  for (let offset = 0; offset < OFFSETS ** 2; offset += 1) {
    const across = reach + ((offset % OFFSETS) + 0.5) / OFFSETS;
    const down = reach + (Math.floor(offset / OFFSETS) + 0.5) / OFFSETS;
    for (let pixel = 0; pixel < width ** 2; pixel += 1) {
      const place = [pixel % width, Math.floor(pixel / width)] as const;
      cover[offset * width ** 2 + pixel] = 255 * coverage(place, across, down, radius);
    }
  }
  return { width, cover };
}

function coverage(
  [column, row]: readonly [number, number],
  across: number,
  down: number,
  radius: number,
): number {
  let inside = 0;
  for (let sample = 0; sample < SAMPLES ** 2; sample += 1) {
    const x = column + ((sample % SAMPLES) + 0.5) / SAMPLES;
    const y = row + (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES;
    if ((x - across) ** 2 + (y - down) ** 2 <= radius ** 2) inside += 1;
  }
  return inside / SAMPLES ** 2;
}

/** A picture that is being painted: pixels as little-endian red, green, blue, opacity. */
export interface Picture {
  pixels: Uint32Array;
  width: number;
  height: number;
}

/** What points look like. A style is a number: see `styleOf`. */
export interface Look {
  /** A style for each point. */
  styles: Uint16Array;
  /** Whether any point steps back. */
  anyDimmed: boolean;
  /** Little-endian red, green, blue of each class. */
  colors: Uint32Array;
  /** A stamp for each step of size. */
  stamps: readonly Stamp[];
  /** 0 to 255, of points that show fully and of those that step back. */
  opacity: readonly [full: number, dimmed: number];
}

const DIMMED_BIT = 256;
const SIZE_SHIFT = 9;

/** Put class, stepping back and step of size into one number. */
export function styleOf(classIndex: number, dimmed: number, step: number): number {
  return classIndex | (dimmed === 1 ? DIMMED_BIT : 0) | (step << SIZE_SHIFT);
}

/** Turn `#rrggbb` into the lower three bytes of a pixel. */
export function packColor(hex: string): number {
  const value = parseInt(hex.slice(1), 16);
  return ((value & 0xff) << 16) | (value & 0xff00) | (value >> 16);
}

/** Paint the points of some runs, those that step back beneath the others. */
export function splat(picture: Picture, points: Points, runs: Runs, view: View, look: Look): void {
  picture.pixels.fill(0);
  if (look.anyDimmed) pass(picture, points, runs, view, look, DIMMED_BIT);
  pass(picture, points, runs, view, look, 0);
}

function pass(
  picture: Picture,
  { x, y }: Points,
  runs: Runs,
  { scale, right, below }: View,
  { styles, colors, stamps, opacity }: Look,
  bit: number,
): void {
  const alpha = opacity[bit === 0 ? 0 : 1];
  for (let run = 0; run < runs.length; run += 2) {
    const end = runs[run + 1]!;
    for (let place = runs[run]!; place < end; place += 1) {
      const style = styles[place]!;
      if ((style & DIMMED_BIT) !== bit) continue;
      const across = x[place]! * scale + right;
      const down = below - y[place]! * scale;
      stampAt(picture, across, down, stamps[style >> SIZE_SHIFT]!, colors[style & 255]!, alpha);
    }
  }
}

function stampAt(
  { pixels, width, height }: Picture,
  across: number,
  down: number,
  stamp: Stamp,
  color: number,
  alpha: number,
): void {
  const side = stamp.width;
  const column = Math.floor(across);
  const row = Math.floor(down);
  const left = column - (side >> 1);
  const top = row - (side >> 1);
  if (left + side <= 0 || top + side <= 0 || left >= width || top >= height) return;
  const offset =
    Math.floor((down - row) * OFFSETS) * OFFSETS + Math.floor((across - column) * OFFSETS);
  const { cover } = stamp;
  const firstRow = Math.max(0, -top);
  const lastRow = Math.min(side, height - top);
  const firstColumn = Math.max(0, -left);
  const lastColumn = Math.min(side, width - left);
  for (let r = firstRow; r < lastRow; r += 1) {
    const from = (offset * side + r) * side;
    const to = (top + r) * width + left;
    for (let c = firstColumn; c < lastColumn; c += 1) {
      const covered = cover[from + c]!;
      if (covered === 0) continue;
      const above = ((covered * alpha + 128) * 257) >>> 16;
      const beneath = pixels[to + c]!;
      pixels[to + c] = beneath === 0 ? (above << 24) | color : over(above, color, beneath);
    }
  }
}

/** Lay a colour of some opacity over a pixel. */
function over(alpha: number, color: number, beneath: number): number {
  const before = beneath >>> 24;
  const together = Math.min(255, alpha + before - (((alpha * before + 128) * 257) >>> 16));
  // The share of the new colour, of 256, in what is seen.
  const share = together === 0 ? 0 : ((alpha << 8) / together) | 0;
  const red = mix(beneath & 255, color & 255, share);
  const green = mix((beneath >> 8) & 255, (color >> 8) & 255, share);
  const blue = mix((beneath >> 16) & 255, (color >> 16) & 255, share);
  return (together << 24) | (blue << 16) | (green << 8) | red;
}

function mix(from: number, to: number, share: number): number {
  return from + (((to - from) * share) >> 8);
}
