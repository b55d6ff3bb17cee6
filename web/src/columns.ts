/** How columns and their values are called on the page. */

import { formatDuration } from "./format.ts";
import type { NumberColoring } from "./map/coloring.ts";

const NAMES: Readonly<Record<string, string>> = {
  label: "Label",
  tag: "Tag",
  folder: "Folder",
  device: "Device",
  format: "Format",
  duration_s: "Duration",
  sample_rate: "Sample rate",
  start_s: "Place in recording",
  recorded_at: "Recorded",
  added_at: "Added",
  trustworthiness: "Trustworthiness",
  score: "Score",
  none: "Nothing",
};

/** The name of a column as a person reads it; a metadata key is its own name. */
export function nameOfColumn(column: string): string {
  return NAMES[column] ?? column.charAt(0).toUpperCase() + column.slice(1).replaceAll("_", " ");
}

const numbers = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const days = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeZone: "UTC" });
const minutes = new Intl.DateTimeFormat("en", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  hour12: false,
  timeZone: "UTC",
});
const DAY_S = 86_400;

/** A value of a column: a length, a moment, a frequency or a plain number. */
export function formatValue(
  column: string,
  value: number,
  { kind, scale }: Pick<NumberColoring, "kind" | "scale">,
): string {
  if (kind === "time") {
    const close = scale !== null && scale.high - scale.low < 3 * DAY_S;
    return (close ? minutes : days).format(new Date(1000 * value));
  }
  if (column.endsWith("_s")) return formatDuration(Math.max(0, value));
  if (column === "sample_rate") return `${numbers.format(value / 1000)} kHz`;
  return numbers.format(value);
}
