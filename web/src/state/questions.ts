/** What can be asked, and how the server is asked it. */

import type { Query, Unit } from "../api.ts";
import { formatInterval } from "../format.ts";

/** A recording or a window of the library. */
export interface Thing {
  of: Unit;
  id: number;
}

/** A stretch of a recording of the library. */
export interface Part {
  recording_id: number;
  start_s: number;
  end_s: number;
}

export interface Examples {
  kind: "examples";
  /** What was searched with before examples came to it. */
  base: File | Part | null;
  like: readonly Thing[];
  unlike: readonly Thing[];
}

export type Question =
  | { kind: "words"; words: string }
  /** A file of the person's, or what the microphone heard. */
  | { kind: "file"; file: File }
  | { kind: "sound"; of: Unit; id: number }
  | { kind: "part"; part: Part }
  | Examples
  /** All that the filters let through. */
  | { kind: "all" };

export const MOST_EXAMPLES = 100;
/** Seconds of a recording that can be searched with. */
export const LONGEST_PART_S = 600;

const sameThing = (left: Thing, right: Thing): boolean =>
  left.of === right.of && left.id === right.id;

/** The sounds that a question is made of already; null where it is made of words or of nothing. */
function examplesOf(question: Question | null): Examples | null {
  if (question?.kind === "examples") return question;
  const none = { kind: "examples", base: null, like: [], unlike: [] } as const;
  if (question?.kind === "file") return { ...none, base: question.file };
  if (question?.kind === "part") return { ...none, base: question.part };
  return question?.kind === "sound"
    ? { ...none, like: [{ of: question.of, id: question.id }] }
    : null;
}

/** Ask for more like these, or less: null where there is nothing yet that it should be like. */
export function refined(
  question: Question | null,
  things: readonly Thing[],
  how: "more" | "less",
): Examples | null {
  const before = examplesOf(question);
  if (before === null && how === "less") return null;
  const { base, like, unlike } = before ?? { base: null, like: [], unlike: [] };
  const others = (list: readonly Thing[]): Thing[] =>
    list.filter((each) => !things.some((thing) => sameThing(thing, each)));
  const [kept, refused] = [others(like), others(unlike)];
  const next: Examples =
    how === "more"
      ? { kind: "examples", base, like: [...kept, ...things], unlike: refused }
      : { kind: "examples", base, like: kept, unlike: [...refused, ...things] };
  return next.base === null && next.like.length === 0 ? null : next;
}

/** Take an example out again; null where none is left that the answer should be like. */
export function without(question: Examples, thing: Thing): Question | null {
  const stays = (each: Thing): boolean => !sameThing(each, thing);
  const [like, unlike] = [question.like.filter(stays), question.unlike.filter(stays)];
  if (question.base === null && like.length === 0) return null;
  return { ...question, like, unlike };
}

const idsOf = (things: readonly Thing[], of: Unit): number[] =>
  things.filter((each) => each.of === of).map(({ id }) => id);

/** The examples as the server is asked for them. */
export function bodyOf({ like, unlike }: Pick<Examples, "like" | "unlike">): Query {
  return {
    like: idsOf(like, "windows"),
    unlike: idsOf(unlike, "windows"),
    like_recordings: idsOf(like, "recordings"),
    unlike_recordings: idsOf(unlike, "recordings"),
  };
}

/** The file that has to be sent along, or null. */
export function fileOf(question: Question): File | null {
  if (question.kind === "file") return question.file;
  return question.kind === "examples" && question.base instanceof File ? question.base : null;
}

/** What the server is asked, beside a file. */
export function toQuery(question: Question): Query {
  switch (question.kind) {
    case "words":
      return { words: question.words };
    case "sound":
      return question.of === "recordings"
        ? { recording_id: question.id }
        : { window_id: question.id };
    case "part":
      return { ...question.part };
    case "examples": {
      const { base } = question;
      const part = base === null || base instanceof File ? {} : base;
      return { ...part, ...bodyOf(question) };
    }
    case "file":
    case "all":
      return {};
  }
}

/** A question in a few words. */
export function nameOfQuestion(question: Question): string {
  switch (question.kind) {
    case "words":
      return `“${question.words}”`;
    case "file":
      return `Like ${question.file.name}`;
    case "sound":
      return "Nearest neighbours";
    case "part":
      return `Like ${formatInterval(question.part.start_s, question.part.end_s)}`;
    case "examples":
      return nameOfExamples(question);
    case "all":
      return "All that fit";
  }
}

function nameOfExamples({ base, like, unlike }: Examples): string {
  const start = base instanceof File ? base.name : base === null ? "" : "a stretch";
  const n_like = like.length === 0 ? "" : `${start === "" ? "" : " and "}${like.length}`;
  const less = unlike.length === 0 ? "" : `, less like ${unlike.length}`;
  return `More like ${start}${n_like}${less}`;
}
