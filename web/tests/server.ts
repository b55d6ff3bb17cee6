/** A server of the page's making: a small library, answered from memory. */

import { Api, type Hit, type Job, type Labelling, type NewAnnotation } from "../src/api.ts";

const N_RECORDINGS = 4;
/** What was said, by ids; the fake keeps it. */
interface Said extends NewAnnotation {
  id: number;
}

const COLUMNS = [
  { name: "label", kind: "groups" },
  { name: "folder", kind: "groups" },
  { name: "duration_s", kind: "number" },
];
const SCORE = "cosine similarity";

export interface Request {
  method: string;
  path: string;
  body: unknown;
}

/** Recording r holds the windows 10 r and 10 r + 1; all recordings are labelled even or odd. */
export class FakeServer {
  readonly requests: Request[] = [];
  readonly api = new Api("http://localhost/api/v1/", (input, init) => this.#answer(input, init));
  /** Unreachable, as when the program was stopped. */
  gone = false;
  n_recordings = N_RECORDINGS;
  /** The recording whose file is gone, if any is. */
  gone_id: number | null = null;
  umapReady = false;
  /** What may be sent. */
  limits = { max_bytes: 1000, max_files: 3, endings: [".wav", ".mp3"] };
  /** How many recordings came after the UMAP. */
  behind = 0;
  /** What lies between any two things. */
  between: number[] = [];
  /** How the job stands each time it is asked; its last state stays. */
  job: Array<Pick<Job, "state" | "progress" | "error">> = [
    { state: "done", progress: 1, error: null },
  ];
  /** The same of the job that adds, and whether it is under way when the page opens. */
  addJob: Array<Partial<Job>> = [{ state: "done", progress: 1, error: null }];
  adds = false;
  /** The same of exports. */
  exportJob: Array<Partial<Job>> = [{ state: "done", progress: 1, error: null }];
  /** Answers by path that replace the usual ones. */
  readonly failures = new Map<string, { status: number; error: string }>();
  /** Held back until released, by path. */
  readonly delays = new Map<string, Promise<void>>();

  paths(start = ""): string[] {
    return this.requests.map(({ path }) => path).filter((path) => path.startsWith(start));
  }

  async #answer(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const path = String(input).replace("http://localhost/api/v1/", "");
    const body = typeof init?.body === "string" ? (JSON.parse(init.body) as unknown) : init?.body;
    this.requests.push({ method: init?.method ?? "GET", path, body });
    if (this.gone) throw new TypeError("Failed to fetch");
    await this.delays.get(path);
    init?.signal?.throwIfAborted();
    const failure = this.failures.get(path);
    if (failure !== undefined) {
      return Response.json({ error: failure.error }, { status: failure.status });
    }
    return this.#route(path, body);
  }

