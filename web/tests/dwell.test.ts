import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Dwell } from "../src/audio/dwell.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a pointer that rests settles once", () => {
  const settle = vi.fn();
  const dwell = new Dwell<number>(90);
  dwell.enter(1, settle);
  vi.advanceTimersByTime(89);
  expect(settle).not.toHaveBeenCalled();
  vi.advanceTimersByTime(200);
  expect(settle).toHaveBeenCalledOnce();
});

test("moving within the same thing does not start the wait anew", () => {
  const settle = vi.fn();
  const dwell = new Dwell<number>(90);
  dwell.enter(1, settle);
  vi.advanceTimersByTime(60);
  dwell.enter(1, settle);
  vi.advanceTimersByTime(30);
  expect(settle).toHaveBeenCalledOnce();
});

test("a pointer that passes over many things settles only on the last", () => {
  const settled: number[] = [];
  const dwell = new Dwell<number>(90);
  for (let key = 0; key < 5; key += 1) {
    dwell.enter(key, () => settled.push(key));
    vi.advanceTimersByTime(40);
  }
  vi.advanceTimersByTime(90);
  expect(settled).toEqual([4]);
});

test("leaving before the time is up settles nothing", () => {
  const settle = vi.fn();
  const dwell = new Dwell<number>(90);
  dwell.enter(1, settle);
  dwell.leave();
  vi.advanceTimersByTime(500);
  expect(settle).not.toHaveBeenCalled();
});
