/** The server's REST interface: one function per route, with the shapes it answers in. */

import type {
  Annotation,
  Changed,
  LabelUse,
  Labelling,
  NewAnnotation,
  ExportFormat,
  Overview,
  Tile,
  Projection,
  Column,
  Library,
  LegendEntry,
  MapPoints,
  Folder,
  Job,
  Received,
  ProjectionStatus,
  Recording,
  SoundWindow,
  SearchResult,
  SearchOptions,
  Query,
  MapView,
} from "./api-types.ts";

export type * from "./api-types.ts";

/** A problem that the server describes in a sentence. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

/** The server did not answer at all. */
export class ServerGone extends Error {
  constructor() {
    super("The tonotopy server does not answer.");
    this.name = "ServerGone";
  }
}

export const NO_CODE = 65535;

/** The ids of a job or the names of things become part of an address: keep them one segment. */
const segment = (value: string | number): string => encodeURIComponent(String(value));

function toQuery(parameters: Record<string, string | null>): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== null);
  return new URLSearchParams(given as Array<[string, string]>).toString();
}

async function describeFailure(response: Response): Promise<string> {
  const body = await response.text();
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null && "error" in parsed) {
      return String(parsed.error);
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return `The server answered ${response.status} ${response.statusText}.`;
}

/** Read n points from n little-endian pairs of float32 followed by n uint32 ids. */
export function decodeMap(buffer: ArrayBuffer): MapPoints {
  const bytesPerPoint = 12;
  if (buffer.byteLength % bytesPerPoint !== 0) {
    throw new Error(`a map of ${buffer.byteLength} bytes is cut short`);
  }
  const n = buffer.byteLength / bytesPerPoint;
  const pairs = new Float32Array(buffer, 0, 2 * n);
  const [x, y] = [new Float32Array(n), new Float32Array(n)];
  for (let index = 0; index < n; index += 1) {
    x[index] = pairs[2 * index] ?? NaN;
    y[index] = pairs[2 * index + 1] ?? NaN;
  }
  return { x, y, ids: new Uint32Array(buffer, 8 * n, n) };
}

const [ROWS, COLUMNS] = [96, 256];

/** Read a tile: mel bands by columns as uint8, then the lowest and the highest samples as int8. */
export function decodeTile(buffer: ArrayBuffer, sampled: boolean): Tile {
  const n_levels = ROWS * COLUMNS;
  if (buffer.byteLength !== n_levels + 2 * COLUMNS) {
    throw new Error(`a tile of ${buffer.byteLength} bytes is cut short`);
  }
  return {
    levels: new Uint8Array(buffer, 0, n_levels),
    low: new Int8Array(buffer, n_levels, COLUMNS),
    high: new Int8Array(buffer, n_levels + COLUMNS, COLUMNS),
    sampled,
  };
}

export class Api {
  readonly #root: string;
  readonly #fetch: typeof fetch;

  /** `root` ends in a slash; `fetcher` exists so that tests need no server. */
  constructor(root: string, fetcher: typeof fetch = (...request) => fetch(...request)) {
    this.#root = root;
    this.#fetch = fetcher;
  }

  getLibrary = (): Promise<Library> => this.#json("library");

