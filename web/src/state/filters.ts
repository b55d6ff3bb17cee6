/** Filters as chips: what a person writes, what is shown, and what the server is asked. */

import type { Column } from "../api.ts";
import { formatDuration } from "../format.ts";

export type Op = "=" | "<" | "<=" | ">" | ">=";

/** One thing that what is found has to be, or (`not`) must not be. */
export interface Filter {
  /** A name of `FIELDS`, or a metadata key. */
  field: string;
  op: Op;
  value: string;
  not: boolean;
}

type Kind = "text" | "number" | "time" | "place";

/** What can be asked for in every library; a library's own columns come to it. */
export const FIELDS: Readonly<Record<string, Kind>> = {
  label: "text",
  tag: "text",
  folder: "place",
  path: "place",
  device: "text",
  duration: "number",
  recorded: "time",
  added: "time",
};
/** How the server calls what people call otherwise. */
const COLUMNS: Readonly<Record<string, string>> = {
  duration: "duration_s",
  recorded: "recorded_at",
  added: "added_at",
  folder: "path",
};
const TOKEN = /(?<!\S)(-?)([A-Za-z_][\w.-]*):(<=|>=|<|>|=)?("[^"]*"|\S+)/g;
const BARE = /^[A-Za-z_][\w.-]*$/;
/** Columns of maps that filters know nothing of. */
const UNKNOWN = new Set(["format", "sample_rate", "start_s", "score", "none"]);
const KEYWORDS = new Set(["and", "or", "not", "in", "true", "false", "unlabelled"]);

/** A library's columns that filters know, by the names that people use, and whether of numbers. */
export type Columns = ReadonlyMap<string, boolean>;

function kindOf(field: string, columns: Columns): Kind | null {
  const kind = FIELDS[field];
  if (kind !== undefined) return kind;
  const isNumber = columns.get(field);
  return isNumber === undefined ? null : isNumber ? "number" : "text";
}

/** What the columns of a map are as filters; what filters do not know is left out. */
export function columnsOf(columns: readonly Column[]): Columns {
  const own = columns.filter(({ name }) => !UNKNOWN.has(name) && !(fieldOf(name) in FIELDS));
  return new Map(own.map(({ name, kind }) => [name, kind === "number"]));
}

/** Whether the groups of a column can be filtered by. */
export const isField = (column: string): boolean => !UNKNOWN.has(column);

/** The name that people use for a column of the map. */
export function fieldOf(column: string): string {
  const known = Object.entries(COLUMNS).find(([, named]) => named === column);
  return column === "path" || known === undefined ? column : known[0];
}

/** Why a value makes no sense, or null. */
export function complaint({ field, op, value }: Filter, columns: Columns): string | null {
  const kind = kindOf(field, columns);
  if (kind === null) return `There is no “${field}” to filter by.`;
  if (value.trim() === "") return "Say what it should be.";
  if (kind === "number" && !Number.isFinite(Number(value))) return `“${value}” is no number.`;
  if (kind === "time" && !/^\d{4}-\d\d-\d\d/.test(value)) return "Write a day as 2026-05-31.";
  if (op !== "=" && (kind === "text" || kind === "place")) return `${field} has no order.`;
  return null;
}

/** Take the filters out of what was written: `rain tag:Dog -label:"old take" duration:<2`. */
export function takeFilters(
  text: string,
  columns: Columns,
): { words: string; filters: Filter[]; problems: string[] } {
  const filters: Filter[] = [];
  const problems: string[] = [];
  const words = text.replace(TOKEN, (token, minus: string, field: string, op, quoted: string) => {
    const value = quoted.replace(/^"(.*)"$/, "$1");
    const filter: Filter = { field, op: (op as Op | undefined) ?? "=", value, not: minus === "-" };
    if (kindOf(field, columns) === null) return token;
    const problem = complaint(filter, columns);
    if (problem === null) filters.push(filter);
    else problems.push(problem);
    return "";
  });
  return { words: words.replace(/\s+/g, " ").trim(), filters, problems };
}

/** As a person would write it. */
export function writeFilter({ field, op, value, not }: Filter): string {
  const quoted = /[\s"]/.test(value) ? `"${value.replaceAll('"', "")}"` : value;
  return `${not ? "-" : ""}${field}:${op === "=" ? "" : op}${quoted}`;
}

/** Read one that was written, whatever columns there are. */
export function readFilter(text: string): Filter | null {
  const [, field = ""] = /^-?([A-Za-z_][\w.-]*):/.exec(text) ?? [];
  const columns = new Map(field in FIELDS ? [] : [[field, /:[<>]/.test(text)]]);
  const { words, filters } = takeFilters(text, columns);
  return words === "" && filters.length === 1 ? (filters[0] ?? null) : null;
}

/** As it stands on a chip. */
export function nameOf({ field, op, value, not }: Filter): string {
  const amount = field === "duration" ? formatDuration(Number(value)) : value;
  const signs: Record<Op, string> = { "=": "", "<": "< ", "<=": "≤ ", ">": "> ", ">=": "≥ " };
  return `${not ? "not " : ""}${field}: ${signs[op]}${amount}`;
}

export function sameFilter(left: Filter, right: Filter): boolean {
  return writeFilter(left) === writeFilter(right);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function column(field: string): string {
  const named = COLUMNS[field] ?? field;
  const bare = BARE.test(named) && !KEYWORDS.has(named.toLowerCase());
  return bare ? named : `\`${named.replaceAll("`", "``")}\``;
}

function test(filter: Filter, columns: Columns): string {
  const { field, op, value } = filter;
  if (field === "folder") return `path ~ ${quote(`*/${value}/*`)}`;
  if (field === "path") return `path ~ ${quote(`*${value}*`)}`;
  const kind = kindOf(field, columns);
  const looksLikeOne = kind !== "time" && op !== "=" && Number.isFinite(Number(value));
  const isNumber = kind === "number" || looksLikeOne;
  return `${column(field)} ${op} ${isNumber ? String(Number(value)) : quote(value)}`;
}

/**
 * The expression that the server is asked, or null for everything. Several values of one field are
 * alternatives; everything else has to hold at once.
 */
export function whereOf(filters: readonly Filter[], columns: Columns): string | null {
  const alternatives = new Map<string, string[]>();
  const terms: string[] = [];
  for (const filter of filters) {
    const term = test(filter, columns);
    if (filter.not) terms.push(`not ${term}`);
    else if (filter.op !== "=") terms.push(term);
    else alternatives.set(filter.field, [...(alternatives.get(filter.field) ?? []), term]);
  }
  for (const tests of alternatives.values()) {
    terms.push(tests.length > 1 ? `(${tests.join(" or ")})` : (tests[0] ?? ""));
  }
  return terms.length > 0 ? terms.join(" and ") : null;
}
