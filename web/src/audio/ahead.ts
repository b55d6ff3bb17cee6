/** Fetches what may be heard next, one sound after the other; the browser's cache keeps it. */

const MOST_KNOWN = 500;

/** Finds where a sound is; null where there is none. */
export type FindUrl = (signal: AbortSignal) => Promise<string | null>;

export class Ahead {
  readonly #fetch: (url: string, signal: AbortSignal) => Promise<unknown>;
  readonly #known = new Set<string>();
  #fetching = new AbortController();

  constructor(fetch: (url: string, signal: AbortSignal) => Promise<unknown>) {
    this.#fetch = fetch;
  }

  /** Fetch these, the likeliest first, and give up what was wanted before. */
  async want(sounds: readonly FindUrl[]): Promise<void> {
    this.cancel();
    const { signal } = this.#fetching;
    for (const find of sounds) {
      try {
        const url = await find(signal);
        if (signal.aborted) return;
        if (url === null || this.#known.has(url)) continue;
        await this.#fetch(url, signal);
        this.#remember(url);
      } catch {
        // Nobody has asked to hear it yet; whoever does is told what is wrong with it.
        if (signal.aborted) return;
      }
    }
  }

  /** Give up what is on its way. */
  cancel(): void {
    this.#fetching.abort();
    this.#fetching = new AbortController();
  }

  #remember(url: string): void {
    this.#known.add(url);
    const [oldest] = this.#known;
    if (this.#known.size > MOST_KNOWN && oldest !== undefined) this.#known.delete(oldest);
  }
}
