import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DWELL_MS } from "../src/audio/dwell.ts";
import type { LegendLine } from "../src/map/colors.ts";
import { SIZE_STEPS } from "../src/map/sizes.ts";
import { Store } from "../src/state/store.svelte.ts";
import { FakeAudio } from "./audio.ts";
import { FakeServer } from "./server.ts";

let server: FakeServer;
let audio: FakeAudio;
let store: Store;

beforeEach(async () => {
  vi.useFakeTimers();
  localStorage.clear();
  server = new FakeServer();
  audio = new FakeAudio();
  store = new Store(server.api, audio);
  await store.start();
});
afterEach(() => {
  store.stop();
  vi.useRealTimers();
});

const lines = (): LegendLine[] => {
  const { colors } = store.map;
  return colors.kind === "groups" ? colors.lines : [];
};
const rest = (): Promise<unknown> => vi.advanceTimersByTimeAsync(DWELL_MS);
const audioOf = (id: number): string => `http://localhost/api/v1/windows/${id}/audio?even=true`;

describe("the map", () => {
  test("shows recordings by principal components, coloured by label, at the start", () => {
    expect([...(store.map.shown?.points.ids ?? [])]).toEqual([1, 2, 3, 4]);
    expect(store.map.projection).toBe("pca");
    expect(lines().map(({ name, n }) => [name, n])).toEqual([
      ["even", 2],
      ["odd", 2],
    ]);
  });

  test("shows windows when asked to, and forgets what was chosen in the legend", async () => {
    store.map.toggle(0);
    expect([...store.dimmed]).toEqual([1, 0, 1, 0]);
    await store.setUnit("windows");
    expect(store.map.shown?.points.ids).toHaveLength(8);
    expect(store.map.chosen.size).toBe(0);
  });

  test("of windows shows the way of the recording that is followed", async () => {
    await store.follow(2);
    expect(store.map.trajectory).toBeNull(); // recordings have no way
    await store.setUnit("windows");
    await store.follow(2);
    expect(server.paths("map/trajectory").at(-1)).toContain("recording_id=2");
    const { first, last } = store.map.trajectory ?? {};
    expect([first, last].map((index) => store.map.idAt(index ?? -1))).toEqual([20, 21]);
    await store.follow(null);
    expect(store.map.trajectory).toBeNull();
  });

  test("shows names and density as the address asks, and tells the address", async () => {
    expect([store.map.showsNames, store.map.showsDensity]).toEqual([true, false]);
    await store.open("#names=off&density=on");
    expect([store.map.showsNames, store.map.showsDensity]).toEqual([false, true]);
    expect(store.address).toBe("names=off&density=on");
    store.map.showsNames = true;
    expect(store.address).toBe("density=on");
  });

  test("is coloured in another way without being moved", async () => {
    const before = store.map.shown;
    await store.setColor("none");
    expect(lines()).toEqual([]);
    await store.setColor("folder");
    expect(server.paths("map/legend").at(-1)).toContain("by=folder");
    expect(lines()).toHaveLength(2);
    expect(store.map.shown).toBe(before);
  });

  test("that has not changed is left as it is when read again", async () => {
    const before = store.map.shown;
    await store.reload();
    expect(store.map.shown).toBe(before);
  });

  test("shows the map that was asked for last, whichever arrives last", async () => {
    let release: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (release = resolve));
    server.delays.set("map?of=windows&projection=pca", slow);
    const first = store.setUnit("windows");
    await store.setUnit("recordings");
    release();
    await first;
    expect(store.map.shown?.points.ids).toHaveLength(4);
  });

  test("still comes when another colour is chosen while it is on its way", async () => {
    let release: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (release = resolve));
    server.delays.set("map?of=windows&projection=pca", slow);
    const windows = store.setUnit("windows");
    await vi.advanceTimersByTimeAsync(0);
    await store.setColor("folder");
    release();
    await windows;
    expect(store.map.shown?.points.ids).toHaveLength(8);
    expect(store.map.colors.classes).toHaveLength(8);
    expect(server.paths("map/colors").at(-1)).toContain("of=windows&projection=pca&by=folder");
    expect(lines()).toHaveLength(2);
  });

  test("says in the server's words why a map cannot be shown", async () => {
    const error = "the library has no windows";
    server.failures.set("map?of=windows&projection=pca", { status: 404, error });
    await store.setUnit("windows");
    expect(store.notice?.text).toBe(error);
  });
});

