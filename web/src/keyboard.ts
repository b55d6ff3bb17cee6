/** What the keys do; the page's help lists them. */

import type { Verdict } from "./state/review.svelte.ts";
import type { Store, Tool } from "./state/store.svelte.ts";

const TOOLS: Readonly<Record<string, Tool>> = { v: "move", s: "lasso", r: "rectangle" };
/** Held down, it lets everything be heard that the pointer passes. */
const SWEEP_KEY = "a";

/** Whether arrows, space and Escape mean something to the element itself. */
function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, select, textarea");
}

/** Whether letters do: a switch, which is made of radio buttons, has no use for them. */
function isWriting(target: EventTarget | null): boolean {
  return isTyping(target) && !(target as HTMLElement).matches('[type="radio"]');
}

function isHitRow(target: EventTarget | null): target is HTMLElement {
  return target instanceof HTMLElement && target.dataset["hit"] !== undefined;
}

function focusHit(index: number): void {
  document.querySelector<HTMLElement>(`[data-hit="${index}"]`)?.focus();
}

function walk(event: KeyboardEvent, store: Store): void {
  const n_hits = store.search.hits.length;
  const isSearchBox = event.target instanceof HTMLElement && event.target.id === "search";
  if (n_hits === 0 || (isTyping(event.target) && !isSearchBox)) return;
  event.preventDefault();
  const place = store.hover.place;
  const current = place?.kind === "row" ? place.index : -1;
  const next = event.key === "ArrowDown" ? current + 1 : current - 1;
  focusHit(Math.min(n_hits - 1, Math.max(0, next)));
}

/** While a path is open, keys lead along it. */
function handlePathKey(event: KeyboardEvent, { path }: Store): boolean {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(target)) return false;
  const onControl = target instanceof HTMLButtonElement;
  if (key === "ArrowRight") void path.step(1);
  else if (key === "ArrowLeft") void path.step(-1);
  else if (key === " " && !onControl) void path.toggle();
  else if (key === "Escape") path.close();
  else return false;
  event.preventDefault();
  return true;
}

/** Step back by one thing: the search box, the selection, the question, the legend's choice. */
function clear(event: KeyboardEvent, store: Store): void {
  if (isTyping(event.target)) (event.target as HTMLElement).blur();
  if (store.selection.size > 0) store.selection.clear();
  else if (store.search.question !== null) store.clearSearch();
  else if (store.map.filtered) store.map.showAll();
  else store.sound.stop();
}

/** Give, or with Alt take away, the label that has this digit's key. */
function labelByDigit(digit: number, event: KeyboardEvent, store: Store): void {
  const label = store.labels.keyed[digit - 1];
  if (label === undefined) return;
  event.preventDefault();
  void store.label(label, event.altKey ? null : "positive");
}

const VERDICTS: Readonly<Record<string, Verdict>> = {
  ArrowUp: "positive",
  ArrowDown: "negative",
  u: "unsure",
  ArrowRight: "skipped",
};

/** While things are reviewed, arrows say what they are, as in BirdNET's review. */
function handleReviewKey(event: KeyboardEvent, store: Store): boolean {
  const { key, target } = event;
  const verdict = VERDICTS[key];
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(target)) return false;
  if (verdict !== undefined) void store.judge(verdict);
  else if (key === "ArrowLeft" || key === "Backspace") void store.judgeAgain();
  else if (key === "Escape") void store.endReview();
  else return false;
  event.preventDefault();
  return true;
}

function handleLabelKey(event: KeyboardEvent, store: Store): boolean {
  if (isWriting(event.target)) return false;
  // With Alt, some keyboards write other signs than digits.
  const digit = Number(/^Digit([1-9])$/.exec(event.code)?.[1] ?? 0);
  if (digit > 0) labelByDigit(digit, event, store);
  else if (event.key === "l") {
    event.preventDefault();
    store.startLabelling();
  } else if (event.key === "f") void store.toggleFavourite();
  else return false;
  return true;
}

export function handleKey(event: KeyboardEvent, store: Store): void {
  const { key, target } = event;
  // What is shown above everything else has its own keys.
  if (document.querySelector("dialog[open]") !== null) return;
  if (store.review.isOn && handleReviewKey(event, store)) return;
  if (!store.review.isOn && store.path.isOpen && handlePathKey(event, store)) return;
  if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === "z" && !isWriting(target)) {
    event.preventDefault();
    void store.undo();
    return;
  }
  if (event.ctrlKey || event.metaKey) return;
  if (event.altKey && !isTyping(target) && (key === "ArrowLeft" || key === "ArrowRight")) {
    event.preventDefault();
    if (key === "ArrowLeft") store.trail.back();
    else store.trail.forward();
    return;
  }
  if (store.microphone.phase !== "off" && key === "Escape") {
    store.microphone.cancel();
    return;
  }
  if (isHitRow(target) && (key === "+" || key === "-")) {
    const hit = store.search.hits[Number(target.dataset["hit"])];
    event.preventDefault();
    if (hit !== undefined) void store.refineByHit(hit, key === "+" ? "more" : "less");
    return;
  }
  if (handleLabelKey(event, store) || event.altKey) return;
  if (key === "Escape") {
    // An open menu closes by itself.
    if (document.querySelector("[popover]:popover-open") === null) clear(event, store);
  } else if (key === "ArrowDown" || key === "ArrowUp") {
    walk(event, store);
  } else if (TOOLS[key] !== undefined && !isWriting(target)) {
    store.tool = TOOLS[key];
  } else if (key === SWEEP_KEY && !isWriting(target)) {
    store.hover.startSweep();
  } else if (key === "p" && !isWriting(target)) {
    store.startPath();
  } else if (key === "?" && !isWriting(target)) {
    store.helping = true;
  } else if (key === "w" && !isWriting(target)) {
    void store.toggleLook();
  } else if (key === "0" && !isWriting(target)) {
    store.showWholeMap();
  } else if (key === "/" && !isWriting(target)) {
    event.preventDefault();
    document.querySelector<HTMLElement>("#search")?.focus();
  } else if (key === " " && !isTyping(target)) {
    // On other buttons the space bar presses them, as everywhere.
    if (target instanceof HTMLButtonElement && !isHitRow(target)) return;
    event.preventDefault();
    store.sound.replay();
  }
}

export function handleKeyUp({ key }: KeyboardEvent, store: Store): void {
  if (key.toLowerCase() === SWEEP_KEY) store.hover.endSweep();
}
