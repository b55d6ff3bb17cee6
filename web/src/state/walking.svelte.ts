/** Walking over the map: what is rested on, swept over, or lies along a line. */

import type { FindUrl } from "../audio/ahead.ts";
import { alongLine, nearestTo } from "../map/nearest.ts";
import type { Place } from "./hover.svelte.ts";
import { SayingStore } from "./saying.svelte.ts";
import type { Sound } from "./sound.svelte.ts";

/** How many sounds around one that is heard are fetched ahead, and how far away, of the plane. */
const N_AROUND = 4;
const AROUND = 0.25;
const N_NEXT = 2;
/** A line drawn on the map: pixels from sound to sound, and how far from the line they may be. */
const SPACING = 22;
const REACH = 16;

export abstract class WalkingStore extends SayingStore {
  /** Let the pointer rest on a point of the map, or (null) on none. */
  hoverPoint = (index: number | null): void => {
    const id = index === null ? null : this.map.idAt(index);
    if (index === null || id === null) this.hover.leave("point");
    else this.hover.enter({ kind: "point", index }, (signal) => this.findSound(id, signal));
  };

  /** Let the pointer or the keyboard rest on a hit, or (null) on none. */
  hoverHit = (index: number | null): void => {
    const hit = index === null ? undefined : this.search.hits[index];
    if (index === null || hit === undefined) this.hover.leave("row");
    else this.hover.enter({ kind: "row", index }, (signal) => this.findHitSound(hit, signal));
  };

  /** Hear what a finger passes: a point of the map, or (null) none. */
  sweepOver = (index: number | null): void => {
    this.hover.startSweep();
    this.hoverPoint(index);
  };

  endSweep = (): void => {
    this.hover.leave("point");
    this.hover.endSweep();
  };

  /** Hear what a line passes, drawn in the plane, of which a pixel is as large as `pixel`. */
  walkAlong = (line: ReadonlyArray<readonly [number, number]>, pixel: number): Promise<void> =>
    this.attempt(async () => {
      const points = this.map.shown?.points;
      if (points === undefined) return;
      const passed = alongLine(points, line, SPACING * pixel, REACH * pixel);
      const ids = passed
        .filter((index) => !this.map.leftOut[index])
        .map((index) => points.ids[index]);
      await this.#walk(ids.filter((id) => id !== undefined));
    });

  /** Hear what lies between two selected sounds, by what they sound like. */
  walkBetween = (): Promise<void> =>
    this.attempt(async () => {
      const [start, end, more] = this.selection.ids;
      if (start === undefined || end === undefined || more !== undefined) {
        this.tell({ text: "Select two points, or draw a line over the map with the path tool." });
        return;
      }
      await this.#walk(await this.api.getBetween(this.map.view, start, end));
    });

  /** The path tool; or, where two sounds are selected, the path between them. */
  startPath = (): void => {
    if (this.selection.size === 2) void this.walkBetween();
    else this.tool = this.tool === "path" ? "move" : "path";
  };

  async #walk(ids: readonly number[]): Promise<void> {
    this.hover.leave();
    if (ids.length > 0) await this.path.walk(this.map.of, ids);
    else this.tell({ text: "There is no sound along that line. Draw it over some points." });
  }

  /** Pick all sounds of the path. */
  selectPath = (): void => {
    if (this.path.of === this.map.of) this.selection.pick(this.path.ids, "replace");
  };

  /** Say what the sounds of the path are, one after the other. */
  describePath = (
    signal: AbortSignal,
    onSound: (id: number, sound: Sound) => void,
  ): Promise<void> =>
    this.attempt(async () => {
      const { ids, of } = this.path;
      for (const id of ids) {
        const sound = await this.findSound(id, signal, of);
        if (signal.aborted) return;
        onSound(id, sound);
      }
    });

  /** Places of the path on the map, in its order; null where the map does not show one. */
  readonly pathPoints = $derived.by(() =>
    this.path.of === this.map.of ? this.path.ids.map((id) => this.map.indexOf(id)) : [],
  );

  protected nextAfter({ kind, index }: Place): FindUrl[] {
    if (kind === "row") {
      const hits = [this.search.hits[index + 1], this.search.hits[index - 1]];
      return hits.flatMap((hit) =>
        hit === undefined ? [] : [this.#urlOf((signal) => this.findHitSound(hit, signal))],
      );
    }
    const points = this.map.shown?.points;
    if (points === undefined) return [];
    const place = [points.x[index] ?? NaN, points.y[index] ?? NaN] as const;
    const around = nearestTo(points, place, N_AROUND + 1, AROUND).filter((each) => each !== index);
    return this.#urlsOf(around.map((each) => points.ids[each]));
  }

  protected nextOnPath(position: number): FindUrl[] {
    return this.#urlsOf(this.path.ids.slice(position + 1, position + 1 + N_NEXT));
  }

  #urlsOf(ids: ReadonlyArray<number | undefined>): FindUrl[] {
    return ids.flatMap((id) =>
      id === undefined ? [] : [this.#urlOf((signal) => this.findSound(id, signal))],
    );
  }

  #urlOf(find: (signal: AbortSignal) => Promise<Sound | null>): FindUrl {
    return async (signal) => {
      const sound = await find(signal);
      return sound === null || sound.missing ? null : this.sound.urlOf(sound);
    };
  }
}