describe("a projection that has not been computed", () => {
  test("is computed with progress, then shown", async () => {
    server.job = [
      { state: "running", progress: 0, error: null },
      { state: "running", progress: 0.4, error: null },
      { state: "done", progress: 1, error: null },
    ];
    const shown = store.setProjection("umap");
    await vi.advanceTimersByTimeAsync(0);
    expect(store.map.projection).toBe("pca");
    await vi.advanceTimersByTimeAsync(400);
    expect(store.map.progress).toBe(0.4);
    await vi.advanceTimersByTimeAsync(400);
    await shown;
    expect(store.map.progress).toBeNull();
    expect(store.map.projection).toBe("umap");
    expect(store.map.shown?.points.x[0]).toBe(0.5);
    expect(store.map.shown?.sameThings).toBe(true);
  });

  test("is not started twice", async () => {
    server.umapReady = true;
    await store.setProjection("umap");
    expect(server.requests.filter(({ method }) => method === "POST")).toEqual([]);
  });

  test("that fails says why and leaves the map as it was", async () => {
    server.job = [{ state: "failed", progress: 0.2, error: "two recordings are too few" }];
    await store.setProjection("umap");
    expect(store.notice?.text).toBe("two recordings are too few");
    expect(store.map.projection).toBe("pca");
    expect(store.map.progress).toBeNull();
  });

  test("does not pull the person back who moved on meanwhile", async () => {
    server.job = [
      { state: "running", progress: 0, error: null },
      { state: "done", progress: 1, error: null },
    ];
    const shown = store.setProjection("umap");
    await vi.advanceTimersByTimeAsync(0);
    await store.setUnit("windows");
    await vi.advanceTimersByTimeAsync(400);
    await shown;
    expect(store.map.projection).toBe("pca");
    expect(store.map.of).toBe("windows");
  });
});

describe("resting on a point", () => {
  test("describes it at once and plays its window after the dwell", async () => {
    store.hoverPoint(1);
    await vi.advanceTimersByTimeAsync(DWELL_MS - 1);
    expect(store.hover.sound?.name).toBe("2.wav");
    expect(audio.played).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(audio.played).toEqual([audioOf(20)]);
    expect(store.sound.now?.recordingId).toBe(2);
  });

  test("of windows plays that very window", async () => {
    await store.setUnit("windows");
    store.hoverPoint(3);
    await rest();
    expect(audio.played).toEqual([audioOf(21)]);
    expect(store.sound.now?.start_s).toBe(1);
  });

  test("and leaving falls silent", async () => {
    store.hoverPoint(1);
    await rest();
    audio.tell("playing");
    store.hoverPoint(null);
    expect(store.hover.sound).toBeNull();
    await vi.advanceTimersByTimeAsync(200);
    expect(store.sound.phase).toBe("idle");
    expect(audio.src).toBe("");
  });

  test("only in passing plays nothing", async () => {
    store.hoverPoint(0);
    await vi.advanceTimersByTimeAsync(40);
    store.hoverPoint(1);
    await vi.advanceTimersByTimeAsync(40);
    store.hoverPoint(null);
    await rest();
    expect(audio.played).toEqual([]);
  });

  test("again, after leaving it, plays it again", async () => {
    for (let visit = 0; visit < 2; visit += 1) {
      store.hoverPoint(1);
      await rest();
      store.hoverPoint(null);
    }
    expect(audio.played).toEqual([audioOf(20), audioOf(20)]);
  });

  test("whose details come after the pointer has left plays nothing", async () => {
    let release: () => void = () => undefined;
    server.delays.set("recordings/2", new Promise<void>((resolve) => (release = resolve)));
    store.hoverPoint(1);
    await rest();
    store.hoverPoint(null);
    release();
    await rest();
    expect(audio.played).toEqual([]);
    expect(store.notice).toBeNull();
  });

  test("whose details come late plays once they are there", async () => {
    let release: () => void = () => undefined;
    server.delays.set("recordings/2", new Promise<void>((resolve) => (release = resolve)));
    store.hoverPoint(1);
    await rest();
    expect(audio.played).toEqual([]);
    release();
    await vi.advanceTimersByTimeAsync(0);
    expect(audio.played).toEqual([audioOf(20)]);
  });

  test("whose sound is refused until the page is touched asks for a touch, then plays", async () => {
    audio.refuses = true;
    store.hoverPoint(1);
    await rest();
    expect(store.sound.needsGesture).toBe(true);
    audio.refuses = false;
    store.sound.unblock();
    expect(store.sound.needsGesture).toBe(false);
    expect(audio.played).toEqual([audioOf(20)]);
  });

  test("whose file is gone says so in the server's words", async () => {
    server.failures.set("windows/20/audio?even=true", { status: 404, error: "2.wav is gone" });
    store.hoverPoint(1);
    await rest();
    audio.tell("error");
    await vi.advanceTimersByTimeAsync(0);
    expect(store.notice?.text).toBe("2.wav is gone");
    expect(store.sound.phase).toBe("idle");
  });
});

