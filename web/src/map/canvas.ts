/** The map drawn by the processor alone, for browsers whose WebGL is missing or made by software. */

import { viewWithin, type Size } from "./fit.ts";
import { Grid, type Runs } from "./grid.ts";
import { Journey } from "./journey.ts";
import type {
  Camera,
  MapEvents,
  MapRenderer,
  Margins,
  PointColors,
  Points,
  Theme,
} from "./renderer.ts";
import { DIMMED, INACTIVE, fullOpacity, pointSize, sizeFactor } from "./sizes.ts";
import { type Look, type Stamp, packColor, splat, stampOf, styleOf } from "./splat.ts";
import { Steering } from "./steering.ts";
import { panned, toPlane, toScreen, type View, viewOf, zoomed } from "./view.ts";

const HOVER_REACH = 4; // pixels beside a point that still mean it
const LARGEST_GROWN = 14; // pixels that a small point grows to when it is looked at closely
const WHOLE_HEIGHT = 2; // of the plane: nearer than this, points grow
const RING = 2.5; // pixels around highlighted points
const MOST_PIXELS_RATIO = 2;
/** More points than this change places without gliding. */
const MOST_GLIDING = 300_000;

export class CanvasRenderer implements MapRenderer {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #events: MapEvents;
  readonly #steering: Steering;
  readonly #resizing: ResizeObserver;
  readonly #stamps = new Map<number, Stamp>();
  readonly #journey = new Journey({ x: 0, y: 0, height: WHOLE_HEIGHT });
  #points: Points = { x: new Float32Array(), y: new Float32Array() };
  #grid = new Grid(this.#points);
  #colors: PointColors | null = null;
  /** The style of each point, in the order of the grid. */
  #styles = new Uint16Array();
  #anyDimmed = false;
  #highlight: number[] = [];
  #theme: Theme = { background: "#000000", foreground: "#ffffff" };
  #hovered: number | null = null;
  #frame: number | null = null;
  /** The points as they were painted last, without rings. */
  #image: ImageData | null = null;
  #stale = false;

