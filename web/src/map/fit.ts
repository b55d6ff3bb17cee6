/** Which part of the plane to show so that all points lie clear of the panels. */

import type { Margins, Points } from "./renderer.ts";

export interface Size {
  width: number;
  height: number;
}

/** A rectangle of the plane, `x` and `y` being its lowest corner. */
export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A lone point, or points on a line, still need an area around them. */
const SMALLEST_EXTENT = 0.02;

function extent(values: Float32Array): { middle: number; length: number } {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { middle: (low + high) / 2, length: Math.max(high - low, SMALLEST_EXTENT) };
}

/**
 * Find the area that a view of `size` pixels must show. Pixels stay square; null when there are
 * no points or the margins leave no room.
 */
export function viewWithin(points: Points, size: Size, margins: Margins): Area | null {
  const free = {
    width: size.width - margins.left - margins.right,
    height: size.height - margins.top - margins.bottom,
  };
  if (points.x.length === 0 || free.width <= 0 || free.height <= 0) return null;
  const across = extent(points.x);
  const up = extent(points.y);
  const unitsPerPixel = Math.max(across.length / free.width, up.length / free.height);
  const width = size.width * unitsPerPixel;
  const height = size.height * unitsPerPixel;
  const x = across.middle - (margins.left + free.width / 2) * unitsPerPixel;
  const y = up.middle - (margins.bottom + free.height / 2) * unitsPerPixel;
  return { x, y, width, height };
}