  getMap = async (view: MapView, projection: Projection): Promise<MapPoints> =>
    decodeMap(await this.#binary(`map?${toQuery({ ...view, projection })}`));

  getProjections = (view: MapView): Promise<ProjectionStatus[]> =>
    this.#json(`map/projections?${toQuery({ ...view })}`);

  getColumns = (view: MapView, projection: Projection): Promise<Column[]> =>
    this.#json(`map/columns?${toQuery({ ...view, projection })}`);

  /** The windows of a recording in order of time, 0 between channels. */
  getTrajectory = async ({ space }: MapView, recordingId: number): Promise<Uint32Array> => {
    const asked = toQuery({ recording_id: String(recordingId), space });
    return new Uint32Array(await this.#binary(`map/trajectory?${asked}`));
  };

  /** A number for each point, NaN where nothing is known. */
  getValues = async (view: MapView, projection: Projection, by: string): Promise<Float64Array> =>
    new Float64Array(await this.#binary(`map/values?${toQuery({ ...view, projection, by })}`));

  getColors = async (view: MapView, projection: Projection, by: string): Promise<Uint16Array> =>
    new Uint16Array(await this.#binary(`map/colors?${toQuery({ ...view, projection, by })}`));

  /** 1 for each point whose file is gone. */
  getMissing = async (view: MapView, projection: Projection): Promise<Uint8Array> =>
    new Uint8Array(await this.#binary(`map/missing?${toQuery({ ...view, projection })}`));

  getLegend = (view: MapView, projection: Projection, by: string): Promise<LegendEntry[]> =>
    this.#json(`map/legend?${toQuery({ ...view, projection, by })}`);

  /** Lead from one thing to another over those between their vectors. */
  getBetween = (view: MapView, start: number, end: number): Promise<number[]> =>
    this.#json(
      `map/between?${toQuery({ ...view, start: String(start), end: String(end), steps: "14" })}`,
    );

  startJob = (kind: "umap", view: MapView): Promise<Job> =>
    this.#json("jobs", this.#post({ kind, ...view }));

  getJob = (id: number): Promise<Job> => this.#json(`jobs/${segment(id)}`);

  /** Stop a job; what it has done so far stays done. */
  stopJob = (id: number): Promise<Job> => this.#json(`jobs/${segment(id)}/stop`, this.#post({}));

  /** A folder of the server's from which sounds may be added, with the folders in it. */
  getFolder = (id: number): Promise<Folder> => this.#json(`adding/folders/${segment(id)}`);

  addFolder = (folder: number, labels_from_folders: boolean): Promise<Job> =>
    this.#json("adding", this.#post({ folder, labels_from_folders }));

  /** Begin to send files, which will be added together. */
  beginUpload = (): Promise<{ id: number }> => this.#json("adding/uploads", this.#post({}));

  /** Send a file as it is; `group` is the name of the folder that held it. */
  sendFile = (
    upload: number,
    file: File,
    group: string,
    signal: AbortSignal,
  ): Promise<Received> => {
    const query = toQuery({ upload: String(upload), name: file.name, group });
    const headers = { "Content-Type": "application/octet-stream", "X-Tonotopy": "1" };
    return this.#json(`adding/files?${query}`, { method: "POST", body: file, headers, signal });
  };

  addUpload = (upload: number, labels_from_folders: boolean): Promise<Job> =>
    this.#json("adding", this.#post({ upload, labels_from_folders }));

  /** Have what was sent deleted instead of added. */
  discardUpload = (id: number): Promise<{ id: number }> =>
    this.#json(`adding/uploads/${segment(id)}/discard`, this.#post({}));

  getRecording = (id: number, signal?: AbortSignal): Promise<Recording> =>
    this.#json(`recordings/${segment(id)}`, signal === undefined ? {} : { signal });

  getWindow = (id: number, signal?: AbortSignal): Promise<SoundWindow> =>
    this.#json(`windows/${segment(id)}`, signal === undefined ? {} : { signal });

  getLabels = (): Promise<LabelUse[]> => this.#json("labels");

  giveLabel = (labelling: Labelling): Promise<Changed> =>
    this.#json("labels", this.#post(labelling));

  getAnnotations = (recordingId: number, signal: AbortSignal): Promise<Annotation[]> =>
    this.#json(`annotations?recording_id=${segment(recordingId)}`, { signal });

  changeAnnotations = (
    add: readonly NewAnnotation[],
    remove: readonly number[],
  ): Promise<Changed> => this.#json("annotations", this.#post({ add, remove }));

  getOverview = async (recordingId: number, signal: AbortSignal): Promise<Overview> => {
    const path = `recordings/${segment(recordingId)}/peaks`;
    return this.#request(this.#root + path, { signal }, async (response) => {
      const pairs = new Int8Array(await response.arrayBuffer());
      return {
        bucket_s: Number(response.headers.get("X-Bucket-S")),
        low: pairs.filter((_, position) => position % 2 === 0),
        high: pairs.filter((_, position) => position % 2 === 1),
      };
    });
  };

  getTile = async (
    recordingId: number,
    level: number,
    number: number,
    signal: AbortSignal,
  ): Promise<Tile> => {
    const path = `recordings/${segment(recordingId)}/tiles/${level}/${number}`;
    return this.#request(this.#root + path, { signal }, async (response) =>
      decodeTile(await response.arrayBuffer(), response.headers.get("X-Sampled") === "1"),
    );
  };

  makeExport = (format: ExportFormat, view: MapView, ids: readonly number[]): Promise<Job> =>
    this.#json("exports", this.#post({ format, ...view, ids }));

  exportUrl = (id: number): string => `${this.#root}exports/${segment(id)}`;

  /** Where a recording is, as its file or as what browsers play. */
  recordingAudioUrl = (id: number): string => `${this.#root}recordings/${segment(id)}/audio`;

  /** Where a stretch of a recording is; `even`: as loud as all others. */
  stretchUrl = (recordingId: number, start_s: number, end_s: number, even = false): string =>
    `${this.#root}recordings/${segment(recordingId)}/stretch?` +
    toQuery({ start_s: String(start_s), end_s: String(end_s), ...(even ? { even: "true" } : {}) });

  /** Where a window's exact stretch of sound is; `even`: as loud as all others. */
  windowAudioUrl = (id: number, even = false): string =>
    `${this.#root}windows/${segment(id)}/audio${even ? "?even=true" : ""}`;

  /** Fetch a sound that may be played next, behind whatever is wanted now. */
  fetchAhead = (url: string, signal: AbortSignal): Promise<ArrayBuffer> =>
    this.#request(url, { signal, priority: "low" }, (response) => response.arrayBuffer());

  /** Say why the sound at `url`, which would not play, does not. */
  explainSilence = async (url: string): Promise<Error> => {
    try {
      await this.#request(url, {}, (response) => response.arrayBuffer());
      return new Error("This browser cannot play that sound.");
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  };

  search = (query: Query, options: SearchOptions, signal: AbortSignal): Promise<SearchResult> =>
    this.#json("search", { ...this.#post({ ...query, ...options }), signal });

  searchByFile = (
    file: File,
    query: Query,
    options: SearchOptions,
    signal: AbortSignal,
  ): Promise<SearchResult> => {
    const form = new FormData();
    form.set("file", file, file.name);
    form.set("k", String(options.k));
    form.set("by", options.by);
    if (options.space !== null) form.set("space", options.space);
    if (options.where !== null) form.set("where", options.where);
    form.set(
      "also",
      JSON.stringify({ ...query, within: options.within, aspects: options.aspects }),
    );
    const headers = { "X-Tonotopy": "1" };
    return this.#json("search/upload", { method: "POST", body: form, headers, signal });
  };

  #post(body: object): RequestInit {
    return {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", "X-Tonotopy": "1" },
    };
  }

  async #request<Body>(
    address: string,
    init: RequestInit,
    read: (response: Response) => Promise<Body>,
  ): Promise<Body> {
    try {
      const response = await this.#fetch(address, init);
      if (!response.ok) throw new ApiError(response.status, await describeFailure(response));
      return await read(response);
    } catch (error) {
      // A browser tells an unreachable server only as a TypeError; an abort passes through.
      throw error instanceof TypeError ? new ServerGone() : error;
    }
  }

  #json<Shape>(path: string, init: RequestInit = {}): Promise<Shape> {
    return this.#request(
      this.#root + path,
      init,
      async (response) => (await response.json()) as Shape,
    );
  }

  #binary(path: string): Promise<ArrayBuffer> {
    return this.#request(this.#root + path, {}, (response) => response.arrayBuffer());
  }
}
