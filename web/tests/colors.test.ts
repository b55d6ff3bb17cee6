import { describe, expect, test } from "vitest";
import { NO_CODE } from "../src/api.ts";
import {
  DARK,
  LIGHT,
  NONE_CLASS,
  OTHER_CLASS,
  classify,
  dim,
  palette,
  theme,
  unclassified,
} from "../src/map/colors.ts";
import { contrast, smallestDifference } from "./vision.ts";

const entry = (name: string): { name: string; n: number } => ({ name, n: 0 });

describe("classes", () => {
  test("the largest group comes first, whatever its code", () => {
    const { classes, lines } = classify(
      Uint16Array.of(0, 1, 1, 2, 1, 2),
      ["a", "b", "c"].map(entry),
    );
    expect(lines.map(({ name, n }) => [name, n])).toEqual([
      ["b", 3],
      ["c", 2],
      ["a", 1],
    ]);
    expect([...classes]).toEqual([2, 0, 0, 1, 0, 1]);
  });

  test("points without a code are counted as none", () => {
    const { classes, lines } = classify(Uint16Array.of(0, NO_CODE), [entry("a")]);
    expect([...classes]).toEqual([0, NONE_CLASS]);
    expect(lines.at(-1)).toEqual({ classIndex: NONE_CLASS, name: "none", n: 1 });
  });

  test("a code that the legend does not name counts as none too", () => {
    const { classes } = classify(Uint16Array.of(7), [entry("a")]);
    expect([...classes]).toEqual([NONE_CLASS]);
  });

  test("groups beyond the palette share one grey and one line", () => {
    const n_groups = DARK.length + 3;
    const codes = Uint16Array.from({ length: 2 * n_groups - 3 }, (_, index) => index % n_groups);
    const { classes, lines } = classify(
      codes,
      Array.from({ length: n_groups }, (_, i) => entry(`${i}`)),
    );
    expect(lines).toHaveLength(DARK.length + 1);
    expect(lines.at(-1)).toEqual({ classIndex: OTHER_CLASS, name: "3 others", n: 3 });
    expect(classes[n_groups - 1]).toBe(OTHER_CLASS);
  });

  test("a legend entry without points has no line", () => {
    expect(classify(Uint16Array.of(1), ["a", "b"].map(entry)).lines).toHaveLength(1);
  });
});

describe("dimming", () => {
  test("choosing nothing dims nothing", () => {
    expect([...dim(Uint8Array.of(0, 1, 2), new Set())]).toEqual([0, 0, 0]);
  });

  test("choosing classes dims all others", () => {
    expect([...dim(Uint8Array.of(0, 1, 2, 1), new Set([1]))]).toEqual([1, 0, 1, 0]);
  });
});

describe.each([
  ["dark", DARK, theme(true).background],
  ["light", LIGHT, theme(false).background],
])("the %s palette", (_, colors, background) => {
  test("stands out from the map", () => {
    for (const color of colors) expect(contrast(color, background)).toBeGreaterThanOrEqual(3);
  });

  // For comparison: the seven colours of Okabe and Ito come to 0.076, matplotlib's ten to 0.0065.
  test("keeps its first twelve colours apart for every kind of colour vision", () => {
    const { normal, anyone } = smallestDifference(colors.slice(0, 12));
    expect(normal).toBeGreaterThan(0.15);
    expect(anyone).toBeGreaterThan(0.065);
  });

  test("keeps all its colours apart for every kind of colour vision", () => {
    const { normal, anyone } = smallestDifference(colors);
    expect(normal).toBeGreaterThan(0.08);
    expect(anyone).toBeGreaterThan(0.04);
  });
});

test("every class has a colour in both themes", () => {
  const highest = unclassified(1).classes[0] ?? NaN;
  expect(palette(true)).toHaveLength(highest + 1);
  expect(palette(false)).toHaveLength(highest + 1);
});
