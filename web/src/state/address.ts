/** The view as the part of the page's address behind #, and back. */

import type { Projection, TextSource, Unit } from "../api.ts";
import type { Camera } from "../map/renderer.ts";
import { type Weights, readWeights, writeWeights } from "./aspects.ts";
import { type Filter, readFilter, writeFilter } from "./filters.ts";
import { type Part, type Question, type Thing, fileOf } from "./questions.ts";
import { TEXT_SOURCES } from "./search.svelte.ts";

/** What of a question an address can hold; a dropped file is not part of it. */
export type AddressQuery =
  | { kind: "words"; words: string }
  | { kind: "sound"; id: number }
  | { kind: "part"; part: Part }
  | { kind: "examples"; base: Part | null; like: readonly Thing[]; unlike: readonly Thing[] };

export interface Address {
  of: Unit;
  projection: Projection;
  /** A column, or "none". */
  color: string;
  /** Null: the library's default. */
  space: string | null;
  /** Null: all points. */
  camera: Camera | null;
  query: AddressQuery | null;
  filters: readonly Filter[];
  aspects: Weights | null;
  /** Where words are looked for; empty: everywhere. */
  textFrom: readonly TextSource[];
  sizesByScore: boolean;
  /** Names of groups stand on the map. */
  showsNames: boolean;
  /** Lines of equal density lie beneath the points. */
  showsDensity: boolean;
}

export const START: Address = {
  of: "recordings",
  projection: "pca",
  color: "label",
  space: null,
  camera: null,
  query: null,
  filters: [],
  aspects: null,
  textFrom: [],
  sizesByScore: false,
  showsNames: true,
  showsDensity: false,
};

const DIGITS = 4;

/** Write a view; what is as it is at the start is left out. */
export function writeAddress(address: Address): string {
  const { of, projection, color, space, camera, query, filters, textFrom } = address;
  const said = new URLSearchParams();
  if (of !== START.of) said.set("of", of);
  if (projection !== START.projection) said.set("map", projection);
  if (color !== START.color) said.set("colour", color);
  if (address.sizesByScore) said.set("size", "score");
  if (!address.showsNames) said.set("names", "off");
  if (address.showsDensity) said.set("density", "on");
  if (space !== null) said.set("space", space);
  if (camera !== null) {
    const { x, y, height } = camera;
    said.set("at", [x, y, height].map((value) => Number(value.toFixed(DIGITS))).join(","));
  }
  if (query !== null) writeQuery(said, query);
  if (textFrom.length > 0) said.set("in", textFrom.join(","));
  if (address.aspects !== null) said.set("alike", writeWeights(address.aspects));
  for (const filter of filters) said.append("only", writeFilter(filter));
  return said.toString();
}

/** What an address can hold of a question. */
export function addressable(question: Question | null): AddressQuery | null {
  if (question === null || question.kind === "all" || fileOf(question) !== null) return null;
  return question as AddressQuery;
}

function writeQuery(said: URLSearchParams, query: AddressQuery): void {
  const part = query.kind === "part" ? query.part : query.kind === "examples" ? query.base : null;
  if (part !== null) {
    said.set("part", [part.recording_id, part.start_s, part.end_s].map(round).join(","));
  }
  if (query.kind === "words") said.set("q", query.words);
  if (query.kind === "sound") said.set("like", String(query.id));
  if (query.kind !== "examples") return;
  if (query.like.length > 0) said.set("more", query.like.map(writeThing).join(","));
  if (query.unlike.length > 0) said.set("less", query.unlike.map(writeThing).join(","));
}

const round = (value: number): number => Number(value.toFixed(DIGITS));
const writeThing = ({ of, id }: Thing): string => `${of === "recordings" ? "r" : "w"}${id}`;

function readThings(text: string | null): Thing[] {
  const named = [...(text ?? "").matchAll(/(?:^|,)([rw])([1-9]\d{0,14})(?=,|$)/g)];
  return named.map(([, letter, id]) => ({
    of: letter === "r" ? "recordings" : "windows",
    id: Number(id),
  }));
}

function readPart(text: string | null): Part | null {
  const numbers = (text ?? "").split(",").map((each) => (each === "" ? NaN : Number(each)));
  const [recording_id = NaN, start_s = NaN, end_s = NaN] = numbers;
  const sound = Number.isSafeInteger(recording_id) && recording_id > 0;
  return sound && start_s >= 0 && end_s > start_s && Number.isFinite(end_s)
    ? { recording_id, start_s, end_s }
    : null;
}

/** Read a view; what makes no sense is as at the start. */
export function readAddress(hash: string): Address {
  const said = new URLSearchParams(hash.replace(/^#/, ""));
  return {
    of: said.get("of") === "windows" ? "windows" : START.of,
    projection: said.get("map") === "umap" ? "umap" : START.projection,
    color: said.get("colour") || START.color,
    space: said.get("space") || null,
    camera: readCamera(said.get("at")),
    query: readQuery(said),
    filters: said.getAll("only").flatMap((each) => readFilter(each) ?? []),
    aspects: readWeights(said.get("alike") ?? ""),
    textFrom: readSources(said.get("in") ?? ""),
    sizesByScore: said.get("size") === "score",
    showsNames: said.get("names") !== "off",
    showsDensity: said.get("density") === "on",
  };
}

function readCamera(text: string | null): Camera | null {
  const numbers = (text ?? "").split(",").map((part) => (part === "" ? NaN : Number(part)));
  const [x = NaN, y = NaN, height = NaN] = numbers;
  const sound = [x, y, height].every(Number.isFinite) && height > 0;
  return sound && numbers.length === 3 ? { x, y, height } : null;
}

function readSources(text: string): TextSource[] {
  const named = text.split(",");
  const sources = TEXT_SOURCES.filter((source) => named.includes(source));
  return sources.length < TEXT_SOURCES.length ? sources : [];
}

function readQuery(said: URLSearchParams): AddressQuery | null {
  const words = said.get("q")?.trim() ?? "";
  if (words !== "") return { kind: "words", words };
  const part = readPart(said.get("part"));
  const [like, unlike] = [readThings(said.get("more")), readThings(said.get("less"))];
  if (like.length > 0 || (part !== null && unlike.length > 0)) {
    return { kind: "examples", base: part, like, unlike };
  }
  if (part !== null) return { kind: "part", part };
  const id = Number(said.get("like") ?? NaN);
  return Number.isSafeInteger(id) && id > 0 ? { kind: "sound", id } : null;
}
