/** Going through things one by one and saying of each whether a label holds. */

import type { Polarity, Unit } from "../api.ts";
import type { LabelState } from "./labels.svelte.ts";

/** What was said of a thing, or that it was skipped. */
export type Verdict = Polarity | "skipped";

interface Judged {
  verdict: Verdict;
  /** Saying it changed something, which going back must undo. */
  changed: boolean;
}

export class ReviewState {
  label = $state<string | null>(null);
  of = $state<Unit>("recordings");
  ids = $state.raw<readonly number[]>([]);
  judged = $state.raw<readonly Judged[]>([]);
  readonly #labels: LabelState;
  #busy = false;

  constructor(labels: LabelState) {
    this.#labels = labels;
  }

  get isOn(): boolean {
    return this.label !== null;
  }

  /** What is to be judged now; null when all is. */
  get current(): number | null {
    return this.ids[this.judged.length] ?? null;
  }

  count(verdict: Verdict): number {
    return this.judged.filter((each) => each.verdict === verdict).length;
  }

  start(label: string, of: Unit, ids: readonly number[]): void {
    this.label = label;
    this.of = of;
    this.ids = ids;
    this.judged = [];
  }

  end(): void {
    this.label = null;
    this.ids = [];
    this.judged = [];
  }

  /** Say what the current thing is, and go to the next. Whether it went on. */
  async judge(verdict: Verdict): Promise<boolean> {
    const { label, current: id, of } = this;
    if (label === null || id === null) return false;
    return this.#alone(async () => {
      let changed = false;
      if (verdict !== "skipped") {
        const text = `Marked ${verdict} of “${label}”`;
        const done = await this.#labels.give({ of, ids: [id] }, label, verdict, text);
        changed = done.added.length + done.removed.length > 0;
      }
      this.judged = [...this.judged, { verdict, changed }];
    });
  }

  /** Take back what was said last, and go back to it. Whether there was something. */
  async back(): Promise<boolean> {
    const last = this.judged.at(-1);
    if (last === undefined) return false;
    return this.#alone(async () => {
      if (last.changed) await this.#labels.undo();
      this.judged = this.judged.slice(0, -1);
    });
  }

  /** Keys pressed while the last verdict is on its way would be for a thing not yet shown. */
  async #alone(action: () => Promise<void>): Promise<boolean> {
    if (this.#busy) return false;
    this.#busy = true;
    try {
      await action();
    } finally {
      this.#busy = false;
    }
    return true;
  }
}
