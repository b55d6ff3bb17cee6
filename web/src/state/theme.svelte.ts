/** Dark or light, as the person's system asks. */

import { getContext, setContext } from "svelte";
import { palette, theme as mapTheme } from "../map/colors.ts";
import { ramp } from "../map/ramps.ts";
import type { Coloring } from "../map/coloring.ts";
import type { Theme } from "../map/renderer.ts";

const KEY = Symbol("theme");

export class ThemeState {
  readonly #media = matchMedia("(prefers-color-scheme: light)");
  dark = $state(!this.#media.matches);
  readonly palette = $derived(palette(this.dark));
  readonly ramp = $derived(ramp(this.dark));
  readonly map: Theme = $derived(mapTheme(this.dark));

  /** The colours of the classes of a colouring. */
  colorsOf({ kind }: Coloring): string[] {
    return kind === "groups" ? this.palette : this.ramp;
  }

  constructor() {
    this.#media.addEventListener("change", () => (this.dark = !this.#media.matches));
  }
}

export function provideTheme(): ThemeState {
  return setContext(KEY, new ThemeState());
}

export function useTheme(): ThemeState {
  return getContext<ThemeState>(KEY);
}
