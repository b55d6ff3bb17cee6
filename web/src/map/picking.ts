/** Which points lie within an outline drawn on the map. */

import type { Points } from "./renderer.ts";

/** Corners of a closed outline, in the order in which they were drawn. */
export type Outline = ReadonlyArray<readonly [number, number]>;

/** The four corners of a rectangle between two opposite ones. */
export function rectangle(
  [left, top]: readonly [number, number],
  [right, bottom]: readonly [number, number],
): Outline {
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}

interface Bounds {
  left: number;
  right: number;
  low: number;
  high: number;
}

function boundsOf(outline: Outline): Bounds {
  const bounds = { left: Infinity, right: -Infinity, low: Infinity, high: -Infinity };
  for (const [x, y] of outline) {
    bounds.left = Math.min(bounds.left, x);
    bounds.right = Math.max(bounds.right, x);
    bounds.low = Math.min(bounds.low, y);
    bounds.high = Math.max(bounds.high, y);
  }
  return bounds;
}

/** Whether a point is inside by the even-odd rule: a ray from it crosses the outline oddly often. */
export function isWithin(x: number, y: number, outline: Outline): boolean {
  let inside = false;
  let [previousX, previousY] = outline.at(-1) ?? [0, 0];
  for (const [cornerX, cornerY] of outline) {
    const crosses = cornerY > y !== previousY > y;
    if (crosses) {
      const share = (y - cornerY) / (previousY - cornerY);
      if (x < cornerX + share * (previousX - cornerX)) inside = !inside;
    }
    [previousX, previousY] = [cornerX, cornerY];
  }
  return inside;
}

/** Find the points within an outline of the plane, by their positions in the arrays. */
export function pointsWithin({ x, y }: Points, outline: Outline): number[] {
  if (outline.length < 3) return [];
  const { left, right, low, high } = boundsOf(outline);
  const found: number[] = [];
  for (let index = 0; index < x.length; index += 1) {
    const [across, up] = [x[index] ?? NaN, y[index] ?? NaN];
    const near = across >= left && across <= right && up >= low && up <= high;
    if (near && isWithin(across, up, outline)) found.push(index);
  }
  return found;
}
