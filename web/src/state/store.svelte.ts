/** The page's one store: what is known of the library, and everything a person can do to it. */

import {
  type Annotation,
  Api,
  type Changed,
  type ExportFormat,
  type Hit,
  type Library,
  type NewAnnotation,
  type Polarity,
  type Projection,
  type Recording,
  ServerGone,
  type Unit,
} from "../api.ts";
import type { AudioElement } from "../audio/player.ts";
import { Details } from "../details.ts";
import { download, offerSound, stretchName } from "../drag.ts";
import { formatCount } from "../format.ts";
import type { Box } from "../look/boxes.ts";
import { Tiles } from "../look/tiles.ts";
import { type Outline, pointsWithin } from "../map/picking.ts";
import type { Camera } from "../map/renderer.ts";
import { type Address, readAddress, writeAddress } from "./address.ts";
import { HoverState } from "./hover.svelte.ts";
import { FAVOURITE, LabelState, type Target } from "./labels.svelte.ts";
import { LibraryState } from "./library.svelte.ts";
import { LookState } from "./look.svelte.ts";
import { MapState } from "./map.svelte.ts";
import { ReviewState, type Verdict } from "./review.svelte.ts";
import { type Question, SearchState } from "./search.svelte.ts";
import { type Pick, SelectionState } from "./selection.svelte.ts";
import { type Sound, SoundState, soundOfWindow } from "./sound.svelte.ts";

export interface Notice {
  text: string;
  action?: { label: string; run: () => void };
}

const LONGEST_PLAY_S = 3600;
const NOTICE_MS = 6000;

/** What dragging on the map does. */
export type Tool = "move" | "lasso" | "rectangle";

export class Store {
  tool = $state<Tool>("move");
  /** What the label that is being typed is for; null while none is. */
  labelling = $state.raw<Target | null>(null);
  /** Counts the changes of annotations, so that whoever shows some looks again. */
  annotated = $state(0);
  /** The label to review is being typed. */
  asksReview = $state(false);
  /** A file is being made of the selection. */
  exporting = $state(false);
  /** Shows all points again; whoever draws the map says how. */
  showWholeMap: () => void = () => undefined;
  /** The map that the address named is shown. */
  arrived = $state(false);
  /** What the person has moved the map to; null while it shows all points. */
  camera = $state.raw<Camera | null>(null);
  notice = $state.raw<Notice | null>(null);

  readonly library: LibraryState;
  readonly map: MapState;
  readonly search: SearchState;
  readonly sound: SoundState;
  readonly hover: HoverState;
  readonly selection = new SelectionState();
  readonly labels: LabelState;
  readonly look: LookState;
  readonly review: ReviewState;
  readonly #api: Api;
  readonly #details: Details;

  /** Positions on the map that the last question found, best first. */
  readonly found = $derived.by(() => {
    return this.search.hits.map((hit) => this.#indexOf(hit)).filter((index) => index !== null);
  });
  /** 1 for each point that steps back: left out by the legend, or not selected. */
  readonly dimmed = $derived.by(() => {
    const { ids } = this.selection;
    if (ids.size === 0) return this.map.leftOut;
    const points = this.map.shown?.points.ids ?? [];
    return this.map.leftOut.map((out, index) => (out || !ids.has(points[index] ?? -1) ? 1 : 0));
  });
  /** The view in the page's address. */
  readonly address = $derived.by(() => {
    const { of, projection, colorBy: color, space } = this.map;
    const question = this.search.question;
    const query = question === null || question.kind === "file" ? null : question;
    return writeAddress({ of, projection, color, space, camera: this.camera, query });
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

  constructor(api: Api, audio: AudioElement & { muted: boolean }) {
    const report = (error: unknown): void => this.#report(error);
    this.#details = new Details(api);
    this.library = new LibraryState(api, {
      onArrival: () => this.#arrive(),
      onChange: (library) => this.#offerReload(library),
      onProblem: report,
    });
    this.#api = api;
    this.labels = new LabelState(api);
    this.review = new ReviewState(this.labels);
    this.look = new LookState(api, this.labels);
    this.map = new MapState(api, () => this.#scores());
    this.search = new SearchState(api);
    this.sound = new SoundState(api, this.#details, audio, report);
    this.hover = new HoverState(this.sound, report);
  }

  /** Read the library, show what an address names, and keep watching for changes. */
  async start(hash = ""): Promise<void> {
    this.#wanted = readAddress(hash);
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
      this.selection.clear();
      this.camera = null;
      await this.map.setUnit(of);
      // A pinned sound has no counterpart among the other kind; words and files are asked again.
      const question = this.search.question;
      if (question?.kind === "sound") this.search.clear();
      else if (question !== null) await this.search.ask(question, of, this.map.space);
    });

  setSpace = (space: string): Promise<void> =>
    this.#try(async () => {
      this.clearSearch();
      this.camera = null;
      await this.map.setSpace(space);
      this.selection.keepOnly(this.map.shown?.points.ids ?? []);
    });

  setProjection = (projection: Projection): Promise<void> =>
    this.#try(async () => {
      this.camera = null;
      await this.map.setProjection(projection);
    });

