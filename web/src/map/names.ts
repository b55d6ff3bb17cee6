/** Where the names of groups stand on the map: beside their points, and not on each other. */

import { NO_CODE } from "../api.ts";
import type { Size } from "./fit.ts";
import type { Points } from "./renderer.ts";
import { toScreen, type View } from "./view.ts";

/** The groups of the points: a code for each point, `NO_CODE` for none, and the codes' names. */
export interface Groups {
  codes: Uint16Array;
  names: readonly string[];
}

/** A place where many points of a group are. */
export interface Anchor {
  code: number;
  x: number;
  y: number;
  /** How many there are. */
  n: number;
  /** Cells are half as wide at each next level. */
  level: number;
}

export interface PlacedName {
  /** The same for the same name at the same place of the plane. */
  key: string;
  code: number;
  name: string;
  /** Pixels of the middle. */
  x: number;
  y: number;
}

const COARSEST = 6; // cells from side to side of the plane, [-1, 1]
const N_LEVELS = 4;
const FINEST = COARSEST * 2 ** (N_LEVELS - 1);
const FEWEST = 3; // points that a name beside the first one stands for
const MAJORITY = 0.5; // of the points around such a name are its group's
const MOST_GROUPS = 300;
const SMALLEST_CELL = 70; // pixels; names of a level show where its cells are as wide
export const NAME_HEIGHT = 20;
const GAP = 6; // pixels between names
const APART = 260; // pixels between two places of the same name
const MOST_NAMES = 80;
const BEYOND = 160; // pixels outside the map, from where names come in when it is dragged
const ABOVE = 17; // pixels from the points that a name stands for, so that it hides none of them

/** How many points of each group, and where on average, lie in the cells of one level. */
interface Level {
  side: number;
  n: Float64Array;
  sumX: Float64Array;
  sumY: Float64Array;
}

function emptyLevel(side: number, n_groups: number): Level {
  const room = (): Float64Array => new Float64Array(n_groups * side * side);
  return { side, n: room(), sumX: room(), sumY: room() };
}

function finestLevel({ x, y }: Points, codes: Uint16Array, n_groups: number): Level {
  const level = emptyLevel(FINEST, n_groups);
  const cellOf = (value: number): number =>
    Math.min(FINEST - 1, Math.max(0, Math.floor(((value + 1) / 2) * FINEST)));
  for (let index = 0; index < x.length; index += 1) {
    const code = codes[index] ?? NO_CODE;
    if (code >= n_groups) continue;
    const [across, up] = [x[index]!, y[index]!];
    const cell = (code * FINEST + cellOf(up)) * FINEST + cellOf(across);
    level.n[cell]! += 1;
    level.sumX[cell]! += across;
    level.sumY[cell]! += up;
  }
  return level;
}

function coarser(fine: Level, n_groups: number): Level {
  const level = emptyLevel(fine.side / 2, n_groups);
  for (let cell = 0; cell < fine.n.length; cell += 1) {
    if (fine.n[cell] === 0) continue;
    const [column, line] = [cell % fine.side, Math.floor(cell / fine.side)];
    const [row, code] = [line % fine.side, Math.floor(line / fine.side)];
    const to = (code * level.side + (row >> 1)) * level.side + (column >> 1);
    level.n[to]! += fine.n[cell]!;
    level.sumX[to]! += fine.sumX[cell]!;
    level.sumY[to]! += fine.sumY[cell]!;
  }
  return level;
}

/** The cells of a group that hold more than the eight around them, with what they hold. */
function peaksOf({ side, n }: Level, code: number): number[] {
  const first = code * side * side;
  const peaks: number[] = [];
  for (let cell = first; cell < first + side * side; cell += 1) {
    const [row, column] = [Math.floor((cell - first) / side), (cell - first) % side];
    let highest = n[cell]! > 0;
    for (let r = Math.max(0, row - 1); highest && r <= Math.min(side - 1, row + 1); r += 1) {
      for (let c = Math.max(0, column - 1); c <= Math.min(side - 1, column + 1); c += 1) {
        const other = first + r * side + c;
        if (n[other]! > n[cell]! || (n[other] === n[cell] && other < cell)) highest = false;
      }
    }
    if (highest) peaks.push(cell);
  }
  return peaks.sort((left, right) => n[right]! - n[left]!);
}

/** How many points of all groups each cell of a level holds. */
function totals({ side, n }: Level): Float64Array {
  const all = new Float64Array(side * side);
  for (let cell = 0; cell < n.length; cell += 1) all[cell % all.length]! += n[cell]!;
  return all;
}

/**
 * Find where the names of groups may stand: each where its group is densest, and again, at finer
 * levels, wherever it is in the majority.
 */
export function anchorsOf(points: Points, { codes, names }: Groups): Anchor[] {
  const n_groups = Math.min(MOST_GROUPS, names.length);
  const levels = [finestLevel(points, codes, n_groups)];
  while (levels.length < N_LEVELS) levels.unshift(coarser(levels[0]!, n_groups));
  const anchors: Anchor[] = [];
  levels.forEach((level, depth) => {
    const all = totals(level);
    for (let code = 0; code < n_groups; code += 1) {
      peaksOf(level, code).forEach((cell, rank) => {
        const n = level.n[cell]!;
        const leads = n >= FEWEST && n >= MAJORITY * all[cell % all.length]!;
        if (depth === 0 ? rank > 0 && !leads : !leads) return;
        anchors.push({ code, x: level.sumX[cell]! / n, y: level.sumY[cell]! / n, n, level: depth });
      });
    }
  });
  return anchors.sort((left, right) => left.level - right.level || right.n - left.n);
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const meet = (one: Box, other: Box): boolean =>
  one.left < other.right &&
  other.left < one.right &&
  one.top < other.bottom &&
  other.top < one.bottom;

/**
 * Choose the names that are seen, the most important first; none on another, none twice nearby.
 * `widthOf` tells how wide a name is in pixels; `shows` leaves groups out.
 */
export function placeNames(
  anchors: readonly Anchor[],
  names: readonly string[],
  view: View,
  size: Size,
  widthOf: (name: string) => number,
  shows: (code: number) => boolean = () => true,
): PlacedName[] {
  const placed: PlacedName[] = [];
  const boxes: Box[] = [];
  for (const { code, x, y, level } of anchors) {
    const cell = ((2 / COARSEST) * view.scale) / 2 ** level;
    if (placed.length === MOST_NAMES || (level > 0 && cell < SMALLEST_CELL)) break;
    const [across, at] = toScreen(x, y, view);
    const down = at - ABOVE;
    const beyond = Math.max(-across, across - size.width, -down, down - size.height);
    const name = names[code];
    if (beyond > BEYOND || name === undefined || !shows(code)) continue;
    const half = widthOf(name) / 2 + GAP;
    const tall = NAME_HEIGHT / 2 + GAP / 2;
    const box = {
      left: across - half,
      right: across + half,
      top: down - tall,
      bottom: down + tall,
    };
    const near = (other: PlacedName): boolean =>
      other.code === code && Math.hypot(other.x - across, other.y - down) < APART;
    if (boxes.some((other) => meet(box, other)) || placed.some(near)) continue;
    boxes.push(box);
    placed.push({ key: `${code} ${x} ${y}`, code, name, x: across, y: down });
  }
  return placed;
}
