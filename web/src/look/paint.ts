/** Paints a recording onto canvases: its waveform, and its spectrogram from tiles. */

import type { Overview, Tile } from "../api.ts";
import { FINEST_S, N_COLUMNS, N_ROWS, tileLength, tilesOf, type View } from "./scales.ts";
import type { Tiles } from "./tiles.ts";

const DARK_ANCHORS = ["#0c0f15", "#2b1f5c", "#8a2d7d", "#e8653f", "#ffe9a8"];
const LIGHT_ANCHORS = ["#f6f7f9", "#d5cdeb", "#a67fc4", "#8a2d6b", "#3a0a2a"];
/** How far below the loudest, in steps of a tile's levels (100/255 dB), the ground begins. */
const RANGE = 178;
/** Where all is quieter than this level (-41 dB), it is not made to look loud. */
const LEAST_LOUD = 150;

/** The colour of every level, as RGBA bytes. */
function palette(dark: boolean): Uint8ClampedArray {
  const anchors = (dark ? DARK_ANCHORS : LIGHT_ANCHORS).map((hex) =>
    [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16)),
  );
  const colors = new Uint8ClampedArray(4 * 256);
  for (let level = 0; level < 256; level += 1) {
    const place = (level / 255) * (anchors.length - 1);
    const first = Math.min(Math.floor(place), anchors.length - 2);
    for (let channel = 0; channel < 3; channel += 1) {
      const [from = 0, to = 0] = [anchors[first]?.[channel], anchors[first + 1]?.[channel]];
      colors[4 * level + channel] = from + (to - from) * (place - first);
    }
    colors[4 * level + 3] = 255;
  }
  return colors;
}

/** The level that all but a thousandth of a tile stay below. */
function loudestOf({ levels }: Tile): number {
  const counts = new Uint32Array(256);
  for (const level of levels) counts[level] = (counts[level] ?? 0) + 1;
  let above = levels.length / 1000;
  let level = 255;
  while (level > 0 && (above -= counts[level] ?? 0) > 0) level -= 1;
  return level;
}

export class Painter {
  readonly #tiles: Tiles;
  readonly #duration: number;
  readonly #loudest = new WeakMap<Tile, number>();
  #images = new WeakMap<Tile, { canvas: HTMLCanvasElement; loudest: number }>();
  #colors = palette(true);
  #dark = true;

  constructor(tiles: Tiles, duration_s: number) {
    this.#tiles = tiles;
    this.#duration = duration_s;
  }