describe("clicking a point", () => {
  test("lists its neighbours from the server and highlights them on the map", async () => {
    await store.pinPoint(0);
    const asked = server.requests.find(({ path }) => path === "search");
    expect(asked?.body).toEqual({
      recording_id: 1,
      k: 20,
      by: "recording",
      space: null,
      text_from: null,
      aspects: null,
      where: null,
      within: null,
    });
    expect(store.search.hits.map(({ name }) => name)).toEqual(["2.wav", "3.wav"]);
    expect(store.found).toEqual([1, 2]);
    expect(store.pinned).toBe(0);
  });

  test("plays it to its end, also when the pointer leaves", async () => {
    store.hoverPoint(0);
    await rest();
    audio.tell("playing");
    await store.pinPoint(0);
    store.hoverPoint(null);
    await vi.advanceTimersByTimeAsync(200);
    expect(store.sound.phase).toBe("playing");
    expect(audio.played).toEqual([audioOf(10)]);
  });

  test("asks for windows where windows are shown", async () => {
    await store.setUnit("windows");
    await store.pinPoint(3);
    const asked = server.requests.find(({ path }) => path === "search");
    expect(asked?.body).toEqual({
      window_id: 21,
      k: 20,
      by: "window",
      space: null,
      text_from: null,
      aspects: null,
      where: null,
      within: null,
    });
  });
});

describe("searching", () => {
  test("by words lists hits, with nothing pinned", async () => {
    await store.ask({ kind: "words", words: "door" });
    expect(store.search.hits).toHaveLength(3);
    expect(store.search.result?.score_name).toBe("cosine similarity");
    expect(store.pinned).toBeNull();
  });

  test("that fails keeps the server's words beside the question, not in a notice", async () => {
    server.failures.set("search/upload", { status: 422, error: "a.pdf is not audio" });
    await store.ask({ kind: "file", file: new File(["%PDF"], "a.pdf") });
    expect(store.search.failure).toBe("a.pdf is not audio");
    expect(store.notice).toBeNull();
    expect(store.search.busy).toBe(false);
  });

  test("again while an answer is awaited shows the newer answer only", async () => {
    let release: () => void = () => undefined;
    server.delays.set("search", new Promise<void>((resolve) => (release = resolve)));
    const first = store.ask({ kind: "words", words: "old" });
    server.delays.delete("search");
    await store.ask({ kind: "sound", of: "recordings", id: 2 });
    release();
    await first;
    expect(store.search.question?.kind).toBe("sound");
    expect(store.search.hits.map(({ name }) => name)).toEqual(["1.wav", "3.wav"]);
    expect(store.search.busy).toBe(false);
  });

  test("by words is repeated for windows when windows are shown", async () => {
    await store.ask({ kind: "words", words: "door" });
    await store.setUnit("windows");
    const last = server.requests.filter(({ path }) => path === "search").at(-1);
    expect(last?.body).toMatchObject({ words: "door", by: "window" });
    expect(store.found).toEqual([0, 2, 4]);
  });

  test("and clearing forgets hits, pin and failure", async () => {
    await store.pinPoint(0);
    store.clearSearch();
    expect(store.search.question).toBeNull();
    expect(store.found).toEqual([]);
    expect(store.pinned).toBeNull();
  });
});

describe("walking the hits", () => {
  test("plays the hit rested on and rings its point", async () => {
    await store.ask({ kind: "words", words: "door" });
    store.hoverHit(1);
    expect(store.ringed).toBe(1);
    await rest();
    expect(audio.played).toEqual([audioOf(20)]);
  });

  test("lets the sound of a hit play on when it is clicked", async () => {
    await store.ask({ kind: "words", words: "door" });
    store.hoverHit(1);
    await rest();
    audio.tell("playing");
    const hit = store.search.hits[1];
    if (hit === undefined) throw new Error("three hits were promised");
    await store.pinHit(hit);
    await vi.advanceTimersByTimeAsync(500);
    expect(store.sound.phase).toBe("playing");
    expect(audio.played).toEqual([audioOf(20)]);
  });

  test("pins the hit that is clicked", async () => {
    await store.ask({ kind: "words", words: "door" });
    const hit = store.search.hits[2];
    if (hit === undefined) throw new Error("three hits were promised");
    await store.pinHit(hit);
    expect(store.pinned).toBe(2);
    expect(store.search.hits.map(({ name }) => name)).toEqual(["1.wav", "2.wav"]);
  });

  test("plays the first window of a recording that was found by words alone", async () => {
    await store.ask({ kind: "words", words: "door" });
    const hit = store.search.hits[2];
    if (hit === undefined) throw new Error("three hits were promised");
    await store.playHit({ ...hit, window_id: null });
    expect(audio.played).toEqual([audioOf(30)]);
  });

  test("plays nothing of a file that is gone", async () => {
    await store.ask({ kind: "words", words: "door" });
    const hit = store.search.hits[0];
    if (hit === undefined) throw new Error("three hits were promised");
    await store.playHit({ ...hit, missing: true });
    expect(audio.played).toEqual([]);
  });
});