  setColor = (colorBy: string): Promise<void> => this.#try(() => this.map.setColor(colorBy));

  /** Show the view that an address names. */
  open = (hash: string): Promise<void> =>
    this.#try(async () => {
      if (hash.replace(/^#/, "") !== this.address) await this.#open(readAddress(hash));
    });

  /** Pick the points within an outline of the plane. */
  selectWithin = (outline: Outline, how: Pick): void => {
    const points = this.map.shown?.points;
    if (points === undefined) return;
    const within = pointsWithin(points, outline).filter((index) => !this.map.leftOut[index]);
    this.selection.pick(
      within.map((index) => points.ids[index] ?? -1),
      how,
    );
  };

  /** Pick one point; `add` takes it out again if it was in. */
  selectPoint = (index: number, how: Pick): void => {
    const id = this.map.idAt(index);
    if (id === null) return;
    if (how === "add") this.selection.toggle(id);
    else this.selection.pick([id], how);
  };

  /** Pick all hits that the map shows. */
  selectHits = (how: Pick = "replace"): void => {
    const ids = this.found.map((index) => this.map.idAt(index));
    this.selection.pick(
      ids.filter((id) => id !== null),
      how,
    );
  };

  /** Pick what the legend leaves. */
  selectLegend = (how: Pick = "replace"): void => this.selection.pick(this.map.idsLeft(), how);

  /** Ask for more answers to the same question. */
  more = (): Promise<void> => this.#try(() => this.search.more(this.map.of, this.map.space));

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
        this.#findSound(id).then((sound) => this.#playAndFollow(sound)),
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
      if (sound !== null) await this.#playAndFollow(sound);
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

  /** What a label would be given to: the selection, or else what is pinned or rested on. */
  target(): Target | null {
    const { of } = this.map;
    if (this.selection.size > 0) return { of, ids: [...this.selection.ids] };
    const place = this.hover.place;
    const index = this.pinned ?? (place?.kind === "point" ? place.index : this.ringed);
    const id = index === null ? null : this.map.idAt(index);
    return id === null ? null : { of, ids: [id] };
  }

  /** Label what is selected, pinned or rested on; or (polarity null) take the label away. */
  label = (label: string, polarity: Polarity | null = "positive"): Promise<void> =>
    this.#label(this.target(), label, polarity);