  setDark(dark: boolean): void {
    if (dark === this.#dark) return;
    this.#dark = dark;
    this.#colors = palette(dark);
    this.#images = new WeakMap();
  }

  /** Paint the spectrogram of a view; whether every tile was there. */
  paintSpectrogram(canvas: HTMLCanvasElement, view: View, level: number): boolean {
    const context = canvas.getContext("2d");
    if (context === null) return true;
    const { width, height } = canvas;
    const [red, green, blue] = this.#colors;
    context.fillStyle = `rgb(${red} ${green} ${blue})`;
    context.fillRect(0, 0, width, height);
    const numbers = tilesOf(view, level, this.#duration);
    const found = numbers.map((number) => this.#tiles.stand(level, number));
    const loudest = Math.max(
      LEAST_LOUD,
      ...found.map((stand) => this.#measure(stand?.tile ?? null)),
    );
    const perSecond = width / (view.end_s - view.start_s);
    numbers.forEach((number, index) => {
      const stand = found[index] ?? null;
      if (stand === null) return;
      const begin = number * tileLength(level);
      const share = (begin - stand.number * tileLength(stand.level)) / tileLength(stand.level);
      const columns = N_COLUMNS * 2 ** (level - stand.level);
      // Whole pixels: between them, neighbours would both be half there, a seam.
      const left = Math.round((begin - view.start_s) * perSecond);
      const across = Math.round((begin + tileLength(level) - view.start_s) * perSecond) - left;
      const image = this.#imageOf(stand.tile, loudest);
      context.drawImage(image, share * N_COLUMNS, 0, columns, N_ROWS, left, 0, across, height);
    });
    return found.every((stand) => stand?.level === level);
  }

  /** Paint the waveform of a view, from the tiles where they tell more than the overview. */
  paintWaveform(
    canvas: HTMLCanvasElement,
    view: View,
    level: number,
    overview: Overview | null,
    color: string,
  ): void {
    const context = canvas.getContext("2d");
    if (context === null) return;
    const { width, height } = canvas;
    context.clearRect(0, 0, width, height);
    context.fillStyle = color;
    const perPixel = (view.end_s - view.start_s) / width;
    const fine = overview === null || FINEST_S * 2 ** level < overview.bucket_s;
    for (let x = 0; x < width; x += 1) {
      const start_s = view.start_s + x * perPixel;
      const reach =
        (fine ? this.#tileReach(level, start_s, start_s + perPixel) : null) ??
        overviewReach(overview, start_s, start_s + perPixel);
      if (reach === null) continue;
      const top = (0.5 - reach[1] / 254) * height;
      const bottom = (0.5 - reach[0] / 254) * height;
      context.fillRect(x, top, 1, Math.max(1, bottom - top));
    }
  }

  #tileReach(level: number, start_s: number, end_s: number): readonly [number, number] | null {
    const column_s = FINEST_S * 2 ** level;
    const first = Math.floor(start_s / column_s);
    const tile = this.#tiles.find(level, Math.floor(first / N_COLUMNS));
    if (tile === null || tile.sampled) return null;
    const last = Math.max(first, Math.ceil(end_s / column_s) - 1);
    const from = first % N_COLUMNS;
    const to = Math.min(N_COLUMNS - 1, from + (last - first));
    return reachOf(tile.low, tile.high, from, to);
  }

  #measure(tile: Tile | null): number {
    if (tile === null) return 0;
    const known = this.#loudest.get(tile) ?? loudestOf(tile);
    this.#loudest.set(tile, known);
    return known;
  }

  /** The picture of a tile, brightest at `loudest`. */
  #imageOf(tile: Tile, loudest: number): HTMLCanvasElement {
    const known = this.#images.get(tile);
    if (known?.loudest === loudest) return known.canvas;
    const canvas = known?.canvas ?? document.createElement("canvas");
    canvas.width = N_COLUMNS;
    canvas.height = N_ROWS;
    const pixels = new ImageData(N_COLUMNS, N_ROWS);
    for (let row = 0; row < N_ROWS; row += 1) {
      const from = (N_ROWS - 1 - row) * N_COLUMNS; // the lowest band is at the bottom
      for (let column = 0; column < N_COLUMNS; column += 1) {
        const above = (tile.levels[from + column] ?? 0) - (loudest - RANGE);
        const level = Math.min(255, Math.max(0, Math.round((above / RANGE) * 255)));
        const color = this.#colors.subarray(4 * level, 4 * level + 4);
        pixels.data.set(color, 4 * (row * N_COLUMNS + column));
      }
    }
    canvas.getContext("2d")?.putImageData(pixels, 0, 0);
    this.#images.set(tile, { canvas, loudest });
    return canvas;
  }
}

function reachOf(
  low: Int8Array,
  high: Int8Array,
  from: number,
  to: number,
): readonly [number, number] {
  let [least, most] = [127, -127];
  for (let index = from; index <= to; index += 1) {
    least = Math.min(least, low[index] ?? 0);
    most = Math.max(most, high[index] ?? 0);
  }
  return [least, most];
}

function overviewReach(
  overview: Overview | null,
  start_s: number,
  end_s: number,
): readonly [number, number] | null {
  if (overview === null) return null;
  const { bucket_s, low, high } = overview;
  const from = Math.floor(start_s / bucket_s);
  if (from >= low.length) return null;
  const to = Math.min(low.length - 1, Math.max(from, Math.ceil(end_s / bucket_s) - 1));
  return reachOf(low, high, from, to);
}
