/** The map drawn by regl-scatterplot. */

import createScatterplot from "regl-scatterplot";
import { viewWithin } from "./fit.ts";
import {
  type Camera,
  type MapEvents,
  type MapRenderer,
  type Margins,
  NoRenderer,
  type PointColors,
  type Points,
  type Theme,
} from "./renderer.ts";
import { DIMMED, INACTIVE, SIZE_STEPS, fullOpacity, pointSize, sizeFactor } from "./sizes.ts";
import { type Wish, Wishes } from "./wishes.ts";

type Scatterplot = ReturnType<typeof createScatterplot>;

const GLIDE_MS = 900;
const CLICK_REACH = 4; // pixels a pointer may move between press and release

function checkWebGl(): void {
  const gl = document.createElement("canvas").getContext("webgl");
  if (gl === null) throw new NoRenderer("this browser offers no WebGL");
  if (gl.getExtension("OES_texture_float") === null) {
    throw new NoRenderer("this browser's WebGL has no float textures");
  }
  free(gl);
}

/** Let everything go that a graphics context holds; deleting it piece by piece is then no fault. */
function free(gl: WebGLRenderingContext): void {
  gl.getExtension("WEBGL_lose_context")?.loseContext();
}

export class ScatterplotRenderer implements MapRenderer {
  readonly #canvas: HTMLCanvasElement;
  readonly #events: MapEvents;
  readonly #stopListening = new AbortController();
  readonly #wishes = new Wishes((wish) => this.#fulfil(wish));
  #plot: Scatterplot;
  #points: Points = { x: new Float32Array(), y: new Float32Array() };
  #colors: PointColors | null = null;
  #highlight: number[] = [];
  #theme: Theme = { background: "#000000", foreground: "#ffffff" };
  #hovered: number | null = null;
  #pressedAt: readonly [number, number] | null = null;
  /** The map itself was pressed, and is not let go yet. */
  #held = false;
  #margins: Margins | null = null;
  #aimed: Camera | null = null;
  /** The library's search tree, kept while positions stay. */
  #tree: ArrayBuffer | null = null;

  constructor(canvas: HTMLCanvasElement, events: MapEvents) {
    checkWebGl();
    this.#canvas = canvas;
    this.#events = events;
    this.#plot = this.#create();
    this.#listen();
  }

  setPoints(points: Points, animate: boolean): void {
    const same = points.x.length === this.#points.x.length;
    this.#points = points;
    this.#tree = null;
    if (!same) {
      this.#colors = null;
      this.#highlight = [];
    }
    this.#wishes.add({ redraw: true, moved: true, glide: animate && same });
  }

  setColors(colors: PointColors): void {
    if (colors.classes.length !== this.#points.x.length) {
      throw new Error(`${colors.classes.length} colours for ${this.#points.x.length} points`);
    }
    this.#colors = colors;
    this.#wishes.add({ redraw: true });
  }

  setHighlight(indices: readonly number[]): void {
    this.#highlight = [...indices];
    this.#wishes.add({});
  }

  setTheme(theme: Theme): void {
    this.#theme = theme;
    this.#plot.set({ backgroundColor: theme.background });
    this.#wishes.add({ redraw: this.#colors !== null });
  }

  fit(margins: Margins, animate: boolean): void {
    this.#margins = margins;
    this.#aimed = null;
    this.#wishes.add({ fit: { margins, animate } });
  }

  lookAt(camera: Camera, animate: boolean): void {
    this.#aimed = camera;
    this.#wishes.add({ look: { camera, animate } });
  }

  camera(): Camera | null {
    const seen = this.#seen();
    return seen === null
      ? null
      : { x: -seen.x / seen.scale, y: -seen.y / seen.scale, height: 2 / seen.scale };
  }

  toPlane(x: number, y: number): readonly [number, number] | null {
    const seen = this.#seen();
    const { width, height } = this.#canvas.getBoundingClientRect();
    if (seen === null || height === 0) return null;
    const [across, up] = [((2 * x) / width - 1) * (width / height), 1 - (2 * y) / height];
    return [(across - seen.x) / seen.scale, (up - seen.y) / seen.scale];
  }

