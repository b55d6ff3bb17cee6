/** Where points of the plane are on the screen, and back. */

import type { Camera } from "./renderer.ts";
import type { Size } from "./fit.ts";

/** A straight way from the plane to pixels: `across = x * scale + right`, `down = below - y * scale`. */
export interface View {
  /** Pixels for a unit of the plane. */
  scale: number;
  right: number;
  below: number;
}

/** The heights of the plane that can be seen: closer or farther shows nothing. */
export const [CLOSEST, FARTHEST] = [1e-5, 40];

export function viewOf({ x, y, height }: Camera, size: Size): View {
  const scale = size.height / height;
  return { scale, right: size.width / 2 - x * scale, below: size.height / 2 + y * scale };
}

export function toScreen(x: number, y: number, view: View): readonly [number, number] {
  return [x * view.scale + view.right, view.below - y * view.scale];
}

export function toPlane(across: number, down: number, view: View): readonly [number, number] {
  return [(across - view.right) / view.scale, (view.below - down) / view.scale];
}

/** Move the camera so that the plane follows the pointer by so many pixels. */
export function panned({ x, y, height }: Camera, dx: number, dy: number, size: Size): Camera {
  const unitsPerPixel = height / size.height;
  return { x: x - dx * unitsPerPixel, y: y + dy * unitsPerPixel, height };
}

/** Come closer by a factor, so that the point of the plane at a place of the screen stays there. */
export function zoomed(
  camera: Camera,
  factor: number,
  [across, down]: readonly [number, number],
  size: Size,
): Camera {
  const height = Math.min(FARTHEST, Math.max(CLOSEST, camera.height / factor));
  const [x, y] = toPlane(across, down, viewOf(camera, size));
  const share = height / camera.height;
  return { x: x + (camera.x - x) * share, y: y + (camera.y - y) * share, height };
}

/** The camera on its way between two others, `share` of the way done: closer by even ratios. */
export function cameraBetween(from: Camera, to: Camera, share: number): Camera {
  const height = from.height * (to.height / from.height) ** share;
  // What is in the middle moves evenly on the screen, not in the plane.
  const alike = Math.abs(from.height - to.height) < 1e-9 * to.height;
  const moved = alike ? share : (height - from.height) / (to.height - from.height);
  return { x: from.x + (to.x - from.x) * moved, y: from.y + (to.y - from.y) * moved, height };
}

/** Begin and end gently. */
export function eased(share: number): number {
  return share < 0.5 ? 4 * share ** 3 : 1 - (-2 * share + 2) ** 3 / 2;
}
