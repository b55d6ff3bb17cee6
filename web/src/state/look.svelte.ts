/** The recording that is looked at closely, what was said of it, and what of it is seen. */

import type { Annotation, Api, Overview, Recording } from "../api.ts";
import { type Box, bandOf } from "../look/boxes.ts";
import { around, type View, within } from "../look/scales.ts";
import type { LabelState } from "./labels.svelte.ts";

export class LookState {
  recording = $state.raw<Recording | null>(null);
  view = $state.raw<View>({ start_s: 0, end_s: 1 });
  annotations = $state.raw<Annotation[]>([]);
  overview = $state.raw<Overview | null>(null);
  /** The annotation that keys act on. */
  chosen = $state<number | null>(null);
  /** A box that was drawn and has no label yet. */
  draft = $state.raw<Box | null>(null);

  readonly #api: Api;
  readonly #labels: LabelState;
  #asking = new AbortController();

  constructor(api: Api, labels: LabelState) {
    this.#api = api;
    this.#labels = labels;
  }

  get isOpen(): boolean {
    return this.recording !== null;
  }

  get top_hz(): number {
    return (this.recording?.sample_rate ?? 2) / 2;
  }

  /** Look at a recording: all of a short one, or the surroundings of a stretch of a long one. */
  async open(recording: Recording, start_s: number, end_s: number): Promise<void> {
    const { duration_s } = recording;
    if (this.recording?.id === recording.id) {
      if (start_s < this.view.start_s || end_s > this.view.end_s) {
        this.view = around(start_s, end_s, duration_s);
      }
      return;
    }
    this.close();
    this.recording = recording;
    const short = duration_s <= 60 || end_s - start_s > duration_s / 10;
    this.view = short ? { start_s: 0, end_s: duration_s } : around(start_s, end_s, duration_s);
    const { signal } = this.#asking;
    const [overview] = await Promise.all([
      this.#api.getOverview(recording.id, signal),
      this.refresh(),
    ]);
    if (!signal.aborted) this.overview = overview;
  }

  close(): void {
    this.#asking.abort();
    this.#asking = new AbortController();
    this.recording = null;
    this.overview = null;
    this.annotations = [];
    this.chosen = null;
    this.draft = null;
  }

  show(view: View): void {
    if (this.recording !== null) this.view = within(view, this.recording.duration_s);
  }

  /** Read again what was said of the recording. */
  async refresh(): Promise<void> {
    if (this.recording === null) return;
    const { signal } = this.#asking;
    const said = await this.#api.getAnnotations(this.recording.id, signal);
    if (signal.aborted) return;
    this.annotations = said;
    if (!said.some(({ id }) => id === this.chosen)) this.chosen = null;
  }

  /** Put an annotation into another box. */
  async move(said: Annotation, box: Box): Promise<void> {
    const { recording_id, label, polarity } = said;
    const { start_s, end_s } = box;
    const place = { start_s, end_s, ...bandOf(box, this.top_hz) };
    const text = `“${label}” moved`;
    const moved = { recording_id, label, polarity, ...place };
    const { added } = await this.#labels.change([moved], [said.id], text);
    const id = added[0] ?? said.id;
    // Whoever chose it meanwhile chose it by its old id.
    if (this.chosen === null || this.chosen === said.id) this.chosen = id;
    this.annotations = this.annotations.map((each) =>
      each.id === said.id ? { ...each, ...place, id } : each,
    );
  }

  /** Say what the drawn box is. */
  async labelDraft(label: string): Promise<string | null> {
    const { draft, recording } = this;
    this.draft = null;
    if (draft === null || recording === null) return null;
    const { start_s, end_s } = draft;
    const place = { start_s, end_s, ...bandOf(draft, this.top_hz) };
    const text = `A stretch labelled “${label}”`;
    const said = { recording_id: recording.id, label, polarity: "positive" as const, ...place };
    const changed = await this.#labels.change([said], [], text);
    this.chosen = changed.added[0] ?? null;
    return text;
  }

  /** Remove the chosen annotation; in words which, or null where none is chosen. */
  async removeChosen(): Promise<string | null> {
    const said = this.annotations.find(({ id }) => id === this.chosen);
    if (said === undefined) return null;
    const text = `“${said.label}” removed`;
    await this.#labels.change([], [said.id], text);
    return text;
  }
}
