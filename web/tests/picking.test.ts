import { describe, expect, test } from "vitest";
import { type Outline, isWithin, pointsWithin, rectangle } from "../src/map/picking.ts";

// A letter U: its notch is between x = 1 and 2, above y = 1.
const notched: Outline = [
  [0, 0],
  [3, 0],
  [3, 3],
  [2, 3],
  [2, 1],
  [1, 1],
  [1, 3],
  [0, 3],
];

describe("an outline", () => {
  test("holds what is inside and not what lies in its notch", () => {
    expect(isWithin(0.5, 2, notched)).toBe(true);
    expect(isWithin(1.5, 2, notched)).toBe(false);
    expect(isWithin(1.5, 0.5, notched)).toBe(true);
    expect(isWithin(2.5, 2, notched)).toBe(true);
    expect(isWithin(3.5, 2, notched)).toBe(false);
  });

  test("may be drawn either way round", () => {
    const backwards = [...notched].reverse();
    expect(isWithin(0.5, 2, backwards)).toBe(true);
    expect(isWithin(1.5, 2, backwards)).toBe(false);
  });

  test("that crosses itself does not hold what it goes around twice", () => {
    const star: Outline = [0, 2, 4, 1, 3].map((corner) => {
      const angle = (2 * Math.PI * corner) / 5;
      return [Math.sin(angle), Math.cos(angle)];
    });
    expect(isWithin(0, 0, star)).toBe(false);
    expect(isWithin(0, 0.7, star)).toBe(true);
  });

  test("finds points by their positions, as the slow way does", () => {
    const n = 500;
    const spread = (step: number): Float32Array =>
      Float32Array.from({ length: n }, (_, index) => 4 * ((index * step) % 1) - 0.5);
    const points = { x: spread(0.618_034), y: spread(0.754_878) };
    const slow = [...points.x.keys()].filter((index) =>
      isWithin(points.x[index] ?? NaN, points.y[index] ?? NaN, notched),
    );
    expect(slow.length).toBeGreaterThan(100);
    expect(pointsWithin(points, notched)).toEqual(slow);
  });

  test("of two corners holds nothing", () => {
    const points = { x: Float32Array.of(0.5), y: Float32Array.of(0.5) };
    expect(
      pointsWithin(points, [
        [0, 0],
        [1, 1],
      ]),
    ).toEqual([]);
  });

  test("as a rectangle is the same from any corner to the opposite one", () => {
    const points = { x: Float32Array.of(0.5, 2), y: Float32Array.of(0.5, 2) };
    expect(pointsWithin(points, rectangle([0, 0], [1, 1]))).toEqual([0]);
    expect(pointsWithin(points, rectangle([1, 1], [0, 0]))).toEqual([0]);
    expect(pointsWithin(points, rectangle([0, 1], [1, 0]))).toEqual([0]);
  });
});
