import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Deck, type Phase } from "../src/audio/deck.ts";
import { FakeAudio } from "./audio.ts";

let audio: FakeAudio;
let phases: Phase[];
let failures: string[];
let deck: Deck;

beforeEach(() => {
  vi.useFakeTimers();
  audio = new FakeAudio();
  phases = [];
  failures = [];
  deck = new Deck(audio, {
    onPhase: (phase) => phases.push(phase),
    onFailure: (url) => failures.push(url),
  });
});
afterEach(() => void vi.useRealTimers());

describe("playing", () => {
  test("a sound starts silent, then fades in", () => {
    deck.play("a");
    expect(audio.volume).toBe(0);
    audio.tell("playing");
    vi.advanceTimersByTime(10);
    expect(audio.volume).toBeGreaterThan(0);
    expect(audio.volume).toBeLessThan(1);
    vi.advanceTimersByTime(100);
    expect(audio.volume).toBe(1);
    expect(phases).toEqual(["loading", "playing"]);
  });

  test("a sound that ends leaves the deck idle", () => {
    deck.play("a");
    audio.tell("playing");
    audio.tell("ended");
    expect(deck.phase).toBe("idle");
    expect(deck.url).toBe("a");
  });

  test("a second sound waits until the first has faded out", () => {
    deck.play("a");
    audio.tell("playing");
    vi.advanceTimersByTime(100);
    deck.play("b");
    vi.advanceTimersByTime(30);
    expect(audio.src).toBe("a");
    expect(audio.volume).toBeLessThan(1);
    vi.advanceTimersByTime(100);
    expect(audio.src).toBe("b");
    expect(audio.volume).toBe(0);
  });

  test("of several sounds asked for during a fade only the last is fetched", () => {
    deck.play("a");
    audio.tell("playing");
    for (const url of ["b", "c", "d"]) deck.play(url);
    vi.advanceTimersByTime(200);
    expect(audio.played).toEqual(["a", "d"]);
  });

  test("a sound that is still loading is replaced at once", () => {
    deck.play("a");
    deck.play("b");
    expect(audio.played).toEqual(["a", "b"]);
    audio.tell("playing");
    expect(deck.phase).toBe("playing");
  });
});

describe("stopping", () => {
  test("what sounds fades out and lets its source go", () => {
    deck.play("a");
    audio.tell("playing");
    vi.advanceTimersByTime(100);
    deck.stop();
    expect(deck.phase).toBe("fading");
    vi.advanceTimersByTime(200);
    expect(deck.phase).toBe("idle");
    expect(audio.src).toBe("");
  });

  test("what is still on its way is cancelled at once", () => {
    deck.play("a");
    deck.stop();
    expect(deck.phase).toBe("idle");
    expect(audio.src).toBe("");
  });

  test("a sound asked for while the last fades away is played all the same", () => {
    deck.play("a");
    audio.tell("playing");
    deck.stop();
    deck.play("b");
    vi.advanceTimersByTime(200);
    expect(audio.src).toBe("b");
    expect(deck.phase).toBe("loading");
  });

  test("a sound asked for and stopped again during a fade is never fetched", () => {
    deck.play("a");
    audio.tell("playing");
    deck.play("b");
    deck.stop();
    vi.advanceTimersByTime(200);
    expect(audio.played).toEqual(["a"]);
    expect(deck.phase).toBe("idle");
  });
});

describe("a browser that wants to be touched first", () => {
  test("blocks, and plays the same sound once touched", async () => {
    audio.refuses = true;
    deck.play("a");
    await vi.advanceTimersByTimeAsync(0);
    expect(deck.phase).toBe("blocked");
    audio.refuses = false;
    deck.unblock();
    audio.tell("playing");
    expect(deck.phase).toBe("playing");
    expect(audio.played).toEqual(["a"]);
  });

  test("plays nothing once touched when the pointer has gone", async () => {
    audio.refuses = true;
    deck.play("a");
    await vi.advanceTimersByTimeAsync(0);
    deck.stop();
    audio.refuses = false;
    deck.unblock();
    expect(audio.played).toEqual([]);
  });

  test("refusing an old sound does not block a newer one", async () => {
    audio.refuses = true;
    deck.play("a");
    audio.refuses = false;
    deck.play("b");
    await vi.advanceTimersByTimeAsync(0);
    expect(deck.phase).toBe("loading");
  });
});

describe("a sound that cannot be played", () => {
  test("is told, and the deck is idle", () => {
    deck.play("a");
    audio.tell("error");
    expect(failures).toEqual(["a"]);
    expect(deck.phase).toBe("idle");
  });

  test("is not told when nobody waits for it", () => {
    deck.play("a");
    deck.stop();
    audio.tell("error");
    expect(failures).toEqual([]);
  });
});
