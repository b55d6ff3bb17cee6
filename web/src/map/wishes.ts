/** Collects what the next pictures must do, and has it done one picture at a time. */

import type { Camera, Margins } from "./renderer.ts";

export interface Wish {
  /** Draw the points anew. */
  redraw: boolean;
  /** The points are at new places. */
  moved: boolean;
  /** Let them glide there. */
  glide: boolean;
  /** Then show all of them. */
  fit: { margins: Margins; animate: boolean } | null;
  /** Or show this part of the plane. Of the two, the wish made last holds. */
  look: { camera: Camera; animate: boolean } | null;
}

/**
 * A drawing library can neither draw while it draws nor move points while it moves the camera.
 * Wishes made meanwhile are merged, so that a burst of changes costs one picture.
 */
export class Wishes {
  readonly #fulfil: (wish: Wish) => Promise<void>;
  #next: Wish | null = null;
  #round = 0;
  #busy = false;

  constructor(fulfil: (wish: Wish) => Promise<void>) {
    this.#fulfil = fulfil;
  }

  /** Whether the points are about to be elsewhere. */
  get willMove(): boolean {
    return this.#next?.moved ?? false;
  }

  add(wish: Partial<Wish>): void {
    const before = this.#next;
    const aims = (wish.fit ?? wish.look ?? null) !== null;
    this.#next = {
      redraw: (wish.redraw ?? false) || (before?.redraw ?? false),
      moved: (wish.moved ?? false) || (before?.moved ?? false),
      glide: (wish.glide ?? false) || (before?.glide ?? false),
      fit: aims ? (wish.fit ?? null) : (before?.fit ?? null),
      look: aims ? (wish.look ?? null) : (before?.look ?? null),
    };
    if (!this.#busy) void this.#work(this.#round);
  }

  /** Forget everything, also what is being done: whoever did it is gone. */
  reset(): void {
    this.#next = null;
    this.#busy = false;
    this.#round += 1;
  }

  async #work(round: number): Promise<void> {
    this.#busy = true;
    // Let everything that one change of the page causes arrive before drawing it at once.
    await Promise.resolve();
    while (round === this.#round && this.#next !== null) {
      const wish = this.#next;
      this.#next = null;
      await this.#fulfil(wish);
    }
    if (round === this.#round) this.#busy = false;
  }
}