  #route(path: string, body: unknown): Response {
    const [name = "", id = ""] = path.split(/[/?]/);
    if (name === "library") return Response.json(this.#library());
    if (path.startsWith("map/projections")) return Response.json(this.#projections());
    if (path.startsWith("map/columns")) return Response.json(COLUMNS);
    if (path.startsWith("map/values")) return new Response(this.#values(path));
    if (path.startsWith("map/colors")) return new Response(this.#codes(path).buffer as ArrayBuffer);
    if (path.startsWith("map/missing")) {
      return new Response(
        Uint8Array.from(this.#ids(path), (each) => Number(each === this.gone_id)),
      );
    }
    if (path.startsWith("map/trajectory")) {
      const owner = Number(/recording_id=(\d+)/.exec(path)?.[1]);
      return new Response(Uint32Array.of(10 * owner, 10 * owner + 1).buffer);
    }
    if (path.startsWith("map/legend")) return Response.json([legend("even"), legend("odd")]);
    if (path.startsWith("map/between")) return Response.json(this.between);
    if (path.includes("/audio") || path.includes("/stretch")) return new Response("RIFF");
    if (name === "map") return new Response(this.#map(path));
    if (name === "adding") return Response.json(this.#add(path));
    if (path.startsWith("jobs/8")) return Response.json(this.#nextOf(this.addJob, 8, "add"));
    if (path.startsWith("exports")) return Response.json(this.#nextOf(this.exportJob, 9, "export"));
    if (path.startsWith("jobs/9")) return Response.json(this.#nextOf(this.exportJob, 9, "export"));
    if (path === "jobs") return Response.json({ id: 7, kind: "umap", state: "running" });
    if (name === "jobs") return Response.json(this.#nextJob());
    if (path.endsWith("/peaks")) {
      const headers = { "X-Bucket-S": "0.5" };
      return new Response(Int8Array.of(-1, 1, -2, 2, -3, 3, -4, 4), { headers });
    }
    if (name === "recordings") return Response.json(this.#recording(Number(id)));
    if (name === "windows") return Response.json(this.#window(Number(id)));
    if (name === "labels" && body !== undefined) {
      return Response.json(this.#giveLabel(body as Labelling));
    }
    if (name === "labels") return Response.json(this.#labels());
    if (name === "annotations" && body !== undefined) {
      const { add, remove } = body as { add: NewAnnotation[]; remove: number[] };
      return Response.json(this.#change(add, remove));
    }
    if (name === "annotations") return Response.json(this.said);
    if (name === "search") return Response.json(results(body));
    throw new Error(`the fake server has no ${path}`);
  }

  /** Annotations, oldest first. */
  said: Said[] = [];
  read_only = false;
  #lastId = 0;

  #change(add: NewAnnotation[], remove: number[]): object {
    const removed = this.said.filter(({ id }) => remove.includes(id));
    this.said = this.said.filter(({ id }) => !remove.includes(id));
    const added = add.map((each) => ({ ...each, id: (this.#lastId += 1) }));
    this.said.push(...added);
    return { added: added.map(({ id }) => id), removed, unchanged: 0 };
  }

  #giveLabel({ ids, label, polarity }: Labelling): object {
    const isOf = (id: number) => (each: Said) => each.recording_id === id && each.label === label;
    if (polarity === null) {
      const taken = this.said.filter((each) => ids.some((id) => isOf(id)(each)));
      return this.#change(
        [],
        taken.map(({ id }) => id),
      );
    }
    const fresh = ids.filter((id) => !this.said.some(isOf(id)));
    const whole = { start_s: null, end_s: null, low_hz: null, high_hz: null };
    return this.#change(
      fresh.map((recording_id) => ({ recording_id, label, ...whole, polarity })),
      [],
    );
  }

  #labels(): object[] {
    const counts = new Map<string, number>();
    for (const { label } of this.said) counts.set(label, (counts.get(label) ?? 0) + 1);
    return [...counts]
      .sort((left, right) => right[1] - left[1])
      .map(([label, n]) => ({ label, n, positive: n, negative: 0, unsure: 0 }));
  }

  #library(): object {
    const n_windows = 2 * this.n_recordings;
    return {
      name: "fake",
      version: "1",
      read_only: this.read_only,
      n_recordings: this.n_recordings,
      n_missing: this.gone_id === null ? 0 : 1,
      n_windows,
      duration_s: 2 * this.n_recordings,
      spaces: [
        {
          name: "timbre",
          is_default: true,
          score_name: SCORE,
          n_recordings: this.n_recordings,
          n_windows,
        },
      ],
      adding: {
        why_not: null,
        ...this.limits,
        folders: [{ id: 1, name: "/sounds" }],
        job: this.adds ? { id: 8, kind: "add", ...this.addJob[0] } : null,
      },
    };
  }

  #projections(): object[] {
    const job = { id: 7, kind: "umap", ...this.job[0] };
    return [
      {
        name: "pca",
        ready: true,
        behind: 0,
        job: this.adds ? { id: 8, kind: "add", ...this.addJob[0] } : null,
      },
      {
        name: "umap",
        ready: this.umapReady,
        behind: this.behind,
        job: job.state === "running" ? job : null,
      },
    ];
  }

  #recording(id: number): object {
    const sound = { duration_s: 2, sample_rate: 44100, channels: 1, format: "wav" };
    const missing = id === this.gone_id;
    return { id, ...place(id), ...sound, missing, window_id: 10 * id, n_windows: 2 };
  }

  #window(id: number): object {
    const owner = Math.floor(id / 10);
    const stretch = { start_s: id % 10, end_s: (id % 10) + 1 };
    const missing = owner === this.gone_id;
    return { id, recording_id: owner, ...place(owner), ...stretch, missing };
  }

  #nextJob(): object {
    const now = this.job.length > 1 ? this.job.shift() : this.job[0];
    if (now?.state === "done") [this.umapReady, this.behind] = [true, 0];
    return { id: 7, kind: "umap", ...now };
  }

  #add(path: string): object {
    if (path === "adding/uploads") return { id: 5 };
    if (path === "adding") return { id: 8, kind: "add", ...this.addJob[0] };
    return { id: 5, name: "x.wav", bytes: 1 };
  }

  #nextOf(states: Array<Partial<Job>>, id: number, kind: string): object {
    const now = states.length > 1 ? states.shift() : states[0];
    return { id, kind, ...now };
  }

  #ids(path: string): number[] {
    const recordings = Array.from({ length: this.n_recordings }, (_, index) => index + 1);
    return path.includes("of=windows")
      ? recordings.flatMap((id) => [10 * id, 10 * id + 1])
      : recordings;
  }

  #codes(path: string): Uint16Array {
    const recordingOf = (id: number): number => (id < 10 ? id : Math.floor(id / 10));
    return Uint16Array.from(this.#ids(path), (id) => recordingOf(id) % 2);
  }

  /** The lengths of things are their ids; the first is not known. */
  #values(path: string): ArrayBuffer {
    return Float64Array.from(this.#ids(path), (id, index) => (index === 0 ? NaN : id)).buffer;
  }

  #map(path: string): ArrayBuffer {
    const ids = this.#ids(path);
    const shift = path.includes("umap") ? 0.5 : 0;
    const buffer = new ArrayBuffer(12 * ids.length);
    // Points lie on a line, a tenth apart.
    new Float32Array(buffer, 0, 2 * ids.length).set(
      ids.flatMap((_, index) => [shift + index / 10, shift]),
    );
    new Uint32Array(buffer, 8 * ids.length).set(ids);
    return buffer;
  }
}

const legend = (name: string): object => ({ name, n: 2 });

const place = (id: number): Pick<Hit, "path" | "name" | "folder" | "labels" | "tags"> => ({
  path: `sounds/${id}.wav`,
  name: `${id}.wav`,
  folder: "sounds",
  labels: [id % 2 === 0 ? "even" : "odd"],
  tags: [{ name: "Dog", score: 0.9 }],
});

export function hit(rank: number, recordingId: number): Hit {
  const found = { recording_id: recordingId, window_id: 10 * recordingId, start_s: 0, end_s: 1 };
  return { rank, score: 1 / rank, ...found, ...place(recordingId), why: null, missing: false };
}

function results(body: unknown): object {
  const asked = body as { recording_id?: number };
  const others = [1, 2, 3].filter((id) => id !== asked.recording_id);
  return {
    space: "timbre",
    score_name: SCORE,
    notes: [],
    hits: others.map((id, i) => hit(i + 1, id)),
  };
}
