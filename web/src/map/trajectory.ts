/** The way of one recording across the map: its windows joined in order of time. */

import type { Points } from "./renderer.ts";

/** Thousandths of the plane: numbers of SVG are short, and lose nothing. */
export const TRAJECTORY_UNIT = 0.001;
/** Points nearer than this to the one before are passed over, in the plane. */
const STEP = 0.0005;
/** Parts of a way, faint where it begins and strong where it ends. */
const N_PARTS = 12;

export interface Trajectory {
  /** Paths of SVG in thousandths of the plane, y upwards, from the earliest to the latest part. */
  parts: string[];
  /** Positions of the first and the last window in the arrays. */
  first: number;
  last: number;
}

/**
 * Join points in order. `ids` are windows in order of time, 0 between channels; `indexOf` tells
 * where in the arrays a window is, null where the map lacks it. Null where less than two are shown.
 */
export function trajectoryOf(
  ids: Uint32Array,
  points: Points,
  indexOf: (id: number) => number | null,
): Trajectory | null {
  const shown: Array<number | null> = Array.from(ids, (id) => (id === 0 ? null : indexOf(id)));
  const places = shown.filter((index) => index !== null);
  const [first, last] = [places[0], places.at(-1)];
  if (first === undefined || last === undefined || places.length < 2) return null;
  const length = Math.ceil(shown.length / N_PARTS);
  const parts: string[] = [];
  for (let start = 0; start < shown.length; start += length) {
    // Each part begins where the one before ended.
    const stretch = shown.slice(Math.max(0, start - 1), start + length);
    const path = pathOf(stretch, points);
    if (path !== "") parts.push(path);
  }
  return { parts, first, last };
}

function pathOf(stretch: ReadonlyArray<number | null>, { x, y }: Points): string {
  let path = "";
  let before: readonly [number, number] | null = null;
  stretch.forEach((index, place) => {
    if (index === null) {
      before = null;
      return;
    }
    const at = [x[index] ?? 0, y[index] ?? 0] as const;
    const near = before !== null && Math.hypot(at[0] - before[0], at[1] - before[1]) < STEP;
    if (near && place < stretch.length - 1) return;
    const [across, up] = at.map((value) => (value / TRAJECTORY_UNIT).toFixed(2));
    path += `${before === null ? "M" : "L"}${across} ${up}`;
    before = at;
  });
  return path;
}
