import { expect, test } from "vitest";
import source from "../src/keyboard.ts?raw";
import { KEY_GROUPS } from "../src/keys.ts";

const WRITTEN: Readonly<Record<string, string>> = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  Escape: "Esc",
  Backspace: "←", // in a review it does the same
  " ": "Space",
};

test("whatever key the page listens to is in the list that ? shows", () => {
  const listed = new Set(KEY_GROUPS.flatMap(({ uses }) => uses.flatMap(({ keys }) => keys)));
  const heard = [
    ...source.matchAll(/\bkey(?:\.toLowerCase\(\))? === "(.+?)"/g),
    ...source.matchAll(/_KEY = "(.+?)"/g),
    ...source.matchAll(/^ {2}(\w+): "(?:positive|negative|unsure|skipped)"/gm),
    ...source.matchAll(/\b(\w): "(?:move|lasso|rectangle)"/g),
  ].map(([, key = ""]) => WRITTEN[key] ?? key.toUpperCase());
  expect(heard.length).toBeGreaterThan(15);
  expect(heard.filter((key) => !listed.has(key))).toEqual([]);
});

test("no use is listed twice in a group", () => {
  for (const { uses } of KEY_GROUPS) {
    const does = uses.map((use) => use.does);
    expect(new Set(does).size).toBe(does.length);
  }
});
