/** Which colour each point gets: the largest groups a colour of their own, the rest grey. */

import { type LegendEntry, NO_CODE } from "../api.ts";
import type { Groups } from "./names.ts";

/**
 * Colours for each theme, found by maximising the smallest difference (in OKLab) between any two
 * as seen with full colour vision, protanopia, deuteranopia and tritanopia, at a contrast of at
 * least 3:1 to the map. The first twelve were found by themselves and are easiest to tell apart;
 * the others join where there are more groups.
 */
export const DARK = [
  "#85d6ff",
  "#ff8f00",
  "#b899ff",
  "#66c27a",
  "#e05ca3",
  "#ffd63d",
  "#3385ff",
  "#e0470a",
  "#85ffa3",
  "#8f52c2",
  "#ffadc2",
  "#008f52",
  "#3d47eb",
  "#c2f5eb",
  "#708fb8",
  "#c2001f",
  "#b8d685",
  "#999970",
  "#cc99ad",
  "#b00c9c",
  "#99475c",
  "#8fadd6",
  "#cc8500",
  "#cc52e0",
] as const;

export const LIGHT = [
  "#008fff",
  "#cc7a00",
  "#7029c2",
  "#008f85",
  "#eb3d70",
  "#7a6600",
  "#295285",
  "#a30052",
  "#b85ccc",
  "#294700",
  "#1f0099",
  "#521452",
  "#521400",
  "#3d5cff",
  "#706699",
  "#e0000a",
  "#997052",
  "#003329",
  "#4733a3",
  "#703333",
  "#330070",
  "#a34752",
  "#990085",
  "#993dd6",
] as const;

const N_COLORS = DARK.length;

/** Classes after the coloured ones. */
export const OTHER_CLASS = N_COLORS;
export const NONE_CLASS = N_COLORS + 1;
export const PLAIN_CLASS = N_COLORS + 2;

/** The colour of every class, in class order. */
export function palette(dark: boolean): string[] {
  return dark
    ? [...DARK, "#6b7484", "#5c6577", "#9fb4d6"]
    : [...LIGHT, "#7d8593", "#888f9c", "#4a6285"];
}

/** The map's own two colours. */
export function theme(dark: boolean): { background: string; foreground: string } {
  return dark
    ? { background: "#0c0f15", foreground: "#ffffff" }
    : { background: "#f6f7f9", foreground: "#10141c" };
}

/** A line of the legend: one group, or all the small ones together. */
export interface LegendLine {
  classIndex: number;
  name: string;
  n: number;
}

export interface Classes {
  /** A class for each point. */
  classes: Uint8Array;
  /** Largest group first, then "other" and "none" where they hold points. */
  lines: LegendLine[];
  /** The groups themselves, also those that share a class. */
  groups: Groups;
  /** The class of each code. */
  classOf: Uint8Array;
}

/** Turn codes, one for each point, into classes; `legend[code]` names a code. */
export function classify(codes: Uint16Array, legend: readonly LegendEntry[]): Classes {
  const counts = new Array<number>(legend.length).fill(0);
  for (const code of codes) {
    if (code < counts.length) counts[code] = (counts[code] ?? 0) + 1;
  }
  const ranked = counts.map((n, code) => ({ n, code })).filter(({ n }) => n > 0);
  ranked.sort((left, right) => right.n - left.n || left.code - right.code);

  const classOf = new Uint8Array(NO_CODE + 1).fill(NONE_CLASS);
  for (const { code } of ranked) classOf[code] = OTHER_CLASS;
  const lines: LegendLine[] = ranked.slice(0, N_COLORS).map(({ n, code }, classIndex) => {
    classOf[code] = classIndex;
    return { classIndex, name: legend[code]?.name ?? "", n };
  });

  const small = ranked.slice(N_COLORS);
  const total = (entries: typeof ranked): number => entries.reduce((sum, { n }) => sum + n, 0);
  if (small.length > 0) {
    lines.push({ classIndex: OTHER_CLASS, name: `${small.length} others`, n: total(small) });
  }
  const n_none = codes.length - total(ranked);
  if (n_none > 0) lines.push({ classIndex: NONE_CLASS, name: "none", n: n_none });
  const classes = new Uint8Array(codes.length);
  for (let index = 0; index < codes.length; index += 1) classes[index] = classOf[codes[index]!]!;
  const names = legend.map(({ name }) => name);
  return { classes, lines, groups: { codes, names }, classOf };
}

/** Give every one of n points the same class. */
export function unclassified(n: number): Classes {
  const groups = { codes: new Uint16Array(n).fill(NO_CODE), names: [] };
  const classOf = new Uint8Array(NO_CODE + 1).fill(PLAIN_CLASS);
  return { classes: new Uint8Array(n).fill(PLAIN_CLASS), lines: [], groups, classOf };
}

/** Mark the points outside the chosen classes; choosing none dims none. */
export function dim(classes: Uint8Array, chosen: ReadonlySet<number>): Uint8Array {
  return classes.map((index) => (chosen.size === 0 || chosen.has(index) ? 0 : 1));
}
