import { expect, test } from "vitest";
import { hasAspects, readWeights, weighted, writeWeights } from "../src/state/aspects.ts";

test("weights are those of timbre alone until another aspect counts", () => {
  const both = weighted(null, "pitch", 0.5);
  expect(both).toEqual({ timbre: 1, pitch: 0.5, loudness: 0, rhythm: 0 });
  expect(weighted(both, "pitch", 0)).toBeNull();
  expect(weighted(null, "timbre", 0)).toBeNull();
  expect(weighted(both, "timbre", 0)).toEqual({ timbre: 0, pitch: 0.5, loudness: 0, rhythm: 0 });
});

test("weights are read as they were written", () => {
  const weights = { timbre: 0.3, pitch: 0, loudness: 0, rhythm: 1 };
  expect(writeWeights(weights)).toBe("timbre=0.3,rhythm=1");
  expect(readWeights(writeWeights(weights))).toEqual(weights);
  for (const text of ["", "pitch", "pitch=0", "pitch=x", "smell=1"]) {
    expect(readWeights(text)).toBeNull();
  }
});

test("sounds have aspects, words have none", () => {
  expect(hasAspects({ kind: "sound", of: "recordings", id: 1 })).toBe(true);
  expect(hasAspects({ kind: "words", words: "rain" })).toBe(false);
  expect(hasAspects(null)).toBe(false);
});
