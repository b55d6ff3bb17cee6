/** What the page knows, and what all that a person does with it has in common. */

import { type Api, type Hit, type Job, type Library, ServerGone } from "../api.ts";
import { Ahead, type FindUrl } from "../audio/ahead.ts";
import { Details } from "../details.ts";
import type { Camera } from "../map/renderer.ts";
import { sizeSteps } from "../map/sizes.ts";
import { AddingState } from "./adding.svelte.ts";
import { addressable, writeAddress } from "./address.ts";
import { columnsOf } from "./filters.ts";
import { HoverState, type Place } from "./hover.svelte.ts";
import { LabelState, type Target } from "./labels.svelte.ts";
import { LibraryState } from "./library.svelte.ts";
import { LookState } from "./look.svelte.ts";
import { MapState } from "./map.svelte.ts";
import { PathState } from "./path.svelte.ts";
import { fileOf } from "./questions.ts";
import { ReviewState } from "./review.svelte.ts";
import { SearchState } from "./search.svelte.ts";
import { SelectionState } from "./selection.svelte.ts";
import { type Sound, SoundState, type Voice, soundOfWindow } from "./sound.svelte.ts";

export interface Notice {
  text: string;
  action?: { label: string; run: () => void };
}

const NOTICE_MS = 6000;

/** What dragging on the map does. */
export type Tool = "move" | "lasso" | "rectangle" | "sweep" | "path";

export abstract class BaseStore {
  tool = $state<Tool>("move");
  /** What the label that is being typed is for; null while none is. */
  labelling = $state.raw<Target | null>(null);
  /** Counts the changes of annotations, so that whoever shows some looks again. */
  annotated = $state(0);
  /** The label to review is being typed. */
  asksReview = $state(false);
  /** What all keys do is shown. */
  helping = $state(false);
  /** The job that makes a file of the selection; null while there is none. */
  exporting = $state.raw<Job | null>(null);
  /** Shows all points again; whoever draws the map says how. */
  showWholeMap: () => void = () => undefined;
  /** The map that the address named is shown. */
  arrived = $state(false);
  /** What the person has moved the map to; null while it shows all points. */
  camera = $state.raw<Camera | null>(null);
  notice = $state.raw<Notice | null>(null);

  readonly library: LibraryState;
  readonly adding: AddingState;
  readonly map: MapState;
  readonly search: SearchState;
  readonly sound: SoundState;
  readonly hover: HoverState;
  readonly path: PathState;
  readonly selection = new SelectionState();
  readonly labels: LabelState;
  readonly look: LookState;
  readonly review: ReviewState;
  protected readonly api: Api;
  protected readonly details: Details;
  protected readonly ahead: Ahead;

  /** Positions on the map that the last question found, best first. */
  readonly found = $derived.by(() => {
    return this.search.hits.map((hit) => this.indexOf(hit)).filter((index) => index !== null);
  });
  /** 1 for each point that steps back: left out by the legend, or not selected. */
  readonly dimmed = $derived.by(() => {
    const { ids } = this.selection;
    if (ids.size === 0) return this.map.leftOut;
    const points = this.map.shown?.points.ids ?? [];
    return this.map.leftOut.map((out, index) => (out || !ids.has(points[index] ?? -1) ? 1 : 0));
  });
  /** Points are as large as they answer the last question well. */
  sizesByScore = $state(false);
  /** A step of size for each point; null where all are as large. */
  readonly sizes = $derived.by(() =>
    this.sizesByScore && this.found.length > 0 ? sizeSteps(this.scores()) : null,
  );
  /** The view in the page's address. */
  readonly address = $derived.by(() => {
    const { of, projection, colorBy: color, space, showsNames, showsDensity } = this.map;
    const { sizesByScore, search } = this;
    const { textFrom, filters, aspects } = search;
    const query = addressable(search.question);
    return writeAddress({
      of,
      projection,
      color,
      space,
      camera: this.camera,
      query,
      filters,
      aspects,
      textFrom,
      sizesByScore,
      showsNames,
      showsDensity,
    });
  });
  /** Where on the map the thing is that is reviewed, or null. */
  readonly reviewed = $derived.by(() => {
    const id = this.review.current;
    return id === null || this.review.of !== this.map.of ? null : this.map.indexOf(id);
  });
  /** Where on the map the sound is whose neighbours are listed, or null. */
  readonly pinned = $derived.by(() => {
    const question = this.search.question;
    return question?.kind === "sound" && question.of === this.map.of
      ? this.map.indexOf(question.id)
      : null;
  });

