/** What was asked, and what answers it. */

import type { Api, Hit, Query, SearchOptions, SearchResult, TextSource, Unit } from "../api.ts";

const N_HITS = 20;
const MORE = 5; // times as many
const MOST_HITS = 1000;

export const TEXT_SOURCES: readonly TextSource[] = ["tags", "names", "labels"];

/** A question: some words, a file of the person's, or a sound of the library. */
export type Question =
  | { kind: "words"; words: string }
  | { kind: "file"; file: File }
  | { kind: "sound"; of: Unit; id: number };

export class SearchState {
  question = $state.raw<Question | null>(null);
  result = $state.raw<SearchResult | null>(null);
  busy = $state(false);
  failure = $state<string | null>(null);
  /** Where words are looked for; empty: everywhere. */
  textFrom = $state.raw<readonly TextSource[]>([]);
  /** How many hits are asked for. */
  k = $state(N_HITS);

  readonly #api: Api;
  #asking = new AbortController();

  constructor(api: Api) {
    this.#api = api;
  }

  get hits(): Hit[] {
    return this.result?.hits ?? [];
  }

  /** Whether asking for more may find more. */
  get mayHaveMore(): boolean {
    return this.hits.length >= this.k && this.k < MOST_HITS;
  }

  /** Look for words there too, or there no longer; all of the places are as good as none. */
  toggleSource(source: TextSource): void {
    const others = this.textFrom.filter((each) => each !== source);
    const chosen = others.length < this.textFrom.length ? others : [...others, source];
    this.textFrom = chosen.length < TEXT_SOURCES.length ? chosen : [];
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

  async #ask(question: Question, of: Unit, space: string | null, k: number): Promise<void> {
    this.#asking.abort();
    const { signal } = (this.#asking = new AbortController());
    const continues = question.kind === "sound" && this.question?.kind === "sound";
    if (question !== this.question && !continues) this.result = null;
    this.question = question;
    this.failure = null;
    this.k = k;
    this.busy = true;
    const by = of === "recordings" ? "recording" : "window";
    try {
      const text_from =
        question.kind === "words" && this.textFrom.length > 0 ? [...this.textFrom] : null;
      const result = await this.#send(question, { k, by, space, text_from }, signal);
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
    if (question.kind === "file") return this.#api.searchByFile(question.file, options, signal);
    return this.#api.search(toQuery(question), options, signal);
  }
}

function toQuery(question: Exclude<Question, { kind: "file" }>): Query {
  if (question.kind === "words") return { words: question.words };
  return question.of === "recordings" ? { recording_id: question.id } : { window_id: question.id };
}
