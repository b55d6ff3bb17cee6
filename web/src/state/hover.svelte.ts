/** What the pointer or the keyboard rests on: described at once, heard after a moment. */

import { Dwell } from "../audio/dwell.ts";
import { Sweep } from "../audio/sweep.ts";
import type { Sound, SoundState } from "./sound.svelte.ts";

/** The place of the thing rested on: a point of the map or a row of the list. */
export type Place = { kind: "point" | "row"; index: number };

export interface HoverEvents {
  onProblem(error: unknown): void;
  /** What is at this place is heard now: its neighbours may be next. */
  onHeard(place: Place): void;
  /** Something else has the voice, and what is rested on is only described. */
  isQuiet(): boolean;
}

export class HoverState {
  place = $state.raw<Place | null>(null);
  /** What is there, once known. */
  sound = $state.raw<Sound | null>(null);
  /** What is passed is heard without waiting, and sounds on until the next is. */
  sweeping = $state(false);

  readonly #sounds: SoundState;
  readonly #events: HoverEvents;
  readonly #dwell = new Dwell<string>();
  readonly #sweep = new Sweep();
  #fetching = new AbortController();

  constructor(sounds: SoundState, events: HoverEvents) {
    this.#sounds = sounds;
    this.#events = events;
  }

  /** Rest on a place; `find` says what there is to hear. */
  enter(place: Place, find: (signal: AbortSignal) => Promise<Sound | null>): void {
    const { kind, index } = place;
    if (this.place?.kind === kind && this.place.index === index) return;
    this.leave();
    // In a sweep, what was passed is still to be heard, unless something else is passed.
    this.#fetching.abort();
    this.place = place;
    const { signal } = (this.#fetching = new AbortController());
    const found = find(signal);
    const playOnceFound = async (): Promise<void> => {
      const sound = await found;
      if (signal.aborted || sound === null || this.#events.isQuiet()) return;
      this.#sounds.play(sound, false);
      this.#events.onHeard(place);
    };
    found.then(
      (sound) => {
        if (this.place === place) this.sound = sound;
      },
      (error: unknown) => {
        if (!signal.aborted) this.#events.onProblem(error);
      },
    );
    // A failed search for the sound is reported above, once.
    const hear = (): void => void playOnceFound().catch(() => undefined);
    if (this.sweeping && kind === "point") this.#sweep.pass(hear);
    else this.#dwell.enter(`${kind} ${index}`, hear);
  }

  /** Rest on nothing, or no longer on a place of this kind. */
  leave(kind?: Place["kind"]): void {
    if (this.place === null || (kind !== undefined && kind !== this.place.kind)) return;
    this.place = null;
    this.sound = null;
    this.#dwell.leave();
    if (!this.sweeping) this.#fallSilent();
  }

  startSweep(): void {
    this.sweeping = true;
  }

  /** What is not rested on falls silent. */
  endSweep(): void {
    if (!this.sweeping) return;
    this.sweeping = false;
    if (this.place === null) this.#fallSilent();
  }

  #fallSilent(): void {
    this.#fetching.abort();
    this.#sweep.cancel();
    this.#sounds.release();
  }
}
