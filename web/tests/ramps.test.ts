import { describe, expect, test } from "vitest";
import { colorByNumber, isFiltered, leftOut, plain } from "../src/map/coloring.ts";
import { theme } from "../src/map/colors.ts";
import {
  N_STEPS,
  NO_VALUE_CLASS,
  gradate,
  ramp,
  scaleOf,
  shareOf,
  valueAt,
} from "../src/map/ramps.ts";
import { contrast } from "./vision.ts";

describe.each([
  ["dark", true],
  ["light", false],
])("the %s ramp", (_, dark) => {
  const steps = ramp(dark).slice(0, N_STEPS);
  const { background } = theme(dark);

  test("stands out from the map at every step", () => {
    for (const color of steps) expect(contrast(color, background)).toBeGreaterThanOrEqual(3);
  });

  test("moves away from the map's own lightness from step to step, whoever looks", () => {
    const contrasts = steps.map((color) => contrast(color, background));
    expect(contrasts).toEqual([...contrasts].sort((left, right) => left - right));
    expect((contrasts.at(-1) ?? 0) / (contrasts[0] ?? Infinity)).toBeGreaterThan(3);
  });
});

describe("numbers", () => {
  test("are laid from the lowest to the highest, unknown ones apart", () => {
    const values = Float64Array.of(0, 5, 10, NaN);
    const scale = scaleOf(values);
    expect(scale).toEqual({ low: 0, high: 10, logarithmic: false });
    expect([...gradate(values, scale)]).toEqual([0, 16, 31, NO_VALUE_CLASS]);
  });

  test("of very different size are laid out by their ratios", () => {
    const scale = scaleOf(Float64Array.of(0.1, 1, 10));
    if (scale === null) throw new Error("there are numbers");
    expect(scale.logarithmic).toBe(true);
    expect(shareOf(1, scale)).toBeCloseTo(0.5);
    expect(valueAt(0.5, scale)).toBeCloseTo(1);
  });

  test("that stray do not stretch the scale", () => {
    const values = Float64Array.from({ length: 1000 }, (_, index) => index / 1000);
    values[500] = -1e9;
    values[501] = 1e9;
    const scale = scaleOf(values);
    expect(scale?.low).toBeCloseTo(0.01, 1);
    expect(scale?.high).toBeCloseTo(0.99, 1);
    expect(gradate(values, scale)[501]).toBe(N_STEPS - 1);
  });

  test("that are all alike lie in the middle, and none at all have no scale", () => {
    const scale = scaleOf(Float64Array.of(3, 3));
    expect(scale === null ? NaN : shareOf(3, scale)).toBe(0.5);
    expect(scaleOf(Float64Array.of(NaN))).toBeNull();
  });
});

describe("the legend of numbers", () => {
  const coloring = colorByNumber(Float64Array.of(0, 5, 10, NaN), "number");

  test("leaves out what lies outside the chosen part, and what is unknown", () => {
    expect([...leftOut(coloring, new Set(), [0, 0.5])]).toEqual([0, 0, 1, 1]);
    expect(isFiltered(coloring, new Set(), [0, 0.5])).toBe(true);
  });

  test("leaves nothing out while all of the scale is chosen", () => {
    expect([...leftOut(coloring, new Set(), [0, 1])]).toEqual([0, 0, 0, 0]);
    expect(isFiltered(coloring, new Set([1]), [0, 1])).toBe(false);
    expect(isFiltered(plain(2), new Set([1]), [0, 1])).toBe(true);
  });
});
