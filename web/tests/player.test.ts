import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Phase, Player } from "../src/audio/player.ts";
import { FakeAudio } from "./audio.ts";

let audio: FakeAudio;
let phases: Phase[];
let failures: string[];
let player: Player;

beforeEach(() => {
  vi.useFakeTimers();
  audio = new FakeAudio();
  phases = [];
  failures = [];
  player = new Player(audio, {
    onPhase: (phase) => phases.push(phase),
    onFailure: (url) => failures.push(url),
  });
});
afterEach(() => void vi.useRealTimers());

describe("playing", () => {
  test("a sound starts silent, then fades in", () => {
    player.play("a");
    expect(audio.volume).toBe(0);
    audio.tell("playing");
    vi.advanceTimersByTime(10);
    expect(audio.volume).toBeGreaterThan(0);
    expect(audio.volume).toBeLessThan(1);
    vi.advanceTimersByTime(100);
    expect(audio.volume).toBe(1);
    expect(phases).toEqual(["loading", "playing"]);
  });

  test("a sound that ends leaves the player idle and can be replayed", () => {
    player.play("a");
    audio.tell("playing");
    audio.tell("ended");
    expect(player.phase).toBe("idle");
    player.replay();
    expect(audio.played).toEqual(["a", "a"]);
  });

  test("a second sound waits until the first has faded out", () => {
    player.play("a");
    audio.tell("playing");
    vi.advanceTimersByTime(100);
    player.play("b");
    vi.advanceTimersByTime(30);
    expect(audio.src).toBe("a");
    expect(audio.volume).toBeLessThan(1);
    vi.advanceTimersByTime(100);
    expect(audio.src).toBe("b");
    expect(audio.volume).toBe(0);
  });

  test("of several sounds asked for during a fade only the last is fetched", () => {
    player.play("a");
    audio.tell("playing");
    for (const url of ["b", "c", "d"]) player.play(url);
    vi.advanceTimersByTime(200);
    expect(audio.played).toEqual(["a", "d"]);
  });

  test("a sound that is still loading is replaced at once", () => {
    player.play("a");
    player.play("b");
    expect(audio.played).toEqual(["a", "b"]);
    audio.tell("playing");
    expect(player.phase).toBe("playing");
  });
});

describe("stopping", () => {
  test("what sounds fades out and lets its source go", () => {
    player.play("a");
    audio.tell("playing");
    vi.advanceTimersByTime(100);
    player.stop();
    expect(player.phase).toBe("fading");
    vi.advanceTimersByTime(200);
    expect(player.phase).toBe("idle");
    expect(audio.src).toBe("");
  });

  test("what is still on its way is cancelled at once", () => {
    player.play("a");
    player.stop();
    expect(player.phase).toBe("idle");
    expect(audio.src).toBe("");
  });

  test("a sound asked for while the last fades away is played all the same", () => {
    player.play("a");
    audio.tell("playing");
    player.stop();
    player.play("b");
    vi.advanceTimersByTime(200);
    expect(audio.src).toBe("b");
    expect(player.phase).toBe("loading");
  });

  test("a sound asked for and stopped again during a fade is never fetched", () => {
    player.play("a");
    audio.tell("playing");
    player.play("b");
    player.stop();
    vi.advanceTimersByTime(200);
    expect(audio.played).toEqual(["a"]);
    expect(player.phase).toBe("idle");
  });
});

describe("a browser that wants to be touched first", () => {
  test("blocks, and plays the same sound once touched", async () => {
    audio.refuses = true;
    player.play("a");
    await vi.advanceTimersByTimeAsync(0);
    expect(player.phase).toBe("blocked");
    audio.refuses = false;
    player.unblock();
    audio.tell("playing");
    expect(player.phase).toBe("playing");
    expect(audio.played).toEqual(["a"]);
  });

  test("plays nothing once touched when the pointer has gone", async () => {
    audio.refuses = true;
    player.play("a");
    await vi.advanceTimersByTimeAsync(0);
    player.stop();
    audio.refuses = false;
    player.unblock();
    expect(audio.played).toEqual([]);
  });

  test("refusing an old sound does not block a newer one", async () => {
    audio.refuses = true;
    player.play("a");
    audio.refuses = false;
    player.play("b");
    await vi.advanceTimersByTimeAsync(0);
    expect(player.phase).toBe("loading");
  });
});

describe("a sound that cannot be played", () => {
  test("is told, and the player is idle", () => {
    player.play("a");
    audio.tell("error");
    expect(failures).toEqual(["a"]);
    expect(player.phase).toBe("idle");
  });

  test("is not told when nobody waits for it", () => {
    player.play("a");
    player.stop();
    audio.tell("error");
    expect(failures).toEqual([]);
  });
});
