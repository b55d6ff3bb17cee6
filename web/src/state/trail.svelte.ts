/** The way through searches: the browser's own history, with what an address cannot hold. */

import { nameOf } from "./filters.ts";
import { nameOfQuestion } from "./questions.ts";
import type { Asked } from "./search.svelte.ts";

/** What the browser keeps beside an address; `step` counts from the first search on. */
interface Mark {
  visit: string;
  step: number;
}

type Browser = Pick<History, "state" | "pushState" | "replaceState" | "back" | "forward">;

const MOST_RECENT = 8;

function markOf(state: unknown): Mark | null {
  if (typeof state !== "object" || state === null) return null;
  const { visit, step } = state as Partial<Mark>;
  return typeof visit === "string" && typeof step === "number" ? { visit, step } : null;
}

function isSame(left: Asked, right: Asked): boolean {
  const looked = left.question?.kind !== "words" || left.textFrom === right.textFrom;
  return (
    left.question === right.question &&
    left.filters === right.filters &&
    left.within === right.within &&
    looked
  );
}

/** A search in one line. */
export function titleOf({ question, filters, within }: Asked): string {
  const name = question === null || question.kind === "all" ? [] : [nameOfQuestion(question)];
  const inside = within === null ? [] : [`inside ${within.ids.length}`];
  return [...name, ...filters.map(nameOf), ...inside].join(" · ");
}

export class Trail {
  step = $state(0);
  /** What was asked last, the newest first, each once. */
  recent = $state.raw<readonly Asked[]>([]);
  #last = $state(0);
  /** A step of the past is being shown: nothing of it is new. */
  recalling = false;
  readonly #steps = new Map<number, Asked>();
  readonly #browser: Browser;
  readonly #visit: string;

  /** `visit` tells the steps of this page from those that a page before it has left behind. */
  constructor(browser: Browser, visit: string = crypto.randomUUID()) {
    this.#browser = browser;
    this.#visit = visit;
    this.step = this.#last = markOf(browser.state)?.step ?? 0;
  }

  get canGoBack(): boolean {
    return this.step > 0;
  }

  get canGoForward(): boolean {
    return this.step < this.#last;
  }

  back(): void {
    if (this.canGoBack) this.#browser.back();
  }

  forward(): void {
    if (this.canGoForward) this.#browser.forward();
  }

  /** Whether this is another search than the one of this step. */
  isNew(asked: Asked): boolean {
    if (this.recalling) return false;
    const here = this.#steps.get(this.step);
    return here === undefined ? asked.question !== null : !isSame(here, asked);
  }

  /** Begin a new step. */
  push(asked: Asked, address: string): void {
    this.step += 1;
    this.#last = this.step;
    this.#keep(asked);
    this.#browser.pushState(this.#mark(), "", address);
  }

  /** This is what is asked at this step. */
  settle(asked: Asked): void {
    this.recalling = false;
    this.#keep(asked);
  }

  /** Stay at this step: what is shown of it has changed. */
  stay(asked: Asked, address: string): void {
    if (!this.recalling) this.#keep(asked);
    this.#browser.replaceState(this.#mark(), "", address);
  }

  /** The browser has gone to another step: what was asked there, null if that is not known. */
  recall(state: unknown): Asked | null {
    const mark = markOf(state);
    if (mark === null) {
      // An address was typed in: that is a step of its own.
      this.step += 1;
      this.#last = this.step;
      this.#steps.delete(this.step);
      return null;
    }
    this.step = mark.step;
    this.#last = Math.max(this.#last, mark.step);
    return mark.visit === this.#visit ? (this.#steps.get(mark.step) ?? null) : null;
  }

  #mark(): Mark {
    return { visit: this.#visit, step: this.step };
  }

  #keep(asked: Asked): void {
    this.#steps.set(this.step, asked);
    const { question } = asked;
    // Walking from neighbour to neighbour would push everything else out.
    if (question === null || question.kind === "sound") return;
    const title = titleOf(asked);
    const others = this.recent.filter((each) => titleOf(each) !== title);
    this.recent = [asked, ...others].slice(0, MOST_RECENT);
  }
}
