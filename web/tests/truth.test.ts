import { describe, expect, test } from "vitest";
import { trajectoryOf } from "../src/map/trajectory.ts";
import { countKept, nearestOnMap } from "../src/map/truth.ts";
import { Positions } from "../src/state/positions.ts";
import { random } from "./random.ts";

describe("neighbours on the map", () => {
  const next = random(5);
  const points = {
    x: Float32Array.from({ length: 200 }, () => next()),
    y: Float32Array.from({ length: 200 }, () => next()),
  };

  test("are found as by sorting all", () => {
    const far = (other: number): number =>
      Math.hypot(points.x[other]! - points.x[9]!, points.y[other]! - points.y[9]!);
    const all = [...points.x.keys()].filter((other) => other !== 9);
    all.sort((left, right) => far(left) - far(right));
    expect(nearestOnMap(points, 9, 12)).toEqual(all.slice(0, 12));
  });

  test("are compared with the true ones", () => {
    const near = nearestOnMap(points, 3, 4);
    const far = nearestOnMap(points, 3, 199).slice(-2);
    expect(countKept(points, 3, [...near.slice(0, 2), ...far])).toBe(2);
    expect(countKept(points, 3, [])).toBe(0);
  });
});

describe("a trajectory", () => {
  const points = { x: Float32Array.of(0, 0.1, 0.2, 0.5), y: Float32Array.of(0, 0, 0.3, 0.5) };
  const indexOf = (id: number): number | null => (id >= 10 && id < 14 ? id - 10 : null);

  test("joins windows in order of time, not of ids", () => {
    const way = trajectoryOf(Uint32Array.of(12, 10, 11), points, indexOf);
    expect(way?.first).toBe(2);
    expect(way?.last).toBe(1);
    expect(way?.parts.join("")).toContain("M200.00 300.00L0.00 0.00");
    expect(way?.parts.at(-1)).toBe("M0.00 0.00L100.00 0.00");
  });

  test("passes from one channel to the next without a line", () => {
    const way = trajectoryOf(Uint32Array.of(10, 11, 0, 12, 13), points, indexOf);
    const drawn = way?.parts.join("") ?? "";
    expect(drawn).toContain("M0.00 0.00L100.00 0.00");
    expect(drawn).toContain("M200.00 300.00L500.00 500.00");
    expect(drawn).not.toContain("L200.00");
  });

  test("breaks where the map lacks windows, and is none of fewer than two", () => {
    expect(trajectoryOf(Uint32Array.of(10, 99), points, indexOf)).toBeNull();
    const way = trajectoryOf(Uint32Array.of(10, 99, 12), points, indexOf);
    expect(way?.parts.join("")).not.toContain("L");
  });

  test("of many windows is drawn in parts that hang together", () => {
    const ids = Uint32Array.from({ length: 1000 }, (_, index) => index + 1);
    const line = { x: new Float32Array(1000), y: new Float32Array(1000) };
    line.x.forEach((_, index) => (line.x[index] = index / 100));
    const way = trajectoryOf(ids, line, (id) => id - 1);
    expect(way?.parts).toHaveLength(12);
    const ends = way?.parts.map((path) => path.split("L").at(-1));
    const starts = way?.parts.map((path) => path.slice(1).split("L")[0]);
    expect(starts?.slice(1)).toEqual(ends?.slice(0, -1));
  });
});

describe("positions", () => {
  test("are found whether ids ascend or not", () => {
    for (const ids of [
      [2, 3, 7, 11],
      [7, 2, 11, 3],
    ]) {
      const positions = new Positions(Uint32Array.from(ids));
      expect(ids.map((id) => positions.of(id))).toEqual([0, 1, 2, 3]);
      expect([0, 5, 99].map((id) => positions.of(id))).toEqual([null, null, null]);
    }
    expect(new Positions(new Uint32Array()).of(1)).toBeNull();
  });
});
