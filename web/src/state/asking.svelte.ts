/** What a person does to find sounds: ask, refine, narrow, go back. */

import type { Hit, TextSource } from "../api.ts";
import { tooLarge } from "../dropping.ts";
import { formatCount } from "../format.ts";
import { valueAt } from "../map/ramps.ts";
import { type Aspect, weighted } from "./aspects.ts";
import { type Filter, columnsOf, fieldOf, isField, takeFilters } from "./filters.ts";
import { MicrophoneState } from "./microphone.svelte.ts";
import {
  LONGEST_PART_S,
  MOST_EXAMPLES,
  type Part,
  type Question,
  type Thing,
  refined,
  without,
} from "./questions.ts";
import { WalkingStore } from "./walking.svelte.ts";
import { type Asked, MOST_WITHIN } from "./search.svelte.ts";
import { Trail } from "./trail.svelte.ts";

const NO_SOUND = /^(text|image|font|model)\/|^application\/(?!octet-stream|ogg|mp4|x-)/;
/** Names of the map's legend that stand for no value. */
const NO_VALUE = /^(none|\d+ others)$/;

export abstract class AskingStore extends WalkingStore {
  readonly microphone: MicrophoneState;
  readonly trail: Trail;

  constructor(...given: ConstructorParameters<typeof WalkingStore>) {
    super(...given);
    this.microphone = new MicrophoneState(() => void this.searchRecorded());
    this.trail = new Trail(history);
  }

  ask = (question: Question): Promise<void> =>
    this.attempt(async () => {
      this.notice = null;
      this.hover.leave("row");
      await this.search.ask(question, this.map.of, this.map.space);
    });

  /** Ask for what was written: words, and filters among them. */
  askWritten = async (text: string): Promise<void> => {
    const { words, filters, problems } = takeFilters(text, this.filterColumns);
    this.search.addFilters(filters);
    if (problems[0] !== undefined) this.tell({ text: problems[0] });
    if (words !== "") await this.ask({ kind: "words", words });
    else if (filters.length > 0) await this.#narrow();
    else if (problems.length === 0) this.clearSearch();
  };

  /** What the library's recordings can be filtered by, beside what all can be. */
  get filterColumns(): ReadonlyMap<string, boolean> {
    return columnsOf(this.map.columns);
  }

  /** Search by a file of the person's, if it can be a sound. */
  askFile = async (file: File): Promise<void> => {
    const excess = tooLarge(file, this.library.known?.adding.max_bytes ?? Infinity);
    if (excess !== null) {
      this.search.refuse({ kind: "file", file }, `“${file.name}” ${excess}.`);
    } else if (NO_SOUND.test(file.type)) {
      const failure = `“${file.name}” is no sound (${file.type}). Drop a sound file such as WAV, FLAC, MP3 or M4A, or a video that has sound.`;
      this.hover.leave("row");
      this.search.refuse({ kind: "file", file }, failure);
    } else if (file.size === 0) {
      this.search.refuse({ kind: "file", file }, `“${file.name}” is empty. Drop another file.`);
    } else await this.ask({ kind: "file", file });
  };

  /** Search by a stretch of a recording. */
  askPart = async (part: Part): Promise<void> => {
    if (part.end_s - part.start_s <= LONGEST_PART_S) await this.ask({ kind: "part", part });
    else
      this.tell({ text: "At most ten minutes can be searched with: zoom in, or draw a stretch." });
  };

  /** Search by what is drawn in the picture of a recording, or else by what of it is seen. */
  askLooked = async (): Promise<void> => {
    const { recording, draft, view } = this.look;
    if (recording === null) return;
    const { start_s, end_s } = draft ?? view;
    this.look.draft = null;
    await this.askPart({ recording_id: recording.id, start_s, end_s });
  };

  /** Ask for more like these, or less. */
  refine = async (things: readonly Thing[], how: "more" | "less"): Promise<void> => {
    const question = refined(this.search.question, things, how);
    if (question === null) {
      this.tell({
        text: "First say what it should be like: pin a sound, or ask for more like one.",
      });
    } else if (Math.max(question.like.length, question.unlike.length) > MOST_EXAMPLES) {
      const text = `At most ${MOST_EXAMPLES} sounds can be searched by; these would be more. Select fewer.`;
      this.tell({ text });
    } else await this.ask(question);
  };

  refineByHit = async (hit: Hit, how: "more" | "less"): Promise<void> => {
    const id = this.idOf(hit);
    const thing = id === null ? { of: "recordings" as const, id: hit.recording_id } : null;
    await this.refine([thing ?? { of: this.map.of, id: id ?? 0 }], how);
  };