  /** With a second audio element, sounds fade into each other. */
  constructor(api: Api, ...elements: readonly [Voice, Voice?]) {
    const report = (error: unknown): void => this.report(error);
    this.details = new Details(api);
    this.library = new LibraryState(api, {
      onArrival: () => this.arrive(),
      onChange: (library) => this.offerReload(library),
      onLook: ({ adding }) => void this.adding.resume(adding.job),
      onProblem: report,
    });
    this.adding = new AddingState(api, () => this.library.known, {
      onAdded: () => this.library.watch(),
      onProblem: report,
    });
    this.api = api;
    this.labels = new LabelState(api);
    this.review = new ReviewState(this.labels);
    this.look = new LookState(api, this.labels);
    this.map = new MapState(
      api,
      () => this.scores(),
      () => (this.library.known?.n_missing ?? 0) > 0,
    );
    this.search = new SearchState(api, () => columnsOf(this.map.columns));
    this.sound = new SoundState(api, this.details, elements, report);
    this.ahead = new Ahead((url, signal) => api.fetchAhead(url, signal));
    this.hover = new HoverState(this.sound, {
      onProblem: report,
      onHeard: (place) => void this.ahead.want(this.nextAfter(place)),
      isQuiet: () => this.path.playing,
    });
    this.path = new PathState(this.sound, {
      find: (of, id, signal) => this.findSound(id, signal, of),
      onProblem: report,
      onHeard: (position) => void this.ahead.want(this.nextOnPath(position)),
    });
  }

  stop(): void {
    this.library.unwatch();
  }

  /** Where on the map the hit is that the pointer or the keyboard rests on, or null. */
  readonly ringed = $derived.by(() => {
    const place = this.hover.place;
    const hit = place?.kind === "row" ? this.search.hits[place.index] : undefined;
    return hit === undefined ? null : this.indexOf(hit);
  });

  /** What may be heard after what is rested on, the likeliest first. */
  protected abstract nextAfter(place: Place): FindUrl[];

  /** What comes after a step of the path. */
  protected abstract nextOnPath(position: number): FindUrl[];

  /** There are sounds to show. */
  protected abstract arrive(): Promise<void>;

  /** There are other sounds than those shown. */
  protected abstract offerReload(library: Library): void;

  /** Look closely at a sound within its recording. */
  lookAt = async ({ recordingId, start_s, end_s }: Sound): Promise<void> => {
    await this.look.open(await this.details.recording(recordingId), start_s, end_s);
  };

  /** Show a notice for a while. */
  protected tell(notice: Notice): void {
    this.notice = notice;
    setTimeout(() => {
      if (this.notice === notice) this.notice = null;
    }, NOTICE_MS);
  }

  /** Labels have changed: colours, hits and details show others. */
  protected async showLabels(): Promise<void> {
    this.details.forget();
    this.annotated += 1;
    const { question } = this.search;
    const asks = question !== null && fileOf(question) === null;
    await Promise.all([
      this.map.colorBy === "label" ? this.map.recolor() : null,
      asks ? this.search.again(this.map.of, this.map.space) : null,
    ]);
  }

  /** Play a sound; what is looked at closely, if anything is, becomes its recording. */
  protected async playAndFollow(sound: Sound): Promise<void> {
    this.sound.play(sound, true);
    if (this.look.isOpen) await this.lookAt(sound);
  }

  /** How well each point answers the last question; NaN where it is no hit. */
  protected scores(): Float64Array {
    const scores = new Float64Array(this.map.shown?.points.ids.length ?? 0).fill(NaN);
    for (const hit of this.search.hits) {
      const index = this.indexOf(hit);
      if (index !== null) scores[index] = hit.score;
    }
    return scores;
  }

  protected idOf(hit: Hit): number | null {
    return this.map.of === "recordings" ? hit.recording_id : hit.window_id;
  }

  protected indexOf(hit: Hit): number | null {
    const id = this.idOf(hit);
    return id === null ? null : this.map.indexOf(id);
  }

  /** What a hit plays: its window, or the first of a recording that was found by words. */
  protected async findHitSound(hit: Hit, signal?: AbortSignal): Promise<Sound | null> {
    if (hit.missing) return null;
    const windowId =
      hit.window_id ?? (await this.details.recording(hit.recording_id, signal)).window_id;
    return windowId === null ? null : soundOfWindow(await this.details.window(windowId, signal));
  }

  protected async findSound(id: number, signal?: AbortSignal, of = this.map.of): Promise<Sound> {
    if (of === "windows") return soundOfWindow(await this.details.window(id, signal));
    const recording = await this.details.recording(id, signal);
    if (recording.window_id === null) throw new Error(`${recording.name} has nothing to play.`);
    return soundOfWindow(await this.details.window(recording.window_id, signal));
  }

  protected async attempt(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.report(error);
    }
  }

  protected report(error: unknown): void {
    if (error instanceof DOMException && error.name === "AbortError") return;
    if (error instanceof ServerGone) {
      this.library.lose();
    } else if (error instanceof Error && error.message !== this.search.failure) {
      this.notice = { text: error.message };
    }
  }
}
