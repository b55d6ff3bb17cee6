/** The shapes of what the server is asked and answers. */

export type Unit = "recordings" | "windows";
export type Projection = "pca" | "umap";

/** What a column tells points apart by: groups that have names, numbers, or moments. */
export type ColumnKind = "groups" | "number" | "time";

/** Something that a map can be coloured by. */
export interface Column {
  name: string;
  kind: ColumnKind;
}

export interface Space {
  name: string;
  embedder: string;
  dim: number;
  n_recordings: number;
  n_windows: number;
  window_s: number;
  hop_s: number;
  score_name: string;
  is_default: boolean;
}

export interface Library {
  name: string;
  n_recordings: number;
  n_windows: number;
  duration_s: number;
  spaces: Space[];
  version: string;
  /** Nothing can be labelled. */
  read_only: boolean;
}

export interface LegendEntry {
  name: string;
  n: number;
}

/** A map: point i lies at (x[i], y[i]), both in [-1, 1], and shows the thing with id ids[i]. */
export interface MapPoints {
  x: Float32Array;
  y: Float32Array;
  ids: Uint32Array;
}

export type JobState = "running" | "done" | "failed";

export interface Job {
  id: number;
  kind: string;
  state: JobState;
  /** From 0 to 1. */
  progress: number;
  error: string | null;
}

export interface ProjectionStatus {
  name: Projection;
  ready: boolean;
  /** The job that computes it just now. */
  job: Job | null;
}

export interface Recording {
  id: number;
  path: string;
  name: string;
  folder: string;
  duration_s: number;
  sample_rate: number;
  channels: number;
  format: string;
  labels: string[];
  missing: boolean;
  /** The window that stands for the recording; null when the default space has none. */
  window_id: number | null;
  n_windows: number;
}

export interface SoundWindow {
  id: number;
  recording_id: number;
  path: string;
  name: string;
  folder: string;
  start_s: number;
  end_s: number;
  labels: string[];
}

export interface Hit {
  rank: number;
  /** Larger is better; `SearchResult.score_name` says what it measures. */
  score: number;
  recording_id: number;
  /** Null for a recording found by words that has no windows in this space. */
  window_id: number | null;
  path: string;
  name: string;
  folder: string;
  start_s: number;
  end_s: number;
  labels: string[];
  why: string | null;
  missing: boolean;
}

export interface SearchResult {
  query: unknown;
  space: string;
  score_name: string;
  hits: Hit[];
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

export type ExportFormat =
  "parquet" | "csv" | "table" | "paths" | "clips" | "audacity" | "raven" | "projector" | "site";

/** A file that the server made. */
export interface Exported {
  id: number;
  name: string;
  bytes: number;
  n: number;
  /** Whose sound could not be read. */
  missing: number;
}

export type Polarity = "positive" | "negative" | "unsure";

/** Something said of a recording, or of a stretch or a box of it. */
export interface NewAnnotation {
  recording_id: number;
  label: string;
  /** Null, both of them: the whole recording. */
  start_s: number | null;
  end_s: number | null;
  /** Null: as far as the sound reaches. */
  low_hz: number | null;
  high_hz: number | null;
  polarity: Polarity;
}

export interface Annotation extends NewAnnotation {
  id: number;
  /** Who says so: "person", "folder", "name", or a classifier. */
  provenance: string;
  confidence: number | null;
}

/** What a change of annotations did; undone by adding `removed` and removing `added`. */
export interface Changed {
  added: number[];
  removed: Annotation[];
  /** Things of which the same was said before. */
  unchanged: number;
}

export interface LabelUse {
  label: string;
  /** Recordings that carry it. */
  n: number;
  positive: number;
  negative: number;
  unsure: number;
}

/** A label for many things; without a polarity it is taken away. */
export interface Labelling {
  label: string;
  of: Unit;
  ids: number[];
  polarity: Polarity | null;
}

export interface SearchOptions {
  k: number;
  by: "recording" | "window";
  space: string | null;
}

export type Query = { words: string } | { window_id: number } | { recording_id: number };

/** Which map is meant; `space` null is the library's default. */
export interface MapView {
  space: string | null;
  of: Unit;
}
