import { expect, test } from "vitest";
import {
  type Examples,
  type Question,
  fileOf,
  nameOfQuestion,
  refined,
  toQuery,
  without,
} from "../src/state/questions.ts";

const recording = (id: number) => ({ of: "recordings", id }) as const;
const window = (id: number) => ({ of: "windows", id }) as const;
const part = { recording_id: 5, start_s: 1, end_s: 2 };

test("more like one, then less like another, is a question of both", () => {
  const more = refined(null, [recording(1)], "more");
  const less = refined(more, [window(7)], "less");
  expect(less && toQuery(less)).toEqual({
    like: [],
    unlike: [7],
    like_recordings: [1],
    unlike_recordings: [],
  });
});

test("a sound that was wanted and is no longer changes sides", () => {
  const both = refined({ kind: "sound", ...recording(1) }, [recording(2)], "more");
  const turned = refined(both, [recording(2)], "less");
  expect([turned?.like, turned?.unlike]).toEqual([[recording(1)], [recording(2)]]);
  expect(refined(turned, [recording(1)], "less")).toBeNull();
});

test("less like something needs something to be like", () => {
  expect(refined(null, [recording(1)], "less")).toBeNull();
  expect(refined({ kind: "words", words: "rain" }, [recording(1)], "less")).toBeNull();
});

test("a stretch or a file stays what is searched with when examples come to it", () => {
  const less = refined({ kind: "part", part }, [window(3)], "less");
  expect(less && toQuery(less)).toMatchObject({ ...part, unlike: [3], like: [] });
  const file = new File(["x"], "door.wav");
  const more = refined({ kind: "file", file }, [window(3)], "more") as Examples;
  expect(fileOf(more)).toBe(file);
  expect(toQuery(more)).toMatchObject({ like: [3] });
});

test("examples are taken out until none is left", () => {
  const two = refined(refined(null, [recording(1)], "more"), [recording(2)], "less") as Examples;
  const one = without(two, recording(2)) as Examples;
  expect(one.unlike).toEqual([]);
  expect(without(one, recording(1))).toBeNull();
});

test.each<[Question, string]>([
  [{ kind: "words", words: "rain" }, "“rain”"],
  [{ kind: "part", part }, "Like 1.00 – 2.00 s"],
  [
    { kind: "examples", base: null, like: [recording(1), recording(2)], unlike: [window(1)] },
    "More like 2, less like 1",
  ],
  [{ kind: "examples", base: part, like: [recording(1)], unlike: [] }, "More like a stretch and 1"],
])("a question has a name", (question, name) => {
  expect(nameOfQuestion(question)).toBe(name);
});
