import { expect, test } from "vitest";
import { MOST_STEPS, alongLine, nearestTo, stations } from "../src/map/nearest.ts";
import type { Points } from "../src/map/renderer.ts";

const points = (...places: Array<readonly [number, number]>): Points => ({
  x: Float32Array.from(places, ([x]) => x),
  y: Float32Array.from(places, ([, y]) => y),
});

test("the nearest come first, and none from beyond the reach", () => {
  const row = points([0, 0], [0.3, 0], [0.1, 0], [0.2, 0], [5, 0]);
  expect(nearestTo(row, [0.09, 0], 3, 1)).toEqual([2, 0, 3]);
  expect(nearestTo(row, [0.09, 0], 9, 0.15)).toEqual([2, 0, 3]);
  expect(nearestTo(row, [2, 2], 3, 0.5)).toEqual([]);
});

test("the nearest are those that looking at all of them finds", () => {
  const next = (
    (seed) => () =>
      (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647
  )(7);
  const cloud = points(...Array.from({ length: 500 }, () => [next(), next()] as const));
  const far = (index: number): number =>
    Math.hypot((cloud.x[index] ?? NaN) - 0.5, (cloud.y[index] ?? NaN) - 0.5);
  const all = Array.from({ length: 500 }, (_, index) => index).sort((a, b) => far(a) - far(b));
  expect(nearestTo(cloud, [0.5, 0.5], 12, 2)).toEqual(all.slice(0, 12));
});

test("stations are evenly spaced around a corner, and end where the line does", () => {
  const line = [
    [0, 0],
    [3, 0],
    [3, 1],
  ] as const;
  expect(stations(line, 1)).toEqual([
    [0, 0],
    [1, 0],
    [2, 0],
    [3, 0],
    [3, 1],
  ]);
  expect(stations([[2, 2]], 1)).toEqual([[2, 2]]);
  expect(stations([], 1)).toEqual([]);
});

test("a line plays what it passes, in its order, each once", () => {
  const row = points([0.9, 0.02], [0.1, 0.01], [0.5, -0.02], [0.5, 0.6]);
  const line = [
    [0, 0],
    [1, 0],
  ] as const;
  expect(alongLine(row, line, 0.1, 0.08)).toEqual([1, 2, 0]);
  expect(alongLine(row, [...line].reverse(), 0.1, 0.08)).toEqual([0, 2, 1]);
});

test("a line through a crowd plays no more than can be heard", () => {
  const crowd = points(...Array.from({ length: 5000 }, (_, index) => [index / 5000, 0] as const));
  const passed = alongLine(
    crowd,
    [
      [0, 0],
      [1, 0],
    ],
    0.0005,
    0.01,
  );
  expect(passed).toHaveLength(MOST_STEPS);
  expect(passed).toEqual([...passed].sort((a, b) => a - b));
});
