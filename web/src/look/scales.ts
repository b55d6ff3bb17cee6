/** Which stretch of a recording is seen, and where in it times and frequencies lie. */

/** The stretch that is seen, in seconds. */
export interface View {
  start_s: number;
  end_s: number;
}

/** Seconds: no closer than this. */
const SHORTEST = 0.05;
/** Of the tiles: see the server's route. */
export const FINEST_S = 0.005;
export const N_LEVELS = 16;
export const N_COLUMNS = 256;
export const N_ROWS = 96;

/** Keep a view within a recording, and its length where there is room for it. */
export function within({ start_s, end_s }: View, duration_s: number): View {
  const length = Math.min(duration_s, Math.max(Math.min(SHORTEST, duration_s), end_s - start_s));
  const start = Math.min(Math.max(0, start_s), duration_s - length);
  return { start_s: start, end_s: start + length };
}

/** Make what is seen `factor` times as long, the moment at `at_s` staying where it is. */
export function zoom(view: View, at_s: number, factor: number, duration_s: number): View {
  const length = view.end_s - view.start_s;
  const wanted = Math.min(duration_s, Math.max(Math.min(SHORTEST, duration_s), length * factor));
  const start_s = at_s - ((at_s - view.start_s) / length) * wanted;
  return within({ start_s, end_s: start_s + wanted }, duration_s);
}

/** Move on by some seconds. */
export function pan(view: View, by_s: number, duration_s: number): View {
  return within({ start_s: view.start_s + by_s, end_s: view.end_s + by_s }, duration_s);
}

/** A view around a stretch, with room on both sides. */
export function around(start_s: number, end_s: number, duration_s: number): View {
  const margin = Math.max(0.5, 2 * (end_s - start_s));
  return within({ start_s: start_s - margin, end_s: end_s + margin }, duration_s);
}

/** The level whose columns are about a pixel wide. */
export function levelFor({ start_s, end_s }: View, width: number): number {
  const perPixel = (end_s - start_s) / Math.max(1, width);
  return Math.min(N_LEVELS - 1, Math.max(0, Math.round(Math.log2(perPixel / FINEST_S))));
}

/** Seconds that a tile of a level stands for. */
export function tileLength(level: number): number {
  return N_COLUMNS * FINEST_S * 2 ** level;
}

/** The tiles of a level that a view touches, within the recording. */
export function tilesOf(view: View, level: number, duration_s: number): number[] {
  const length = tileLength(level);
  const last = Math.min(view.end_s, duration_s);
  const first = Math.floor(view.start_s / length);
  const n = Math.max(1, Math.ceil(last / length) - first);
  return Array.from({ length: n }, (_, index) => first + index);
}

/** The mel scale as HTK has it, on which the bands of a tile are evenly spaced. */
const mel = (hz: number): number => 2595 * Math.log10(1 + hz / 700);

/** How high a frequency lies, from 0 at the bottom to 1 at `top_hz`. */
export function shareOfHz(hz: number, top_hz: number): number {
  return Math.min(1, Math.max(0, mel(hz) / mel(top_hz)));
}

/** The frequency at a height: what `shareOfHz` undoes. */
export function hzAt(share: number, top_hz: number): number {
  return 700 * (10 ** ((Math.min(1, Math.max(0, share)) * mel(top_hz)) / 2595) - 1);
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600];
const FRACTIONS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];

/** Round moments to write beneath a view, at least `room` pixels apart. */
export function ticks({ start_s, end_s }: View, width: number, room = 90): number[] {
  const least = ((end_s - start_s) / Math.max(1, width)) * room;
  const step = [...FRACTIONS, ...STEPS].find((each) => each >= least) ?? 43_200;
  const first = Math.ceil(start_s / step);
  const n = Math.floor(end_s / step) - first + 1;
  return Array.from({ length: Math.max(0, n) }, (_, index) => (first + index) * step);
}
