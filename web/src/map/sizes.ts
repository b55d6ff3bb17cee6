/** How large points are drawn when their size tells a score. */

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
