/** The shapes of what the server is asked and answers: `npm run types` makes them from OpenAPI. */

/** What to add: files that were sent, or a folder. */
export interface AddIn {
  upload?: number | null;
  folder?: number | null;
  labels_from_folders?: boolean;
}

/** How far adding is, or what it did. */
export interface Adding {
  /** files that are new or changed */
  n_files: number;
  /** of them, heard or found unfit */
  done: number;
  /** seconds of sound heard */
  audio_s: number;
  elapsed_s: number;
  /** null while too little is known */
  left_s: number | null;
  n_failed: number;
  /** recordings, told at the end, as all that follows */
  added?: number;
  unchanged?: number;
  /** the first hundred */
  failed?: Failed[];
}

/** What may be added to the library, and what is being added. */
export interface AddingOut {
  /** why nothing may be added; null: it may */
  why_not: string | null;
  /** that an upload may have, for searching too */
  max_bytes: number;
  /** that may be sent at a time */
  max_files: number;
  /** of names of sounds, in lower case, with the dot */
  endings: string[];
  /** that may be added from */
  folders: FolderOut[];
  /** that adds just now, or waits to */
  job: Job | null;
}

/** Something said of a recording, or of a stretch or a box of it. */
export interface AnnotationIn {
  recording_id: number;
  label: string;
  /** null: from the beginning to the end */
  start_s?: number | null;
  end_s?: number | null;
  /** null: as low as the sound reaches */
  low_hz?: number | null;
  high_hz?: number | null;
  polarity?: "positive" | "negative" | "unsure";
}

/** An annotation that the library holds. */
export interface AnnotationOut {
  recording_id: number;
  label: string;
  /** null: from the beginning to the end */
  start_s?: number | null;
  end_s?: number | null;
  /** null: as low as the sound reaches */
  low_hz?: number | null;
  high_hz?: number | null;
  polarity?: "positive" | "negative" | "unsure";
  id: number;
  /** who says so: person, folder, name, or a classifier */
  provenance: string;
  confidence: number | null;
  created_at: string;
}

/** A change of annotations: what is added, and the ids of what is removed. */
export interface AnnotationsIn {
  add?: AnnotationIn[];
  remove?: number[];
}

/** How much each aspect counts; the score is the weighted mean of how alike in each. */
export interface AspectsIn {
  timbre?: number;
  pitch?: number;
  loudness?: number;
  rhythm?: number;
}

/** What was measured of a recording beside its vectors. */
export interface AspectsOut {
  /** K-weighted level, LUFS of the mix; -120: silence */
  loudness_db: number;
  /** fundamental; null where most has none */
  pitch_hz: number | null;
  /** how much of it has a pitch, 0 to 1 */
  voicing: number;
  /** centroid of its power; null in silence */
  brightness_hz: number | null;
  /** beginnings of sounds after the first, per second */
  onsets_per_s: number;
  /** how regular they are, 0 to 1 */
  pulse: number;
  /** how long sounds rise */
  attack_s: number;
  /** how long they last from there on */
  decay_s: number;
}

/** What a change of annotations did. */
export interface ChangedOut {
  /** ids of the new annotations */
  added: number[];
  removed: AnnotationOut[];
  /** things of which the same was said before */
  unchanged: number;
}

/** What a map can be coloured by. */
export interface ColumnOut {
  name: string;
  kind: "groups" | "number" | "time";
}

/** More sounds to be like, sounds not to be like, in which aspects, and what may be found. */
export interface ExamplesIn {
  /** window ids */
  like?: number[];
  /** window ids */
  unlike?: number[];
  /** recording ids */
  like_recordings?: number[];
  /** recording ids */
  unlike_recordings?: number[];
  aspects?: AspectsIn | null;
  within?: WithinIn | null;
}

/** What to take out, and in which form. */
export interface ExportIn {
  format: "parquet" | "csv" | "table" | "paths" | "clips" | "audacity" | "raven" | "projector" | "site";
  of?: "recordings" | "windows";
  ids: number[];
  space?: string | null;
}

/** A file that was made; /exports/{id} gives it. */
export interface ExportOut {
  id: number;
  name: string;
  bytes: number;
  /** recordings or windows */
  n: number;
  /** whose sound could not be read */
  missing: number;
}

/** A file that could not be added, and why. */
export interface Failed {
  name: string;
  reason: string;
}

/** A folder from which sounds may be added. */
export interface FolderOut {
  id: number;
  name: string;
  /** null where it is as far up as one may go */
  parent?: number | null;
  /** told when it is looked into */
  folders?: FolderOut[];
  /** in the folder itself; told when it is looked into */
  n_sounds?: number;
  /** whether all of its folders are listed */
  complete?: boolean;
}

/** A recording, or a stretch, that a search found. */
export interface HitOut {
  rank: number;
  /** larger is better; score_name says what it is */
  score: number;
  recording_id: number;
  window_id: number | null;
  path: string;
  name: string;
  folder: string;
  start_s: number;
  end_s: number;
  labels: string[];
  /** the highest score first */
  tags: TagOut[];
  why: string | null;
  missing: boolean;
  /** how alike it is in each aspect that was asked for, 0 to 1 */
  aspects?: Record<string, unknown> | null;
}

