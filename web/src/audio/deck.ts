/** One audio element: plays one sound at a time, with short fades. */

const FADE_IN_MS = 20;
const FADE_OUT_MS = 60;
const STEP_MS = 10;

/**
 * What a deck is doing: nothing; silencing the last sound; fetching; sounding; or waiting
 * for the person to touch the page, without which browsers refuse to make sound.
 */
export type Phase = "idle" | "fading" | "loading" | "playing" | "blocked";

export interface DeckEvents {
  onPhase(phase: Phase): void;
  /** The sound at `url` cannot be played: it is missing, or in no format the browser knows. */
  onFailure(url: string): void;
}

/** The part of an HTMLAudioElement that a deck touches. */
export interface AudioElement {
  src: string;
  volume: number;
  currentTime: number;
  play(): Promise<void>;
  pause(): void;
  load(): void;
  removeAttribute(name: "src"): void;
  addEventListener(type: "playing" | "ended" | "error", listener: () => void): void;
}

export class Deck {
  readonly #audio: AudioElement;
  readonly #events: DeckEvents;
  #phase: Phase = "idle";
  #url: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(audio: AudioElement, events: DeckEvents) {
    this.#audio = audio;
    this.#events = events;
    audio.addEventListener("playing", () => this.#onPlaying());
    audio.addEventListener("ended", () => this.#onEnded());
    audio.addEventListener("error", () => this.#onError());
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** The sound that was asked for last. */
  get url(): string | null {
    return this.#url;
  }

  /** Play the sound at `url` from its start, after silencing what sounds now. */
  play(url: string): void {
    this.#url = url;
    if (this.#phase === "playing") this.#fadeOut(() => this.#load(url));
    else if (this.#phase === "fading") this.#afterFade = () => this.#load(url);
    else this.#load(url);
  }

  /** Fall silent: fade what sounds, cancel what is still on its way. */
  stop(): void {
    if (this.#phase === "playing") this.#fadeOut(() => this.#release());
    else if (this.#phase === "fading") this.#afterFade = () => this.#release();
    else this.#release();
  }

  /** The person has touched the page: play what the browser refused to play before. */
  unblock(): void {
    if (this.#phase === "blocked" && this.#url !== null) this.#load(this.#url);
  }

  #afterFade: () => void = () => this.#release();

  #enter(phase: Phase): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#events.onPhase(phase);
  }

  #load(url: string): void {
    this.#clearTimer();
    this.#audio.volume = 0;
    this.#audio.src = url;
    this.#enter("loading");
    this.#audio.play().catch((error: unknown) => {
      if (url !== this.#url || this.#phase !== "loading") return;
      // Every other refusal (a newer sound, an unreadable file) is told by the element's events.
      if (error instanceof DOMException && error.name === "NotAllowedError") this.#enter("blocked");
    });
  }

  /** Let go of the sound, which also ends its download. */
  #release(): void {
    this.#clearTimer();
    this.#audio.pause();
    this.#audio.removeAttribute("src");
    this.#audio.load();
    this.#enter("idle");
  }

  #onPlaying(): void {
    if (this.#phase !== "loading") return;
    this.#enter("playing");
    this.#ramp(1, FADE_IN_MS, () => undefined);
  }

  #onEnded(): void {
    this.#clearTimer();
    if (this.#phase === "fading") this.#afterFade();
    else this.#enter("idle");
  }

  #onError(): void {
    const url = this.#url;
    if (this.#phase !== "loading" && this.#phase !== "playing") return;
    this.#release();
    if (url !== null) this.#events.onFailure(url);
  }

  #fadeOut(then: () => void): void {
    this.#afterFade = then;
    this.#enter("fading");
    this.#ramp(0, FADE_OUT_MS, () => this.#afterFade());
  }

  /** Move the volume evenly to `target` within `duration` milliseconds. */
  #ramp(target: number, duration: number, then: () => void): void {
    this.#clearTimer();
    const n_steps = Math.max(1, Math.round(duration / STEP_MS));
    const start = this.#audio.volume;
    let step = 0;
    const advance = (): void => {
      step += 1;
      this.#audio.volume = start + ((target - start) * step) / n_steps;
      if (step < n_steps) this.#timer = setTimeout(advance, STEP_MS);
      else then();
    };
    this.#timer = setTimeout(advance, STEP_MS);
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
  }
}
