/** How long a pointer rests on something before that is heard. */
export const DWELL_MS = 90;

/** Tells a pointer that rests from one that passes by. */
export class Dwell<Key> {
  readonly #delay: number;
  #key: Key | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(delay = DWELL_MS) {
    this.#delay = delay;
  }

  /** The pointer is on `key`; call `settle` once it has rested there. */
  enter(key: Key, settle: () => void): void {
    if (key === this.#key) return;
    this.leave();
    this.#key = key;
    this.#timer = setTimeout(settle, this.#delay);
  }

  /** The pointer is on nothing. */
  leave(): void {
    clearTimeout(this.#timer);
    this.#key = null;
  }
}
