/** In which respects sounds are compared: the weights that a person gives them. */

import type { Question } from "./questions.ts";

export const ASPECTS = ["timbre", "pitch", "loudness", "rhythm"] as const;

export type Aspect = (typeof ASPECTS)[number];
/** Each from 0 to 1, at least one above 0. */
export type Weights = Readonly<Record<Aspect, number>>;

/** What counts where nothing is said: the sound as the embedder hears it. */
export const BY_TIMBRE: Weights = { timbre: 1, pitch: 0, loudness: 0, rhythm: 0 };

/** Give an aspect another weight; null where that is how sounds are compared anyway. */
export function weighted(weights: Weights | null, aspect: Aspect, weight: number): Weights | null {
  const next = { ...(weights ?? BY_TIMBRE), [aspect]: weight };
  const counting = ASPECTS.filter((each) => next[each] > 0);
  return counting.length === 0 || counting.join() === "timbre" ? null : next;
}

/** Whether a question is one of sounds, which can be alike in one aspect and not in another. */
export function hasAspects(question: Question | null): boolean {
  return question !== null && question.kind !== "words" && question.kind !== "all";
}

export function writeWeights(weights: Weights): string {
  return ASPECTS.filter((each) => weights[each] > 0)
    .map((each) => `${each}=${weights[each]}`)
    .join(",");
}

/** Read what `writeWeights` wrote; null where it makes no sense. */
export function readWeights(text: string): Weights | null {
  const none = { timbre: 0, pitch: 0, loudness: 0, rhythm: 0 };
  for (const part of text.split(",")) {
    const [name, weight = NaN] = part
      .split("=")
      .map((each, at) => (at === 0 ? each : Number(each)));
    const aspect = ASPECTS.find((each) => each === name);
    const sound = typeof weight === "number" && weight > 0 && weight <= 1;
    if (aspect === undefined || !sound) return null;
    none[aspect] = weight;
  }
  return none;
}
