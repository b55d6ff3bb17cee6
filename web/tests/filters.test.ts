import { describe, expect, test } from "vitest";
import {
  type Filter,
  columnsOf,
  complaint,
  fieldOf,
  nameOf,
  readFilter,
  takeFilters,
  whereOf,
  writeFilter,
} from "../src/state/filters.ts";

const columns = columnsOf([
  { name: "label", kind: "groups" },
  { name: "duration_s", kind: "number" },
  { name: "recorded_at", kind: "time" },
  { name: "sample_rate", kind: "number" },
  { name: "speaker", kind: "groups" },
  { name: "signal to noise", kind: "number" },
  { name: "gain", kind: "number" },
]);
const filter = (text: string): Filter => {
  const [found] = takeFilters(text, columns).filters;
  if (found === undefined) throw new Error(`${text} is no filter`);
  return found;
};
const where = (text: string): string | null => whereOf(takeFilters(text, columns).filters, columns);

describe("filters that were written", () => {
  test("are told from words", () => {
    const { words, filters, problems } = takeFilters(
      'rain tag:Dog -label:"old door" on 12:30 re:zero duration:<2',
      columns,
    );
    expect(words).toBe("rain on 12:30 re:zero");
    expect(filters).toEqual([
      { field: "tag", op: "=", value: "Dog", not: false },
      { field: "label", op: "=", value: "old door", not: true },
      { field: "duration", op: "<", value: "2", not: false },
    ]);
    expect(problems).toEqual([]);
  });

  test("and make no sense are told, and not searched for", () => {
    const { words, filters, problems } = takeFilters("duration:long tag:>Dog bell", columns);
    expect([words, filters]).toEqual(["bell", []]);
    expect(problems).toEqual(["“long” is no number.", "tag has no order."]);
    expect(complaint({ field: "recorded", op: "=", value: "May", not: false }, columns)).toContain(
      "2026-05-31",
    );
  });

  test.each(["label:kick", '-label:"old door"', "duration:<=2", "speaker:anna", "gain:>3"])(
    "are read as they are written: %s",
    (text) => {
      expect(writeFilter(filter(text))).toBe(text);
      expect(readFilter(text)).toEqual(filter(text));
    },
  );

  test("stand on chips in words", () => {
    expect(nameOf(filter("-label:kick"))).toBe("not label: kick");
    expect(nameOf(filter("duration:<=90"))).toBe("duration: ≤ 1 min 30 s");
  });
});

describe("what the server is asked", () => {
  test("is an expression with quoted values", () => {
    expect(where("")).toBeNull();
    expect(where('label:"dog\'s"')).toBe("label = 'dog''s'");
    expect(where("duration:<2")).toBe("duration_s < 2");
    expect(where("recorded:>=2024-05-01")).toBe("recorded_at >= '2024-05-01'");
    expect(where("folder:kicks")).toBe("path ~ '*/kicks/*'");
    expect(where("gain:3")).toBe("gain = 3");
    expect(where("speaker:anna")).toBe("speaker = 'anna'");
  });

  test("takes several values of a field as alternatives, and all else together", () => {
    expect(where("label:a label:b -label:c duration:>1 duration:<2")).toBe(
      "not label = 'c' and duration_s > 1 and duration_s < 2 and (label = 'a' or label = 'b')",
    );
  });

  test("quotes names that are no words", () => {
    const noisy = { field: "signal to noise", op: "<", value: "10", not: false } as const;
    expect(whereOf([noisy], columns)).toBe("`signal to noise` < 10");
    const keyword = { field: "in", op: "=", value: "x", not: false } as const;
    expect(whereOf([keyword], new Map([["in", false]]))).toBe("`in` = 'x'");
  });
});

test("columns have the names that people use, and those that filters know", () => {
  expect(fieldOf("duration_s")).toBe("duration");
  expect(fieldOf("path")).toBe("path");
  expect([...columns.keys()]).toEqual(["speaker", "signal to noise", "gain"]);
});
