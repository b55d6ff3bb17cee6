import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Phase, Player } from "../src/audio/player.ts";
import { FakeAudio } from "./audio.ts";

let first: FakeAudio;
let second: FakeAudio;
let phases: Phase[];
let failures: string[];
let player: Player;

beforeEach(() => {
  vi.useFakeTimers();
  [first, second] = [new FakeAudio(), new FakeAudio()];
  phases = [];
  failures = [];
  player = new Player([first, second], {
    onPhase: (phase) => phases.push(phase),
    onFailure: (url) => failures.push(url),
  });
});
afterEach(() => void vi.useRealTimers());

function sound(url: string, element: FakeAudio): void {
  player.play(url);
  element.tell("playing");
  vi.advanceTimersByTime(100);
}

test("a second sound is fetched at once and fades in while the first fades out", () => {
  sound("a", first);
  player.play("b");
  expect(second.played).toEqual(["b"]);
  second.tell("playing");
  vi.advanceTimersByTime(20);
  expect(first.volume).toBeLessThan(1);
  expect(first.volume).toBeGreaterThan(0);
  expect(second.volume).toBe(1);
  vi.advanceTimersByTime(100);
  expect(first.src).toBe("");
  expect(phases).toEqual(["loading", "playing", "loading", "playing"]);
});

test("the elements take turns", () => {
  sound("a", first);
  sound("b", second);
  sound("c", first);
  expect(first.played).toEqual(["a", "c"]);
  expect(second.played).toEqual(["b"]);
  expect(player.turn).toBe(0);
});

test("of many sounds asked for in a row two at most sound, and only the last goes on", () => {
  sound("a", first);
  for (const url of ["b", "c", "d"]) player.play(url);
  second.tell("playing");
  vi.advanceTimersByTime(200);
  expect([first.src, second.src]).toEqual(["", "d"]);
  expect(second.volume).toBe(1);
});

test("a sound that has ended leaves its element to the next", () => {
  sound("a", first);
  first.tell("ended");
  expect(player.phase).toBe("idle");
  player.play("b");
  expect(first.played).toEqual(["a", "b"]);
});

test("what fades away is missed by nobody when it fails", () => {
  sound("a", first);
  player.play("b");
  first.tell("error");
  expect(failures).toEqual([]);
  second.tell("error");
  expect(failures).toEqual(["b"]);
});

test("stopping silences both", () => {
  sound("a", first);
  player.play("b");
  second.tell("playing");
  player.stop();
  vi.advanceTimersByTime(200);
  expect([first.src, second.src]).toEqual(["", ""]);
  expect(player.phase).toBe("idle");
});
