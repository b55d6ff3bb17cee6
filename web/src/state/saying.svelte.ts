/** What a person does to sounds: labels, reviews, looks at and takes out. */

import type { Annotation, Exported, ExportFormat, Hit, Polarity, Recording } from "../api.ts";
import { download, offerSound, stretchName } from "../drag.ts";
import { formatCount } from "../format.ts";
import { follow } from "../jobs.ts";
import type { Box } from "../look/boxes.ts";
import { Tiles } from "../look/tiles.ts";
import { BaseStore } from "./base.svelte.ts";
import { FAVOURITE, type Target } from "./labels.svelte.ts";
import type { Verdict } from "./review.svelte.ts";

const LONGEST_PLAY_S = 3600;

export abstract class SayingStore extends BaseStore {
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
    this.attempt(async () => {
      const target = this.checkTarget(this.target());
      if (target === null) return;
      const text = this.#describeLabel(target, FAVOURITE, "positive");
      const { added } = await this.labels.give(target, FAVOURITE, "positive", text);
      if (added.length === 0) await this.#label(target, FAVOURITE, null);
      else await this.tellChange(text);
    });

  /** Let the person type a label for what is selected, pinned or rested on. */
  startLabelling = (): void => {
    this.labelling = this.checkTarget(this.target());
  };

  finishLabelling = async (label: string): Promise<void> => {
    const target = this.labelling;
    this.labelling = null;
    await this.#label(target, label, "positive");
  };

  /** Look closely at what is pinned or rested on, or else at what played last; or no longer. */
  toggleLook = (): Promise<void> =>
    this.attempt(async () => {
      if (this.look.isOpen) this.look.close();
      else await this.#lookAtTarget();
    });