describe("the server", () => {
  test("that goes away is missed, looked for, and welcomed back", async () => {
    server.gone = true;
    await store.ask({ kind: "words", words: "door" });
    expect(store.library.connection).toBe("down");
    server.gone = false;
    const before = server.paths("map?").length;
    await vi.advanceTimersByTimeAsync(2000);
    expect(store.library.connection).toBe("up");
    expect(server.paths("map?")).toHaveLength(before + 1);
  });

  test("whose library grows offers the new map instead of moving points under the hand", async () => {
    server.n_recordings = 6;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(store.map.shown?.points.ids).toHaveLength(4);
    expect(store.notice?.text).toContain("2 new recordings are not on this map yet");
    store.notice?.action?.run();
    await vi.advanceTimersByTimeAsync(0);
    expect(store.map.shown?.points.ids).toHaveLength(6);
    expect(store.notice).toBeNull();
  });

  test("with an empty library is shown its first sounds as they come", async () => {
    const empty = new FakeServer();
    empty.n_recordings = 0;
    const page = new Store(empty.api, new FakeAudio());
    await page.start();
    expect(page.map.shown).toBeNull();
    expect(page.notice).toBeNull();
    empty.n_recordings = 2;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(page.map.shown?.points.ids).toHaveLength(2);
    page.stop();
  });
});

test("muting is remembered", () => {
  store.sound.setMuted(true);
  expect(audio.muted).toBe(true);
  const later = new FakeAudio();
  expect(new Store(server.api, later).sound.muted).toBe(true);
  expect(later.muted).toBe(true);
});

describe("a file that is gone", () => {
  beforeEach(async () => {
    server.gone_id = 2;
    await store.library.watch();
    await store.reload();
  });

  test("is marked on the map, and resting on its point keeps silent", async () => {
    expect(store.map.missing).toEqual([1]);
    store.hoverPoint(1);
    await rest();
    expect(store.hover.sound?.missing).toBe(true);
    expect(audio.played).toEqual([]);
    expect(store.notice).toBeNull();
  });

  test("is not asked for again where none is", async () => {
    server.gone_id = null;
    await store.library.watch();
    await store.reload();
    expect(store.map.missing).toEqual([]);
    expect(server.paths("map/missing")).toHaveLength(1);
  });
});

describe("the places where words are looked for", () => {
  const asked = (): unknown => server.requests.findLast(({ path }) => path === "search")?.body;

  test("are all of them until some are chosen, and the question is then asked again", async () => {
    await store.ask({ kind: "words", words: "dog" });
    expect(asked()).toMatchObject({ words: "dog", text_from: null });
    await store.toggleSource("tags");
    expect(asked()).toMatchObject({ words: "dog", text_from: ["tags"] });
    expect(store.address).toContain("in=tags");
    await store.toggleSource("names");
    await store.toggleSource("labels");
    expect(asked()).toMatchObject({ text_from: null });
    expect(store.search.textFrom).toEqual([]);
  });

  test("say nothing about sounds", async () => {
    await store.toggleSource("names");
    expect(asked()).toBeUndefined();
    await store.pinPoint(0);
    expect(asked()).toMatchObject({ recording_id: 1, text_from: null });
  });

  test("are read from the address", async () => {
    await store.open("#q=dog&in=tags");
    expect(asked()).toMatchObject({ words: "dog", text_from: ["tags"] });
  });
});

describe("a map that lacks what came after it", () => {
  test("says so, and is computed again on demand", async () => {
    server.umapReady = true;
    server.behind = 3;
    expect(store.map.behind).toBe(0);
    await store.setProjection("umap");
    expect(store.map.behind).toBe(3);
    await store.renewProjection();
    expect(server.requests.filter(({ path }) => path === "jobs")).toHaveLength(1);
    expect(store.map.behind).toBe(0);
    expect(store.map.projection).toBe("umap");
  });

  test("is never the one of principal components", async () => {
    server.behind = 3;
    await store.reload();
    await store.renewProjection();
    expect(store.map.behind).toBe(0);
    expect(server.paths("jobs")).toEqual([]);
  });
});

describe("sizes by score", () => {
  test("belong to hits, and come and go with them", async () => {
    store.sizesByScore = true;
    expect(store.sizes).toBeNull();
    await store.ask({ kind: "words", words: "dog" });
    const [best = 0, middle = 0, worst = 0, none = 0] = store.sizes ?? [];
    expect([best, worst, none]).toEqual([SIZE_STEPS - 1, 1, 0]);
    expect(middle > worst && middle < best).toBe(true);
    expect(store.address).toContain("size=score");
    store.sizesByScore = false;
    expect(store.sizes).toBeNull();
  });
});
