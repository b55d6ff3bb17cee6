import { describe, expect, test, vi } from "vitest";
import { explain, listen } from "../src/audio/microphone.ts";
import { encodeWav, levelOf } from "../src/audio/wav.ts";
import { LONGEST_S, MicrophoneState } from "../src/state/microphone.svelte.ts";

const RATE = 1000;

/** A microphone that hears what it is given. */
function made() {
  const stopped = vi.fn();
  const full = vi.fn();
  let hear: (block: Float32Array) => void = () => undefined;
  const microphone = new MicrophoneState(full, async (onBlock) => {
    hear = onBlock;
    return { sampleRate: RATE, stop: stopped };
  });
  return { microphone, stopped, full, hear: (block: Float32Array) => hear(block) };
}

describe("sound as a file", () => {
  test("is WAV of 16 bits, clipped at full scale", () => {
    const view = new DataView(encodeWav([Float32Array.of(0, 0.5), Float32Array.of(-2)], 8000));
    const name = (at: number): string =>
      String.fromCharCode(...[0, 1, 2, 3].map((offset) => view.getUint8(at + offset)));
    expect([name(0), name(8), name(36)]).toEqual(["RIFF", "WAVE", "data"]);
    expect(view.getUint32(24, true)).toBe(8000);
    expect(view.getUint32(40, true)).toBe(6);
    expect([44, 46, 48].map((at) => view.getInt16(at, true))).toEqual([0, 16384, -32767]);
  });

  test("has a level in decibels", () => {
    expect(levelOf(Float32Array.of(0.1, -0.1))).toBeCloseTo(-20, 4);
    expect(levelOf(new Float32Array(3))).toBe(-120);
  });
});

describe("the microphone", () => {
  test("gives what it heard as a file, and lets go", async () => {
    const { microphone, stopped, hear } = made();
    await microphone.start();
    hear(new Float32Array(RATE).fill(0.1));
    expect([microphone.phase, microphone.seconds]).toEqual(["recording", 1]);
    expect(microphone.level).toBeCloseTo(1 - 20 / 60, 4);
    const file = microphone.stop(new Date(2026, 0, 1, 12, 30, 5));
    expect(file.name).toBe("Recorded at 12.30.05.wav");
    expect(file.size).toBe(44 + 2 * RATE);
    expect([microphone.phase, stopped.mock.calls.length]).toEqual(["off", 1]);
  });

  test("hears half a minute and no more", async () => {
    const { microphone, full, hear } = made();
    await microphone.start();
    for (let second = 0; second < LONGEST_S; second += 1) {
      expect(full).not.toHaveBeenCalled();
      hear(new Float32Array(RATE + 100).fill(0.5));
      if (full.mock.calls.length > 0) break;
    }
    expect(full).toHaveBeenCalledOnce();
    expect(microphone.seconds).toBe(LONGEST_S);
    expect(microphone.stop().size).toBe(44 + 2 * RATE * LONGEST_S);
  });

  test("says so when it heard nothing, or too little", async () => {
    const { microphone, hear } = made();
    await microphone.start();
    hear(new Float32Array(RATE));
    expect(() => microphone.stop()).toThrow("heard nothing");
    await microphone.start();
    expect(() => microphone.stop()).toThrow("too short");
    expect(microphone.phase).toBe("off");
  });

  test("that was called off while leave was asked for is not kept", async () => {
    const stopped = vi.fn();
    let allow: () => void = () => undefined;
    const leave = new Promise<void>((resolve) => (allow = resolve));
    const microphone = new MicrophoneState(vi.fn(), async () => {
      await leave;
      return { sampleRate: RATE, stop: stopped };
    });
    const starting = microphone.start();
    expect(microphone.phase).toBe("asking");
    microphone.cancel();
    allow();
    await starting;
    expect([microphone.phase, stopped.mock.calls.length]).toEqual(["off", 1]);
  });

  test("that may not be used says what to do", async () => {
    const refused = explain(new DOMException("no", "NotAllowedError"));
    expect(refused.message).toContain("site settings");
    expect(explain(new DOMException("none", "NotFoundError")).message).toContain("Plug one in");
    expect(explain(new Error("else")).message).toBe("else");
    vi.stubGlobal("navigator", {});
    await expect(listen(vi.fn())).rejects.toThrow("localhost");
    vi.unstubAllGlobals();
  });
});
