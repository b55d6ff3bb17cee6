/** A recording that is made to search with. */

import { type Listen, type Listening, listen } from "../audio/microphone.ts";
import { encodeWav, levelOf } from "../audio/wav.ts";

export const LONGEST_S = 30;
const QUIETEST_DB = -60; // where the meter begins
const SHORTEST_S = 0.2;

export class MicrophoneState {
  phase = $state<"off" | "asking" | "recording">("off");
  seconds = $state(0);
  /** How loud it is just now, from 0 to 1. */
  level = $state(0);
  /** How loud it has been. */
  peak = $state(0);

  readonly #onFull: () => void;
  readonly #listen: Listen;
  #blocks: Float32Array[] = [];
  #n_samples = 0;
  #listening: Listening | null = null;

  /** `onFull` is told when there is as much as can be recorded. */
  constructor(onFull: () => void, listener: Listen = listen) {
    this.#onFull = onFull;
    this.#listen = listener;
  }

  async start(): Promise<void> {
    if (this.phase !== "off") return;
    this.phase = "asking";
    this.#blocks = [];
    this.#n_samples = 0;
    this.seconds = this.level = this.peak = 0;
    try {
      const listening = await this.#listen((block) => this.#hear(block));
      // It was called off while the person was asked for leave.
      if ((this.phase as string) === "off") listening.stop();
      else {
        this.#listening = listening;
        this.phase = "recording";
      }
    } catch (error) {
      this.phase = "off";
      throw error;
    }
  }

  /** Let go of the microphone and of what it heard. */
  cancel(): void {
    this.#listening?.stop();
    this.#listening = null;
    this.phase = "off";
  }

  /** Stop: what was heard, as a file. */
  stop(now: Date = new Date()): File {
    const sampleRate = this.#listening?.sampleRate ?? 0;
    const { seconds, peak } = this;
    this.cancel();
    if (seconds < SHORTEST_S) throw new Error("That was too short: record for a moment longer.");
    if (peak === 0) {
      throw new Error(
        "The microphone heard nothing. Is the right one chosen in the browser, and not muted?",
      );
    }
    const time = now.toTimeString().slice(0, 8).replaceAll(":", ".");
    const sound = encodeWav(this.#blocks, sampleRate);
    return new File([sound], `Recorded at ${time}.wav`, { type: "audio/wav" });
  }

  #hear(block: Float32Array): void {
    if (this.phase !== "recording" || this.#listening === null) return;
    const { sampleRate } = this.#listening;
    const left = Math.round(LONGEST_S * sampleRate) - this.#n_samples;
    const kept = block.subarray(0, Math.max(0, left));
    this.#blocks.push(kept);
    this.#n_samples += kept.length;
    this.seconds = this.#n_samples / sampleRate;
    this.level = Math.max(0, 1 - levelOf(kept) / QUIETEST_DB);
    this.peak = Math.max(this.peak, this.level);
    if (kept.length >= left) this.#onFull();
  }
}
