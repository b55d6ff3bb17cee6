import { beforeEach, expect, test } from "vitest";
import type { Asked } from "../src/state/search.svelte.ts";
import { Trail, titleOf } from "../src/state/trail.svelte.ts";

/** A browser's history, as far as a page sees it. */
class Past {
  entries: Array<{ state: unknown; url: string }> = [{ state: null, url: "" }];
  at = 0;
  get state(): unknown {
    return this.entries[this.at]?.state;
  }
  pushState(state: unknown, _: string, url: string): void {
    this.entries = [...this.entries.slice(0, this.at + 1), { state, url }];
    this.at += 1;
  }
  replaceState(state: unknown, _: string, url: string): void {
    this.entries[this.at] = { state, url };
  }
  back(): void {
    this.at -= 1;
  }
  forward(): void {
    this.at += 1;
  }
}

const asking = (words: string | null): Asked => ({
  question: words === null ? null : { kind: "words", words },
  filters: [],
  within: null,
  textFrom: [],
  aspects: null,
});
let past: Past;
let trail: Trail;
const nothing = asking(null);
const [rain, door] = [asking("rain"), asking("door")];

beforeEach(() => {
  past = new Past();
  trail = new Trail(past as never, "here");
  trail.stay(nothing, "");
});

test("a search is a step, another view of it is none", () => {
  expect(trail.isNew(nothing)).toBe(false);
  expect(trail.isNew(rain)).toBe(true);
  trail.push(rain, "#q=rain");
  expect(trail.isNew({ ...rain })).toBe(false);
  trail.stay(rain, "#q=rain&map=umap");
  expect(past.entries.map(({ url }) => url)).toEqual(["", "#q=rain&map=umap"]);
});

test("the way back gives what was asked, and the way forward again", () => {
  trail.push(rain, "#q=rain");
  trail.push(door, "#q=door");
  expect([trail.canGoBack, trail.canGoForward]).toEqual([true, false]);
  trail.back();
  expect(trail.recall(past.state)).toBe(rain);
  expect([trail.canGoBack, trail.canGoForward]).toEqual([true, true]);
  trail.back();
  expect(trail.recall(past.state)).toBe(nothing);
  expect(trail.canGoBack).toBe(false);
  trail.forward();
  expect(trail.recall(past.state)).toBe(rain);
});

test("a new search after going back forgets what came after", () => {
  trail.push(rain, "#q=rain");
  trail.back();
  trail.recall(past.state);
  trail.push(door, "#q=door");
  expect(trail.canGoForward).toBe(false);
});

test("nothing is new while a step of the past is shown, nor when it has come", () => {
  trail.push(rain, "#q=rain");
  trail.back();
  trail.recall(past.state);
  trail.recalling = true;
  expect(trail.isNew(door)).toBe(false);
  trail.settle(door);
  expect([trail.recalling, trail.isNew(door)]).toEqual([false, false]);
});

test("steps that a page before this one has left are known by their addresses alone", () => {
  trail.push(rain, "#q=rain");
  const next = new Trail(past as never, "another visit");
  expect(next.canGoBack).toBe(true);
  expect(next.recall(past.state)).toBeNull();
});

test("an address that was typed in is a step of its own", () => {
  expect(trail.recall(null)).toBeNull();
  expect(trail.canGoBack).toBe(true);
});

test("recent searches are each listed once, the newest first, without the walk of neighbours", () => {
  for (const each of [rain, door, asking("rain")]) trail.push(each, "");
  trail.push({ ...nothing, question: { kind: "sound", of: "recordings", id: 3 } }, "");
  expect(trail.recent.map(titleOf)).toEqual(["“rain”", "“door”"]);
});