  screenPosition(index: number): readonly [number, number] | null {
    if (this.#plot.get("isPointsDrawn") !== true || index >= this.#points.x.length) return null;
    const [x, y] = this.#plot.getScreenPosition(index) ?? [];
    return x === undefined || y === undefined ? null : [x, y];
  }

  destroy(): void {
    this.#wishes.reset();
    this.#stopListening.abort();
    this.#plot.destroy();
  }

  /** How the library's camera scales and shifts the plane, which it never rotates. */
  #seen(): { scale: number; x: number; y: number } | null {
    if (this.#plot.get("isPointsDrawn") !== true) return null;
    const view: ArrayLike<number> = this.#plot.get("cameraView");
    const [scale = 0, x = 0, y = 0] = [view[0], view[12], view[13]];
    return scale > 0 ? { scale, x, y } : null;
  }

  #create(): Scatterplot {
    const options = {
      canvas: this.#canvas,
      colorBy: "valueA" as const,
      opacityBy: "valueB" as const,
      sizeBy: "valueB" as const,
      opacityInactiveScale: INACTIVE,
      antiAliasing: 1,
      pointOutlineWidth: 2,
      pointSizeSelected: 3,
      deselectOnDblClick: false,
      deselectOnEscape: false,
      actionKeyMap: {}, // no lasso, no rotation; the library's types do not know it yet
      backgroundColor: this.#theme.background,
    };
    const plot = createScatterplot(options);
    plot.subscribe("pointOver", (index) => this.#hover(index));
    plot.subscribe("pointOut", () => this.#hover(null));
    plot.subscribe("drawing", () => this.#events.onView());
    const surface = plot.get("renderer").canvas;
    surface.addEventListener("webglcontextlost", (event: Event) => event.preventDefault());
    surface.addEventListener("webglcontextrestored", () => this.#recreate());
    return plot;
  }

  /** The graphics card forgot everything, as laptops do when they sleep: start over. */
  #recreate(): void {
    this.#wishes.reset();
    const forgotten = this.#plot.get("renderer").canvas.getContext("webgl");
    if (forgotten !== null) free(forgotten);
    this.#plot.destroy();
    this.#plot = this.#create();
    this.#tree = null;
    const look = this.#aimed === null ? null : { camera: this.#aimed, animate: false };
    const fit = this.#margins === null ? null : { margins: this.#margins, animate: false };
    this.#wishes.add({ redraw: true, moved: true, fit: look === null ? fit : null, look });
  }

  #listen(): void {
    const { signal } = this.#stopListening;
    const press = ({ offsetX, offsetY }: MouseEvent): void => {
      this.#pressedAt = [offsetX, offsetY];
      this.#held = true;
    };
    const click = ({ offsetX, offsetY }: MouseEvent): void => {
      // The library selects what is clicked; here a selection means search hits.
      this.#applyHighlight();
      const [x, y] = this.#pressedAt ?? [offsetX, offsetY];
      if (Math.hypot(offsetX - x, offsetY - y) >= CLICK_REACH) return;
      this.#events.onClick(this.#plot.get("hoveredPoint") ?? null);
    };
    this.#canvas.addEventListener("mousedown", press, { signal });
    this.#canvas.addEventListener("click", click, { signal });
    this.#canvas.addEventListener("mouseleave", () => this.#hover(null), { signal });
    this.#canvas.addEventListener("wheel", () => this.#events.onMove(), { signal, passive: true });
    const drag = ({ buttons }: MouseEvent): void => {
      if (buttons === 1 && this.#held) this.#events.onMove();
    };
    addEventListener("mouseup", () => (this.#held = false), { signal });
    this.#canvas.addEventListener("mousemove", drag, { signal });
  }

  #hover(index: number | null): void {
    if (index === this.#hovered) return;
    this.#hovered = index;
    this.#canvas.style.cursor = index === null ? "" : "pointer";
    this.#events.onHover(index);
  }

  async #fulfil(wish: Wish): Promise<void> {
    const plot = this.#plot;
    if (wish.redraw) await this.#draw(plot, wish.glide);
    if (plot !== this.#plot) return;
    this.#applyHighlight();
    if (wish.fit !== null) await this.#fit(plot, wish.fit);
    else if (wish.look !== null) await this.#lookAt(plot, wish.look);
  }

  async #draw(plot: Scatterplot, glide: boolean): Promise<void> {
    if (this.#points.x.length === 0) {
      void plot.clear();
      this.#canvas.getContext("2d")?.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
      return;
    }
    if (this.#colors !== null) plot.set(this.#style(this.#colors.palette));
    await plot.draw(this.#rows(), {
      transition: glide,
      transitionDuration: GLIDE_MS,
      zDataType: "categorical",
      wDataType: "categorical",
      ...(this.#tree === null ? {} : { spatialIndex: this.#tree }),
    });
    if (plot !== this.#plot || this.#wishes.willMove) return;
    this.#tree = plot.get("spatialIndex") ?? null;
  }

  async #lookAt(plot: Scatterplot, { camera, animate }: NonNullable<Wish["look"]>): Promise<void> {
    const { x, y, height } = camera;
    // No wider than it is high: the height then decides.
    const area = { x: x - height / 4, y: y - height / 2, width: height / 2, height };
    await plot.zoomToArea(area, { transition: animate, transitionDuration: GLIDE_MS });
  }

  async #fit(plot: Scatterplot, fit: NonNullable<Wish["fit"]>): Promise<void> {
    const { width, height } = this.#canvas.getBoundingClientRect();
    const area = viewWithin(this.#points, { width, height }, fit.margins);
    if (area === null) return;
    await plot.zoomToArea(area, { transition: fit.animate, transitionDuration: GLIDE_MS });
  }

  #style(palette: readonly string[]): object {
    const colors = [...palette];
    const n = this.#points.x.length;
    const steps = Array.from({ length: SIZE_STEPS }, (_, step) => step);
    const usual = pointSize(n);
    const sized = this.#colors?.sizes != null;
    return {
      pointColor: colors,
      pointColorActive: colors,
      pointColorHover: colors.map(() => this.#theme.foreground),
      // The library knows two values of a point; the second holds opacity and size.
      pointSize: steps.flatMap((step) => {
        const size = usual * (sized ? sizeFactor(step) : 1);
        return [size, size];
      }),
      opacity: steps.flatMap(() => [DIMMED, fullOpacity(n)]),
      // What steps back already does not step back twice, or it would vanish.
      opacityInactiveScale: this.#colors?.dimmed.includes(1) === true ? 1 : INACTIVE,
    };
  }

  #rows(): number[][] {
    const { x, y } = this.#points;
    const { classes, dimmed, sizes } = this.#colors ?? {};
    return Array.from(x, (value, index) => [
      value,
      y[index] ?? 0,
      classes?.[index] ?? 0,
      2 * (sizes?.[index] ?? 0) + (dimmed?.[index] === 1 ? 0 : 1),
    ]);
  }

  #applyHighlight(): void {
    if (this.#plot.get("isPointsDrawn") !== true) return;
    this.#plot.select([...this.#highlight], { preventEvent: true });
  }
}
