/** Where points are dense: lines of equal density, from a smoothed histogram of what is seen. */

import { contours } from "d3-contour";
import type { Area } from "./fit.ts";
import type { Points } from "./renderer.ts";

/** How many cells a histogram has. */
export interface Cells {
  across: number;
  up: number;
}

/** A region at least as dense as a level, as a path of SVG in cells from the area's lowest corner. */
export interface Contour {
  /** A share of the highest density that is seen. */
  level: number;
  path: string;
}

const LEVELS = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2] as const;
const PASSES = 3; // of a box, which together are nearly a bell

/** Count the points in each cell of an area, rows from low to high. */
export function histogram({ x, y }: Points, area: Area, { across, up }: Cells): Float32Array {
  const counts = new Float32Array(across * up);
  const [perX, perY] = [across / area.width, up / area.height];
  for (let index = 0; index < x.length; index += 1) {
    const column = Math.floor((x[index]! - area.x) * perX);
    const row = Math.floor((y[index]! - area.y) * perY);
    if (column < 0 || row < 0 || column >= across || row >= up) continue;
    counts[row * across + column]! += 1;
  }
  return counts;
}

/** Average along a line of `length` values that lie `step` apart, over `reach` on each side. */
function average(
  values: Float32Array,
  [start, step, length]: readonly [number, number, number],
  reach: number,
  into: Float32Array,
): void {
  let sum = 0;
  for (let place = -reach; place < length; place += 1) {
    if (place + reach < length) sum += values[start + (place + reach) * step]!;
    if (place - reach > 0) sum -= values[start + (place - reach - 1) * step]!;
    if (place >= 0) into[start + place * step] = sum / (2 * reach + 1);
  }
}

/** Smooth a grid by a bell whose standard deviation is about `spread` cells. */
export function smooth(counts: Float32Array, { across, up }: Cells, spread: number): Float32Array {
  // The variance of a box of 2 r + 1 cells is (r² + r) / 3; those of all passes add up.
  const reach = Math.max(1, Math.round((Math.sqrt(1 + (12 / PASSES) * spread ** 2) - 1) / 2));
  let [from, into] = [counts, new Float32Array(counts.length)];
  for (let pass = 0; pass < PASSES; pass += 1) {
    for (let row = 0; row < up; row += 1) average(from, [row * across, 1, across], reach, into);
    if (pass === 0) from = new Float32Array(counts.length);
    for (let column = 0; column < across; column += 1) {
      average(into, [column, across, up], reach, from);
    }
  }
  return from;
}

/** Few points are smoothed widely, or each would have a ring of its own. */
export function spreadOf(n: number): number {
  return Math.min(12, Math.max(1.5, 12 * Math.max(n, 1) ** (-1 / 6)));
}

/** Find the contours of the points in an area. */
export function contoursOf(points: Points, area: Area, cells: Cells): Contour[] {
  const counts = histogram(points, area, cells);
  const n = counts.reduce((sum, count) => sum + count, 0);
  if (n === 0) return [];
  const density = smooth(counts, cells, spreadOf(n));
  const highest = density.reduce((most, value) => Math.max(most, value), 0);
  const find = contours().size([cells.across, cells.up]);
  return LEVELS.map((level) => {
    // The types ask for a plain array; any that has numbers is read alike.
    const { coordinates } = find.contour(density as unknown as number[], level * highest);
    return { level, path: coordinates.flat().map(pathOf).join("") };
  });
}

function pathOf(ring: number[][]): string {
  const corners = ring.slice(0, -1).map(([x = 0, y = 0]) => `${x.toFixed(2)} ${y.toFixed(2)}`);
  return `M${corners.join("L")}Z`;
}
