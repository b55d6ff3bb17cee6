/** Where in an array each id is. */
export class Positions {
  readonly #ids: Uint32Array;
  /** Null where the ids ascend, as they mostly do: then they are found by halving. */
  readonly #known: Map<number, number> | null;

  constructor(ids: Uint32Array) {
    this.#ids = ids;
    const ascend = ids.every((id, index) => index === 0 || id > (ids[index - 1] ?? 0));
    this.#known = ascend ? null : new Map(Array.from(ids, (id, index) => [id, index]));
  }

  /** The position of an id; null where the array does not hold it. */
  of(id: number): number | null {
    if (this.#known !== null) return this.#known.get(id) ?? null;
    let [low, high] = [0, this.#ids.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ids[middle] ?? 0) < id) low = middle + 1;
      else high = middle;
    }
    return this.#ids[low] === id ? low : null;
  }
}
