/** An audio element that plays when it is told to. */

import type { AudioElement } from "../src/audio/player.ts";

type Event = "playing" | "ended" | "error";

export class FakeAudio implements AudioElement {
  volume = 1;
  muted = false;
  currentTime = 0;
  /** Whether the browser refuses, as before the page is first touched. */
  refuses = false;
  /** Every address that was played, in order. */
  readonly played: string[] = [];
  #source = "";
  readonly #listeners = new Map<Event, Array<() => void>>();

  get src(): string {
    return this.#source;
  }

  set src(url: string) {
    this.#source = url;
    this.currentTime = 0;
  }

  play(): Promise<void> {
    if (this.refuses) return Promise.reject(new DOMException("touch me first", "NotAllowedError"));
    this.played.push(this.#source);
    return Promise.resolve();
  }

  pause(): void {
    this.currentTime = 0;
  }

  load(): void {
    this.currentTime = 0;
  }

  removeAttribute(): void {
    this.#source = "";
  }

  addEventListener(type: Event, listener: () => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  tell(type: Event): void {
    for (const listener of this.#listeners.get(type) ?? []) listener();
  }
}