  async #lookAtTarget(): Promise<void> {
    const sound = this.hover.sound ?? this.sound.now;
    const [id] = this.target()?.ids ?? [];
    const meant = this.hover.sound === null && id !== undefined ? await this.findSound(id) : sound;
    if (meant === null) this.tell({ text: "Rest on a point first, or pin one by a click." });
    else await this.lookAt(meant);
  }

  /** Tiles of a recording's picture, fetched as they are wanted. */
  tilesOf(recordingId: number, onTile: () => void): Tiles {
    return new Tiles(this.api, recordingId, onTile, (error) => this.report(error));
  }

  refreshLook = (): Promise<void> => this.attempt(() => this.look.refresh());

  /** Play the recording that is looked at from a moment on. */
  playFrom = (start_s: number): void => {
    const duration_s = this.look.recording?.duration_s ?? 0;
    this.playStretch(start_s, Math.min(duration_s, start_s + LONGEST_PLAY_S));
  };

  playStretch = (start_s: number, end_s: number): void => {
    if (this.look.recording !== null) this.playPart(this.look.recording, start_s, end_s);
  };

  /** Play a stretch of a recording. */
  playPart = (recording: Recording, start_s: number, end_s: number): void => {
    if (recording.missing || end_s <= start_s) return;
    const { id: recordingId, ...rest } = recording;
    this.sound.play({ ...rest, windowId: null, recordingId, start_s, end_s }, true);
  };

  moveAnnotation = (said: Annotation, box: Box): Promise<void> =>
    this.attempt(async () => {
      await this.look.move(said, box);
      await this.look.refresh();
      await this.showLabels();
    });

  labelDraft = (label: string): Promise<void> =>
    this.attempt(async () => {
      const text = await this.look.labelDraft(label);
      if (text !== null) await this.tellChange(text);
    });

  removeChosen = (): Promise<void> =>
    this.attempt(async () => {
      const text = await this.look.removeChosen();
      if (text !== null) await this.tellChange(text);
    });

  /** Go through the selection and say of each whether a label holds; hits first, best first. */
  startReview = async (label: string): Promise<void> => {
    this.asksReview = false;
    const chosen = this.selection.ids;
    const target = this.checkTarget(chosen.size === 0 ? null : this.target());
    if (target === null) return;
    const hits = this.found.map((index) => this.map.idAt(index) ?? -1);
    const ids = [...new Set([...hits.filter((id) => chosen.has(id)), ...chosen])];
    this.hover.leave();
    this.review.start(label, target.of, ids);
    await this.#hearReviewed();
  };

  judge = (verdict: Verdict): Promise<void> =>
    this.attempt(async () => {
      if (await this.review.judge(verdict)) await this.#hearReviewed();
    });

  judgeAgain = (): Promise<void> =>
    this.attempt(async () => {
      if (await this.review.back()) await this.#hearReviewed();
    });

  endReview = (): Promise<void> =>
    this.attempt(async () => {
      this.review.end();
      this.sound.stop();
      await this.showLabels();
    });

  async #hearReviewed(): Promise<void> {
    const id = this.review.current;
    if (id === null) this.sound.stop();
    else await this.attempt(async () => this.playAndFollow(await this.findSound(id)));
  }

  /** Make a file of the selection, and have the browser keep it. */
  exportSelection = (format: ExportFormat): Promise<void> =>
    this.attempt(async () => {
      if (this.exporting !== null) return;
      try {
        const started = await this.api.makeExport(format, this.map.view, [...this.selection.ids]);
        const {
          state,
          error,
          export: made,
        } = await follow(this.api, started, (job) => {
          this.exporting = job;
        });
        if (state === "stopped") this.tell({ text: "The export was stopped." });
        else if (state === "failed") throw new Error(error ?? "The export failed.");
        else if (made !== null && made !== undefined) this.#keepExport(made);
      } finally {
        this.exporting = null;
      }
    });

  stopExport = (): Promise<void> =>
    this.attempt(async () => {
      if (this.exporting !== null) await this.api.stopJob(this.exporting.id);
    });

  #keepExport({ id, name, missing }: Exported): void {
    download(this.api.exportUrl(id), name);
    const gone = missing > 0 ? ` ${formatCount(missing, "file")} could not be read.` : "";
    this.tell({ text: `Exported ${name}.${gone}` });
  }

  /** Let a hit be dragged out of the page: its file, or where windows are shown, its stretch. */
  dragHit = (hit: Hit, event: DragEvent): void => {
    const whole = this.map.of === "recordings" || hit.window_id === null;
    if (whole) offerSound(event, hit.name, this.api.recordingAudioUrl(hit.recording_id));
    else offerSound(event, stretchName(hit), this.api.windowAudioUrl(hit.window_id ?? 0));
  };

  undo = (): Promise<void> =>
    this.attempt(async () => {
      const undone = await this.labels.undo();
      await this.showLabels();
      this.tell({ text: undone === null ? "There is nothing to undo." : `Undone: ${undone}` });
    });

  async #label(target: Target | null, label: string, polarity: Polarity | null): Promise<void> {
    await this.attempt(async () => {
      if (this.checkTarget(target) === null || target === null) return;
      const text = this.#describeLabel(target, label, polarity);
      const changed = await this.labels.give(target, label, polarity, text);
      if (changed.added.length + changed.removed.length > 0) await this.tellChange(text);
      else
        this.tell({ text: polarity === null ? "Nobody labelled that so." : "It is so labelled." });
    });
  }

  /** Say why nothing can be labelled, if so. */
  protected checkTarget(target: Target | null): Target | null {
    if (this.library.known?.read_only === true) {
      this.tell({ text: "This library is read-only: labels cannot be changed." });
      return null;
    }
    if (target === null) this.tell({ text: "Select points first, or rest on one." });
    return target;
  }

  #describeLabel({ of, ids }: Target, label: string, polarity: Polarity | null): string {
    const things = formatCount(ids.length, of === "recordings" ? "recording" : "window");
    if (polarity === null) return `“${label}” taken from ${things}`;
    return polarity === "positive"
      ? `${things} labelled “${label}”`
      : `${things} marked ${polarity} of “${label}”`;
  }

  protected async tellChange(text: string): Promise<void> {
    this.tell({ text, action: { label: "Undo", run: () => void this.undo() } });
    await this.showLabels();
  }
}
