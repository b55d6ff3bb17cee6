import { describe, expect, test } from "vitest";
import { SIZE_STEPS, sizeFactor, sizeSteps } from "../src/map/sizes.ts";

describe("sizes", () => {
  test("grow with the score; what has none is smallest", () => {
    const steps = sizeSteps(Float64Array.of(NaN, 0.2, 0.5, 0.8, NaN));
    expect([...steps]).toEqual([0, 1, 4, SIZE_STEPS - 1, 0]);
    const factors = Array.from({ length: SIZE_STEPS }, (_, step) => sizeFactor(step));
    expect(factors).toEqual([...factors].sort((left, right) => left - right));
    expect(new Set(factors).size).toBe(SIZE_STEPS);
  });

  test("of equal scores, and of a lone one, are the largest", () => {
    expect([...sizeSteps(Float64Array.of(3, NaN, 3))]).toEqual([7, 0, 7]);
    expect([...sizeSteps(Float64Array.of(-1))]).toEqual([7]);
    expect([...sizeSteps(new Float64Array())]).toEqual([]);
  });
});
