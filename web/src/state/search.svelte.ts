/** What was asked, and what answers it. */

import type { Api, Hit, SearchOptions, SearchResult, TextSource, Unit } from "../api.ts";
import { type Weights, hasAspects } from "./aspects.ts";
import { type Columns, type Filter, sameFilter, whereOf } from "./filters.ts";
import { type Question, fileOf, toQuery } from "./questions.ts";

export type { Question } from "./questions.ts";

const N_HITS = 20;
const MORE = 5; // times as many
const MOST_HITS = 1000;
export const MOST_WITHIN = 100_000;

export const TEXT_SOURCES: readonly TextSource[] = ["tags", "names", "labels"];

/** The only things that may be found. */
export interface Within {
  of: Unit;
  ids: readonly number[];
}

/** All that an answer depends on, beside the map's unit and space. */
export interface Asked {
  question: Question | null;
  filters: readonly Filter[];
  within: Within | null;
  textFrom: readonly TextSource[];
  aspects: Weights | null;
}

export class SearchState {
  question = $state.raw<Question | null>(null);
  result = $state.raw<SearchResult | null>(null);
  busy = $state(false);
  failure = $state<string | null>(null);
  /** Where words are looked for; empty: everywhere. */
  textFrom = $state.raw<readonly TextSource[]>([]);
  filters = $state.raw<readonly Filter[]>([]);
  within = $state.raw<Within | null>(null);
  /** How much each aspect counts between sounds; null: the sound as it is heard. */
  aspects = $state.raw<Weights | null>(null);
  /** How many hits are asked for. */
  k = $state(N_HITS);
  readonly asked: Asked = $derived({
    question: this.question,
    filters: this.filters,
    within: this.within,
    textFrom: this.textFrom,
    aspects: this.aspects,
  });

  readonly #api: Api;
  readonly #columns: () => Columns;
  #asking = new AbortController();

  /** `columns` tells what the library's recordings can be filtered by. */
  constructor(api: Api, columns: () => Columns = () => new Map()) {
    this.#api = api;
    this.#columns = columns;
  }

  get hits(): Hit[] {
    return this.result?.hits ?? [];
  }

  /** Whether asking for more may find more. */
  get mayHaveMore(): boolean {
    return this.hits.length >= this.k && this.k < MOST_HITS;
  }

  /** Whether less than the whole library is searched. */
  get isNarrowed(): boolean {
    return this.filters.length > 0 || this.within !== null;
  }

  /** Look for words there too, or there no longer; all of the places are as good as none. */
  toggleSource(source: TextSource): void {
    const others = this.textFrom.filter((each) => each !== source);
    const chosen = others.length < this.textFrom.length ? others : [...others, source];
    this.textFrom = chosen.length < TEXT_SOURCES.length ? chosen : [];
  }

  addFilters(more: readonly Filter[]): void {
    const fresh = more.filter((each) => !this.filters.some((known) => sameFilter(known, each)));
    if (fresh.length > 0) this.filters = [...this.filters, ...fresh];
  }

  removeFilter(filter: Filter): void {
    this.filters = this.filters.filter((each) => !sameFilter(each, filter));
  }

  widen(): void {
    this.filters = [];
    this.within = null;
  }

  /** Ask the same for more answers. */
  async more(of: Unit, space: string | null): Promise<void> {
    if (this.question === null) return;
    const k = Math.min(MOST_HITS, this.k * MORE);
    await this.#ask(this.question, of, space, k);
  }

  /** Ask the same again: what answers it may have changed. */
  async again(of: Unit, space: string | null): Promise<void> {
    if (this.question !== null) await this.#ask(this.question, of, space, this.k);
  }

  /** Ask; a newer question cancels an older one. Problems of the asker's are kept in `failure`. */
  async ask(question: Question, of: Unit, space: string | null): Promise<void> {
    await this.#ask(question, of, space, N_HITS);
  }

  /** Say why a question cannot be asked. */
  refuse(question: Question, failure: string): void {
    this.clear();
    this.question = question;
    this.failure = failure;
  }

  async #ask(question: Question, of: Unit, space: string | null, k: number): Promise<void> {
    this.#asking.abort();
    const { signal } = (this.#asking = new AbortController());
    // What is walked to or refined keeps its list until the next one comes: nothing jumps.
    const continues = ["sound", "examples", "all"].includes(question.kind);
    if (question !== this.question && !continues) this.result = null;
    this.question = question;
    this.failure = null;
    this.k = k;
    this.busy = true;
    const by = of === "recordings" ? "recording" : "window";
    try {
      const words = question.kind === "words" && this.textFrom.length > 0;
      const text_from = words ? [...this.textFrom] : null;
      const where = whereOf(this.filters, this.#columns());
      const within =
        this.within === null ? null : { of: this.within.of, ids: [...this.within.ids] };
      // Stretches are compared as they are heard: aspects are measured of recordings.
      const weighs = by === "recording" && hasAspects(question);
      const aspects = weighs ? this.aspects : null;
      const options = { k, by, space, text_from, aspects, where, within } as const;
      const result = await this.#send(question, options, signal);
      if (!signal.aborted) this.result = result;
    } catch (error) {
      if (signal.aborted) return;
      this.result = null;
      this.failure = error instanceof Error ? error.message : String(error);
      throw error;
    } finally {
      if (!signal.aborted) this.busy = false;
    }
  }

  clear(): void {
    this.#asking.abort();
    this.question = null;
    this.result = null;
    this.failure = null;
    this.busy = false;
  }

  #send(question: Question, options: SearchOptions, signal: AbortSignal): Promise<SearchResult> {
    const file = fileOf(question);
    const query = toQuery(question);
    if (file !== null) return this.#api.searchByFile(file, query, options, signal);
    return this.#api.search(query, options, signal);
  }
}
