/** What keys and gestures do, for whoever asks by `?`: the one list of them. */

export interface KeyUse {
  /** Each by itself, or all together where the first is Ctrl or Alt. */
  keys: readonly string[];
  does: string;
}

export interface KeyGroup {
  name: string;
  uses: readonly KeyUse[];
}

const uses = (...lines: ReadonlyArray<readonly [keys: string, does: string]>): readonly KeyUse[] =>
  lines.map(([keys, does]) => ({ keys: keys.split(" "), does }));

export const KEY_GROUPS: readonly KeyGroup[] = [
  {
    name: "Find",
    uses: uses(
      ["/", "write in the search box"],
      ["↑ ↓", "walk the list: neighbours, or what was found"],
      ["Enter", "list what sounds like this one"],
      ["+ -", "on a hit: more, less like it"],
      ["Alt ← →", "the search before, the next"],
      ["Esc", "step back: selection, question, legend"],
    ),
  },
  {
    name: "Hear",
    uses: uses(
      ["Space", "play again"],
      ["A", "held: hear all that the pointer passes"],
      ["P", "draw a line and hear it; between two selected sounds"],
      ["← →", "the sound before or after, on a path"],
      ["W", "waveform and spectrogram"],
    ),
  },
  {
    name: "Label",
    uses: uses(
      ["1 … 9", "give a common label; with Alt, take it away"],
      ["L", "write a label"],
      ["F", "favourite"],
      ["Ctrl Z", "undo"],
    ),
  },
  {
    name: "Map",
    uses: uses(
      ["V", "move"],
      ["S R", "select with a lasso, a rectangle"],
      ["0", "the whole map"],
      ["?", "this list"],
    ),
  },
  {
    name: "Close up",
    uses: uses(
      ["← →", "earlier, later"],
      ["+ -", "zoom"],
      ["Q", "find what sounds like it"],
      ["Del", "remove the chosen label"],
    ),
  },
  {
    name: "Review",
    uses: uses(["↑ ↓", "yes, no"], ["U →", "unsure, skip"], ["←", "take the last one back"]),
  },
];

/** What is done without keys. */
export const GESTURES: ReadonlyArray<readonly [gesture: string, does: string]> = [
  ["Rest on a point", "hear that very stretch of sound"],
  ["Click a point", "list what truly sounds most like it, wherever the map puts it"],
  ["Shift-drag around points", "select them; Alt-drag takes away"],
  ["Tap", "hear a point and list its neighbours"],
  ["Press long", "select a point"],
  ["Two fingers", "move and zoom the map; one finger moves it too"],
];
