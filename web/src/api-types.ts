/** The shapes of what the server is asked and answers, by the names that the page has for them. */

import type {
  AnnotationIn,
  AnnotationOut,
  AspectsIn,
  ChangedOut,
  ColumnOut,
  ExamplesIn,
  ExportIn,
  Job,
  LabelIn,
  ProjectionOut,
  SearchIn,
  WithinIn,
} from "./openapi.ts";

export type {
  Adding,
  ColumnOut as Column,
  ExportOut as Exported,
  FolderOut as Folder,
  HitOut as Hit,
  Job,
  LabelOut as LabelUse,
  LegendEntry,
  LibraryOut as Library,
  ReceivedOut as Received,
  RecordingOut as Recording,
  ResultsOut as SearchResult,
  SpaceOut as Space,
  TagOut as Tag,
  WindowOut as SoundWindow,
} from "./openapi.ts";

export type Unit = "recordings" | "windows";
export type Projection = "pca" | "umap";
export type ColumnKind = ColumnOut["kind"];
export type ExportFormat = ExportIn["format"];

/** Where words are looked for. */
export type TextSource = NonNullable<SearchIn["text_from"]>[number];

export interface ProjectionStatus extends ProjectionOut {
  name: Projection;
  /** The job that computes it just now. */
  job: Job | null;
}

/** Something said of a recording, or of a stretch or a box of it; nulls where it has no bounds. */
export type NewAnnotation = Required<AnnotationIn>;
export type Annotation = Required<AnnotationOut>;
export type Polarity = NewAnnotation["polarity"];
export type Labelling = Required<LabelIn>;

/** What a change of annotations did; undone by adding `removed` and removing `added`. */
export interface Changed extends ChangedOut {
  removed: Annotation[];
}

export interface SearchOptions {
  k: number;
  by: NonNullable<SearchIn["by"]>;
  space: string | null;
  /** Null: everywhere. It says nothing about sounds. */
  text_from: TextSource[] | null;
  /** How much each aspect counts between sounds; null: the sound as it is heard. */
  aspects: AspectsIn | null;
  /** An expression in the language of filters. */
  where: string | null;
  /** The only things that may be found. */
  within: WithinIn | null;
}

/** A map: point i lies at (x[i], y[i]), both in [-1, 1], and shows the thing with id ids[i]. */
export interface MapPoints {
  x: Float32Array;
  y: Float32Array;
  ids: Uint32Array;
}

/** The waveform of a whole recording: the lowest and highest sample of each bucket, of 127. */
export interface Overview {
  bucket_s: number;
  low: Int8Array;
  high: Int8Array;
}

/** 256 columns of a recording's picture. */
export interface Tile {
  /** 96 mel bands, the lowest first, by 256 columns; 255 is full scale, 0 is 100 dB less. */
  levels: Uint8Array;
  low: Int8Array;
  high: Int8Array;
  /** Only moments of each column were heard. */
  sampled: boolean;
}

/** What to search with; nothing of it lists what the filters let through. */
export type Query = Pick<SearchIn, keyof ExamplesIn | SearchedWith>;
type SearchedWith = "words" | "window_id" | "recording_id" | "start_s" | "end_s";

/** Which map is meant; `space` null is the library's default. */
export interface MapView {
  space: string | null;
  of: Unit;
}
