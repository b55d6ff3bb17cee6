/** What a person has picked out of the map: things by their ids, so that maps may change beneath. */

/** What happens to the selection when more is picked. */
export type Pick = "replace" | "add" | "remove";

/** How the keys held while picking are understood. */
export function pickOf({ shiftKey, altKey }: { shiftKey: boolean; altKey: boolean }): Pick {
  if (altKey) return "remove";
  return shiftKey ? "add" : "replace";
}

export class SelectionState {
  ids = $state.raw<ReadonlySet<number>>(new Set());

  get size(): number {
    return this.ids.size;
  }

  pick(ids: Iterable<number>, how: Pick): void {
    if (how === "replace") {
      this.ids = new Set(ids);
      return;
    }
    const next = new Set(this.ids);
    for (const id of ids) {
      if (how === "add") next.add(id);
      else next.delete(id);
    }
    this.ids = next;
  }

  /** Take a thing in, or out if it is in. */
  toggle(id: number): void {
    this.pick([id], this.ids.has(id) ? "remove" : "add");
  }

  clear(): void {
    if (this.ids.size > 0) this.ids = new Set();
  }

  /** Let go of things that are no longer there. */
  keepOnly(present: Iterable<number>): void {
    if (this.ids.size === 0) return;
    const here = new Set(present);
    const kept = [...this.ids].filter((id) => here.has(id));
    if (kept.length < this.ids.size) this.ids = new Set(kept);
  }
}
