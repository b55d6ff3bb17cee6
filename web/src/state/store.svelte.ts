/** The page's one store: what is known of the library, and everything a person can do to it. */

import type { Hit, Library, Projection, Recording, Unit } from "../api.ts";
import { formatCount } from "../format.ts";
import { type Outline, pointsWithin } from "../map/picking.ts";
import { type Address, readAddress } from "./address.ts";
import { AskingStore } from "./asking.svelte.ts";
import type { Asked } from "./search.svelte.ts";
import type { Pick } from "./selection.svelte.ts";

export type { Notice, Tool } from "./base.svelte.ts";

export class Store extends AskingStore {
  #wanted: Address | null = null;

  /** Read the library, show what an address names, and keep watching for changes. */
  async start(hash = ""): Promise<void> {
    this.#wanted = readAddress(hash);
    await this.library.watch();
  }

  setUnit = (of: Unit): Promise<void> =>
    this.attempt(async () => {
      this.hover.leave();
      this.selection.clear();
      this.camera = null;
      await this.map.setUnit(of);
      // A pinned sound has no counterpart among the other kind; words and files are asked again.
      const question = this.search.question;
      if (question?.kind === "sound") this.search.clear();
      else if (question !== null) await this.search.ask(question, of, this.map.space);
    });

  setSpace = (space: string): Promise<void> =>
    this.attempt(async () => {
      this.search.within = null;
      this.clearSearch();
      this.camera = null;
      await this.map.setSpace(space);
      this.selection.keepOnly(this.map.shown?.points.ids ?? []);
    });

  setProjection = (projection: Projection): Promise<void> =>
    this.attempt(async () => {
      this.camera = null;
      await this.map.setProjection(projection);
    });

  /** Compute the projection again, with what came after it. */
  renewProjection = (): Promise<void> => this.attempt(() => this.map.renew());

  /** Follow a recording across a map of windows, or (null) none. */
  follow = (recordingId: number | null): Promise<void> =>
    this.attempt(() => this.map.follow(recordingId));

  setColor = (colorBy: string): Promise<void> => this.attempt(() => this.map.setColor(colorBy));

