/** What lies on the map and is costly to draw: it is moved with the map, and drawn when that rests. */

import { untrack } from "svelte";
import type { View } from "../map/view.ts";

const REST_MS = 150;

export class Steady {
  /** The view to draw for. */
  base = $state.raw<View>({ scale: 0, right: 0, below: 0 });
  /** How far what was drawn is to be moved, in pixels. */
  readonly shift: readonly [number, number];

  /** To be made while a component is; `current` tells what is seen now. */
  constructor(current: () => View) {
    this.base = untrack(current);
    this.shift = $derived.by(() => {
      const { right, below } = current();
      return [right - this.base.right, below - this.base.below] as const;
    });
    $effect.pre(() => {
      const view = current();
      // Coming closer is not a move: names keep their size.
      if (view.scale !== untrack(() => this.base.scale)) {
        this.base = view;
        return;
      }
      const timer = setTimeout(() => (this.base = view), REST_MS);
      return () => clearTimeout(timer);
    });
  }
}