  /** Mark favourites; if all of them are marked already, mark them no longer. */
  toggleFavourite = (): Promise<void> =>
    this.#try(async () => {
      const target = this.#checkTarget(this.target());
      if (target === null) return;
      const text = this.#describeLabel(target, FAVOURITE, "positive");
      const { added } = await this.labels.give(target, FAVOURITE, "positive", text);
      if (added.length === 0) await this.#label(target, FAVOURITE, null);
      else await this.#tellChange(text);
    });

  /** Let the person type a label for what is selected, pinned or rested on. */
  startLabelling = (): void => {
    this.labelling = this.#checkTarget(this.target());
  };

  finishLabelling = async (label: string): Promise<void> => {
    const target = this.labelling;
    this.labelling = null;
    await this.#label(target, label, "positive");
  };

  /** Add and remove annotations; null if the server refused. */
  annotate = async (
    add: readonly NewAnnotation[],
    remove: readonly number[],
    text: string,
  ): Promise<Changed | null> => {
    let changed: Changed | null = null;
    await this.#try(async () => {
      changed = await this.labels.change(add, remove, text);
      await this.#showLabels();
    });
    return changed;
  };

  /** Look closely at what is pinned or rested on, or else at what played last; or no longer. */
  toggleLook = (): Promise<void> =>
    this.#try(async () => {
      if (this.look.isOpen) this.look.close();
      else await this.#lookAtTarget();
    });

  async #lookAtTarget(): Promise<void> {
    const sound = this.hover.sound ?? this.sound.now;
    const [id] = this.target()?.ids ?? [];
    const meant = this.hover.sound === null && id !== undefined ? await this.#findSound(id) : sound;
    if (meant === null) this.#tell({ text: "Rest on a point first, or pin one by a click." });
    else await this.lookAt(meant);
  }

  /** Look closely at a sound within its recording. */
  lookAt = async ({ recordingId, start_s, end_s }: Sound): Promise<void> => {
    await this.look.open(await this.#details.recording(recordingId), start_s, end_s);
  };

  /** Tiles of a recording's picture, fetched as they are wanted. */
  tilesOf(recordingId: number, onTile: () => void): Tiles {
    return new Tiles(this.#api, recordingId, onTile, (error) => this.#report(error));
  }

  refreshLook = (): Promise<void> => this.#try(() => this.look.refresh());

  /** Play the recording that is looked at from a moment on. */
  playFrom = (start_s: number): void => {
    const duration_s = this.look.recording?.duration_s ?? 0;
    this.playStretch(start_s, Math.min(duration_s, start_s + LONGEST_PLAY_S));
  };

  playStretch = (start_s: number, end_s: number): void => {
    const recording = this.look.recording;
    if (recording === null || recording.missing || end_s <= start_s) return;
    const { id: recordingId, name, folder, labels } = recording;
    this.sound.play({ windowId: null, recordingId, name, folder, labels, start_s, end_s }, true);
  };

  moveAnnotation = (said: Annotation, box: Box): Promise<void> =>
    this.#try(async () => {
      await this.look.move(said, box);
      await this.look.refresh();
      await this.#showLabels();
    });

  labelDraft = (label: string): Promise<void> =>
    this.#try(async () => {
      const text = await this.look.labelDraft(label);
      if (text !== null) await this.#tellChange(text);
    });

  removeChosen = (): Promise<void> =>
    this.#try(async () => {
      const text = await this.look.removeChosen();
      if (text !== null) await this.#tellChange(text);
    });

  /** Go through the selection and say of each whether a label holds; hits first, best first. */
  startReview = async (label: string): Promise<void> => {
    this.asksReview = false;
    const chosen = this.selection.ids;
    const target = this.#checkTarget(chosen.size === 0 ? null : this.target());
    if (target === null) return;
    const hits = this.found.map((index) => this.map.idAt(index) ?? -1);
    const ids = [...new Set([...hits.filter((id) => chosen.has(id)), ...chosen])];
    this.hover.leave();
    this.review.start(label, target.of, ids);
    await this.#hearReviewed();
  };

  judge = (verdict: Verdict): Promise<void> =>
    this.#try(async () => {
      if (await this.review.judge(verdict)) await this.#hearReviewed();
    });

  judgeAgain = (): Promise<void> =>
    this.#try(async () => {
      if (await this.review.back()) await this.#hearReviewed();
    });

  endReview = (): Promise<void> =>
    this.#try(async () => {
      this.review.end();
      this.sound.stop();
      await this.#showLabels();
    });

  async #hearReviewed(): Promise<void> {
    const id = this.review.current;
    if (id === null) this.sound.stop();
    else await this.#try(async () => this.#playAndFollow(await this.#findSound(id)));
  }

  /** Make a file of the selection, and have the browser keep it. */
  exportSelection = (format: ExportFormat): Promise<void> =>
    this.#try(async () => {
      this.exporting = true;
      try {
        const ids = [...this.selection.ids];
        const made = await this.#api.makeExport(format, this.map.view, ids);
        download(this.#api.exportUrl(made.id), made.name);
        const gone =
          made.missing > 0 ? ` ${formatCount(made.missing, "file")} could not be read.` : "";
        this.#tell({ text: `Exported ${made.name}.${gone}` });
      } finally {
        this.exporting = false;
      }
    });

  /** Let a hit be dragged out of the page: its file, or where windows are shown, its stretch. */
  dragHit = (hit: Hit, event: DragEvent): void => {
    const whole = this.map.of === "recordings" || hit.window_id === null;
    if (whole) offerSound(event, hit.name, this.#api.recordingAudioUrl(hit.recording_id));
    else offerSound(event, stretchName(hit), this.#api.windowAudioUrl(hit.window_id ?? 0));
  };

  undo = (): Promise<void> =>
    this.#try(async () => {
      const undone = await this.labels.undo();
      await this.#showLabels();
      this.#tell({ text: undone === null ? "There is nothing to undo." : `Undone: ${undone}` });
    });

  reload = (): Promise<void> =>
    this.#try(async () => {
      this.notice = null;
      this.#details.forget();
      await Promise.all([this.map.load(), this.labels.load()]);
      this.selection.keepOnly(this.map.shown?.points.ids ?? []);
    });

  // How it is done -----------------------------------------------------------------------------

  async #label(target: Target | null, label: string, polarity: Polarity | null): Promise<void> {
    await this.#try(async () => {
      if (this.#checkTarget(target) === null || target === null) return;
      const text = this.#describeLabel(target, label, polarity);
      const changed = await this.labels.give(target, label, polarity, text);
      if (changed.added.length + changed.removed.length > 0) await this.#tellChange(text);
      else
        this.#tell({ text: polarity === null ? "Nobody labelled that so." : "It is so labelled." });
    });
  }

  /** Say why nothing can be labelled, if so. */
  #checkTarget(target: Target | null): Target | null {
    if (this.library.known?.read_only === true) {
      this.#tell({ text: "This library is read-only: labels cannot be changed." });
      return null;
    }
    if (target === null) this.#tell({ text: "Select points first, or rest on one." });
    return target;
  }

  #describeLabel({ of, ids }: Target, label: string, polarity: Polarity | null): string {
    const things = formatCount(ids.length, of === "recordings" ? "recording" : "window");
    if (polarity === null) return `“${label}” taken from ${things}`;
    return polarity === "positive"
      ? `${things} labelled “${label}”`
      : `${things} marked ${polarity} of “${label}”`;
  }

  async #tellChange(text: string): Promise<void> {
    this.#tell({ text, action: { label: "Undo", run: () => void this.undo() } });
    await this.#showLabels();
  }

  /** Show a notice for a while. */
  #tell(notice: Notice): void {
    this.notice = notice;
    setTimeout(() => {
      if (this.notice === notice) this.notice = null;
    }, NOTICE_MS);
  }

  /** Labels have changed: colours, hits and details show others. */
  async #showLabels(): Promise<void> {
    this.#details.forget();
    this.annotated += 1;
    const asks = this.search.question !== null && this.search.question.kind !== "file";
    await Promise.all([
      this.map.colorBy === "label" ? this.map.recolor() : null,
      asks ? this.search.again(this.map.of, this.map.space) : null,
    ]);
  }

  /** Play a sound; what is looked at closely, if anything is, becomes its recording. */
  async #playAndFollow(sound: Sound): Promise<void> {
    this.sound.play(sound, true);
    if (this.look.isOpen) await this.lookAt(sound);
  }

  #wanted: Address | null = null;

  /** There are sounds to show: at first those that the address names. */
  async #arrive(): Promise<void> {
    const wanted = this.#wanted;
    this.#wanted = null;
    if (wanted === null) await this.reload();
    else await this.#try(() => this.#open(wanted));
    this.arrived = true;
  }

  async #open({ of, projection, color, space, camera, query }: Address): Promise<void> {
    if (of !== this.map.of) this.selection.clear();
    this.camera = camera;
    await Promise.all([this.map.open(of, projection, color, space), this.labels.load()]);
    if (query === null) this.clearSearch();
    else if (query.kind === "words") await this.ask(query);
    else await this.ask({ kind: "sound", of, id: query.id });
  }

  /** How well each point answers the last question; NaN where it is no hit. */
  #scores(): Float64Array {
    const scores = new Float64Array(this.map.shown?.points.ids.length ?? 0).fill(NaN);
    for (const hit of this.search.hits) {
      const index = this.#indexOf(hit);
      if (index !== null) scores[index] = hit.score;
    }
    return scores;
  }

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
