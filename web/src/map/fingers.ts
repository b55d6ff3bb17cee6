/** Fingers on the map: a tap, a long press, one that moves, two that pull and pinch. */

type Place = readonly [number, number];

export const LONG_PRESS_MS = 500;
const REACH = 10; // pixels that a finger may wander and still tap

/** Where fingers are: their middle, and how far they are apart, 1 for a single one. */
export interface Grasp {
  middle: Place;
  spread: number;
}

export interface FingerEvents {
  /** What one finger does when it moves; null leaves it to whoever listens next. */
  modeOf(): "move" | "sweep" | null;
  onTap(at: Place): void;
  onHold(at: Place): void;
  /** A finger passes over a place, or (null) was lifted. */
  onPass(at: Place | null): void;
  /** Fingers begin to hold the map, or their number changes. */
  onGrasp(): void;
  /** They have pulled and pinched it from one grasp to another, since they began to hold it. */
  onPull(from: Grasp, to: Grasp): void;
  /** A second finger came: whatever one was drawing is off. */
  onCancel(): void;
}

/** Follows the fingers on an element, before whatever draws the map sees them. */
export class Fingers {
  readonly #element: HTMLElement;
  readonly #events: FingerEvents;
  readonly #listening = new AbortController();
  readonly #down = new Map<number, Place>();
  #from: Grasp | null = null;
  #started: Place = [0, 0];
  #still = false;
  #mode: "move" | "sweep" | null = null;
  #pressing: ReturnType<typeof setTimeout> | undefined;

  constructor(element: HTMLElement, events: FingerEvents) {
    this.#element = element;
    this.#events = events;
    element.style.touchAction = "none";
    const options = { capture: true, signal: this.#listening.signal };
    const touch =
      (follow: (event: PointerEvent) => void) =>
      (event: PointerEvent): void => {
        if (event.pointerType === "touch") follow(event);
      };
    element.addEventListener(
      "pointerdown",
      touch((event) => this.#press(event)),
      options,
    );
    element.addEventListener(
      "pointermove",
      touch((event) => this.#move(event)),
      options,
    );
    element.addEventListener(
      "pointerup",
      touch((event) => this.#lift(event, true)),
      options,
    );
    element.addEventListener(
      "pointercancel",
      touch((event) => this.#lift(event, false)),
      options,
    );
    // A tap is told as one: the mouse that browsers make of it would click a second time.
    const noMouse = (event: TouchEvent): void => {
      if (this.#mode !== null && event.cancelable) event.preventDefault();
    };
    element.addEventListener("touchend", noMouse, { ...options, passive: false });
  }

  stop(): void {
    clearTimeout(this.#pressing);
    this.#listening.abort();
  }

  #place(event: PointerEvent): Place {
    const { left, top } = this.#element.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  #press(event: PointerEvent): void {
    if (this.#down.size === 0) this.#mode = this.#events.modeOf();
    const place = this.#place(event);
    this.#down.set(event.pointerId, place);
    clearTimeout(this.#pressing);
    if (this.#down.size > 1) {
      if (this.#mode === null) this.#events.onCancel();
      if (this.#mode === "sweep") this.#events.onPass(null);
      this.#mode = "move";
      this.#still = false;
    } else if (this.#mode === null) {
      return;
    } else {
      this.#started = place;
      this.#still = true;
      if (this.#mode === "sweep") this.#events.onPass(place);
      else this.#pressing = setTimeout(() => this.#hold(place), LONG_PRESS_MS);
    }
    event.stopImmediatePropagation();
    this.#grasp();
  }

  #hold(place: Place): void {
    this.#still = false;
    this.#events.onHold(place);
  }

  #move(event: PointerEvent): void {
    if (!this.#down.has(event.pointerId)) return;
    const place = this.#place(event);
    this.#down.set(event.pointerId, place);
    if (this.#mode === null) return;
    event.stopImmediatePropagation();
    if (this.#mode === "sweep") {
      this.#events.onPass(place);
      return;
    }
    const far = Math.hypot(place[0] - this.#started[0], place[1] - this.#started[1]);
    if (this.#still && far < REACH) return;
    if (this.#still) this.#grasp(); // it begins to move from here, not with a leap
    this.#still = false;
    clearTimeout(this.#pressing);
    if (this.#from !== null) this.#events.onPull(this.#from, this.#now());
  }

  #lift(event: PointerEvent, tapped: boolean): void {
    if (!this.#down.delete(event.pointerId) || this.#mode === null) return;
    event.stopImmediatePropagation();
    clearTimeout(this.#pressing);
    if (this.#mode === "sweep") this.#events.onPass(null);
    else if (this.#still && tapped) this.#events.onTap(this.#place(event));
    this.#still = false;
    this.#grasp();
  }

  #grasp(): void {
    this.#from = this.#down.size === 0 ? null : this.#now();
    this.#events.onGrasp();
  }

  #now(): Grasp {
    const [[x = 0, y = 0] = [], other] = [...this.#down.values()];
    if (other === undefined) return { middle: [x, y], spread: 1 };
    const spread = Math.max(1, Math.hypot(x - other[0], y - other[1]));
    return { middle: [(x + other[0]) / 2, (y + other[1]) / 2], spread };
  }
}
