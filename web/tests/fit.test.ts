import { describe, expect, test } from "vitest";
import { type Area, viewWithin } from "../src/map/fit.ts";
import type { Margins, Points } from "../src/map/renderer.ts";

const none: Margins = { top: 0, right: 0, bottom: 0, left: 0 };
const square: Points = { x: Float32Array.of(-1, 1), y: Float32Array.of(-1, 1) };

/** Where a point of the plane falls in a view of `width` by `height` pixels. */
function project(
  area: Area,
  width: number,
  height: number,
  x: number,
  y: number,
): [number, number] {
  return [((x - area.x) / area.width) * width, height - ((y - area.y) / area.height) * height];
}

describe("the view", () => {
  test("touches the edges in the direction that is tight and keeps pixels square", () => {
    const area = viewWithin(square, { width: 800, height: 400 }, none);
    expect(area).toEqual({ x: -2, y: -1, width: 4, height: 2 });
  });

  test("puts the points into the middle of what the margins leave free", () => {
    const margins = { top: 80, right: 360, bottom: 20, left: 40 };
    const area = viewWithin(square, { width: 1000, height: 500 }, margins);
    if (area === null) throw new Error("there is room");
    const [left, bottom] = project(area, 1000, 500, -1, -1);
    const [right, top] = project(area, 1000, 500, 1, 1);
    expect(top).toBeCloseTo(80);
    expect(bottom).toBeCloseTo(480);
    expect((left + right) / 2).toBeCloseTo(40 + (1000 - 360 - 40) / 2);
  });

  test("leaves room around a lone point", () => {
    const lone = { x: Float32Array.of(0.5), y: Float32Array.of(-0.5) };
    const area = viewWithin(lone, { width: 100, height: 100 }, none);
    expect(area?.width).toBeCloseTo(0.02);
    expect((area?.x ?? 0) + (area?.width ?? 0) / 2).toBeCloseTo(0.5);
  });

  test("is not there without points or without room", () => {
    const nothing = { x: new Float32Array(), y: new Float32Array() };
    expect(viewWithin(nothing, { width: 10, height: 10 }, none)).toBeNull();
    expect(viewWithin(square, { width: 10, height: 10 }, { ...none, left: 10 })).toBeNull();
  });
});
