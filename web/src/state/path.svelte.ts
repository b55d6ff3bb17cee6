/** A path of sounds, played one after the other. */

import type { Unit } from "../api.ts";
import type { Sound, SoundState } from "./sound.svelte.ts";

export interface PathEvents {
  /** What there is to hear at a step; null where its file is gone. */
  find(of: Unit, id: number, signal: AbortSignal): Promise<Sound | null>;
  onProblem(error: unknown): void;
  /** This step is heard now: those after it come next. */
  onHeard(position: number): void;
}

export class PathState {
  /** Recordings or windows, in the order in which they are played. */
  ids = $state.raw<readonly number[]>([]);
  of = $state<Unit>("recordings");
  /** Which of them is heard, or was heard last. */
  position = $state(0);
  playing = $state(false);

  readonly #sounds: SoundState;
  readonly #events: PathEvents;
  #finding = new AbortController();

  constructor(sounds: SoundState, events: PathEvents) {
    this.#sounds = sounds;
    this.#events = events;
  }

  get isOpen(): boolean {
    return this.ids.length > 0;
  }

  /** The thing that is heard, or was heard last. */
  get current(): number | null {
    return this.ids[this.position] ?? null;
  }

  /** Walk along these, from the first. */
  async walk(of: Unit, ids: readonly number[]): Promise<void> {
    this.close();
    this.of = of;
    this.ids = ids;
    await this.playFrom(0);
  }

  /** Go on at a step; at the end the path stops. */
  async playFrom(position: number): Promise<void> {
    this.#finding.abort();
    const { signal } = (this.#finding = new AbortController());
    const id = this.ids[position];
    if (id === undefined) {
      this.playing = false;
      return;
    }
    this.position = position;
    this.playing = true;
    try {
      const sound = await this.#events.find(this.of, id, signal);
      if (signal.aborted) return;
      if (sound === null || sound.missing) await this.playFrom(position + 1);
      else this.#hear(sound, position, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.playing = false;
      this.#events.onProblem(error);
    }
  }

  #hear(sound: Sound, position: number, signal: AbortSignal): void {
    this.#sounds.play(sound, true, {
      onEnd: () => {
        if (!signal.aborted) void this.playFrom(position + 1);
      },
      // Something else is heard: the path waits where it is.
      onTaken: () => {
        if (!signal.aborted) this.playing = false;
      },
    });
    this.#events.onHeard(position);
  }

  /** Stop where it is, or go on from there; at the end, from the beginning. */
  toggle(): Promise<void> {
    if (!this.playing) return this.playFrom(this.#ended ? 0 : this.position);
    this.pause();
    return Promise.resolve();
  }

  get #ended(): boolean {
    return this.position >= this.ids.length - 1;
  }

  pause(): void {
    if (!this.playing) return;
    this.#finding.abort();
    this.playing = false;
    this.#sounds.stop();
  }

  /** Go to the step before or after. */
  step(by: -1 | 1): Promise<void> {
    const position = this.position + by;
    if (this.ids[position] === undefined) return Promise.resolve();
    return this.playFrom(position);
  }

  close(): void {
    this.pause();
    this.ids = [];
    this.position = 0;
  }
}
