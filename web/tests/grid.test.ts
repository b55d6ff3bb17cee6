import { describe, expect, test } from "vitest";
import { Grid } from "../src/map/grid.ts";
import { random } from "./random.ts";

function scattered(n: number, seed: number): { x: Float32Array; y: Float32Array } {
  const next = random(seed);
  return {
    x: Float32Array.from({ length: n }, () => 2 * next() - 1),
    y: Float32Array.from({ length: n }, () => (2 * next() - 1) ** 3),
  };
}

function nearestSlowly(
  { x, y }: { x: Float32Array; y: Float32Array },
  across: number,
  up: number,
  reach: number,
): number | null {
  const distances = Array.from(x, (value, index) => Math.hypot(value - across, y[index]! - up));
  const least = Math.min(...distances);
  return least <= reach ? distances.indexOf(least) : null;
}

describe("a grid", () => {
  test("finds the nearest point as the slow way does", () => {
    const points = scattered(3000, 1);
    const grid = new Grid(points);
    const next = random(2);
    let found = 0;
    for (let trial = 0; trial < 300; trial += 1) {
      const place = [2.4 * next() - 1.2, 2.4 * next() - 1.2, 0.03 * next()] as const;
      const expected = nearestSlowly(points, ...place);
      expect(grid.nearest(...place)).toBe(expected);
      if (expected !== null) found += 1;
    }
    expect(found).toBeGreaterThan(50);
    expect(found).toBeLessThan(290);
  });

  test("gives the one on top where points lie on each other", () => {
    const grid = new Grid({ x: Float32Array.of(1, 0, 0, 0), y: Float32Array.of(1, 0, 0, 0) });
    expect(grid.nearest(0, 0, 0.1)).toBe(3);
    expect(grid.nearest(0.5, 0.5, 0.1)).toBeNull();
  });

  test("knows what may lie in a box: all that does, and not much more", () => {
    const points = scattered(5000, 3);
    const grid = new Grid(points);
    const runs = grid.runsWithin({ left: -0.3, low: 0.1, right: 0.2, high: 0.4 });
    const within = new Set<number>();
    for (let run = 0; run < runs.length; run += 2) {
      for (const index of grid.order.subarray(runs[run], runs[run + 1])) within.add(index);
    }
    const expected = Array.from(points.x.keys()).filter((index) => {
      const [x, y] = [points.x[index]!, points.y[index]!];
      return x >= -0.3 && x <= 0.2 && y >= 0.1 && y <= 0.4;
    });
    expect(expected.filter((index) => !within.has(index))).toEqual([]);
    expect(within.size).toBeLessThan(1.6 * expected.length);
  });

  test("holds every point once", () => {
    const grid = new Grid(scattered(1000, 4));
    expect([...grid.order].sort((a, b) => a - b)).toEqual([...Array(1000).keys()]);
  });

  test("of no point, and of points on one spot, is none the worse", () => {
    expect(new Grid({ x: new Float32Array(), y: new Float32Array() }).nearest(0, 0, 9)).toBeNull();
    const spot = new Grid({ x: new Float32Array(50).fill(2), y: new Float32Array(50).fill(3) });
    expect(spot.nearest(2, 3, 0.01)).toBe(49);
  });
});
