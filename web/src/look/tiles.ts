/** The tiles of a recording's picture: asked for as they come into view, kept for a while. */

import type { Api, Tile } from "../api.ts";
import { N_LEVELS } from "./scales.ts";

const AT_ONCE = 3;
const KEPT = 300;

const keyOf = (level: number, number: number): string => `${level}/${number}`;

export class Tiles {
  readonly #api: Api;
  readonly #recordingId: number;
  readonly #onTile: () => void;
  readonly #onProblem: (error: unknown) => void;
  readonly #known = new Map<string, Tile>();
  readonly #asked = new Set<string>();
  readonly #stopping = new AbortController();
  #wanted: Array<readonly [number, number]> = [];
  #failed = false;

  constructor(
    api: Api,
    recordingId: number,
    onTile: () => void,
    onProblem: (error: unknown) => void,
  ) {
    this.#api = api;
    this.#recordingId = recordingId;
    this.#onTile = onTile;
    this.#onProblem = onProblem;
  }

  stop(): void {
    this.#stopping.abort();
  }

  find(level: number, number: number): Tile | null {
    return this.#known.get(keyOf(level, number)) ?? null;
  }

  /** The tile, or the finest coarser one that is here already and holds it. */
  stand(level: number, number: number): { tile: Tile; level: number; number: number } | null {
    for (let up = 0; level + up < N_LEVELS; up += 1) {
      const place = Math.floor(number / 2 ** up);
      const tile = this.find(level + up, place);
      if (tile !== null) return { tile, level: level + up, number: place };
    }
    return null;
  }

  /** Ask for these tiles, and no longer for those that were wanted before. */
  want(level: number, numbers: readonly number[]): void {
    this.#wanted = numbers.map((number) => [level, number] as const);
    this.#askNext();
  }

  #askNext(): void {
    if (this.#failed || this.#stopping.signal.aborted) return;
    for (const [level, number] of this.#wanted) {
      if (this.#asked.size >= AT_ONCE) return;
      const key = keyOf(level, number);
      if (!this.#known.has(key) && !this.#asked.has(key)) void this.#ask(key, level, number);
    }
  }

  async #ask(key: string, level: number, number: number): Promise<void> {
    const { signal } = this.#stopping;
    this.#asked.add(key);
    try {
      const tile = await this.#api.getTile(this.#recordingId, level, number, signal);
      if (signal.aborted) return;
      this.#keep(key, tile);
      this.#onTile();
    } catch (error) {
      if (signal.aborted) return;
      // One word about a file that is gone is enough.
      this.#failed = true;
      this.#onProblem(error);
    } finally {
      this.#asked.delete(key);
    }
    this.#askNext();
  }

  #keep(key: string, tile: Tile): void {
    this.#known.set(key, tile);
    const oldest = this.#known.keys().next();
    if (this.#known.size > KEPT && oldest.done !== true) this.#known.delete(oldest.value);
  }
}
