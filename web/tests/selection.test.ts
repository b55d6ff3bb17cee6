import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { rectangle } from "../src/map/picking.ts";
import { BY_SCORE } from "../src/state/map.svelte.ts";
import { pickOf } from "../src/state/selection.svelte.ts";
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

// The four recordings lie at (0, 0), (0.1, 0), (0.2, 0) and (0.3, 0).
const first = rectangle([-0.05, -1], [0.15, 1]);
const middle = rectangle([0.05, -1], [0.25, 1]);
const selected = (): number[] => [...store.selection.ids];

describe("a selection", () => {
  test("is what lies within the outline", () => {
    store.selectWithin(first, "replace");
    expect(selected()).toEqual([1, 2]);
    store.selectWithin(middle, "replace");
    expect(selected()).toEqual([2, 3]);
  });

  test("grows with Shift, shrinks with Alt", () => {
    store.selectWithin(first, "replace");
    store.selectWithin(middle, pickOf({ shiftKey: true, altKey: false }));
    expect(selected()).toEqual([1, 2, 3]);
    store.selectWithin(first, pickOf({ shiftKey: false, altKey: true }));
    expect(selected()).toEqual([3]);
  });

  test("dims all other points, and with no selection none are dimmed", () => {
    store.selectWithin(middle, "replace");
    expect([...store.dimmed]).toEqual([1, 0, 0, 1]);
    store.selection.clear();
    expect([...store.dimmed]).toEqual([0, 0, 0, 0]);
  });

  test("leaves out what the legend leaves out", () => {
    store.map.toggle(0); // even
    store.selectWithin(first, "replace");
    expect(selected()).toEqual([2]);
    expect([...store.dimmed]).toEqual([1, 0, 1, 1]);
  });

  test("is made of what the legend leaves, by name or by number", async () => {
    store.map.toggle(0);
    store.selectLegend();
    expect(selected()).toEqual([2, 4]);
    await store.setColor("duration_s"); // 1 is unknown, 2 to 4
    store.map.part = [0, 0.5];
    store.selectLegend();
    expect(selected()).toEqual([2, 3]);
  });

  test("is made of all hits", async () => {
    await store.ask({ kind: "sound", of: "recordings", id: 2 });
    store.selectHits();
    expect(selected()).toEqual([1, 3]);
  });

  test("of one point is taken back by the same", () => {
    store.selectPoint(1, "add");
    store.selectPoint(2, "add");
    store.selectPoint(1, "add");
    expect(selected()).toEqual([3]);
  });

  test("stays with its things when the map changes beneath it", async () => {
    store.selectWithin(middle, "replace");
    server.umapReady = true;
    await store.setProjection("umap");
    expect(selected()).toEqual([2, 3]);
    expect([...store.dimmed]).toEqual([1, 0, 0, 1]);
  });

  test("lets go of what is no longer in the library", async () => {
    store.selectWithin(middle, "replace");
    server.n_recordings = 2;
    await store.reload();
    expect(selected()).toEqual([2]);
  });

  test("of recordings means nothing among windows", async () => {
    store.selectWithin(middle, "replace");
    await store.setUnit("windows");
    expect(selected()).toEqual([]);
  });
});

describe("colours", () => {
  test("by a number are steps of a ramp", async () => {
    await store.setColor("duration_s");
    expect(store.map.colors.kind).toBe("number");
    expect([...store.map.colors.classes]).toEqual([32, 0, 16, 31]);
    expect(store.map.filtered).toBe(false);
  });

  test("by score follow the hits", async () => {
    await store.setColor(BY_SCORE);
    await store.ask({ kind: "words", words: "door" }); // scores 1, 1/2 and 1/3
    expect([...store.map.colors.classes]).toEqual([31, 8, 0, 32]);
    expect(server.paths("map/values")).toEqual([]);
  });

  test("that the library no longer has give way to labels", async () => {
    await store.open("#colour=mood");
    expect(store.map.colorBy).toBe("label");
    expect(store.notice).toBeNull();
  });
});

describe("more hits", () => {
  test("are asked for with the same question", async () => {
    await store.ask({ kind: "words", words: "door" });
    expect(store.search.mayHaveMore).toBe(false); // fewer came than were asked for
    await store.more();
    const asked = server.requests.filter(({ path }) => path === "search").map(({ body }) => body);
    expect(asked).toMatchObject([
      { words: "door", k: 20 },
      { words: "door", k: 100 },
    ]);
  });
});

describe("the address", () => {
  test("names the view", async () => {
    await store.setUnit("windows");
    await store.setColor("folder");
    await store.ask({ kind: "sound", of: "windows", id: 21 });
    store.camera = { x: 0.5, y: 0, height: 0.25 };
    expect(store.address).toBe("of=windows&colour=folder&at=0.5%2C0%2C0.25&like=21");
  });

  test("brings the view back", async () => {
    server.umapReady = true;
    const again = new Store(server.api, new FakeAudio());
    await again.start("#of=windows&map=umap&colour=folder&at=0.5,0,0.25&like=21");
    again.stop();
    expect(again.map.shown?.points.ids).toHaveLength(8);
    expect(again.map.projection).toBe("umap");
    expect(again.map.colorBy).toBe("folder");
    expect(again.camera).toEqual({ x: 0.5, y: 0, height: 0.25 });
    expect(again.search.question).toEqual({ kind: "sound", of: "windows", id: 21 });
    expect(again.pinned).toBe(3);
  });

  test("of a projection that was not computed shows another", async () => {
    const again = new Store(server.api, new FakeAudio());
    await again.start("#map=umap");
    again.stop();
    expect(again.map.projection).toBe("pca");
    expect(again.notice).toBeNull();
  });
});
