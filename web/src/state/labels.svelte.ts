/** What is said of sounds: labels given and taken back, and how often each is used. */

import type { Annotation, Api, Changed, LabelUse, NewAnnotation, Polarity, Unit } from "../api.ts";

/** The label that marks favourites. */
export const FAVOURITE = "favourite";
/** How many labels have a key of their own: 1 to 9. */
export const N_KEYS = 9;

const MOST_UNDO = 100;

/** Things that a label is given to. */
export interface Target {
  of: Unit;
  ids: readonly number[];
}

/** Something that can be undone, in the words for it. */
interface Done {
  text: string;
  changed: Changed;
}

export class LabelState {
  /** The most used first. */
  uses = $state.raw<LabelUse[]>([]);
  /** Changes under way: the library may be busy with another program's writing. */
  waiting = $state(0);
  #done = $state.raw<readonly Done[]>([]);
  #turn: Promise<unknown> = Promise.resolve();
  readonly #api: Api;

  /** The labels that have a key, in the order of the keys; favourites have their own. */
  readonly keyed = $derived(
    this.uses
      .filter(({ label, n }) => label !== FAVOURITE && n > 0)
      .slice(0, N_KEYS)
      .map(({ label }) => label),
  );

  constructor(api: Api) {
    this.#api = api;
  }

  /** What undoing would take back, in words; null where there is nothing. */
  get undoes(): string | null {
    return this.#done.at(-1)?.text ?? null;
  }

  async load(): Promise<void> {
    this.uses = await this.#api.getLabels();
  }

  /** Give things a label, or (polarity null) take it from them. */
  async give(
    { of, ids }: Target,
    label: string,
    polarity: Polarity | null,
    text: string,
  ): Promise<Changed> {
    return this.#follow(text, () => this.#api.giveLabel({ of, ids: [...ids], label, polarity }));
  }

  /** Add and remove annotations at once. */
  async change(
    add: readonly NewAnnotation[],
    remove: readonly number[],
    text: string,
  ): Promise<Changed> {
    return this.#follow(text, () => this.#api.changeAnnotations(add, remove));
  }

  /** Take the last change back; in words which one, or null if there was none. */
  undo(): Promise<string | null> {
    return this.#inTurn(() => this.#undo());
  }

  async #undo(): Promise<string | null> {
    const last = this.#done.at(-1);
    if (last === undefined) return null;
    this.#done = this.#done.slice(0, -1);
    const { added, removed } = last.changed;
    const undone = await this.#send(() => this.#api.changeAnnotations(removed.map(asNew), added));
    this.#rename(
      removed.map(({ id }) => id),
      undone.added,
    );
    return last.text;
  }

  /** What was said again has another id than before: earlier changes must undo that one. */
  #rename(before: readonly number[], after: readonly number[]): void {
    if (before.length !== after.length) {
      // Somebody else said some of it meanwhile; whose is whose cannot be told any more.
      this.#done = [];
      return;
    }
    const names = new Map(before.map((id, index) => [id, after[index] ?? id]));
    this.#done = this.#done.map(({ text, changed }) => ({
      text,
      changed: { ...changed, added: changed.added.map((id) => names.get(id) ?? id) },
    }));
  }

  #follow(text: string, change: () => Promise<Changed>): Promise<Changed> {
    return this.#inTurn(async () => {
      const changed = await this.#send(change);
      if (changed.added.length + changed.removed.length > 0) {
        this.#done = [...this.#done, { text, changed }].slice(-MOST_UNDO);
      }
      return changed;
    });
  }

  /** One change after the other: an undo must find what was said just before it. */
  #inTurn<Value>(action: () => Promise<Value>): Promise<Value> {
    const mine = this.#turn.then(action);
    this.#turn = mine.catch(() => undefined); // whoever asked hears of the failure
    return mine;
  }

  async #send(change: () => Promise<Changed>): Promise<Changed> {
    this.waiting += 1;
    try {
      const changed = await change();
      await this.load();
      return changed;
    } finally {
      this.waiting -= 1;
    }
  }
}

/** An annotation as it would be said again. */
export function asNew(said: Annotation): NewAnnotation {
  const { recording_id, label, start_s, end_s, low_hz, high_hz, polarity } = said;
  return { recording_id, label, start_s, end_s, low_hz, high_hz, polarity };
}