/** Work that runs in the background; it waits while another one writes to the library. */
export interface Job {
  id: number;
  kind: string;
  space: string | null;
  of: "recordings" | "windows";
  state: "waiting" | "running" | "done" | "failed" | "stopped";
  /** 0 to 1 */
  progress: number;
  error?: string | null;
  /** of the kind add */
  adding?: Adding | null;
  /** of an export that is done */
  export?: ExportOut | null;
}

/** Work to start. */
export interface JobIn {
  kind: "umap";
  space?: string | null;
  of?: "recordings" | "windows";
}

/** A label and how many recordings have it. */
export interface LabelCount {
  label: string;
  n: number;
}

/** A label for many things; without a polarity it is taken away. */
export interface LabelIn {
  label: string;
  of?: "recordings" | "windows";
  ids: number[];
  polarity?: "positive" | "negative" | "unsure" | null;
}

/** How a label is used. */
export interface LabelOut {
  label: string;
  /** recordings that carry it */
  n: number;
  /** annotations */
  positive: number;
  negative: number;
  unsure: number;
}

/** A colour of the map: its code is its place in the list. */
export interface LegendEntry {
  name: string;
  n: number;
}

/** What the library holds. */
export interface LibraryOut {
  name: string;
  version: string;
  /** whether labels can be neither added nor removed */
  read_only: boolean;
  n_recordings: number;
  n_missing: number;
  n_windows: number;
  n_failures: number;
  duration_s: number;
  spaces: SpaceOut[];
  labels: LabelCount[];
  /** the most common first */
  tags: TagCount[];
  adding: AddingOut;
}

/** Why a request could not be answered, in a sentence. */
export interface Problem {
  error: string;
}

/** A way to lay the library out, and whether it can be shown at once. */
export interface ProjectionOut {
  name: string;
  ready: boolean;
  /** recordings or windows that came after it was computed */
  behind: number;
  job?: Job | null;
}

/** A file that was sent, and kept. */
export interface ReceivedOut {
  /** under which it is kept */
  name: string;
  bytes: number;
}

/** A file of the library. */
export interface RecordingOut {
  id: number;
  path: string;
  name: string;
  folder: string;
  duration_s: number;
  sample_rate: number;
  channels: number;
  format: string;
  problem: string | null;
  device: string | null;
  metadata: Record<string, unknown>;
  labels: string[];
  /** the highest score first */
  tags: TagOut[];
  /** null: not measured yet */
  aspects: AspectsOut | null;
  missing: boolean;
  /** first window in the default space */
  window_id: number | null;
  n_windows: number;
}

/** Some recordings, and how many there are in all. */
export interface RecordingsOut {
  total: number;
  recordings: RecordingOut[];
}

/** What a search found. */
export interface ResultsOut {
  query: string;
  space: string | null;
  score_name: string;
  hits: HitOut[];
  /** what of the query could not be used */
  notes: string[];
}

/** What to search with: words, or a window or recording of the library, or examples. With nothing of that, what `where` and `within` let through is listed. */
export interface SearchIn {
  /** window ids */
  like?: number[];
  /** window ids */
  unlike?: number[];
  /** recording ids */
  like_recordings?: number[];
  /** recording ids */
  unlike_recordings?: number[];
  aspects?: AspectsIn | null;
  within?: WithinIn | null;
  words?: string | null;
  window_id?: number | null;
  recording_id?: number | null;
  /** of the recording; null: its beginning */
  start_s?: number | null;
  /** of the recording; null: its end */
  end_s?: number | null;
  k?: number;
  by?: "recording" | "window";
  per_recording?: number | null;
  /** compare exactly what codes propose; false: codes decide */
  rerank?: boolean;
  where?: string | null;
  /** where words are looked for; everywhere */
  text_from?: ("tags" | "names" | "labels")[] | null;
  space?: string | null;
}

/** One embedder's vectors. */
export interface SpaceOut {
  name: string;
  embedder: string;
  dim: number;
  window_s: number;
  hop_s: number;
  score_name: string;
  licence: string;
  is_default: boolean;
  n_recordings: number;
  n_windows: number;
}

/** A tag and how many recordings have it. */
export interface TagCount {
  tag: string;
  n: number;
}

/** A class of sounds that was heard. */
export interface TagOut {
  name: string;
  /** 0 to 1 */
  score: number;
}

/** Files that are sent to be added together. */
export interface UploadOut {
  id: number;
}

/** A stretch of a recording. */
export interface WindowOut {
  id: number;
  recording_id: number;
  path: string;
  name: string;
  folder: string;
  start_s: number;
  end_s: number;
  labels: string[];
  /** the highest score first */
  tags: TagOut[];
  /** whether the recording's file is gone */
  missing: boolean;
}

/** The only things that may be found. */
export interface WithinIn {
  of?: "recordings" | "windows";
  /** those that are gone are passed over */
  ids: number[];
}
