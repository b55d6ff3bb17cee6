/** How large points are drawn, by how many they are and by their score, and how opaque. */

/** Sizes that are told apart: points without a score, then those with one, the best last. */
export const SIZE_STEPS = 8;

const [SMALLEST, LEAST_SCORED, LARGEST] = [0.7, 1, 2.2];

/** Give each score a step of size; the lowest and highest of them span the steps. */
export function sizeSteps(scores: Float64Array): Uint8Array {
  let [low, high] = [Infinity, -Infinity];
  for (const score of scores) {
    if (score < low) low = score;
    if (score > high) high = score;
  }
  const most = SIZE_STEPS - 2;
  return Uint8Array.from(scores, (score) => {
    if (!Number.isFinite(score)) return 0;
    return 1 + (high > low ? Math.round((most * (score - low)) / (high - low)) : most);
  });
}

/** How many times as wide as usual a point of this step is. */
export function sizeFactor(step: number): number {
  if (step === 0) return SMALLEST;
  return LEAST_SCORED + ((LARGEST - LEAST_SCORED) * (step - 1)) / (SIZE_STEPS - 2);
}

/** How wide points are in pixels: they shrink as they grow many, so that a crowd stays readable. */
export function pointSize(n: number): number {
  return Math.min(11, Math.max(2, 26 / Math.log10(Math.max(n, 10)) - 2.5));
}

/** Points of a crowd let those beneath shine through. */
export function fullOpacity(n: number): number {
  return n > 20_000 ? 0.65 : 0.92;
}

/** The opacity of points that step back. */
export const DIMMED = 0.2;
/** A share of the usual opacity, for what is not highlighted while something is. */
export const INACTIVE = 0.3;
