import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { offerSound, stretchName } from "../src/drag.ts";
import { handleKey } from "../src/keyboard.ts";
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

async function press(key: string): Promise<void> {
  handleKey(new KeyboardEvent("keydown", { key, code: key }), store);
  await vi.advanceTimersByTimeAsync(100);
}
const said = (): Array<[number, string]> =>
  server.said.map(({ recording_id, polarity }) => [recording_id, polarity]);

describe("a review", () => {
  test("hears each thing, and arrows say what it is", async () => {
    store.selection.pick([1, 2, 3, 4], "replace");
    await store.startReview("rain");
    expect(audio.played.at(-1)).toContain("windows/10/");
    await press("ArrowUp");
    expect(audio.played.at(-1)).toContain("windows/20/");
    await press("ArrowDown");
    await press("u");
    expect(said()).toEqual([
      [1, "positive"],
      [2, "negative"],
      [3, "unsure"],
    ]);
    await press("ArrowRight");
    expect(server.said).toHaveLength(3);
    expect(store.review.current).toBeNull();
    expect(store.review.count("skipped")).toBe(1);
  });

  test("goes back to the last thing and takes back what was said of it", async () => {
    store.selection.pick([1, 2], "replace");
    await store.startReview("rain");
    await press("ArrowUp");
    await press("ArrowRight");
    await press("ArrowLeft");
    expect(store.review.current).toBe(2);
    expect(said()).toEqual([[1, "positive"]]); // skipping said nothing
    await press("ArrowLeft");
    expect(server.said).toEqual([]);
    expect(store.review.current).toBe(1);
    await press("ArrowLeft");
    expect(store.review.current).toBe(1);
  });

  test("begins with the hits, best first", async () => {
    await store.ask({ kind: "sound", of: "recordings", id: 2 });
    store.selection.pick([4, 3, 1], "replace");
    await store.startReview("rain");
    expect(store.review.ids).toEqual([1, 3, 4]);
  });

  test("that the server refuses stays where it is", async () => {
    store.selection.pick([1, 2], "replace");
    await store.startReview("rain");
    server.failures.set("labels", { status: 503, error: "the library was busy" });
    await press("ArrowUp");
    expect(store.review.current).toBe(1);
    expect(store.notice?.text).toBe("the library was busy");
  });

  test("ends by Escape, and the map is coloured anew", async () => {
    store.selection.pick([1], "replace");
    await store.startReview("rain");
    const before = server.paths("map/colors").length;
    await press("Escape");
    expect(store.review.isOn).toBe(false);
    expect(server.paths("map/colors")).toHaveLength(before + 1);
    expect(store.selection.size).toBe(1);
  });
});

describe("a sound dragged out", () => {
  const dragged = (name: string): string => {
    const event = new DragEvent("dragstart");
    const data = new Map<string, string>();
    const dataTransfer = { setData: (type: string, text: string) => data.set(type, text) };
    Object.defineProperty(event, "dataTransfer", { value: dataTransfer });
    offerSound(event, name, "http://localhost/x");
    return data.get("DownloadURL") ?? "";
  };

  test("is offered as a download under its name", () => {
    expect(dragged("door.wav")).toBe("application/octet-stream:door.wav:http://localhost/x");
    expect(dragged("C:door.flac")).toContain(":C_door.flac:");
  });

  test("that browsers do not play is offered as the WAV file that it comes as", () => {
    expect(dragged("kick.aiff")).toContain(":kick.aiff.wav:");
  });

  test("as a stretch is named by its times", () => {
    expect(stretchName({ name: "a.b.mp3", start_s: 1, end_s: 2.5 })).toBe("a.b 1.00-2.50 s.wav");
  });
});
