/** Which map is shown: its points, their colours, and the projection still being computed. */

import { SvelteSet } from "svelte/reactivity";
import type { Api, Grouping, MapPoints, MapView, Projection, Unit } from "../api.ts";
import { type Classes, classify, dim, unclassified } from "../map/colors.ts";

const POLL_MS = 400;

interface Shown {
  points: MapPoints;
  /** The points are the ones shown before, at other places. */
  sameThings: boolean;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function same<Numbers extends Uint32Array | Float32Array>(left: Numbers, right: Numbers): boolean {
  return left.length === right.length && left.every((value, index) => value === right[index]);
}

export class MapState {
  of = $state<Unit>("recordings");
  projection = $state<Projection>("pca");
  grouping = $state<Grouping | "none">("label");
  space = $state<string | null>(null);
  shown = $state.raw<Shown | null>(null);
  colors = $state.raw<Classes>(unclassified(0));
  /** Classes picked in the legend; all others step back. None picked means all show. */
  readonly chosen = new SvelteSet<number>();
  /** From 0 to 1 while a projection is computed, else null. */
  progress = $state<number | null>(null);

  readonly dimmed = $derived(dim(this.colors.classes, this.chosen));
  readonly #positions = $derived(
    new Map(Array.from(this.shown?.points.ids ?? [], (id, index) => [id, index])),
  );
  readonly #api: Api;
  #generation = 0;

  constructor(api: Api) {
    this.#api = api;
  }

  get view(): MapView {
    return { space: this.space, of: this.of };
  }

  /** Where in the arrays the thing with this id is, or null. */
  indexOf(id: number): number | null {
    return this.#positions.get(id) ?? null;
  }

  idAt(index: number): number | null {
    return this.shown?.points.ids[index] ?? null;
  }

  /** Fetch the chosen map and show it, unless another was chosen meanwhile. */
  async load(projection: Projection = this.projection): Promise<void> {
    const generation = ++this.#generation;
    const [points, colors] = await Promise.all([
      this.#api.getMap(this.view, projection),
      this.#fetchColors(projection),
    ]);
    if (generation !== this.#generation) return;
    const before = this.shown?.points;
    const sameThings = before !== undefined && same(before.ids, points.ids);
    // A map that has not changed is left alone, and with it the person's view of it.
    if (!sameThings || !same(before.x, points.x) || !same(before.y, points.y)) {
      this.shown = { points, sameThings };
    }
    this.#setColors(colors);
    this.projection = projection;
  }

  async setUnit(of: Unit): Promise<void> {
    this.of = of;
    await this.#startOver();
  }

  async setSpace(space: string): Promise<void> {
    this.space = space;
    await this.#startOver();
  }

  /** Colour the same map in another way. */
  async setGrouping(grouping: Grouping | "none"): Promise<void> {
    const generation = ++this.#generation;
    this.grouping = grouping;
    this.chosen.clear();
    const colors = await this.#fetchColors(this.projection);
    if (generation === this.#generation) this.#setColors(colors);
  }

  /** Show a projection, computing it first where it has not been computed yet. */
  async setProjection(projection: Projection): Promise<void> {
    if (projection === "pca" || (await this.#isReady(projection))) {
      await this.load(projection);
    } else if (this.progress === null) {
      await this.#compute(projection);
    }
  }

  toggle(classIndex: number): void {
    if (!this.chosen.delete(classIndex)) this.chosen.add(classIndex);
  }

  /** Colours of other points than those shown, after the library changed, colour nothing. */
  #setColors(colors: Classes | null): void {
    const n = this.shown?.points.ids.length ?? 0;
    this.colors = colors?.classes.length === n ? colors : unclassified(n);
  }

  async #startOver(): Promise<void> {
    this.chosen.clear();
    const ready = this.projection === "pca" || (await this.#isReady(this.projection));
    await this.load(ready ? this.projection : "pca");
  }

  async #isReady(projection: Projection): Promise<boolean> {
    const known = await this.#api.getProjections(this.view);
    return known.some(({ name, ready }) => name === projection && ready);
  }

  async #compute(projection: "umap"): Promise<void> {
    const { space, of } = this.view;
    this.progress = 0;
    try {
      const known = await this.#api.getProjections(this.view);
      const running = known.find(({ name }) => name === projection)?.job;
      const { id } = running ?? (await this.#api.startJob(projection, this.view));
      await this.#finish(id);
    } finally {
      this.progress = null;
    }
    // The person may have moved on to another map while this one was computed.
    if (space === this.space && of === this.of) await this.load(projection);
  }

  async #finish(id: number): Promise<void> {
    for (;;) {
      const job = await this.#api.getJob(id);
      this.progress = job.progress;
      if (job.state === "done") return;
      if (job.state === "failed") throw new Error(job.error ?? "The map could not be computed.");
      await sleep(POLL_MS);
    }
  }

  async #fetchColors(projection: Projection): Promise<Classes | null> {
    if (this.grouping === "none") return null;
    const [codes, legend] = await Promise.all([
      this.#api.getColors(this.view, projection, this.grouping),
      this.#api.getLegend(this.view, projection, this.grouping),
    ]);
    return classify(codes, legend);
  }
}