  /** Show the view that an address names; `mark` is what the browser keeps beside it. */
  open = (hash: string, mark: unknown = null): Promise<void> =>
    this.attempt(async () => {
      const asked = this.trail.recall(mark);
      if (asked === null && hash.replace(/^#/, "") === this.address) return;
      await this.#show(readAddress(hash), asked);
    });

  /** Pick the points within an outline of the plane. */
  selectWithin = (outline: Outline, how: Pick): void => {
    const points = this.map.shown?.points;
    if (points === undefined) return;
    const within = pointsWithin(points, outline).filter((index) => !this.map.leftOut[index]);
    this.selection.pick(
      within.map((index) => points.ids[index] ?? -1),
      how,
    );
  };

  /** Pick one point; `add` takes it out again if it was in. */
  selectPoint = (index: number, how: Pick): void => {
    const id = this.map.idAt(index);
    if (id === null) return;
    if (how === "add") this.selection.toggle(id);
    else this.selection.pick([id], how);
  };

  /** Pick all hits that the map shows. */
  selectHits = (how: Pick = "replace"): void => {
    const ids = this.found.map((index) => this.map.idAt(index));
    this.selection.pick(
      ids.filter((id) => id !== null),
      how,
    );
  };

  /** Pick what the legend leaves. */
  selectLegend = (how: Pick = "replace"): void => this.selection.pick(this.map.idsLeft(), how);

  /** Play a point's sound to its end and list what sounds most like it. */
  pinPoint = (index: number): Promise<void> =>
    this.attempt(async () => {
      const id = this.map.idAt(index);
      if (id === null) return;
      const question = { kind: "sound", of: this.map.of, id } as const;
      await Promise.all([
        this.findSound(id).then((sound) => this.playAndFollow(sound)),
        this.search.ask(question, this.map.of, this.map.space),
      ]);
    });

  pinHit = async (hit: Hit): Promise<void> => {
    const id = this.idOf(hit);
    this.sound.hold(hit.window_id);
    void this.playHit(hit);
    if (id !== null) await this.ask({ kind: "sound", of: this.map.of, id });
  };

  playHit = (hit: Hit): Promise<void> =>
    this.attempt(async () => {
      const sound = await this.findHitSound(hit);
      if (sound !== null) await this.playAndFollow(sound);
    });

  /** The class of a hit's point on the map, or null where the map has no such point. */
  classOf(hit: Hit): number | null {
    const index = this.indexOf(hit);
    return index === null ? null : (this.map.colors.classes[index] ?? null);
  }

  /** The recording that a thing of the map is or is part of; null when it cannot be had. */
  async describe(of: Unit, id: number, signal: AbortSignal): Promise<Recording | null> {
    try {
      if (of === "recordings") return await this.details.recording(id, signal);
      const window = await this.details.window(id, signal);
      return await this.details.recording(window.recording_id, signal);
    } catch (error) {
      this.report(error);
      return null;
    }
  }

  reload = (): Promise<void> =>
    this.attempt(async () => {
      this.notice = null;
      this.details.forget();
      await Promise.all([this.map.load(), this.labels.load()]);
      this.selection.keepOnly(this.map.shown?.points.ids ?? []);
    });

  /** There are sounds to show: at first those that the address names. */
  protected async arrive(): Promise<void> {
    const wanted = this.#wanted;
    this.#wanted = null;
    if (wanted === null) await this.reload();
    else await this.attempt(() => this.#show(wanted));
    this.arrived = true;
  }

  async #show(address: Address, asked: Asked | null = null): Promise<void> {
    const { of, projection, color, space, camera } = address;
    this.trail.recalling = true;
    this.sizesByScore = address.sizesByScore;
    this.map.showsNames = address.showsNames;
    this.map.showsDensity = address.showsDensity;
    if (of !== this.map.of) this.selection.clear();
    this.camera = camera;
    const now = this.map;
    const sameMap =
      now.shown !== null &&
      now.of === of &&
      now.projection === projection &&
      now.colorBy === color &&
      now.space === space;
    try {
      if (!sameMap)
        await Promise.all([this.map.open(of, projection, color, space), this.labels.load()]);
      await this.#showAsked(asked ?? askedIn(address));
    } finally {
      this.trail.settle(this.search.asked);
    }
  }

  /** Show the answer to what was asked at another time. */
  async #showAsked({ question, ...bounds }: Asked): Promise<void> {
    Object.assign(this.search, bounds);
    if (question !== null) await this.ask(question);
    else if (this.search.isNarrowed) await this.ask({ kind: "all" });
    else this.clearSearch();
  }

  protected offerReload(library: Library): void {
    const { of, projection, space } = this.map;
    if (projection !== "pca") {
      // The same points stay where they are, and what they lack is told.
      void this.reload();
      return;
    }
    const mine = library.spaces.find(({ name, is_default }) =>
      space === null ? is_default : name === space,
    );
    const n = of === "recordings" ? mine?.n_recordings : mine?.n_windows;
    const n_new = (n ?? 0) - (this.map.shown?.points.ids.length ?? 0);
    const unit = of === "recordings" ? "recording" : "window";
    const text =
      n_new > 0
        ? `${formatCount(n_new, `new ${unit}`)} ${n_new === 1 ? "is" : "are"} not on this map yet.`
        : `The library has changed: it now holds ${formatCount(library.n_recordings, "recording")}.`;
    this.notice = { text, action: { label: "Redraw the map", run: () => void this.reload() } };
  }
}

/** What an address asks. */
function askedIn({ of, query, filters, textFrom, aspects }: Address): Asked {
  const question = query?.kind === "sound" ? { ...query, of } : query;
  return { question, filters, within: null, textFrom, aspects };
}
