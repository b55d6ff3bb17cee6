import { describe, expect, test } from "vitest";
import { type Address, START, readAddress, writeAddress } from "../src/state/address.ts";

const elsewhere: Address = {
  of: "windows",
  projection: "umap",
  color: "recorded_at",
  space: "mel & co",
  camera: { x: -0.25, y: 0.5, height: 0.125 },
  query: { kind: "words", words: "rain #2, 50 %" },
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
    "in=tags,names,labels",
  ])("that makes no sense (%s) is as at the start", (hash) => {
    expect(readAddress(hash)).toEqual(START);
  });
});
