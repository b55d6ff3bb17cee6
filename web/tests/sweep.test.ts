import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Ahead } from "../src/audio/ahead.ts";
import { SWEEP_MS, Sweep } from "../src/audio/sweep.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("what is passed first is heard at once", () => {
  const heard: number[] = [];
  new Sweep().pass(() => heard.push(1));
  expect(heard).toEqual([1]);
});

test("what is passed too fast is left out, but never the last", () => {
  const heard: number[] = [];
  const sweep = new Sweep();
  for (let point = 0; point < 10; point += 1) {
    sweep.pass(() => heard.push(point));
    vi.advanceTimersByTime(SWEEP_MS / 3);
  }
  vi.advanceTimersByTime(SWEEP_MS);
  expect(heard).toEqual([0, 2, 5, 8, 9]);
});

test("what waits is forgotten when the sweep ends", () => {
  const heard: number[] = [];
  const sweep = new Sweep();
  sweep.pass(() => heard.push(1));
  sweep.pass(() => heard.push(2));
  sweep.cancel();
  vi.advanceTimersByTime(1000);
  expect(heard).toEqual([1]);
});

test("sounds are fetched ahead one after the other, each once", async () => {
  const fetched: string[] = [];
  const ahead = new Ahead((url) => Promise.resolve(fetched.push(url)));
  const at = (url: string | null) => (): Promise<string | null> => Promise.resolve(url);
  await ahead.want([at("a"), at(null), at("b")]);
  await ahead.want([at("b"), at("c")]);
  expect(fetched).toEqual(["a", "b", "c"]);
});

test("what was wanted before is given up", async () => {
  const aborted: boolean[] = [];
  const ahead = new Ahead(
    (url, signal) =>
      new Promise((resolve, reject) => {
        if (url !== "slow") resolve(url);
        signal.addEventListener("abort", () => {
          aborted.push(true);
          reject(new Error("aborted"));
        });
      }),
  );
  const asked: string[] = [];
  const at = (url: string) => (): Promise<string> => {
    asked.push(url);
    return Promise.resolve(url);
  };
  const first = ahead.want([at("slow"), at("never")]);
  await vi.advanceTimersByTimeAsync(0);
  await ahead.want([at("b")]);
  await first;
  expect(aborted).toEqual([true]);
  expect(asked).toEqual(["slow", "b"]);
});

test("one that cannot be fetched does not keep the others", async () => {
  const fetched: string[] = [];
  const ahead = new Ahead((url) => {
    if (url === "gone") return Promise.reject(new Error("gone"));
    fetched.push(url);
    return Promise.resolve();
  });
  await ahead.want([() => Promise.resolve("gone"), () => Promise.resolve("b")]);
  expect(fetched).toEqual(["b"]);
});