  refineBySelection = async (how: "more" | "less"): Promise<void> => {
    const things = [...this.selection.ids].map((id) => ({ of: this.map.of, id }));
    await this.refine(things, how);
  };

  /** Take an example out of the question. */
  dropExample = async (thing: Thing): Promise<void> => {
    const { question } = this.search;
    if (question?.kind !== "examples") return;
    const next = without(question, thing);
    if (next === null) this.clearSearch();
    else await this.ask(next);
  };

  addFilters = async (filters: readonly Filter[]): Promise<void> => {
    this.search.addFilters(filters);
    await this.#narrow();
  };

  removeFilter = async (filter: Filter): Promise<void> => {
    this.search.removeFilter(filter);
    await this.#narrow();
  };

  /** Search within the selection alone. */
  searchInside = async (): Promise<void> => {
    const ids = [...this.selection.ids];
    if (ids.length > MOST_WITHIN) {
      const most = formatCount(MOST_WITHIN, "thing");
      this.tell({ text: `At most ${most} can be searched within. Select fewer, or use a filter.` });
      return;
    }
    this.search.within = { of: this.map.of, ids };
    await this.#narrow();
  };

  searchEverywhere = async (): Promise<void> => {
    this.search.within = null;
    await this.#narrow();
  };

  widen = async (): Promise<void> => {
    this.search.widen();
    await this.#narrow();
  };

  /** Let an aspect count more or less; null for all: compare sounds as they are heard. */
  weigh = (aspect: Aspect | null, weight: number): Promise<void> =>
    this.attempt(async () => {
      const { aspects } = this.search;
      this.search.aspects = aspect === null ? null : weighted(aspects, aspect, weight);
      this.hover.leave("row");
      await this.search.again(this.map.of, this.map.space);
    });

  /** Whether the legend's choice can be made a filter. */
  get canFilterByLegend(): boolean {
    return this.map.filtered && isField(this.map.colorBy);
  }

  /** Make a filter of what is chosen in the legend. */
  filterByLegend = async (): Promise<void> => {
    const { colors, chosen, colorBy, part } = this.map;
    const field = fieldOf(colorBy);
    if (colors.kind === "groups") {
      const names = colors.lines.filter(({ classIndex }) => chosen.has(classIndex));
      const values = names.map(({ name }) => name).filter((name) => !NO_VALUE.test(name));
      const filters = values.map((value) => ({ field, op: "=", value, not: false }) as const);
      if (filters.length > 0) await this.addFilters(filters);
      else
        this.tell({
          text: "Choose groups that have a name: “none” and “others” cannot be asked for.",
        });
    } else if (colors.scale !== null) {
      const { kind, scale } = colors;
      const [low, high] = part.map((share) => valueAt(share, scale)) as [number, number];
      const write = (value: number): string =>
        kind === "time" ? new Date(1000 * value).toISOString().slice(0, 19) : value.toPrecision(6);
      await this.addFilters([
        { field, op: ">=", value: write(low), not: false },
        { field, op: "<=", value: write(high), not: false },
      ]);
    }
  };

  /** The same question within other bounds; without one, all that lies within them. */
  async #narrow(): Promise<void> {
    const { question, isNarrowed } = this.search;
    if (question !== null && question.kind !== "all") await this.ask(question);
    else if (isNarrowed) await this.ask({ kind: "all" });
    else this.clearSearch();
  }

  /** Look for words in one more place, or in one less. */
  toggleSource = (source: TextSource): Promise<void> =>
    this.attempt(async () => {
      this.search.toggleSource(source);
      if (this.search.question?.kind !== "words") return;
      this.hover.leave("row");
      await this.search.again(this.map.of, this.map.space);
    });

  /** Ask for more answers to the same question. */
  more = (): Promise<void> => this.attempt(() => this.search.more(this.map.of, this.map.space));

  /** Let go of the question; what it was asked within lets go the next time. */
  clearSearch = (): void => {
    this.hover.leave("row");
    const wasAll = this.search.question?.kind === "all";
    this.search.clear();
    if (wasAll) this.search.widen();
    else if (this.search.isNarrowed) void this.ask({ kind: "all" });
  };

  startRecording = (): Promise<void> =>
    this.attempt(async () => {
      this.sound.stop();
      await this.microphone.start();
    });

  /** Stop recording, and search by what was heard. */
  searchRecorded = (): Promise<void> => this.attempt(() => this.ask(this.#recorded()));

  #recorded(): Question {
    return { kind: "file", file: this.microphone.stop() };
  }

  /** Ask again what was asked before. */
  askAgain = async ({ question, ...bounds }: Asked): Promise<void> => {
    Object.assign(this.search, bounds);
    if (question !== null) await this.ask(question);
  };
}
