/** What the page asks of whatever draws the map; the page knows no drawing library. */

export interface Points {
  /** Positions in [-1, 1], y upwards, both of length n. */
  x: Float32Array;
  y: Float32Array;
}

export interface PointColors {
  /** An index into `palette` for each point. */
  classes: Uint8Array;
  /** CSS hex colours. */
  palette: readonly string[];
  /** 1 where a point steps back, 0 where it shows fully. */
  dimmed: Uint8Array;
  /** A step of `sizes.ts` for each point; null where all are as large. */
  sizes: Uint8Array | null;
}

/** Pixels at each edge of the map that panels cover. */
export interface Margins {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

/** What part of the plane is seen, whatever the size of the map on the screen. */
export interface Camera {
  /** The point of the plane in the middle. */
  x: number;
  y: number;
  /** How much of the plane is seen from bottom to top. */
  height: number;
}

export interface Theme {
  background: string;
  /** The ring around the hovered point. */
  foreground: string;
}

export interface MapEvents {
  /** The pointer came upon a point, by its position in the arrays, or left it (null). */
  onHover(index: number | null): void;
  /** A click, on a point or (null) beside all of them. */
  onClick(index: number | null): void;
  /** The person moved the map. */
  onMove(): void;
  /** Points may have moved on the screen: ask for their positions again. */
  onView(): void;
}

export interface MapRenderer {
  /** Replace the points, letting them glide when `animate` and their number is unchanged. */
  setPoints(points: Points, animate: boolean): void;
  setColors(colors: PointColors): void;
  /** Bring some points forward and let all others step back; none restores them all. */
  setHighlight(indices: readonly number[]): void;
  setTheme(theme: Theme): void;
  /** Show all points, clear of the margins. */
  fit(margins: Margins, animate: boolean): void;
  /** Show what a camera showed. */
  lookAt(camera: Camera, animate: boolean): void;
  /** What is shown; null before anything is drawn. */
  camera(): Camera | null;
  /** The point of the plane at a place of the map, in CSS pixels from its top left corner. */
  toPlane(x: number, y: number): readonly [number, number] | null;
  /** Where a point is, in CSS pixels from the map's top left corner; null when there is none. */
  screenPosition(index: number): readonly [number, number] | null;
  destroy(): void;
}

/** The browser cannot draw the map; the rest of the page still works. */
export class NoRenderer extends Error {
  constructor(reason: string) {
    super(`The map cannot be drawn: ${reason}. Search and the list still work.`);
    this.name = "NoRenderer";
  }
}
