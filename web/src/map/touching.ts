/** What fingers do to the map and to the sounds on it. */

import type { Store } from "../state/store.svelte.ts";
import { Fingers, type Grasp } from "./fingers.ts";
import { nearestTo } from "./nearest.ts";
import type { Camera, MapRenderer } from "./renderer.ts";

type Place = readonly [number, number];

const FINGER = 22; // pixels around a finger within which it touches a point

export interface Touched {
  element: HTMLElement;
  store: Store;
  renderer(): MapRenderer | null;
  /** The person has moved the map. */
  onMove(): void;
  /** Whatever one finger was drawing is off. */
  onCancel(): void;
}

/** How large a pixel is in the plane. */
export function pixelOf(camera: Camera, element: HTMLElement): number {
  return camera.height / Math.max(1, element.clientHeight);
}

/** A tap plays and lists neighbours, a long press selects, one finger moves, two pinch. */
export function followFingers({ element, store, renderer, onMove, onCancel }: Touched): Fingers {
  let held: Camera | null = null;

  /** The point nearest to a finger. */
  const touched = (at: Place): number | null => {
    const drawn = renderer();
    const [place, camera] = [drawn?.toPlane(...at) ?? null, drawn?.camera() ?? null];
    const points = store.map.shown?.points;
    if (place === null || camera === null || points === undefined) return null;
    return nearestTo(points, place, 1, FINGER * pixelOf(camera, element))[0] ?? null;
  };

  return new Fingers(element, {
    modeOf: () => (store.tool === "move" || store.tool === "sweep" ? store.tool : null),
    onTap: (at) => {
      const index = touched(at);
      if (index === null) store.clearSearch();
      else void store.pinPoint(index);
    },
    onHold: (at) => {
      const index = touched(at);
      if (index !== null) store.selectPoint(index, "add");
    },
    onPass: (at) => {
      if (at === null) store.endSweep();
      else store.sweepOver(touched(at));
    },
    onGrasp: () => (held = renderer()?.camera() ?? null),
    onPull: (from, to) => {
      if (held === null) return;
      renderer()?.lookAt(pulled(held, from, to, element), false);
      onMove();
    },
    onCancel,
  });
}

/** The camera that shows beneath the fingers what lay beneath them before. */
export function pulled(
  camera: Camera,
  from: Grasp,
  to: Grasp,
  { clientWidth, clientHeight }: Pick<HTMLElement, "clientWidth" | "clientHeight">,
): Camera {
  const height = (camera.height * from.spread) / to.spread;
  const [before, after] = [camera.height / clientHeight, height / clientHeight];
  // What lay beneath the first middle lies beneath the second.
  const x = camera.x + (from.middle[0] - clientWidth / 2) * before;
  const y = camera.y - (from.middle[1] - clientHeight / 2) * before;
  return {
    x: x - (to.middle[0] - clientWidth / 2) * after,
    y: y + (to.middle[1] - clientHeight / 2) * after,
    height,
  };
}
