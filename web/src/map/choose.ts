/** Which of the two ways to draw the map a browser gets. */

import { CanvasRenderer } from "./canvas.ts";
import type { MapEvents, MapRenderer } from "./renderer.ts";
import { ScatterplotRenderer } from "./scatterplot.ts";

export type RendererName = "canvas" | "webgl";

/** Names under which software says that it imitates a graphics card. */
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/** Tell who draws behind WebGL, in the words of the browser; null where nobody does. */
function nameGraphics(): string | null {
  const gl = document.createElement("canvas").getContext("webgl");
  if (gl === null || gl.getExtension("OES_texture_float") === null) return null;
  const told = gl.getExtension("WEBGL_debug_renderer_info");
  const name: unknown = gl.getParameter(told === null ? gl.RENDERER : told.UNMASKED_RENDERER_WEBGL);
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return String(name);
}

/**
 * Choose by who draws behind WebGL; `search`, the part of the page's address behind "?", may ask
 * for one by "renderer=canvas" or "renderer=webgl".
 */
export function chooseRenderer(graphics: string | null, search: string): RendererName {
  const asked = new URLSearchParams(search).get("renderer");
  if (asked === "canvas" || asked === "webgl") return asked;
  return graphics === null || SOFTWARE.test(graphics) ? "canvas" : "webgl";
}

export function createRenderer(canvas: HTMLCanvasElement, events: MapEvents): MapRenderer {
  const name = chooseRenderer(nameGraphics(), location.search);
  return name === "webgl"
    ? new ScatterplotRenderer(canvas, events)
    : new CanvasRenderer(canvas, events);
}
