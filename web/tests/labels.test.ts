import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { handleKey } from "../src/keyboard.ts";
import { Store } from "../src/state/store.svelte.ts";
import { FakeAudio } from "./audio.ts";
import { FakeServer } from "./server.ts";

let server: FakeServer;
let store: Store;

beforeEach(async () => {
  vi.useFakeTimers();
  localStorage.clear();
  server = new FakeServer();
  store = new Store(server.api, new FakeAudio());
  await store.start();
});
afterEach(() => {
  store.stop();
  vi.useRealTimers();
});

const said = (): Array<[number, string]> =>
  server.said.map(({ recording_id, label }) => [recording_id, label]);

async function press(key: string, more: KeyboardEventInit = {}): Promise<void> {
  const code = /^\d$/.test(key) ? `Digit${key}` : `Key${key.toUpperCase()}`;
  handleKey(new KeyboardEvent("keydown", { key, code, ...more }), store);
  await vi.advanceTimersByTimeAsync(0);
}

describe("a label", () => {
  test("is given to the selection, and the map is coloured anew", async () => {
    store.selection.pick([1, 3], "replace");
    const before = server.paths("map/colors").length;
    await store.label("rain");
    expect(said()).toEqual([
      [1, "rain"],
      [3, "rain"],
    ]);
    expect(server.paths("map/colors")).toHaveLength(before + 1);
    expect(store.notice?.text).toBe("2 recordings labelled “rain”");
    expect(store.labels.uses[0]).toMatchObject({ label: "rain", n: 2 });
  });

  test("without a selection is for what is rested on, or pinned", async () => {
    store.hoverPoint(1);
    await store.label("rain");
    await store.pinPoint(3);
    await store.label("dog");
    expect(said()).toEqual([
      [2, "rain"],
      [4, "dog"],
    ]);
  });

  test("for nothing says how to choose", async () => {
    await store.label("rain");
    expect(server.said).toEqual([]);
    expect(store.notice?.text).toContain("Select points first");
  });

  test("by its key is one of the most used, Alt takes it away", async () => {
    store.selection.pick([1, 2], "replace");
    await store.label("rain");
    store.selection.pick([3], "replace");
    await store.label("dog");
    expect(store.labels.keyed).toEqual(["rain", "dog"]);
    await press("1");
    expect(said()).toContainEqual([3, "rain"]);
    await press("1", { altKey: true });
    expect(said()).not.toContainEqual([3, "rain"]);
    await press("9");
    expect(server.said).toHaveLength(3);
  });

  test("that the server refuses is told in its words", async () => {
    const error = "the library was busy for 30 s: wait for it to finish";
    server.failures.set("labels", { status: 503, error });
    store.selection.pick([1], "replace");
    await store.label("rain");
    expect(store.notice?.text).toBe(error);
    expect(store.labels.undoes).toBeNull();
    expect(store.labels.waiting).toBe(0);
  });

  test("typed is for what it was begun for, wherever the pointer is then", async () => {
    store.hoverPoint(1);
    await press("l");
    store.hoverPoint(2);
    await store.finishLabelling("rain");
    expect(said()).toEqual([[2, "rain"]]);
    expect(store.labelling).toBeNull();
  });
});

describe("undo", () => {
  test("takes back one change after the other", async () => {
    store.selection.pick([1, 2], "replace");
    await store.label("rain");
    await store.label("wet");
    await press("z", { ctrlKey: true });
    expect(said().map(([, label]) => label)).toEqual(["rain", "rain"]);
    await press("z", { ctrlKey: true });
    expect(server.said).toEqual([]);
    await press("z", { ctrlKey: true });
    expect(store.notice?.text).toBe("There is nothing to undo.");
  });

  test("gives back what was taken away", async () => {
    store.selection.pick([1], "replace");
    await store.label("rain");
    await store.label("rain", null);
    expect(server.said).toEqual([]);
    await store.undo();
    expect(said()).toEqual([[1, "rain"]]);
  });

  test("waits for a label that is still on its way", async () => {
    let release: () => void = () => undefined;
    server.delays.set("labels", new Promise<void>((resolve) => (release = resolve)));
    store.selection.pick([1], "replace");
    const labelled = store.label("rain");
    const undone = store.undo();
    release();
    await Promise.all([labelled, undone]);
    expect(server.said).toEqual([]);
    expect(store.labels.undoes).toBeNull();
  });

  test("forgets what changed nothing", async () => {
    store.selection.pick([1], "replace");
    await store.label("rain");
    await store.label("rain");
    expect(store.notice?.text).toBe("It is so labelled.");
    await store.undo();
    expect(server.said).toEqual([]);
  });
});

describe("a favourite", () => {
  test("is marked by F, and by F again no longer", async () => {
    store.selection.pick([1, 2], "replace");
    await press("f");
    expect(said()).toEqual([
      [1, "favourite"],
      [2, "favourite"],
    ]);
    expect(store.labels.keyed).toEqual([]);
    await press("f");
    await vi.advanceTimersByTimeAsync(0);
    expect(server.said).toEqual([]);
  });
});

test("a library that is read-only says so before anything is sent", async () => {
  server.read_only = true;
  await store.start();
  store.selection.pick([1], "replace");
  await store.label("rain");
  await press("l");
  expect(server.requests.filter(({ method }) => method === "POST")).toEqual([]);
  expect(store.notice?.text).toContain("read-only");
  expect(store.labelling).toBeNull();
});
