import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Annotation, Api, decodeTile } from "../src/api.ts";
import {
  type Box,
  bandOf,
  boxOf,
  dragged,
  gripAt,
  isBox,
  placed,
  spanned,
} from "../src/look/boxes.ts";
import {
  hzAt,
  levelFor,
  pan,
  shareOfHz,
  ticks,
  tileLength,
  tilesOf,
  within,
  zoom,
} from "../src/look/scales.ts";
import { Tiles } from "../src/look/tiles.ts";
import { Store } from "../src/state/store.svelte.ts";
import { FakeAudio } from "./audio.ts";
import { FakeServer } from "./server.ts";

const DAY = 86_400;

describe("the view of a recording", () => {
  test("zooms around the pointer and stays within the recording", () => {
    const near = zoom({ start_s: 0, end_s: 100 }, 75, 0.5, 100);
    expect(near).toEqual({ start_s: 37.5, end_s: 87.5 }); // 75 stays at three quarters
    expect(zoom(near, 75, 1000, 100)).toEqual({ start_s: 0, end_s: 100 });
    const closest = zoom(near, 50, 1e-9, 100);
    expect(closest.end_s - closest.start_s).toBeCloseTo(0.05);
  });

  test("moves no further than the ends", () => {
    expect(pan({ start_s: 2, end_s: 4 }, 100, 10)).toEqual({ start_s: 8, end_s: 10 });
    expect(pan({ start_s: 2, end_s: 4 }, -100, 10)).toEqual({ start_s: 0, end_s: 2 });
    expect(within({ start_s: -5, end_s: 50 }, 0.01)).toEqual({ start_s: 0, end_s: 0.01 });
  });

  test("of a whole day needs a handful of tiles", () => {
    const day = { start_s: 0, end_s: DAY };
    const level = levelFor(day, 900);
    const needed = tilesOf(day, level, DAY);
    expect(needed.length).toBeLessThanOrEqual(6);
    expect(needed.length * tileLength(level)).toBeGreaterThanOrEqual(DAY);
    expect(levelFor({ start_s: 0, end_s: 0.05 }, 900)).toBe(0);
  });

  test("asks for the tiles that it touches, none behind the end", () => {
    expect(tilesOf({ start_s: 1.2, end_s: 2.7 }, 0, 100)).toEqual([0, 1, 2]);
    expect(tilesOf({ start_s: 1.28, end_s: 2.56 }, 0, 100)).toEqual([1]);
    expect(tilesOf({ start_s: 0, end_s: 2.7 }, 0, 1)).toEqual([0]);
  });

  test("has round moments beneath it", () => {
    expect(ticks({ start_s: 0, end_s: 10 }, 900)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const hours = ticks({ start_s: 0, end_s: DAY }, 900);
    expect(hours.every((seconds) => seconds % 3600 === 0)).toBe(true);
    expect(hours.length).toBeGreaterThan(4);
  });

  test("has frequencies evenly spaced in mel", () => {
    expect(shareOfHz(0, 8000)).toBe(0);
    expect(shareOfHz(8000, 8000)).toBe(1);
    expect(shareOfHz(1000, 8000)).toBeCloseTo(999.99 / 2840.02, 4); // HTK: 1000 Hz is 1000 mel
    for (const hz of [50, 440, 7000]) expect(hzAt(shareOfHz(hz, 8000), 8000)).toBeCloseTo(hz);
  });
});

const said = (more: Partial<Annotation>): Annotation => ({
  id: 1,
  recording_id: 1,
  label: "chirp",
  start_s: 2,
  end_s: 4,
  low_hz: null,
  high_hz: null,
  polarity: "positive",
  provenance: "person",
  confidence: null,
  created_at: "2024-05-01T06:00:00Z",
  ...more,
});
const reach = { time_s: 0.1, height: 0.05 };
const box: Box = { start_s: 2, end_s: 4, low: 0.2, high: 0.6, bounded: true };

describe("an annotation as a box", () => {
  test("spans all heights where it has no band, and none where it is of the whole recording", () => {
    expect(boxOf(said({}), 8000)).toMatchObject({ low: 0, high: 1, bounded: false });
    expect(boxOf(said({ start_s: null, end_s: null }), 8000)).toBeNull();
    const banded = boxOf(said({ low_hz: 1000, high_hz: 4000 }), 8000);
    expect(banded === null ? null : bandOf(banded, 8000)).toEqual({ low_hz: 1000, high_hz: 4000 });
  });

  test("that reaches an edge has no bound there", () => {
    expect(bandOf({ ...box, low: 0 }, 8000).low_hz).toBeNull();
    expect(bandOf({ ...box, bounded: false }, 8000)).toEqual({ low_hz: null, high_hz: null });
  });

  test("is grasped by its edges, or inside", () => {
    const parts = (time_s: number, height: number): string | undefined =>
      gripAt([{ id: 1, box }], { time_s, height }, reach)?.part;
    expect(parts(2.05, 0.4)).toBe("start");
    expect(parts(3.95, 0.4)).toBe("end");
    expect(parts(3, 0.62)).toBe("high");
    expect(parts(3, 0.19)).toBe("low");
    expect(parts(3, 0.4)).toBe("inside");
    expect(parts(3, 0.8)).toBeUndefined();
    expect(parts(5, 0.4)).toBeUndefined();
  });

  test("that lies within a longer one is meant where both are", () => {
    const long = { id: 2, box: { ...box, start_s: 0, end_s: 10 } };
    const boxes = [long, { id: 1, box }];
    expect(gripAt(boxes, { time_s: 3, height: 0.4 }, reach)?.id).toBe(1);
    expect(gripAt(boxes, { time_s: 6, height: 0.4 }, reach)?.id).toBe(2);
  });

  test("is dragged whole, or by an edge, even past the opposite one", () => {
    const from = { time_s: 3, height: 0.4 };
    const drag = (part: "inside" | "start" | "high", time_s: number, height: number): Box =>
      dragged(box, part, from, { time_s, height }, 10);
    expect(drag("inside", 4, 0.5)).toMatchObject({ start_s: 3, end_s: 5 });
    expect(drag("inside", 4, 0.5).low).toBeCloseTo(0.3);
    expect(drag("inside", -50, 0.4)).toMatchObject({ start_s: 0, end_s: 2 });
    expect(drag("inside", 50, 5)).toMatchObject({ start_s: 8, end_s: 10, high: 1 });
    expect(drag("start", 5, 0.4)).toMatchObject({ start_s: 4, end_s: 5 });
    expect(drag("high", 3, 2)).toMatchObject({ low: 0.2, high: 1 });
  });

  test("of hardly any size is none", () => {
    expect(isBox(box, reach)).toBe(true);
    expect(isBox({ ...box, start_s: 3.95 }, reach)).toBe(false);
    expect(isBox({ ...box, low: 0.58 }, reach)).toBe(false);
  });

  test("is spanned between two corners, in any order", () => {
    const [from, to] = [
      { time_s: 4, height: 0.2 },
      { time_s: 2, height: 0.6 },
    ];
    expect(spanned(from, to, true)).toEqual(box);
    expect(spanned(from, to, false)).toMatchObject({ low: 0, high: 1, bounded: false });
  });

  test("is placed within what is seen", () => {
    expect(placed(box, { start_s: 0, end_s: 8 })).toMatchObject({ left: 0.25, width: 0.25 });
    expect(placed(box, { start_s: 4, end_s: 8 })).toBeNull();
  });
});

const emptyTile = (): ArrayBuffer => new ArrayBuffer(98 * 256);

describe("tiles", () => {
  test("are read from bytes: levels, then lowest and highest samples", () => {
    const bytes = new Uint8Array(emptyTile());
    bytes[256] = 7; // the second band's first column
    bytes[96 * 256] = 256 - 3; // the lowest sample of the first column, -3
    bytes[97 * 256] = 4;
    const tile = decodeTile(bytes.buffer, true);
    expect([tile.levels[256], tile.low[0], tile.high[0], tile.sampled]).toEqual([7, -3, 4, true]);
    expect(() => decodeTile(new ArrayBuffer(10), false)).toThrow("cut short");
  });

  test("are asked for once, three at a time, and stand in for finer ones", async () => {
    const asked: string[] = [];
    const waiting: Array<() => void> = [];
    const api = new Api("http://x/", async (input) => {
      asked.push(String(input).replace("http://x/recordings/5/tiles/", ""));
      await new Promise<void>((resolve) => waiting.push(resolve));
      return new Response(emptyTile());
    });
    const finish = async (): Promise<void> => {
      waiting.splice(0).forEach((release) => release());
      await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const tiles = new Tiles(api, 5, () => undefined, vi.fn());
    tiles.want(2, [0, 1, 2, 3]);
    tiles.want(2, [0, 1, 2, 3]);
    expect(asked).toEqual(["2/0", "2/1", "2/2"]);
    await finish();
    expect(asked).toHaveLength(4);
    expect(tiles.stand(0, 5)).toMatchObject({ level: 2, number: 1 });
    expect(tiles.stand(2, 9)).toBeNull();
    tiles.stop();
  });

  test("of a file that is gone are given up, with one word about it", async () => {
    const report = vi.fn();
    const api = new Api("http://x/", () =>
      Promise.resolve(Response.json({ error: "gone.wav is gone" }, { status: 404 })),
    );
    const tiles = new Tiles(api, 5, () => undefined, report);
    tiles.want(0, [0]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    tiles.want(0, [1, 2]);
    expect(report).toHaveBeenCalledOnce();
    expect(String(report.mock.calls[0])).toContain("gone.wav is gone");
  });
});

describe("looking at a recording", () => {
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
    store.hoverPoint(1);
    await vi.advanceTimersByTimeAsync(0);
    await store.toggleLook();
  });
  afterEach(() => {
    store.stop();
    vi.useRealTimers();
  });

  test("shows all of a short one, and what was said of it", () => {
    expect(store.look.recording?.id).toBe(2);
    expect(store.look.view).toEqual({ start_s: 0, end_s: 2 });
    expect(store.look.overview?.bucket_s).toBe(0.5);
  });

  test("plays any stretch of it, through the one voice", () => {
    store.playStretch(0.5, 1.25);
    const url = "http://localhost/api/v1/recordings/2/stretch?start_s=0.5&end_s=1.25&even=true";
    expect(audio.played.at(-1)).toBe(url);
    store.playFrom(1);
    expect(store.sound.now).toMatchObject({ windowId: null, start_s: 1, end_s: 2 });
  });

  test("labels the box that was drawn, and undo takes it back", async () => {
    store.look.draft = { start_s: 0.5, end_s: 1, low: 0, high: 0.5, bounded: true };
    await store.labelDraft("chirp");
    const [kept] = server.said;
    expect(kept).toMatchObject({ recording_id: 2, label: "chirp", start_s: 0.5, low_hz: null });
    expect(kept?.high_hz).toBeGreaterThan(1000);
    expect(store.look.draft).toBeNull();
    await store.undo();
    expect(server.said).toEqual([]);
  });

  test("moves a box, and removes the one that was chosen", async () => {
    store.look.draft = { start_s: 0.5, end_s: 1, low: 0, high: 1, bounded: false };
    await store.labelDraft("chirp");
    await store.refreshLook();
    const [first] = store.look.annotations;
    if (first === undefined) throw new Error("it was labelled");
    const there: Box = { start_s: 1, end_s: 1.5, low: 0, high: 1, bounded: false };
    await store.moveAnnotation(first, there);
    expect(server.said).toMatchObject([{ label: "chirp", start_s: 1, end_s: 1.5 }]);
    expect(store.look.chosen).toBe(server.said[0]?.id);
    await store.removeChosen();
    expect(server.said).toEqual([]);
    await store.undo();
    await store.undo();
    expect(server.said).toMatchObject([{ label: "chirp", start_s: 0.5, end_s: 1 }]);
  });

  test("follows what is pinned", async () => {
    await store.pinPoint(3);
    expect(store.look.recording?.id).toBe(4);
    await store.toggleLook();
    expect(store.look.isOpen).toBe(false);
  });
});
