/** One voice: two decks that take turns, so that the next sound fades in while the last fades out. */

import { type AudioElement, Deck, type DeckEvents, type Phase } from "./deck.ts";

export type { AudioElement, Phase } from "./deck.ts";

export class Player {
  readonly #decks: Deck[];
  #current: Deck;

  /** With one element a sound waits until the last has faded; with two they cross. */
  constructor(elements: readonly [AudioElement, ...AudioElement[]], events: DeckEvents) {
    const decks = elements.map((element) => {
      const deck: Deck = new Deck(element, {
        onPhase: (phase) => {
          if (deck === this.#current) events.onPhase(phase);
        },
        onFailure: (url) => {
          if (deck === this.#current) events.onFailure(url);
        },
      });
      return deck;
    });
    this.#decks = decks;
    this.#current = decks[0] as Deck;
  }

  get phase(): Phase {
    return this.#current.phase;
  }

  /** Which of the elements sounds, or sounded last. */
  get turn(): number {
    return this.#decks.indexOf(this.#current);
  }

  /** Play the sound at `url` from its start, while what sounds now fades away. */
  play(url: string): void {
    const { phase } = this.#current;
    const free = this.#decks.find((deck) => deck !== this.#current && deck.phase === "idle");
    // What has not been heard yet needs no fade: its deck drops it, and its download with it.
    if (free !== undefined && (phase === "playing" || phase === "fading")) {
      const last = this.#current;
      this.#current = free;
      last.stop();
    }
    this.#current.play(url);
  }

  /** Fall silent: fade what sounds, cancel what is still on its way. */
  stop(): void {
    this.#current.stop();
  }

  /** The person has touched the page: play what the browser refused to play before. */
  unblock(): void {
    this.#current.unblock();
  }
}
