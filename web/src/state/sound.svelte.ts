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

export class SoundState {
  phase = $state<Phase>("idle");
  /** The sound playing now or played last. */
  now = $state.raw<Sound | null>(null);
  /** The whole recording that `now` is part of, once known. */
  recording = $state.raw<Recording | null>(null);
  /** Seconds into `now`. */
  position_s = $state(0);
  muted = $state(false);
  /** Browsers stay silent until the page is touched; true from their first refusal until then. */
  needsGesture = $state(false);

  readonly #api: Api;
  readonly #details: Details;
  readonly #audio: AudioElement & { muted: boolean };
  readonly #player: Player;
  readonly #report: (error: unknown) => void;
  #held = false;

  constructor(
    api: Api,
    details: Details,
    audio: AudioElement & { muted: boolean },
    report: (error: unknown) => void,
  ) {
    this.#api = api;
    this.#details = details;
    this.#audio = audio;
    this.#report = report;
    this.#player = new Player(audio, {
      onPhase: (phase) => this.#onPhase(phase),
      onFailure: (url) => void this.#api.explainSilence(url).then(report),
    });
    this.setMuted(globalThis.localStorage?.getItem(MUTED_KEY) === "yes");
  }

  get audible(): boolean {
    return this.phase === "playing" || this.phase === "loading";
  }

  /** Play a sound; a held one outlasts the pointer's leaving. */
  play(sound: Sound, held: boolean): void {
    if (sound.missing) {
      this.stop();
      return;
    }
    this.#held = held;
    const same = sound.windowId !== null && sound.windowId === this.now?.windowId;
    if (!same || !this.audible) this.#player.play(this.#urlOf(sound));
    this.now = sound;
    void this.#lookUpRecording(sound);
  }

  #urlOf({ windowId, recordingId, start_s, end_s }: Sound): string {
    return windowId === null
      ? this.#api.stretchUrl(recordingId, start_s, end_s)
      : this.#api.windowAudioUrl(windowId);
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
    this.#player.stop();
  }

  replay(): void {
    this.#held = true;
    this.#player.replay();
  }

  unblock(): void {
    this.needsGesture = false;
    this.#player.unblock();
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    this.#audio.muted = muted;
    globalThis.localStorage?.setItem(MUTED_KEY, muted ? "yes" : "no");
  }

  /** Read the playhead; the page asks once per frame while something sounds. */
  followPlayhead(): void {
    this.position_s = this.#audio.currentTime;
  }

  #onPhase(phase: Phase): void {
    this.phase = phase;
    if (phase === "blocked") this.needsGesture = true;
    else if (phase === "playing") this.needsGesture = false;
    else if (phase === "idle" || phase === "loading") this.position_s = 0;
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
