/** Which points are near a place of the map, or near a line drawn across it. */

import type { Points } from "./renderer.ts";

type Place = readonly [number, number];

/** How many sounds a line plays at most. */
export const MOST_STEPS = 48;

/** Find the k points nearest to a place, nearest first, none farther than `reach`. */
export function nearestTo({ x, y }: Points, [atX, atY]: Place, k: number, reach: number): number[] {
  const found: Array<{ index: number; far: number }> = [];
  let worst = reach * reach;
  for (let index = 0; index < x.length; index += 1) {
    const far = ((x[index] ?? NaN) - atX) ** 2 + ((y[index] ?? NaN) - atY) ** 2;
    if (!(far <= worst)) continue;
    const place = found.findIndex((each) => far < each.far);
    found.splice(place < 0 ? found.length : place, 0, { index, far });
    if (found.length > k) found.pop();
    if (found.length === k) worst = found[k - 1]?.far ?? worst;
  }
  return found.map(({ index }) => index);
}

/** Places along a line, evenly spaced, its two ends among them. */
export function stations(line: readonly Place[], spacing: number): Place[] {
  const lengths = line.slice(1).map((end, index) => {
    const start = line[index] ?? end;
    return Math.hypot(end[0] - start[0], end[1] - start[1]);
  });
  const whole = lengths.reduce((sum, length) => sum + length, 0);
  const n = Math.max(1, Math.ceil(whole / spacing - 1e-9));
  const [first] = line;
  if (first === undefined || whole === 0) return first === undefined ? [] : [first];
  return Array.from({ length: n + 1 }, (_, number) => placeAt(line, lengths, (number / n) * whole));
}

function placeAt(line: readonly Place[], lengths: readonly number[], distance: number): Place {
  let left = distance;
  for (const [index, length] of lengths.entries()) {
    const [start, end] = [line[index], line[index + 1]];
    if (start === undefined || end === undefined) break;
    if (left <= length || index === lengths.length - 1) {
      const share = length === 0 ? 0 : Math.min(1, left / length);
      return [start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])];
    }
    left -= length;
  }
  return line.at(-1) ?? [0, 0];
}

/**
 * Find the points that a line passes, in its order: at every `spacing` of it the nearest one within
 * `reach`, none twice. A long line is spaced wider, so that it plays 48 sounds at most.
 */
export function alongLine(
  points: Points,
  line: readonly Place[],
  spacing: number,
  reach: number,
): number[] {
  const fine = stations(line, spacing);
  const stops = fine.length <= MOST_STEPS ? fine : stations(line, spacing * widening(fine.length));
  const near = pointsNear(points, line, reach);
  const reachable: Points = {
    x: Float32Array.from(near, (index) => points.x[index] ?? NaN),
    y: Float32Array.from(near, (index) => points.y[index] ?? NaN),
  };
  const passed = stops.flatMap((stop) => nearestTo(reachable, stop, 1, reach));
  return [...new Set(passed)].map((position) => near[position] ?? -1);
}

const widening = (n: number): number => (n - 1) / (MOST_STEPS - 1);

/** The points within the frame around a line: a quick first choice of many. */
function pointsNear({ x, y }: Points, line: readonly Place[], reach: number): number[] {
  const [across, up] = [line.map(([each]) => each), line.map(([, each]) => each)];
  const [left, right] = [Math.min(...across) - reach, Math.max(...across) + reach];
  const [low, high] = [Math.min(...up) - reach, Math.max(...up) + reach];
  const near: number[] = [];
  for (let index = 0; index < x.length; index += 1) {
    const [pointX, pointY] = [x[index] ?? NaN, y[index] ?? NaN];
    if (pointX >= left && pointX <= right && pointY >= low && pointY <= high) near.push(index);
  }
  return near;
}
