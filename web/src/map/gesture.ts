/** Drawing an outline on the map with the pointer, before whatever draws the map sees it. */

import { type Outline, rectangle } from "./picking.ts";

const REACH = 4; // pixels that a press may wander and still be a click
const STEP = 3; // pixels between two corners of a lasso

export type Shape = "lasso" | "rectangle";

type Place = readonly [number, number];

export interface GestureEvents {
  /** Which outline a press starts, or null where it is for the map itself. */
  shapeOf(event: PointerEvent): Shape | null;
  /** The outline so far, in pixels of the map. */
  onDraw(outline: Outline): void;
  /** The outline is complete. */
  onDone(outline: Outline, event: PointerEvent): void;
  /** It was a mere click. */
  onClick(event: PointerEvent): void;
  /** The pointer was taken away, or Escape pressed. */
  onCancel(): void;
}

/** Follows one press after another on an element; `stop` ends it. */
export class Gestures {
  readonly #element: HTMLElement;
  readonly #events: GestureEvents;
  readonly #listening = new AbortController();
  #shape: Shape | null = null;
  #corners: Place[] = [];
  #started: Place = [0, 0];
  #moved = false;
  /** The click that follows a drawn outline is not for the map. */
  #swallow = false;

  constructor(element: HTMLElement, events: GestureEvents) {
    this.#element = element;
    this.#events = events;
    const options = { capture: true, signal: this.#listening.signal };
    element.addEventListener("pointerdown", (event) => this.#press(event), options);
    element.addEventListener("pointermove", (event) => this.#move(event), options);
    element.addEventListener("pointerup", (event) => this.#release(event), options);
    element.addEventListener("pointercancel", () => this.cancel(), options);
    element.addEventListener("mousedown", (event) => this.#hide(event), options);
    element.addEventListener("click", (event) => this.#hideClick(event), options);
  }

  stop(): void {
    this.#listening.abort();
  }

  /** Forget the outline that is being drawn. Whether there was one. */
  cancel(): boolean {
    if (this.#shape === null) return false;
    this.#shape = null;
    this.#events.onCancel();
    return true;
  }

  #place(event: PointerEvent): Place {
    const { left, top } = this.#element.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  #press(event: PointerEvent): void {
    this.#swallow = false;
    this.#shape = event.button === 0 ? this.#events.shapeOf(event) : null;
    if (this.#shape === null) return;
    this.#started = this.#place(event);
    this.#corners = [this.#started];
    this.#moved = false;
    this.#element.setPointerCapture(event.pointerId);
    event.stopPropagation();
  }

  #move(event: PointerEvent): void {
    if (this.#shape === null) return;
    event.stopPropagation();
    const place = this.#place(event);
    const far = (from: Place, reach: number): boolean =>
      Math.hypot(place[0] - from[0], place[1] - from[1]) >= reach;
    this.#moved ||= far(this.#started, REACH);
    if (!this.#moved || !far(this.#corners.at(-1) ?? this.#started, STEP)) return;
    this.#corners.push(place);
    this.#events.onDraw(this.#outline(place));
  }

  #release(event: PointerEvent): void {
    if (this.#shape === null) return;
    event.stopPropagation();
    this.#swallow = true;
    const outline = this.#outline(this.#place(event));
    this.#shape = null;
    this.#events.onCancel();
    if (this.#moved) this.#events.onDone(outline, event);
    else this.#events.onClick(event);
  }

  #outline(end: Place): Outline {
    return this.#shape === "rectangle" ? rectangle(this.#started, end) : [...this.#corners, end];
  }

  #hide(event: Event): void {
    if (this.#shape !== null) event.stopPropagation();
  }

  #hideClick(event: Event): void {
    if (!this.#swallow) return;
    this.#swallow = false;
    event.stopPropagation();
  }
}
