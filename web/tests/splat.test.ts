import { describe, expect, test } from "vitest";
import { type Look, packColor, splat, stampOf, styleOf } from "../src/map/splat.ts";

const VIEW = { scale: 1, right: 0, below: 0 };
const [RED, BLUE] = ["#ff0000", "#0000ff"];

/** Paint points on a picture of 20 by 20 pixels; `y` is downwards here. */
function paint(places: Array<[number, number]>, styles: number[], look: Partial<Look> = {}) {
  const picture = { pixels: new Uint32Array(400).fill(7), width: 20, height: 20 };
  const points = {
    x: Float32Array.from(places, ([x]) => x),
    y: Float32Array.from(places, ([, y]) => -y),
  };
  splat(picture, points, Uint32Array.of(0, places.length), VIEW, {
    styles: Uint16Array.from(styles),
    anyDimmed: styles.some((style) => (style & 256) !== 0),
    colors: Uint32Array.from([RED, BLUE], packColor),
    stamps: [stampOf(3)],
    opacity: [255, 51],
    ...look,
  });
  return (x: number, y: number): number[] => {
    const pixel = picture.pixels[20 * y + x] ?? 0;
    return [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255, pixel >>> 24];
  };
}

describe("a stamp", () => {
  test("covers as much as the disc does, wherever its middle is", () => {
    for (const radius of [1, 2.5, 5.5]) {
      const { width, cover } = stampOf(radius);
      for (let offset = 0; offset < 16; offset += 1) {
        const square = cover.subarray(offset * width ** 2, (offset + 1) * width ** 2);
        const area = square.reduce((sum, value) => sum + value, 0) / 255;
        expect(area / (Math.PI * radius ** 2)).toBeCloseTo(1, 1);
      }
    }
  });
});

describe("points", () => {
  test("are painted in their colours, on nothing", () => {
    const at = paint(
      [
        [5, 5],
        [14, 14],
      ],
      [styleOf(0, 0, 0), styleOf(1, 0, 0)],
    );
    expect(at(5, 5)).toEqual([255, 0, 0, 255]);
    expect(at(14, 14)).toEqual([0, 0, 255, 255]);
    expect(at(10, 10)).toEqual([0, 0, 0, 0]);
  });

  test("that step back lie beneath the others, whatever their order", () => {
    const at = paint(
      [
        [10, 10],
        [10, 10],
      ],
      [styleOf(0, 0, 0), styleOf(1, 1, 0)],
    );
    expect(at(10, 10)).toEqual([255, 0, 0, 255]);
  });

  test("that step back let the map shine through", () => {
    expect(paint([[10, 10]], [styleOf(1, 1, 0)])(10, 10)).toEqual([0, 0, 255, 51]);
  });

  test("half opaque on each other mix, and never become less opaque", () => {
    const styles = [styleOf(0, 0, 0), styleOf(1, 0, 0)];
    const both = paint(Array(2).fill([10, 10]), styles, { opacity: [128, 51] })(10, 10);
    // By hand: 128 + 128 - 128 * 128 / 255 = 191.7; blue has 128 of these.
    expect(both[3]).toBeGreaterThanOrEqual(191);
    expect(both[3]).toBeLessThanOrEqual(192);
    expect((both[2] ?? 0) / 255).toBeCloseTo(128 / 191.7, 1);
    expect((both[0] ?? 0) + (both[2] ?? 0)).toBeCloseTo(255, -1);
    const many = paint(Array(60).fill([10, 10]), Array(60).fill(0), { opacity: [234, 51] });
    expect(many(10, 10)).toEqual([255, 0, 0, 255]);
  });

  test("at the edge are cut off, and do not come in on the other side", () => {
    const at = paint([[-1, 10]], [styleOf(0, 0, 0)]);
    expect(at(0, 10)[3]).toBeGreaterThan(0);
    expect(at(19, 9)[3]).toBe(0);
    expect(at(19, 10)[3]).toBe(0);
  });
});
