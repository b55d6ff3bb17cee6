import { describe, expect, test } from "vitest";
import { type Address, START, readAddress, writeAddress } from "../src/state/address.ts";

const elsewhere: Address = {
  of: "windows",
  projection: "umap",
  color: "recorded_at",
  space: "mel & co",
  camera: { x: -0.25, y: 0.5, height: 0.125 },
  query: { kind: "words", words: "rain #2, 50 %" },
  filters: [
    { field: "label", op: "=", value: "old door", not: true },
    { field: "duration", op: "<=", value: "2", not: false },
    { field: "speaker", op: "=", value: "anna", not: false },
  ],
  aspects: { timbre: 1, pitch: 0.5, loudness: 0, rhythm: 0 },
  textFrom: ["names", "labels"],
  sizesByScore: true,
  showsNames: false,
  showsDensity: true,
};

describe("the address", () => {
  test("of the view at the start is empty", () => {
    expect(writeAddress(START)).toBe("");
    expect(readAddress("")).toEqual(START);
  });

  test("says all of a view, and is read back as it was", () => {
    expect(readAddress(`#${writeAddress(elsewhere)}`)).toEqual(elsewhere);
    const like: Address = { ...elsewhere, query: { kind: "sound", id: 42 } };
    expect(readAddress(writeAddress(like))).toEqual(like);
    const base = { recording_id: 7, start_s: 1.25, end_s: 2.5 };
    const part: Address = { ...elsewhere, query: { kind: "part", part: base } };
    expect(readAddress(writeAddress(part))).toEqual(part);
    const thing = { of: "recordings", id: 3 } as const;
    const unlike = [{ of: "windows", id: 12 } as const, thing];
    for (const query of [
      { kind: "examples", base, like: [], unlike } as const,
      { kind: "examples", base: null, like: [thing], unlike: [] } as const,
    ]) {
      const examples: Address = { ...elsewhere, query };
      expect(readAddress(writeAddress(examples))).toEqual(examples);
    }
  });

  test.each([
    "of=moons&map=globe",
    "at=1,2",
    "at=1,2,0",
    "at=a,b,c",
    "at=,,1",
    "at=1,2,3,4",
    "like=-1",
    "like=1.5",
    "q=%20",
    "colour=",
    "size=weight",
    "in=clouds",
    "only=weight",
    "alike=smell=1",
    "alike=pitch=2",
    "alike=timbre",
    "only=duration:long",
    "part=1,2",
    "part=1,3,2",
    "part=0,1,2",
    "more=x3,r",
    "less=r3",
    "in=tags,names,labels",
  ])("that makes no sense (%s) is as at the start", (hash) => {
    expect(readAddress(hash)).toEqual(START);
  });
});
