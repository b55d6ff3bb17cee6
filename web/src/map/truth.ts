/** How much of what sounds alike the map shows side by side. */

import type { Points } from "./renderer.ts";

/** Find the `k` points of the map nearest to one of them, nearest first. */
export function nearestOnMap({ x, y }: Points, index: number, k: number): number[] {
  const [fromX, fromY] = [x[index] ?? NaN, y[index] ?? NaN];
  const found: Array<{ other: number; distance: number }> = [];
  for (let other = 0; other < x.length; other += 1) {
    if (other === index || k === 0) continue;
    const distance = (x[other]! - fromX) ** 2 + (y[other]! - fromY) ** 2;
    if (found.length === k && distance >= found[k - 1]!.distance) continue;
    let place = found.length;
    while (place > 0 && found[place - 1]!.distance > distance) place -= 1;
    found.splice(place, 0, { other, distance });
    if (found.length > k) found.pop();
  }
  return found.map(({ other }) => other);
}

/** Count which of a point's true neighbours are also among as many nearest ones on the map. */
export function countKept(
  points: Points,
  index: number,
  trueNeighbours: readonly number[],
): number {
  const near = new Set(nearestOnMap(points, index, trueNeighbours.length));
  return trueNeighbours.filter((other) => near.has(other)).length;
}
