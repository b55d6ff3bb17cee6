/** What the pointer does to the map: drag, wheel, pinch, rest and click. */

type Place = readonly [number, number];

const CLICK_REACH = 4; // pixels a pointer may move between press and release
const WHEEL_SPEED = 0.0025; // doublings for a pixel
const LINE_PX = 16; // what a wheel that counts in lines means by one

export interface Steered {
  /** The plane follows the pointer by so many pixels. */
  pan(dx: number, dy: number): void;
  /** Come closer by a factor, around a place. */
  zoom(factor: number, at: Place): void;
  /** The pointer rests at a place, or (null) nowhere. */
  rest(at: Place | null): void;
  click(at: Place): void;
}

/** Follows the pointers on an element; `stop` ends it. */
export class Steering {
  readonly #element: HTMLElement;
  readonly #steered: Steered;
  readonly #listening = new AbortController();
  /** The pointers that are pressed, at most two of them. */
  readonly #pressed = new Map<number, Place>();
  #started: Place = [0, 0];
  #dragged = false;

  constructor(element: HTMLElement, steered: Steered) {
    this.#element = element;
    this.#steered = steered;
    element.style.touchAction = "none";
    const { signal } = this.#listening;
    element.addEventListener("pointerdown", (event) => this.#press(event), { signal });
    element.addEventListener("pointermove", (event) => this.#move(event), { signal });
    element.addEventListener("pointerup", (event) => this.#release(event), { signal });
    element.addEventListener("pointercancel", (event) => this.#forget(event), { signal });
    element.addEventListener("pointerleave", () => this.#leave(), { signal });
    element.addEventListener("wheel", (event) => this.#wheel(event), { signal, passive: false });
  }

  stop(): void {
    this.#listening.abort();
  }

  #place(event: MouseEvent): Place {
    const { left, top } = this.#element.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  #press(event: PointerEvent): void {
    if (event.button !== 0 || this.#pressed.size === 2) return;
    this.#element.setPointerCapture(event.pointerId);
    this.#dragged = this.#pressed.size > 0; // two fingers never click
    this.#started = this.#place(event);
    this.#pressed.set(event.pointerId, this.#started);
  }

  #move(event: PointerEvent): void {
    const place = this.#place(event);
    const before = this.#pressed.get(event.pointerId);
    if (before === undefined) {
      if (this.#pressed.size === 0) this.#steered.rest(place);
      return;
    }
    const far = Math.hypot(place[0] - this.#started[0], place[1] - this.#started[1]);
    this.#dragged ||= far >= CLICK_REACH;
    if (!this.#dragged) return;
    this.#pressed.set(event.pointerId, place);
    const other = [...this.#pressed].find(([id]) => id !== event.pointerId)?.[1];
    if (other === undefined) this.#steered.pan(place[0] - before[0], place[1] - before[1]);
    else this.#pinch(before, place, other);
  }

  /** One of two fingers moved: their middle leads the plane, their distance the height. */
  #pinch(before: Place, place: Place, other: Place): void {
    const distance = (from: Place): number =>
      Math.max(1, Math.hypot(from[0] - other[0], from[1] - other[1]));
    this.#steered.pan((place[0] - before[0]) / 2, (place[1] - before[1]) / 2);
    const middle: Place = [(place[0] + other[0]) / 2, (place[1] + other[1]) / 2];
    this.#steered.zoom(distance(place) / distance(before), middle);
  }

  #release(event: PointerEvent): void {
    if (!this.#forget(event) || this.#dragged) return;
    this.#steered.click(this.#place(event));
  }

  /** Whether the pointer was pressed here. */
  #forget({ pointerId }: PointerEvent): boolean {
    return this.#pressed.delete(pointerId);
  }

  #leave(): void {
    if (this.#pressed.size === 0) this.#steered.rest(null);
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1);
    // A pinch on a touchpad arrives as a wheel with Ctrl, in small steps.
    const speed = event.ctrlKey ? 5 * WHEEL_SPEED : WHEEL_SPEED;
    this.#steered.zoom(2 ** (-pixels * speed), this.#place(event));
  }
}
