/** What sounds: the one voice of the page, and where in which recording it comes from. */

import type { Api, Recording, SoundWindow, Tag } from "../api.ts";
import { type AudioElement, type Phase, Player } from "../audio/player.ts";
import type { Details } from "../details.ts";

/** A stretch of a recording that can be played. */
export interface Sound {
  /** Null: a stretch that is no window. */
  windowId: number | null;
  recordingId: number;
  name: string;
  folder: string;
  start_s: number;
  end_s: number;
  labels: string[];
  tags: Tag[];
  /** Its file is gone: it cannot be played. */
  missing: boolean;
}

export function soundOfWindow(window: SoundWindow): Sound {
  const { id: windowId, recording_id: recordingId, ...rest } = window;
  return { windowId, recordingId, ...rest };
}

const MUTED_KEY = "tonotopy.muted";
const UNEVEN_KEY = "tonotopy.uneven";

/** Whoever plays a sound may hear what becomes of it: one of the two, once. */
export interface Listener {
  /** It was heard to its end. */
  onEnd(): void;
  /** Something else was asked for, or silence. */
  onTaken(): void;
}

/** An audio element of the page. */
export type Voice = AudioElement & { muted: boolean };

export class SoundState {
  phase = $state<Phase>("idle");
  /** The sound playing now or played last. */
  now = $state.raw<Sound | null>(null);
  /** The whole recording that `now` is part of, once known. */
  recording = $state.raw<Recording | null>(null);
  /** Seconds into `now`. */
  position_s = $state(0);
  muted = $state(false);
  /** All recordings sound about as loud; otherwise as they are. */
  even = $state(true);
  /** Browsers stay silent until the page is touched; true from their first refusal until then. */
  needsGesture = $state(false);

  readonly #api: Api;
  readonly #details: Details;
  readonly #elements: readonly [Voice, ...Voice[]];
  readonly #player: Player;
  readonly #report: (error: unknown) => void;
  #held = false;
  #listener: Listener | null = null;

  constructor(
    api: Api,
    details: Details,
    [audio, other]: readonly [Voice, Voice?],
    report: (error: unknown) => void,
  ) {
    this.#api = api;
    this.#details = details;
    this.#elements = other === undefined ? [audio] : [audio, other];
    this.#report = report;
    this.#player = new Player(this.#elements, {
      onPhase: (phase) => this.#onPhase(phase),
      onFailure: (url) => void this.#api.explainSilence(url).then(report),
    });
    this.setMuted(globalThis.localStorage?.getItem(MUTED_KEY) === "yes");
    this.even = globalThis.localStorage?.getItem(UNEVEN_KEY) !== "yes";
  }

  get audible(): boolean {
    return this.phase === "playing" || this.phase === "loading";
  }

  /** Play a sound; a held one outlasts the pointer's leaving. */
  play(sound: Sound, held: boolean, listener: Listener | null = null): void {
    this.#take(listener);
    if (sound.missing) {
      this.stop();
      return;
    }
    this.#held = held;
    const same = sound.windowId !== null && sound.windowId === this.now?.windowId;
    if (!same || !this.audible) this.#player.play(this.urlOf(sound));
    this.now = sound;
    void this.#lookUpRecording(sound);
  }

  /** Where a sound is, as loud as it is to be heard. */
  urlOf({ windowId, recordingId, start_s, end_s }: Sound): string {
    return windowId === null
      ? this.#api.stretchUrl(recordingId, start_s, end_s, this.even)
      : this.#api.windowAudioUrl(windowId, this.even);
  }

  /** Let the sound of this window, if it is the one that plays, outlast the pointer's leaving. */
  hold(windowId: number | null): void {
    if (this.now?.windowId === windowId) this.#held = true;
  }

  /** Fall silent unless the sound is held. */
  release(): void {
    if (!this.#held) this.#player.stop();
  }

  stop(): void {
    this.#held = false;
    this.#take(null);
    this.#player.stop();
  }

  replay(): void {
    this.#held = true;
    this.#take(null);
    if (this.now !== null) this.#player.play(this.urlOf(this.now));
  }

  unblock(): void {
    this.needsGesture = false;
    this.#player.unblock();
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    for (const element of this.#elements) element.muted = muted;
    globalThis.localStorage?.setItem(MUTED_KEY, muted ? "yes" : "no");
  }

  /** Let all recordings sound about as loud, or as they are; what plays now begins again. */
  setEven(even: boolean): void {
    this.even = even;
    globalThis.localStorage?.setItem(UNEVEN_KEY, even ? "no" : "yes");
    if (this.audible && this.now !== null) this.#player.play(this.urlOf(this.now));
  }

  /** Read the playhead; the page asks once per frame while something sounds. */
  followPlayhead(): void {
    this.position_s = this.#elements[this.#player.turn]?.currentTime ?? 0;
  }

  #onPhase(phase: Phase): void {
    const ended = this.phase === "playing" && phase === "idle";
    this.phase = phase;
    if (phase === "blocked") this.needsGesture = true;
    else if (phase === "playing") this.needsGesture = false;
    else if (phase === "idle" || phase === "loading") this.position_s = 0;
    if (!ended) return;
    const listener = this.#listener;
    this.#listener = null;
    listener?.onEnd();
  }

  #take(listener: Listener | null): void {
    const before = this.#listener;
    this.#listener = listener;
    before?.onTaken();
  }

  async #lookUpRecording(sound: Sound): Promise<void> {
    if (this.recording?.id === sound.recordingId) return;
    this.recording = null;
    try {
      const recording = await this.#details.recording(sound.recordingId);
      if (this.now?.recordingId === recording.id) this.recording = recording;
    } catch (error) {
      this.#report(error);
    }
  }
}
