/** The page's one store: what is known of the library, and everything a person can do to it. */

import {
  Api,
  type Hit,
  type Library,
  type Projection,
  type Recording,
  ServerGone,
  type Unit,
} from "../api.ts";
import type { AudioElement } from "../audio/player.ts";
import { Details } from "../details.ts";
import { formatCount } from "../format.ts";
import { HoverState } from "./hover.svelte.ts";
import { LibraryState } from "./library.svelte.ts";
import { MapState } from "./map.svelte.ts";
import { type Question, SearchState } from "./search.svelte.ts";
import { type Sound, SoundState, soundOfWindow } from "./sound.svelte.ts";

export interface Notice {
  text: string;
  action?: { label: string; run: () => void };
}

export class Store {
  notice = $state.raw<Notice | null>(null);

  readonly library: LibraryState;
  readonly map: MapState;
  readonly search: SearchState;
  readonly sound: SoundState;
  readonly hover: HoverState;
  readonly #details: Details;

  /** Positions on the map that the last question found, best first. */
  readonly found = $derived.by(() => {
    return this.search.hits.map((hit) => this.#indexOf(hit)).filter((index) => index !== null);
  });
  /** Where on the map the sound is whose neighbours are listed, or null. */
  readonly pinned = $derived.by(() => {
    const question = this.search.question;
    return question?.kind === "sound" && question.of === this.map.of
      ? this.map.indexOf(question.id)
      : null;
  });

  constructor(api: Api, audio: AudioElement & { muted: boolean }) {
    const report = (error: unknown): void => this.#report(error);
    this.#details = new Details(api);
    this.library = new LibraryState(api, {
      onArrival: () => this.reload(),
      onChange: (library) => this.#offerReload(library),
      onProblem: report,
    });
    this.map = new MapState(api);
    this.search = new SearchState(api);
    this.sound = new SoundState(api, this.#details, audio, report);
    this.hover = new HoverState(this.sound, report);
  }

  /** Read the library, and keep watching whether it changes or goes away. */
  async start(): Promise<void> {
    await this.library.watch();
  }

  stop(): void {
    this.library.unwatch();
  }

  /** Where on the map the hit is that the pointer or the keyboard rests on, or null. */
  readonly ringed = $derived.by(() => {
    const place = this.hover.place;
    const hit = place?.kind === "row" ? this.search.hits[place.index] : undefined;
    return hit === undefined ? null : this.#indexOf(hit);
  });

  // What a person does -------------------------------------------------------------------------

  setUnit = (of: Unit): Promise<void> =>
    this.#try(async () => {
      this.hover.leave();
      await this.map.setUnit(of);
      // A pinned sound has no counterpart among the other kind; words and files are asked again.
      const question = this.search.question;
      if (question?.kind === "sound") this.search.clear();
      else if (question !== null) await this.search.ask(question, of, this.map.space);
    });

  setSpace = (space: string): Promise<void> =>
    this.#try(async () => {
      this.clearSearch();
      await this.map.setSpace(space);
    });

  setProjection = (projection: Projection): Promise<void> =>
    this.#try(() => this.map.setProjection(projection));

  setGrouping = (grouping: MapState["grouping"]): Promise<void> =>
    this.#try(() => this.map.setGrouping(grouping));

  ask = (question: Question): Promise<void> =>
    this.#try(async () => {
      this.notice = null;
      this.hover.leave("row");
      await this.search.ask(question, this.map.of, this.map.space);
    });

  clearSearch = (): void => {
    this.hover.leave("row");
    this.search.clear();
  };

  /** Let the pointer rest on a point of the map, or (null) on none. */
  hoverPoint = (index: number | null): void => {
    const id = index === null ? null : this.map.idAt(index);
    if (index === null || id === null) this.hover.leave("point");
    else this.hover.enter({ kind: "point", index }, (signal) => this.#findSound(id, signal));
  };

  /** Let the pointer or the keyboard rest on a hit, or (null) on none. */
  hoverHit = (index: number | null): void => {
    const hit = index === null ? undefined : this.search.hits[index];
    if (index === null || hit === undefined) this.hover.leave("row");
    else this.hover.enter({ kind: "row", index }, (signal) => this.#findHitSound(hit, signal));
  };

  /** Play a point's sound to its end and list what sounds most like it. */
  pinPoint = (index: number): Promise<void> =>
    this.#try(async () => {
      const id = this.map.idAt(index);
      if (id === null) return;
      const question = { kind: "sound", of: this.map.of, id } as const;
      await Promise.all([
        this.#findSound(id).then((sound) => this.sound.play(sound, true)),
        this.search.ask(question, this.map.of, this.map.space),
      ]);
    });

  pinHit = async (hit: Hit): Promise<void> => {
    const id = this.#idOf(hit);
    this.sound.hold(hit.window_id);
    void this.playHit(hit);
    if (id !== null) await this.ask({ kind: "sound", of: this.map.of, id });
  };

  playHit = (hit: Hit): Promise<void> =>
    this.#try(async () => {
      const sound = await this.#findHitSound(hit);
      if (sound !== null) this.sound.play(sound, true);
    });

  /** The class of a hit's point on the map, or null where the map has no such point. */
  classOf(hit: Hit): number | null {
    const index = this.#indexOf(hit);
    return index === null ? null : (this.map.colors.classes[index] ?? null);
  }

  /** The recording that a thing of the map is or is part of; null when it cannot be had. */
  async describe(of: Unit, id: number, signal: AbortSignal): Promise<Recording | null> {
    try {
      if (of === "recordings") return await this.#details.recording(id, signal);
      const window = await this.#details.window(id, signal);
      return await this.#details.recording(window.recording_id, signal);
    } catch (error) {
      this.#report(error);
      return null;
    }
  }

  reload = (): Promise<void> =>
    this.#try(async () => {
      this.notice = null;
      this.#details.forget();
      await this.map.load();
    });

  // How it is done -----------------------------------------------------------------------------

  #idOf(hit: Hit): number | null {
    return this.map.of === "recordings" ? hit.recording_id : hit.window_id;
  }

  #indexOf(hit: Hit): number | null {
    const id = this.#idOf(hit);
    return id === null ? null : this.map.indexOf(id);
  }

  /** What a hit plays: its window, or the first of a recording that was found by words. */
  async #findHitSound(hit: Hit, signal?: AbortSignal): Promise<Sound | null> {
    if (hit.missing) return null;
    const windowId =
      hit.window_id ?? (await this.#details.recording(hit.recording_id, signal)).window_id;
    return windowId === null ? null : soundOfWindow(await this.#details.window(windowId, signal));
  }

  async #findSound(id: number, signal?: AbortSignal): Promise<Sound> {
    if (this.map.of === "windows") return soundOfWindow(await this.#details.window(id, signal));
    const recording = await this.#details.recording(id, signal);
    if (recording.window_id === null) throw new Error(`${recording.name} has nothing to play.`);
    return soundOfWindow(await this.#details.window(recording.window_id, signal));
  }

  async #try(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    if (error instanceof DOMException && error.name === "AbortError") return;
    if (error instanceof ServerGone) {
      this.library.lose();
    } else if (error instanceof Error && error.message !== this.search.failure) {
      this.notice = { text: error.message };
    }
  }

  #offerReload(library: Library): void {
    const text = `The library has changed: it now holds ${formatCount(library.n_recordings, "recording")}.`;
    this.notice = { text, action: { label: "Redraw the map", run: () => void this.reload() } };
  }
}
