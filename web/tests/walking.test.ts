import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { handleKey, handleKeyUp } from "../src/keyboard.ts";
import { pulled } from "../src/map/touching.ts";
import { Store } from "../src/state/store.svelte.ts";
import { FakeAudio } from "./audio.ts";
import { FakeServer } from "./server.ts";

let server: FakeServer;
let audio: FakeAudio;
let other: FakeAudio;
let store: Store;

beforeEach(async () => {
  vi.useFakeTimers();
  localStorage.clear();
  server = new FakeServer();
  [audio, other] = [new FakeAudio(), new FakeAudio()];
  store = new Store(server.api, audio, other);
  await store.start();
});
afterEach(() => {
  store.stop();
  vi.useRealTimers();
});

const audioOf = (id: number): string => `http://localhost/api/v1/windows/${id}/audio?even=true`;
const settle = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const press = (key: string): void => handleKey(new KeyboardEvent("keydown", { key }), store);
const played = (): string[] => [...audio.played, ...other.played];

describe("a sweep", () => {
  test("plays what is passed without waiting, while its key is held", async () => {
    press("a");
    store.hoverPoint(0);
    await settle();
    expect(audio.played).toEqual([audioOf(10)]);
    handleKeyUp(new KeyboardEvent("keyup", { key: "a" }), store);
    store.hoverPoint(1);
    await settle();
    expect(played()).toEqual([audioOf(10)]);
  });

  test("lets a sound go on between points, and fade when it ends", async () => {
    store.hover.startSweep();
    store.hoverPoint(0);
    await settle();
    audio.tell("playing");
    await settle(50);
    store.hoverPoint(null);
    await settle(500);
    expect(store.sound.phase).toBe("playing");
    store.hover.endSweep();
    await settle(500);
    expect(store.sound.phase).toBe("idle");
  });

  test("plays what was passed even if the pointer is beyond it when it comes", async () => {
    store.hover.startSweep();
    store.hoverPoint(0);
    store.hoverPoint(null);
    await settle();
    expect(audio.played).toEqual([audioOf(10)]);
    expect(store.hover.sound).toBeNull();
  });

  test("crosses from one sound to the next", async () => {
    store.hover.startSweep();
    store.hoverPoint(0);
    await settle();
    audio.tell("playing");
    await settle(100);
    store.hoverPoint(1);
    await settle();
    expect(other.played).toEqual([audioOf(20)]);
    expect(audio.volume).toBe(1);
    await settle(30);
    expect(audio.volume).toBeLessThan(1);
  });

  test("asks for few sounds however many points are passed", async () => {
    store.hover.startSweep();
    for (let round = 0; round < 30; round += 1) {
      store.hoverPoint(round % 4);
      await settle(10);
    }
    expect(played().length).toBeLessThanOrEqual(5); // 300 ms
  });
});

test("neighbours on the map are fetched once a sound is heard", async () => {
  store.hoverPoint(1);
  await settle(200);
  const ahead = server.paths("windows/").filter((path) => path.includes("/audio"));
  expect(ahead).toEqual([10, 30, 40].map((id) => `windows/${id}/audio?even=true`));
});

describe("loudness", () => {
  test("is evened out unless the person wants it as it is, which is remembered", async () => {
    store.hoverPoint(1);
    await settle(200);
    store.sound.setEven(false);
    expect(audio.played.at(-1)).toBe("http://localhost/api/v1/windows/20/audio");
    expect(new Store(server.api, new FakeAudio()).sound.even).toBe(false);
  });
});

describe("a path", () => {
  /** Points lie a tenth apart on a line, at y = 0. */
  const line = [
    [0, 0],
    [0.3, 0],
  ] as const;

  async function hearToTheEnd(element: FakeAudio): Promise<void> {
    element.tell("playing");
    element.tell("ended");
    await settle();
  }

  test("plays what the line passes, in its order, and stops at its end", async () => {
    await store.walkAlong(line, 0.004);
    expect(store.path.ids).toEqual([1, 2, 3, 4]);
    for (let step = 0; step < 4; step += 1) {
      expect(store.path.position).toBe(step);
      await hearToTheEnd(audio);
    }
    expect(audio.played).toEqual([10, 20, 30, 40].map(audioOf));
    expect(store.path.playing).toBe(false);
  });

  test("leaves out what the legend leaves out", async () => {
    store.map.toggle(0);
    await store.walkAlong(line, 0.004);
    expect(store.path.ids).toEqual([2, 4]);
  });

  test("passes over what is gone", async () => {
    server.gone_id = 1;
    store.map.of = "recordings";
    await store.walkAlong(line, 0.004);
    expect(store.path.position).toBe(1);
    expect(audio.played).toEqual([audioOf(20)]);
  });

  test("pauses and goes on by space, steps by arrows, ends by Escape", async () => {
    await store.walkAlong(line, 0.004);
    audio.tell("playing");
    press(" ");
    await settle(200);
    expect([store.path.playing, store.sound.phase]).toEqual([false, "idle"]);
    press("ArrowRight");
    await settle();
    expect([store.path.playing, store.path.position]).toEqual([true, 1]);
    press("ArrowLeft");
    await settle();
    expect(store.path.position).toBe(0);
    press("Escape");
    expect(store.path.isOpen).toBe(false);
  });

  test("is not disturbed by the pointer, which only describes", async () => {
    await store.walkAlong(line, 0.004);
    audio.tell("playing");
    store.hoverPoint(3);
    await settle(300);
    expect(played()).toEqual([audioOf(10)]);
    expect(store.hover.sound?.name).toBe("4.wav");
    expect(store.path.playing).toBe(true);
  });

  test("waits where it is when something else is played", async () => {
    await store.walkAlong(line, 0.004);
    audio.tell("playing");
    await store.pinPoint(2);
    expect([store.path.playing, store.path.position]).toEqual([false, 0]);
  });

  test("leads between two selected points over what the vectors say", async () => {
    server.between = [1, 3, 4];
    store.selection.pick([1, 4], "replace");
    press("p");
    await settle();
    expect(server.paths("map/between")).toEqual([
      "map/between?of=recordings&start=1&end=4&steps=14",
    ]);
    expect(store.path.ids).toEqual([1, 3, 4]);
  });

  test("is a tool while other than two points are selected", () => {
    press("p");
    expect(store.tool).toBe("path");
    press("p");
    expect(store.tool).toBe("move");
  });

  test("says so where the line passes nothing", async () => {
    await store.walkAlong(
      [
        [-0.9, -0.9],
        [-0.8, -0.9],
      ],
      0.001,
    );
    expect(store.notice?.text).toContain("no sound along that line");
  });
});

describe("fingers", () => {
  const element = { clientWidth: 200, clientHeight: 100 };
  const camera = { x: 0, y: 0, height: 2 }; // a pixel is 0.02

  test("pull the map along", () => {
    const from = { middle: [50, 50], spread: 1 } as const;
    const to = { middle: [60, 30], spread: 1 } as const;
    const moved = pulled(camera, from, to, element);
    expect(moved.x).toBeCloseTo(-0.2);
    expect(moved.y).toBeCloseTo(-0.4);
    expect(moved.height).toBe(2);
  });

  test("pinch around what lies between them", () => {
    const from = { middle: [150, 25], spread: 40 } as const;
    const to = { middle: [150, 25], spread: 80 } as const;
    // (150, 25) shows (1, 0.5), and still does when a pixel is 0.01.
    expect(pulled(camera, from, to, element)).toEqual({ x: 0.5, y: 0.25, height: 1 });
  });
});
