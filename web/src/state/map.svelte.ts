/** Which map is shown: its points, their colours, and the projection still being computed. */

import { SvelteSet } from "svelte/reactivity";
import type { Api, Column, MapPoints, MapView, Projection, Unit } from "../api.ts";
import {
  type Coloring,
  type Part,
  WHOLE,
  colorByNumber,
  isFiltered,
  leftOut,
  plain,
} from "../map/coloring.ts";
import { classify } from "../map/colors.ts";
import { type Trajectory, trajectoryOf } from "../map/trajectory.ts";
import { Positions } from "./positions.ts";

/** Colours that the page knows by itself. */
export const BY_NOTHING = "none";
export const BY_SCORE = "score";
const OWN_COLORS = [BY_NOTHING, BY_SCORE];

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

function positionsOf(marks: Uint8Array): number[] {
  const positions = Array.from(marks, (mark, index) => (mark === 1 ? index : -1));
  return positions.filter((index) => index >= 0);
}

export class MapState {
  of = $state<Unit>("recordings");
  projection = $state<Projection>("pca");
  /** A column, or `BY_NOTHING` or `BY_SCORE`. */
  colorBy = $state<string>("label");
  /** What there is to colour by. */
  columns = $state.raw<Column[]>([]);
  space = $state<string | null>(null);
  shown = $state.raw<Shown | null>(null);
  readonly colors: Coloring = $derived.by(() =>
    this.colorBy === BY_SCORE ? colorByNumber(this.#scores(), "number") : this.#fetched,
  );
  /** Classes picked in the legend; all others step back. None picked means all show. */
  readonly chosen = new SvelteSet<number>();
  /** The part of the scale picked in the legend of numbers. */
  part = $state.raw<Part>(WHOLE);
  /** Positions of the points whose files are gone. */
  missing = $state.raw<readonly number[]>([]);
  /** How many things came after the projection that is shown was computed: it lacks them. */
  behind = $state(0);
  /** From 0 to 1 while a projection is computed, else null. */
  progress = $state<number | null>(null);

  /** Names of groups stand on the map. */
  showsNames = $state(true);
  /** Lines of equal density lie beneath the points. */
  showsDensity = $state(false);
  /** The way across the map of the recording that is followed; null where none is. */
  trajectory = $state.raw<Trajectory | null>(null);

  /** 1 for each point that the legend leaves out. */
  readonly leftOut = $derived(leftOut(this.colors, this.chosen, this.part));
  readonly filtered = $derived(isFiltered(this.colors, this.chosen, this.part));
  readonly #positions = $derived(new Positions(this.shown?.points.ids ?? new Uint32Array()));
  readonly #api: Api;
  readonly #scores: () => Float64Array;
  readonly #mayMiss: () => boolean;
  #fetched = $state.raw<Coloring>(plain(0));
  /** Counts the maps, and the colours, that were asked for: only the last ones are shown. */
  #generation = 0;
  #coloring = 0;
  /** The recording that is followed. */
  #followed: number | null = null;

  /**
   * `scores` tells how well each point answers the last question, `mayMiss` whether there are
   * recordings at all whose files are gone.
   */
  constructor(api: Api, scores: () => Float64Array, mayMiss: () => boolean) {
    this.#api = api;
    this.#scores = scores;
    this.#mayMiss = mayMiss;
  }

  get view(): MapView {
    return { space: this.space, of: this.of };
  }

  /** Where in the arrays the thing with this id is, or null. */
  indexOf(id: number): number | null {
    return this.#positions.of(id);
  }

  idAt(index: number): number | null {
    return this.shown?.points.ids[index] ?? null;
  }

  /** Fetch the chosen map and show it, unless another was chosen meanwhile. */
  async load(projection: Projection = this.projection): Promise<void> {
    const generation = ++this.#generation;
    const [points, { columns, colors, colorBy }, missing, behind] = await Promise.all([
      this.#api.getMap(this.view, projection),
      this.#fetchColumns(projection),
      this.#mayMiss() ? this.#api.getMissing(this.view, projection) : new Uint8Array(),
      projection === "pca" ? 0 : this.#countBehind(projection),
    ]);
    if (generation !== this.#generation) return;
    this.columns = columns;
    const before = this.shown?.points;
    const sameThings = before !== undefined && same(before.ids, points.ids);
    // A map that has not changed is left alone, and with it the person's view of it.
    if (!sameThings || !same(before.x, points.x) || !same(before.y, points.y)) {
      this.shown = { points, sameThings };
    }
    this.missing = missing.length === points.ids.length ? positionsOf(missing) : [];
    this.behind = behind;
    this.#coloring += 1;
    this.#setColors(colors);
    this.projection = projection;
    // Another colour was chosen while this map was on its way.
    if (colorBy !== this.colorBy) await this.recolor();
  }

  /** Show the map that an address names, as far as there is such a map. */
  async open(
    of: Unit,
    projection: Projection,
    colorBy: string,
    space: string | null,
  ): Promise<void> {
    this.of = of;
    this.space = space;
    this.colorBy = colorBy;
    this.projection = projection;
    await this.#startOver();
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
  async setColor(colorBy: string): Promise<void> {
    this.colorBy = colorBy;
    this.showAll();
    await this.recolor();
  }

  /** Ask for the colours again: what they show may have changed. */
  async recolor(): Promise<void> {
    const coloring = ++this.#coloring;
    const colors = await this.#fetchColors(this.columns, this.projection);
    if (coloring === this.#coloring) this.#setColors(colors);
  }

  /** Show a projection, computing it first where it has not been computed yet. */
  async setProjection(projection: Projection): Promise<void> {
    if (projection === "pca" || (await this.#isReady(projection))) {
      await this.load(projection);
    } else if (this.progress === null) {
      await this.#compute(projection);
    }
  }

  /** Compute the projection that is shown again. */
  async renew(): Promise<void> {
    if (this.projection !== "pca" && this.progress === null) await this.#compute(this.projection);
  }

  /** Follow the windows of a recording across the map, or (null) of none. */
  async follow(recordingId: number | null): Promise<void> {
    this.#followed = recordingId;
    this.trajectory = null;
    const points = this.shown?.points;
    if (recordingId === null || points === undefined || this.of !== "windows") return;
    const ids = await this.#api.getTrajectory(this.view, recordingId);
    const current = this.#followed === recordingId && this.shown?.points === points;
    if (current) this.trajectory = trajectoryOf(ids, points, (id) => this.indexOf(id));
  }

  /** Let the legend leave nothing out. */
  showAll(): void {
    this.chosen.clear();
    this.part = WHOLE;
  }

  /** The ids of the points that the legend does not leave out. */
  idsLeft(): number[] {
    return Array.from(this.shown?.points.ids ?? []).filter((_, index) => !this.leftOut[index]);
  }

  toggle(classIndex: number): void {
    if (!this.chosen.delete(classIndex)) this.chosen.add(classIndex);
  }

  /** Colours of other points than those shown, after the library changed, colour nothing. */
  #setColors(colors: Coloring | null): void {
    const n = this.shown?.points.ids.length ?? 0;
    this.#fetched = colors?.classes.length === n ? colors : plain(n);
  }

  async #startOver(): Promise<void> {
    this.showAll();
    const ready = this.projection === "pca" || (await this.#isReady(this.projection));
    await this.load(ready ? this.projection : "pca");
  }

  async #isReady(projection: Projection): Promise<boolean> {
    const known = await this.#api.getProjections(this.view);
    return known.some(({ name, ready }) => name === projection && ready);
  }

  async #countBehind(projection: Projection): Promise<number> {
    const known = await this.#api.getProjections(this.view);
    return known.find(({ name }) => name === projection)?.behind ?? 0;
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
      if (job.state === "stopped") throw new Error("The map is not computed: that was stopped.");
      if (job.state === "failed") throw new Error(job.error ?? "The map could not be computed.");
      await sleep(POLL_MS);
    }
  }

  /** What there is to colour by, and the colours by what is chosen, if there is such a column. */
  async #fetchColumns(
    projection: Projection,
  ): Promise<{ columns: Column[]; colors: Coloring | null; colorBy: string }> {
    const columns = await this.#api.getColumns(this.view, projection);
    const known = columns.some(({ name }) => name === this.colorBy);
    if (!known && !OWN_COLORS.includes(this.colorBy)) this.colorBy = "label";
    const colorBy = this.colorBy;
    return { columns, colors: await this.#fetchColors(columns, projection), colorBy };
  }

  async #fetchColors(columns: Column[], projection: Projection): Promise<Coloring | null> {
    const kind = columns.find(({ name }) => name === this.colorBy)?.kind;
    if (kind === undefined) return null;
    if (kind !== "groups") {
      return colorByNumber(await this.#api.getValues(this.view, projection, this.colorBy), kind);
    }
    const [codes, legend] = await Promise.all([
      this.#api.getColors(this.view, projection, this.colorBy),
      this.#api.getLegend(this.view, projection, this.colorBy),
    ]);
    return { kind, ...classify(codes, legend) };
  }
}