  constructor(canvas: HTMLCanvasElement, events: MapEvents) {
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("this browser offers no canvas to draw on");
    this.#canvas = canvas;
    this.#context = context;
    this.#events = events;
    this.#steering = new Steering(canvas, {
      pan: (dx, dy) => this.#steer((camera, size) => panned(camera, dx, dy, size)),
      zoom: (factor, at) => this.#steer((camera, size) => zoomed(camera, factor, at, size)),
      rest: (at) => this.#hover(at === null ? null : this.#find(at)),
      click: (at) => this.#events.onClick(this.#find(at)),
    });
    this.#resizing = new ResizeObserver(() => this.#redraw());
    this.#resizing.observe(canvas);
  }

  setPoints(points: Points, animate: boolean): void {
    const n = points.x.length;
    const same = n === this.#points.x.length;
    const before = this.#points;
    this.#points = points;
    this.#grid = new Grid(points);
    this.#hover(null);
    if (animate && same && n <= MOST_GLIDING) this.#journey.movePoints(before, this.#grid.order);
    else this.#journey.placePoints();
    if (!same) {
      this.#colors = null;
      this.#highlight = [];
    }
    this.#restyle();
  }

  setColors(colors: PointColors): void {
    if (colors.classes.length !== this.#points.x.length) {
      throw new Error(`${colors.classes.length} colours for ${this.#points.x.length} points`);
    }
    this.#colors = colors;
    this.#restyle();
  }

  setHighlight(indices: readonly number[]): void {
    this.#highlight = [...indices];
    this.#redraw();
  }

  setTheme(theme: Theme): void {
    this.#theme = theme;
    this.#redraw();
  }

  fit(margins: Margins, animate: boolean): void {
    const area = viewWithin(this.#points, this.#size(), margins);
    if (area === null) return;
    const [x, y] = [area.x + area.width / 2, area.y + area.height / 2];
    this.lookAt({ x, y, height: area.height }, animate);
  }

  lookAt(camera: Camera, animate: boolean): void {
    this.#journey.moveCamera(camera, animate);
    this.#redraw();
  }

  camera(): Camera | null {
    return this.#points.x.length === 0 ? null : this.#journey.camera;
  }

  toPlane(x: number, y: number): readonly [number, number] | null {
    return this.#size().height === 0 ? null : toPlane(x, y, this.#view());
  }

  screenPosition(index: number): readonly [number, number] | null {
    if (index >= this.#points.x.length || this.#size().height === 0) return null;
    const [x, y] = this.#journey.placeOf(index, this.#points);
    return toScreen(x, y, this.#view());
  }

  destroy(): void {
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    this.#resizing.disconnect();
    this.#steering.stop();
  }

  #size(): Size {
    return { width: this.#canvas.clientWidth, height: this.#canvas.clientHeight };
  }

  #view(): View {
    return viewOf(this.#journey.camera, this.#size());
  }

  #steer(move: (camera: Camera, size: Size) => Camera): void {
    const size = this.#size();
    if (size.height === 0 || this.#points.x.length === 0) return;
    this.#events.onMove();
    this.lookAt(move(this.#journey.camera, size), false);
  }

  #find([across, down]: readonly [number, number]): number | null {
    if (this.#journey.pointsMove || this.#size().height === 0) return null;
    const view = this.#view();
    const reach = (HOVER_REACH + this.#radius(0)) / view.scale;
    return this.#grid.nearest(...toPlane(across, down, view), reach);
  }

  #hover(index: number | null): void {
    if (index === this.#hovered) return;
    this.#hovered = index;
    this.#canvas.style.cursor = index === null ? "" : "pointer";
    this.#schedule();
    this.#events.onHover(index);
  }

  /** Pixels of the page from the middle to the edge of points of a step of size. */
  #radius(step: number): number {
    const usual = pointSize(this.#points.x.length);
    const closer = Math.max(1, WHOLE_HEIGHT / this.#journey.camera.height);
    const grown = Math.max(usual, Math.min(LARGEST_GROWN, usual * closer ** 0.25));
    return (grown * (this.#colors?.sizes == null ? 1 : sizeFactor(step))) / 2;
  }

  /** Bring the looks of the points into the order of the grid. */
  #restyle(): void {
    const { order } = this.#grid;
    this.#styles = new Uint16Array(order.length);
    this.#anyDimmed = this.#colors?.dimmed.includes(1) === true;
    if (this.#colors !== null) {
      const { classes, dimmed, sizes } = this.#colors;
      for (let place = 0; place < order.length; place += 1) {
        const index = order[place]!;
        this.#styles[place] = styleOf(classes[index]!, dimmed[index]!, sizes?.[index] ?? 0);
      }
    }
    this.#redraw();
  }

  #redraw(): void {
    this.#stale = true;
    this.#schedule();
  }

  #schedule(): void {
    this.#frame ??= requestAnimationFrame((now) => {
      this.#frame = null;
      this.#draw(now);
    });
  }

  #draw(now: number): void {
    const moves = this.#journey.proceed(now);
    const stale = this.#stale || moves;
    if (stale) this.#paint();
    this.#stale = false;
    if (this.#image !== null) this.#context.putImageData(this.#image, 0, 0);
    this.#drawRings();
    if (moves) this.#redraw();
    if (stale) this.#events.onView();
  }

  /** Paint all points into the image. */
  #paint(): void {
    const ratio = Math.min(MOST_PIXELS_RATIO, devicePixelRatio);
    const size = this.#size();
    const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    if (width === 0 || height === 0) {
      this.#image = null;
      return;
    }
    if (this.#image?.width !== width || this.#image.height !== height) {
      this.#image = new ImageData(width, height);
    }
    const pixels = new Uint32Array(this.#image.data.buffer);
    if (this.#colors === null) {
      pixels.fill(0);
      return;
    }
    const points = this.#journey.placesOf(this.#grid.sorted);
    const view = viewOf(this.#journey.camera, { width, height });
    splat({ pixels, width, height }, points, this.#runs(), view, this.#look(ratio));
  }

  /** The points that may be seen. */
  #runs(): Runs {
    if (this.#journey.pointsMove) return Uint32Array.of(0, this.#points.x.length);
    const { width, height } = this.#size();
    const reach = 2 * LARGEST_GROWN;
    const view = this.#view();
    const [left, high] = toPlane(-reach, -reach, view);
    const [right, low] = toPlane(width + reach, height + reach, view);
    return this.#grid.runsWithin({ left, low, right, high });
  }

  #look(ratio: number): Look {
    const full = fullOpacity(this.#points.x.length);
    // What steps back already does not step back twice, or it would vanish.
    const behind = this.#highlight.length > 0 && !this.#anyDimmed ? INACTIVE : 1;
    const steps =
      this.#colors?.sizes == null ? 1 : 1 + this.#colors.sizes.reduce((a, b) => Math.max(a, b), 0);
    return {
      styles: this.#styles,
      anyDimmed: this.#anyDimmed,
      colors: Uint32Array.from(this.#colors?.palette ?? [], packColor),
      stamps: Array.from({ length: steps }, (_, step) => this.#stamp(this.#radius(step) * ratio)),
      opacity: [255 * full * behind, 255 * DIMMED],
    };
  }

  #stamp(radius: number): Stamp {
    const quarters = Math.max(2, Math.round(4 * radius));
    const stamp = this.#stamps.get(quarters) ?? stampOf(quarters / 4);
    this.#stamps.set(quarters, stamp);
    return stamp;
  }

  /** Draw what stands out above the others: hits, and what the pointer rests on. */
  #drawRings(): void {
    const { classes, palette, sizes } = this.#colors ?? {};
    if (classes === undefined || palette === undefined) return;
    const ratio = Math.min(MOST_PIXELS_RATIO, devicePixelRatio);
    const rings = this.#hovered === null ? this.#highlight : [...this.#highlight, this.#hovered];
    for (const index of rings) {
      const [x, y] = this.screenPosition(index) ?? [-100, -100];
      const radius = this.#radius(sizes?.[index] ?? 0) + 1;
      const around = index === this.#hovered ? this.#theme.foreground : this.#theme.background;
      this.#disc(x * ratio, y * ratio, (radius + RING) * ratio, around);
      this.#disc(x * ratio, y * ratio, radius * ratio, palette[classes[index] ?? 0] ?? around);
    }
  }

  #disc(x: number, y: number, radius: number, color: string): void {
    this.#context.fillStyle = color;
    this.#context.beginPath();
    this.#context.arc(x, y, radius, 0, 2 * Math.PI);
    this.#context.fill();
  }
}
