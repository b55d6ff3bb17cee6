/** Points sorted into the cells of a grid: what is near a place is found without looking at all. */

import type { Points } from "./renderer.ts";

const PER_CELL = 6; // points, were they spread evenly
const MOST_CELLS = 1024; // from side to side

interface Box {
  left: number;
  low: number;
  right: number;
  high: number;
}

/** Runs of positions in `Grid.order`: from the first to before the second, and so on in pairs. */
export type Runs = Uint32Array;

function boxOf({ x, y }: Points): Box {
  const box = { left: Infinity, low: Infinity, right: -Infinity, high: -Infinity };
  for (let index = 0; index < x.length; index += 1) {
    const [across, up] = [x[index]!, y[index]!];
    if (across < box.left) box.left = across;
    if (across > box.right) box.right = across;
    if (up < box.low) box.low = up;
    if (up > box.high) box.high = up;
  }
  return box;
}

export class Grid {
  /** Positions in the arrays of points, cell by cell, in rows from low to high. */
  readonly order: Uint32Array;
  /** The points in that order. */
  readonly sorted: Points;
  readonly #side: number;
  readonly #box: Box;
  readonly #cellsPerUnit: readonly [number, number];
  /** Where in `order` each cell begins; one more where the last ends. */
  readonly #starts: Uint32Array;

  constructor(points: Points) {
    const n = points.x.length;
    this.#box = boxOf(points);
    this.#side = Math.max(1, Math.min(MOST_CELLS, Math.floor(Math.sqrt(n / PER_CELL))));
    const { left, low, right, high } = this.#box;
    this.#cellsPerUnit = [this.#side / (right - left || 1), this.#side / (high - low || 1)];
    this.#starts = new Uint32Array(this.#side ** 2 + 1);
    this.order = this.#sort(points);
    const { order } = this;
    this.sorted = { x: new Float32Array(n), y: new Float32Array(n) };
    for (let place = 0; place < n; place += 1) {
      this.sorted.x[place] = points.x[order[place]!]!;
      this.sorted.y[place] = points.y[order[place]!]!;
    }
  }

  /** Find the runs of points that may lie in a box; those outside it are few. */
  runsWithin({ left, low, right, high }: Box): Runs {
    const box = this.#box;
    if (this.order.length === 0 || right < box.left || left > box.right) return new Uint32Array();
    if (high < box.low || low > box.high) return new Uint32Array();
    const [first, last] = [this.#columnOf(left), this.#columnOf(right)];
    const [bottom, top] = [this.#rowOf(low), this.#rowOf(high)];
    const runs: number[] = [];
    for (let row = bottom; row <= top; row += 1) {
      const [start, end] = [
        this.#starts[row * this.#side + first]!,
        this.#starts[row * this.#side + last + 1]!,
      ];
      if (end > start) runs.push(start, end);
    }
    return Uint32Array.from(runs);
  }

  /** Find the point nearest to a place, by its position in the arrays; null beyond `reach`. */
  nearest(x: number, y: number, reach: number): number | null {
    const runs = this.runsWithin({
      left: x - reach,
      low: y - reach,
      right: x + reach,
      high: y + reach,
    });
    let [found, least] = [-1, reach * reach];
    for (let run = 0; run < runs.length; run += 2) {
      for (let place = runs[run]!; place < runs[run + 1]!; place += 1) {
        const distance = (this.sorted.x[place]! - x) ** 2 + (this.sorted.y[place]! - y) ** 2;
        // Of points at the same place the last, which is drawn on top.
        if (distance <= least) [found, least] = [place, distance];
      }
    }
    return found < 0 ? null : this.order[found]!;
  }

  #columnOf(x: number): number {
    const column = Math.floor((x - this.#box.left) * this.#cellsPerUnit[0]);
    return Math.min(this.#side - 1, Math.max(0, column));
  }

  #rowOf(y: number): number {
    const row = Math.floor((y - this.#box.low) * this.#cellsPerUnit[1]);
    return Math.min(this.#side - 1, Math.max(0, row));
  }

  /** Sort by counting: how many each cell holds, where each begins, then each point to its cell. */
  #sort({ x, y }: Points): Uint32Array {
    const n = x.length;
    const cells = new Uint32Array(n);
    const starts = this.#starts;
    for (let index = 0; index < n; index += 1) {
      const cell = this.#rowOf(y[index]!) * this.#side + this.#columnOf(x[index]!);
      cells[index] = cell;
      starts[cell + 1]! += 1;
    }
    for (let cell = 1; cell < starts.length; cell += 1) starts[cell]! += starts[cell - 1]!;
    const next = starts.slice(0, -1);
    const order = new Uint32Array(n);
    for (let index = 0; index < n; index += 1) {
      const cell = cells[index]!;
      order[next[cell]!] = index;
      next[cell]! += 1;
    }
    return order;
  }
}
