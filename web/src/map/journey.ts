/** Where the camera and the points are while they move from one place to another. */

import type { Camera, Points } from "./renderer.ts";
import { cameraBetween, eased } from "./view.ts";

export const GLIDE_MS = 900;

interface Flight {
  from: Camera;
  to: Camera;
  /** When it began; null until the first picture of it. */
  began: number | null;
}

interface Glide {
  /** Where the points were, as they are stored and in the order in which they are drawn. */
  before: Points;
  sorted: Points;
  /** Room for where they are. */
  now: Points;
  began: number | null;
  share: number;
}

function inOrder(values: Float32Array, order: Uint32Array): Float32Array {
  const sorted = new Float32Array(order.length);
  for (let place = 0; place < order.length; place += 1) sorted[place] = values[order[place]!]!;
  return sorted;
}

function blend(from: Float32Array, to: Float32Array, share: number, into: Float32Array): void {
  for (let index = 0; index < to.length; index += 1) {
    into[index] = from[index]! + (to[index]! - from[index]!) * share;
  }
}

export class Journey {
  camera: Camera;
  #flight: Flight | null = null;
  #glide: Glide | null = null;

  constructor(camera: Camera) {
    this.camera = camera;
  }

  get pointsMove(): boolean {
    return this.#glide !== null;
  }

  moveCamera(to: Camera, animate: boolean): void {
    this.#flight = animate ? { from: this.camera, to, began: null } : null;
    if (!animate) this.camera = to;
  }

  /** Let the points come from where they were. */
  movePoints(before: Points, order: Uint32Array): void {
    const n = order.length;
    this.#glide = {
      before,
      sorted: { x: inOrder(before.x, order), y: inOrder(before.y, order) },
      now: { x: new Float32Array(n), y: new Float32Array(n) },
      began: null,
      share: 0,
    };
  }

  /** Let the points be where they are. */
  placePoints(): void {
    this.#glide = null;
  }

  /** Go on to this moment; whether anything is still on its way. */
  proceed(now: number): boolean {
    if (this.#flight !== null) {
      const { from, to } = this.#flight;
      const share = this.#shareOf(this.#flight, now);
      this.camera = share < 1 ? cameraBetween(from, to, eased(share)) : to;
      if (share >= 1) this.#flight = null;
    }
    if (this.#glide !== null) {
      const share = this.#shareOf(this.#glide, now);
      this.#glide.share = eased(share);
      if (share >= 1) this.#glide = null;
    }
    return this.#flight !== null || this.#glide !== null;
  }

  /** Where points are that will be at `sorted`, in the order in which they are drawn. */
  placesOf(sorted: Points): Points {
    if (this.#glide === null) return sorted;
    const { sorted: from, now, share } = this.#glide;
    blend(from.x, sorted.x, share, now.x);
    blend(from.y, sorted.y, share, now.y);
    return now;
  }

  /** Where one point is that will be at its place in `points`. */
  placeOf(index: number, points: Points): readonly [number, number] {
    const [x, y] = [points.x[index] ?? NaN, points.y[index] ?? NaN];
    if (this.#glide === null) return [x, y];
    const { before, share } = this.#glide;
    const [fromX, fromY] = [before.x[index] ?? x, before.y[index] ?? y];
    return [fromX + (x - fromX) * share, fromY + (y - fromY) * share];
  }

  #shareOf(movement: { began: number | null }, now: number): number {
    movement.began ??= now;
    return (now - movement.began) / GLIDE_MS;
  }
}
