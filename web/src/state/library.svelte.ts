/** The library that is served, watched for growing, going away and coming back. */

import type { Api, Library } from "../api.ts";

const CALM_MS = 10_000;
/** How soon a server that is gone is looked for again: each time later, up to the last. */
const ANXIOUS_MS = [1_000, 1_500, 2_500, 4_000, 6_000, 10_000];

export interface LibraryEvents {
  /** There are sounds to show: the first ones, or those of a server that has come back. */
  onArrival(): Promise<void>;
  /** There are other sounds than before. */
  onChange(library: Library): void;
  /** The library said how it is, changed or not. */
  onLook(library: Library): void;
  onProblem(error: unknown): void;
}

export class LibraryState {
  /** What the library last said of itself. */
  known = $state.raw<Library | null>(null);
  connection = $state<"starting" | "up" | "down">("starting");

  readonly #api: Api;
  readonly #events: LibraryEvents;
  #next: ReturnType<typeof setTimeout> | undefined;
  #looking = false;
  /** How often the server was looked for since it was last there. */
  #n_tries = 0;

  constructor(api: Api, events: LibraryEvents) {
    this.#api = api;
    this.#events = events;
  }

  /** Ask how the library is, now and again after a while. */
  async watch(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      await this.#look();
    } catch (error) {
      this.#n_tries += 1;
      this.#events.onProblem(error);
    } finally {
      this.#looking = false;
    }
    this.#watchAgain();
  }

  unwatch(): void {
    clearTimeout(this.#next);
  }

  /** The server did not answer: look for it. */
  lose(): void {
    this.connection = "down";
    if (!this.#looking) this.#watchAgain();
  }

  async #look(): Promise<void> {
    const library = await this.#api.getLibrary();
    const before = this.connection === "up" ? this.known : null;
    this.known = library;
    this.connection = "up";
    this.#n_tries = 0;
    const hadSounds = before !== null && before.n_windows > 0;
    if (!hadSounds && library.n_windows > 0) await this.#events.onArrival();
    else if (hadSounds && library.n_windows !== before.n_windows) this.#events.onChange(library);
    this.#events.onLook(library);
  }

  #watchAgain(): void {
    clearTimeout(this.#next);
    const nth = Math.min(this.#n_tries, ANXIOUS_MS.length - 1);
    const pause = this.connection === "up" ? CALM_MS : ANXIOUS_MS[nth];
    this.#next = setTimeout(() => void this.watch(), pause);
  }
}
