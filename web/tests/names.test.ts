import { describe, expect, test } from "vitest";
import { NO_CODE } from "../src/api.ts";
import { type Anchor, anchorsOf, NAME_HEIGHT, placeNames } from "../src/map/names.ts";
import { viewOf } from "../src/map/view.ts";
import { random } from "./random.ts";

const SIZE = { width: 1000, height: 700 };
const WHOLE = viewOf({ x: 0, y: 0, height: 2.2 }, SIZE);
const wide = (name: string): number => 8 * name.length;

/** Bunches of points: how many, of which group, around where. */
function bunches(...all: Array<[n: number, code: number, x: number, y: number]>) {
  const next = random(1);
  const places = all.flatMap(([n, code, x, y]) =>
    Array.from({ length: n }, () => ({
      code,
      x: x + 0.05 * (next() - 0.5),
      y: y + 0.05 * (next() - 0.5),
    })),
  );
  return {
    points: {
      x: Float32Array.from(places, ({ x }) => x),
      y: Float32Array.from(places, ({ y }) => y),
    },
    codes: Uint16Array.from(places, ({ code }) => code),
  };
}

describe("a group's name", () => {
  test("stands where the group is densest, not in the middle of its parts", () => {
    const { points, codes } = bunches([50, 0, -0.8, 0.7], [20, 0, 0.8, -0.7], [30, NO_CODE, 0, 0]);
    const [first] = anchorsOf(points, { codes, names: ["rain"] });
    expect(first?.x).toBeCloseTo(-0.8, 1);
    expect(first?.y).toBeCloseTo(0.7, 1);
  });

  test("stands again where the group is by itself elsewhere, but not among a larger one", () => {
    const { points, codes } = bunches(
      [50, 0, -0.8, 0.7],
      [20, 0, 0.8, -0.7],
      [10, 0, 0.8, 0.7],
      [90, 1, 0.8, 0.7],
    );
    const anchors = anchorsOf(points, { codes, names: ["rain", "wind"] });
    const rain = placeNames(anchors, ["rain", "wind"], WHOLE, SIZE, wide)
      .filter(({ name }) => name === "rain")
      .map(({ x, y }) => [Math.round(x / 100), Math.round(y / 100)]);
    expect(rain).toHaveLength(2);
    expect(rain).toContainEqual([2, 1]); // -0.8 and 0.7 of 318 pixels each, from the middle
    expect(rain).toContainEqual([8, 6]);
  });

  test("is that of the larger group where two want the same place; zoom reveals the other", () => {
    const { points, codes } = bunches([50, 0, 0.1, 0.1], [5, 1, 0.16, 0.1]);
    const names = ["thunder", "a dog"];
    const anchors = anchorsOf(points, { codes, names });
    const seen = (height: number): string[] => {
      const view = viewOf({ x: 0.13, y: 0.1, height }, SIZE);
      return placeNames(anchors, names, view, SIZE, wide).map(({ name }) => name);
    };
    expect(seen(2.2)).toEqual(["thunder"]);
    expect(seen(0.3)).toContain("a dog");
  });

  test("is left out with its group", () => {
    const { points, codes } = bunches([50, 0, -0.5, 0], [50, 1, 0.5, 0]);
    const names = ["rain", "wind"];
    const anchors = anchorsOf(points, { codes, names });
    const placed = placeNames(anchors, names, WHOLE, SIZE, wide, (code) => code === 1);
    expect(placed.map(({ name }) => name)).toEqual(["wind"]);
  });
});

describe("names", () => {
  test("never lie on each other, nor far outside the map, however many there are", () => {
    const next = random(7);
    const names = Array.from({ length: 400 }, (_, code) => `group number ${code}`);
    const anchors: Anchor[] = names.map((_, code) => ({
      code,
      x: code === 0 ? 0 : 3 * next() - 1.5,
      y: code === 0 ? 0 : 3 * next() - 1.5,
      n: 400 - code,
      level: 0,
    }));
    const placed = placeNames(anchors, names, WHOLE, SIZE, wide);
    expect(placed.length).toBeGreaterThan(20);
    expect(placed[0]?.name).toBe("group number 0");
    for (const [rank, one] of placed.entries()) {
      expect(one.x).toBeGreaterThan(-200);
      expect(one.x).toBeLessThan(SIZE.width + 200);
      for (const other of placed.slice(rank + 1)) {
        const across = Math.abs(one.x - other.x) >= (wide(one.name) + wide(other.name)) / 2;
        expect(across || Math.abs(one.y - other.y) >= NAME_HEIGHT).toBe(true);
      }
    }
  });

  test("of nothing are none", () => {
    const points = { x: new Float32Array(), y: new Float32Array() };
    expect(anchorsOf(points, { codes: new Uint16Array(), names: [] })).toEqual([]);
  });
});
