/** Colours for numbers: a ramp whose lightness rises or falls evenly, so that everyone can read it. */

/**
 * Anchors of the ramps. Lightness alone tells their order, whatever colours the eye confuses; each
 * end stands out from the map by 3:1 at least.
 */
const DARK_ANCHORS = ["#5a64c8", "#2f8fb5", "#2fb58f", "#a6d14a", "#fff3a0"] as const;
const LIGHT_ANCHORS = ["#5f9a1e", "#1c8a6a", "#1b6d92", "#3f459c", "#3a0f5c"] as const;

/** How many steps a ramp has; the class after the last one is for points without a number. */
export const N_STEPS = 32;
export const NO_VALUE_CLASS = N_STEPS;

function channels(hex: string): number[] {
  return [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
}

function between(anchors: readonly string[], share: number): string {
  const place = share * (anchors.length - 1);
  const first = Math.min(Math.floor(place), anchors.length - 2);
  const [from, to] = [channels(anchors[first] ?? ""), channels(anchors[first + 1] ?? "")];
  const mixed = from.map((value, axis) => {
    const blend = value + ((to[axis] ?? 0) - value) * (place - first);
    return Math.round(blend).toString(16).padStart(2, "0");
  });
  return `#${mixed.join("")}`;
}

/** The colour of every step, low to high, then that of points without a number. */
export function ramp(dark: boolean): string[] {
  const anchors = dark ? DARK_ANCHORS : LIGHT_ANCHORS;
  const steps = Array.from({ length: N_STEPS }, (_, step) =>
    between(anchors, step / (N_STEPS - 1)),
  );
  return [...steps, dark ? "#5c6577" : "#888f9c"];
}

/** How numbers are laid along a ramp. */
export interface Scale {
  low: number;
  high: number;
  /** Even steps stand for equal ratios, not for equal differences. */
  logarithmic: boolean;
}

/** Numbers that span more than this ratio are laid out by ratio. */
const WIDE_RATIO = 50;
/** The share at either end that is taken for stray values, and shares the colour of the end. */
const STRAY = 0.01;

/** Find a scale for numbers that a few stray ones do not stretch; null where there are none. */
export function scaleOf(values: Float64Array): Scale | null {
  const known = values.filter((value) => Number.isFinite(value)).sort();
  if (known.length === 0) return null;
  const at = (share: number): number => known[Math.round(share * (known.length - 1))] ?? 0;
  const [low, high] = [at(STRAY), at(1 - STRAY)];
  return { low, high, logarithmic: low > 0 && high / low > WIDE_RATIO };
}

/** Where a number lies on a scale, from 0 to 1; 0.5 where all are alike. */
export function shareOf(value: number, { low, high, logarithmic }: Scale): number {
  if (high <= low) return 0.5;
  const share = logarithmic
    ? Math.log(value / low) / Math.log(high / low)
    : (value - low) / (high - low);
  return Math.min(1, Math.max(0, share));
}

/** The number at a place of a scale: what `shareOf` undoes. */
export function valueAt(share: number, { low, high, logarithmic }: Scale): number {
  return logarithmic ? low * (high / low) ** share : low + share * (high - low);
}

/** The step of the ramp that each number gets. */
export function gradate(values: Float64Array, scale: Scale | null): Uint8Array {
  return Uint8Array.from(values, (value) =>
    scale === null || !Number.isFinite(value)
      ? NO_VALUE_CLASS
      : Math.round(shareOf(value, scale) * (N_STEPS - 1)),
  );
}
