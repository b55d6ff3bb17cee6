import { describe, expect, test } from "vitest";
import { chooseRenderer } from "../src/map/choose.ts";
import { GLIDE_MS, Journey } from "../src/map/journey.ts";
import { cameraBetween, panned, toPlane, toScreen, viewOf, zoomed } from "../src/map/view.ts";

const SIZE = { width: 400, height: 200 };
const CAMERA = { x: 0.5, y: -0.25, height: 2 };

describe("a view", () => {
  test("puts the camera's point in the middle, and up above", () => {
    const view = viewOf(CAMERA, SIZE);
    expect(toScreen(0.5, -0.25, view)).toEqual([200, 100]);
    expect(toScreen(0.5, 0.75, view)).toEqual([200, 0]);
    expect(toScreen(2.5, -0.25, view)).toEqual([400, 100]);
    expect(toPlane(400, 0, view)).toEqual([2.5, 0.75]);
  });

  test("follows the pointer that drags it", () => {
    const before = toScreen(0.1, 0.2, viewOf(CAMERA, SIZE));
    const after = toScreen(0.1, 0.2, viewOf(panned(CAMERA, 30, -12, SIZE), SIZE));
    expect(after[0] - before[0]).toBeCloseTo(30, 6);
    expect(after[1] - before[1]).toBeCloseTo(-12, 6);
  });

  test("comes closer around the pointer, but not without end", () => {
    const at = [37, 150] as const;
    const closer = zoomed(CAMERA, 4, at, SIZE);
    expect(closer.height).toBe(0.5);
    const under = toPlane(...at, viewOf(CAMERA, SIZE));
    const still = toPlane(...at, viewOf(closer, SIZE));
    expect(still[0]).toBeCloseTo(under[0], 9);
    expect(still[1]).toBeCloseTo(under[1], 9);
    const closest = zoomed(CAMERA, 1e12, at, SIZE);
    expect(zoomed(closest, 2, at, SIZE)).toEqual(closest);
  });

  test("goes from one camera to another by even ratios", () => {
    const to = { x: 3, y: 1, height: 0.02 };
    expect(cameraBetween(CAMERA, to, 0.5).height).toBeCloseTo(0.2, 9);
    expect(cameraBetween(CAMERA, to, 1).x).toBeCloseTo(3, 9);
    expect(cameraBetween(CAMERA, { ...CAMERA, x: 1.5 }, 0.25).x).toBeCloseTo(0.75, 9);
  });
});

describe("a journey", () => {
  test("brings points from where they were to where they are", () => {
    const journey = new Journey(CAMERA);
    const from = { x: Float32Array.of(0, 1), y: Float32Array.of(0, 0) };
    const to = { x: Float32Array.of(1, 1), y: Float32Array.of(0, 4) };
    journey.movePoints(from, Uint32Array.of(1, 0));
    const sorted = { x: Float32Array.of(1, 1), y: Float32Array.of(4, 0) };
    expect(journey.proceed(1000)).toBe(true);
    expect([...journey.placesOf(sorted).y]).toEqual([0, 0]);
    expect(journey.proceed(1000 + GLIDE_MS / 2)).toBe(true);
    expect([...journey.placesOf(sorted).y]).toEqual([2, 0]);
    expect(journey.placeOf(0, to)).toEqual([0.5, 0]);
    expect(journey.proceed(1000 + GLIDE_MS)).toBe(false);
    expect(journey.placesOf(sorted)).toBe(sorted);
    expect(journey.placeOf(1, to)).toEqual([1, 4]);
  });

  test("jumps where nothing is to be animated", () => {
    const journey = new Journey(CAMERA);
    journey.moveCamera({ x: 9, y: 9, height: 1 }, false);
    expect(journey.proceed(0)).toBe(false);
    expect(journey.camera.x).toBe(9);
  });
});

describe("what draws", () => {
  test("is WebGL where a graphics card does, and we ourselves where software would", () => {
    expect(chooseRenderer("ANGLE (NVIDIA, NVIDIA GeForce RTX 3060, OpenGL 4.5)", "")).toBe("webgl");
    expect(chooseRenderer("ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device))", "")).toBe("canvas");
    expect(chooseRenderer("llvmpipe (LLVM 15.0.7, 256 bits)", "")).toBe("canvas");
    expect(chooseRenderer(null, "")).toBe("canvas");
  });

  test("may be asked for in the address", () => {
    expect(chooseRenderer(null, "?renderer=webgl")).toBe("webgl");
    expect(chooseRenderer("GeForce", "?renderer=canvas")).toBe("canvas");
    expect(chooseRenderer("GeForce", "?renderer=pencil")).toBe("webgl");
  });
});
