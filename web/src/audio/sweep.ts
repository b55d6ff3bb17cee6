/** Hearing what a pointer passes: at once, but never so fast that nothing could be told apart. */

/** Between the starts of two sounds; the fade from one to the next is shorter. */
export const SWEEP_MS = 90;

export class Sweep {
  readonly #gap: number;
  #last = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(gap = SWEEP_MS) {
    this.#gap = gap;
  }

  /** Something is passed: `hear` it now, or as soon as it may be, unless another is passed first. */
  pass(hear: () => void): void {
    this.cancel();
    const wait = this.#last + this.#gap - performance.now();
    if (wait <= 0) this.#hear(hear);
    else this.#timer = setTimeout(() => this.#hear(hear), wait);
  }

  /** Forget what waits to be heard. */
  cancel(): void {
    clearTimeout(this.#timer);
  }

  #hear(hear: () => void): void {
    this.#last = performance.now();
    hear();
  }
}
