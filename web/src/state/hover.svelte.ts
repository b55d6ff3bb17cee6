/** What the pointer or the keyboard rests on: described at once, heard after a moment. */

import { Dwell } from "../audio/dwell.ts";
import type { Sound, SoundState } from "./sound.svelte.ts";

/** The place of the thing rested on: a point of the map or a row of the list. */
export type Place = { kind: "point" | "row"; index: number };

export class HoverState {
  place = $state.raw<Place | null>(null);
  /** What is there, once known. */
  sound = $state.raw<Sound | null>(null);

  readonly #sounds: SoundState;
  readonly #report: (error: unknown) => void;
  readonly #dwell = new Dwell<string>();
  #fetching = new AbortController();

  constructor(sounds: SoundState, report: (error: unknown) => void) {
    this.#sounds = sounds;
    this.#report = report;
  }

  /** Rest on a place; `find` says what there is to hear. */
  enter(place: Place, find: (signal: AbortSignal) => Promise<Sound | null>): void {
    const { kind, index } = place;
    if (this.place?.kind === kind && this.place.index === index) return;
    this.leave();
    this.place = place;
    const { signal } = (this.#fetching = new AbortController());
    const found = find(signal);
    const playOnceFound = async (): Promise<void> => {
      const sound = await found;
      if (!signal.aborted && sound !== null) this.#sounds.play(sound, false);
    };
    found.then(
      (sound) => {
        if (!signal.aborted) this.sound = sound;
      },
      (error: unknown) => {
        if (!signal.aborted) this.#report(error);
      },
    );
    // A failed search for the sound is reported above, once.
    this.#dwell.enter(`${kind} ${index}`, () => void playOnceFound().catch(() => undefined));
  }

  /** Rest on nothing, or no longer on a place of this kind. */
  leave(kind?: Place["kind"]): void {
    if (this.place === null || (kind !== undefined && kind !== this.place.kind)) return;
    this.#fetching.abort();
    this.#dwell.leave();
    this.place = null;
    this.sound = null;
    this.#sounds.release();
  }
}
