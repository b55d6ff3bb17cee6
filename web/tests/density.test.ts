import { describe, expect, test } from "vitest";
import { contoursOf, histogram, smooth, spreadOf } from "../src/map/density.ts";
import { random } from "./random.ts";

const AREA = { x: -1, y: -1, width: 2, height: 2 };
const CELLS = { across: 60, up: 50 };

/** Roughly a bell around a place. */
function bunch(n: number, x: number, y: number, spread: number, seed: number): number[][] {
  const next = random(seed);
  const bell = (): number => spread * (next() + next() + next() + next() - 2);
  return Array.from({ length: n }, () => [x + bell(), y + bell()]);
}

const pointsOf = (places: number[][]) => ({
  x: Float32Array.from(places, ([x = 0]) => x),
  y: Float32Array.from(places, ([, y = 0]) => y),
});

describe("density", () => {
  test("counts the points of each cell, rows from low to high, and none from outside", () => {
    const points = pointsOf([
      [-0.9, -0.9],
      [-0.9, -0.9],
      [0.9, -0.9],
      [-0.9, 0.9],
      [1.1, 0],
      [0, -1.1],
    ]);
    const counts = histogram(points, AREA, { across: 2, up: 3 });
    expect([...counts]).toEqual([2, 1, 0, 0, 1, 0]);
  });

  test("smoothed keeps its sum, and spreads as wide as a bell of that width", () => {
    const counts = new Float32Array(CELLS.across * CELLS.up);
    const [row, column] = [25, 30];
    counts[row * CELLS.across + column] = 1;
    const smoothed = smooth(counts, CELLS, 3);
    let [sum, variance] = [0, 0];
    smoothed.forEach((value, cell) => {
      sum += value;
      variance += value * ((cell % CELLS.across) - column) ** 2;
    });
    expect(sum).toBeCloseTo(1, 5);
    expect(Math.sqrt(variance)).toBeGreaterThan(2.6);
    expect(Math.sqrt(variance)).toBeLessThan(3.5);
    const highest = smoothed.indexOf(Math.max(...smoothed));
    expect(highest).toBe(row * CELLS.across + column);
  });

  test("is smoothed less the more points there are", () => {
    expect(spreadOf(10)).toBeGreaterThan(spreadOf(1000));
    expect(spreadOf(1e12)).toBe(1.5);
  });

  test("lies in closed lines around where points are", () => {
    const places = [...bunch(400, -0.5, -0.4, 0.1, 1), ...bunch(400, 0.5, 0.4, 0.1, 2)];
    const found = contoursOf(pointsOf(places), AREA, CELLS);
    expect(found.map(({ level }) => level)).toEqual([1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2]);
    const inner = found.at(-1)?.path ?? "";
    expect(inner.match(/M/g)).toHaveLength(2); // a ring for each bunch
    const corners = [...inner.matchAll(/([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [
      Number(x),
      Number(y),
    ]);
    const low = corners.filter(([x = 0]) => x < 30);
    const middle = (axis: number): number =>
      low.reduce((sum, corner) => sum + (corner[axis] ?? 0), 0) / low.length;
    expect(middle(0)).toBeCloseTo(15, 0); // (-0.5 + 1) / 2 of 60 cells
    expect(middle(1)).toBeCloseTo(15, 0); // (-0.4 + 1) / 2 of 50
  });

  test("of no points has no lines", () => {
    expect(contoursOf(pointsOf([[5, 5]]), AREA, CELLS)).toEqual([]);
  });
});
