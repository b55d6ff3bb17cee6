import { describe, expect, test } from "vitest";
import { formatCount, formatDuration, formatInterval, formatMoment } from "../src/format.ts";

describe("durations", () => {
  test.each([
    [0.05, "0.05 s"],
    [9.999, "10.00 s"],
    [59, "59 s"],
    [59.6, "1 min"],
    [200, "3 min 20 s"],
    [3600, "1 h"],
    [5 * 3600 + 12 * 60 + 7, "5 h 12 min"],
    [1234 * 3600, "1,234 h"],
  ])("%d seconds read as %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe("moments and intervals", () => {
  test.each([
    [4.8, "4.80"],
    [64.8, "1:04.80"],
    [7264, "2:01:04"],
  ])("%d seconds is %s on the clock", (seconds, text) => {
    expect(formatMoment(seconds)).toBe(text);
  });

  test("short intervals carry their unit, long ones read as times", () => {
    expect(formatInterval(0, 0.96)).toBe("0.00 – 0.96 s");
    expect(formatInterval(59.5, 60.5)).toBe("59.50 – 1:00.50");
  });
});

test("counts agree with their noun", () => {
  expect(formatCount(1, "recording")).toBe("1 recording");
  expect(formatCount(12345, "window")).toBe("12,345 windows");
});
