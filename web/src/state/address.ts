/** The view as the part of the page's address behind #, and back. */

import type { Projection, TextSource, Unit } from "../api.ts";
import type { Camera } from "../map/renderer.ts";
import { TEXT_SOURCES } from "./search.svelte.ts";

/** What of a question an address can hold; a dropped file is not part of it. */
export type AddressQuery = { kind: "words"; words: string } | { kind: "sound"; id: number };

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
  textFrom: [],
  sizesByScore: false,
  showsNames: true,
  showsDensity: false,
};

const DIGITS = 4;

/** Write a view; what is as it is at the start is left out. */
export function writeAddress(address: Address): string {
  const { of, projection, color, space, camera, query, textFrom } = address;
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
  if (query?.kind === "words") said.set("q", query.words);
  if (textFrom.length > 0) said.set("in", textFrom.join(","));
  if (query?.kind === "sound") said.set("like", String(query.id));
  return said.toString();
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
  const id = Number(said.get("like") ?? NaN);
  return Number.isSafeInteger(id) && id > 0 ? { kind: "sound", id } : null;
}
