/** Drawing an outline on the map with the pointer, before whatever draws the map sees it. */

import { type Outline, rectangle } from "./picking.ts";

const REACH = 4; // pixels that a press may wander and still be a click
const STEP = 3; // pixels between two corners of a lasso

/** A path is open, a sweep is not drawn at all: its pointer only passes. */
export type Shape = "lasso" | "rectangle" | "path" | "sweep";

type Place = readonly [number, number];

export interface GestureEvents {
  /** Which outline a press starts, or null where it is for the map itself. */
  shapeOf(event: PointerEvent): Shape | null;
  /** The outline so far, in pixels of the map. */
  onDraw(outline: Outline): void;
  /** The outline is complete. */
  onDone(outline: Outline, event: PointerEvent, shape: Shape): void;
  /** A pointer that hears what it passes was pressed, or let go. */
  onSweep(pressed: boolean): void;
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
    // A pointer that nobody captured may be let go anywhere.
    addEventListener("pointerup", (event) => this.#release(event), options);
    addEventListener("pointercancel", () => this.cancel(), options);
    element.addEventListener("mousedown", (event) => this.#hide(event), options);
    element.addEventListener("click", (event) => this.#hideClick(event), options);
  }

  stop(): void {
    this.#listening.abort();
  }

  /** Forget the outline that is being drawn. Whether there was one. */
  cancel(): boolean {
    if (this.#shape === null) return false;
    if (this.#shape === "sweep") this.#events.onSweep(false);
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
    // A sweep goes on beneath whoever tells which point the pointer is on.
    if (this.#shape === "sweep") this.#events.onSweep(true);
    else this.#element.setPointerCapture(event.pointerId);
    event.stopPropagation();
  }

  #move(event: PointerEvent): void {
    if (this.#shape === null) return;
    const place = this.#place(event);
    const far = (from: Place, reach: number): boolean =>
      Math.hypot(place[0] - from[0], place[1] - from[1]) >= reach;
    this.#moved ||= far(this.#started, REACH);
    if (this.#shape === "sweep") return;
    event.stopPropagation();
    if (!this.#moved || !far(this.#corners.at(-1) ?? this.#started, STEP)) return;
    this.#corners.push(place);
    this.#events.onDraw(this.#outline(place));
  }

  #release(event: PointerEvent): void {
    if (this.#shape === null) return;
    event.stopPropagation();
    this.#swallow = true;
    const [outline, shape] = [this.#outline(this.#place(event)), this.#shape];
    this.#shape = null;
    this.#events.onCancel();
    if (shape === "sweep") this.#events.onSweep(false);
    if (this.#moved && shape === "sweep") return;
    if (this.#moved) this.#events.onDone(outline, event, shape);
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
