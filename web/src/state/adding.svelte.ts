/** Adding sounds: sending files, following the job that hears them, telling what became of them. */

import { type Adding, type Api, ApiError, type Folder, type Job, type Library } from "../api.ts";
import { type Given, type Refusal, sift } from "../dropping.ts";
import { follow, isUnderWay } from "../jobs.ts";

/** Files on their way to the server. */
export interface Sending {
  done: number;
  n_files: number;
  done_bytes: number;
  n_bytes: number;
}

/** What became of it. */
export interface Outcome {
  text: string;
  failed: readonly Refusal[];
  /** How many could not be added; `failed` lists the first of them. */
  n_failed: number;
  added: number;
}

export interface AddingEvents {
  /** Something was added. */
  onAdded(): Promise<void>;
  onProblem(error: unknown): void;
}

export class AddingState {
  /** The panel that offers ways to add is open. */
  isOpen = $state(false);
  sending = $state.raw<Sending | null>(null);
  job = $state.raw<Job | null>(null);
  outcome = $state.raw<Outcome | null>(null);
  busy = $state(false);

  readonly #api: Api;
  readonly #library: () => Library | null;
  readonly #events: AddingEvents;
  #giveUp = new AbortController();

  constructor(api: Api, library: () => Library | null, events: AddingEvents) {
    this.#api = api;
    this.#library = library;
    this.#events = events;
  }

  /** Why nothing may be added; null where it may. */
  get whyNot(): string | null {
    return this.#library()?.adding.why_not ?? null;
  }

  /** List the folders in a folder where the server is. */
  lookInto = (id: number): Promise<Folder> => this.#api.getFolder(id);

  /** Send files and have them added. */
  async addFiles(given: readonly Given[], labelsFromFolders: boolean): Promise<void> {
    const limits = this.#library()?.adding;
    if (limits === undefined || this.busy) return;
    const { sent, refused } = sift(given, limits);
    this.outcome = null;
    this.isOpen = false;
    if (sent.length === 0) {
      this.outcome = outcomeOf("There was nothing to add.", null, refused);
      return;
    }
    await this.#attempt(refused, async () => {
      this.sending = begin(sent);
      const { id } = await this.#api.beginUpload();
      try {
        await this.#send(id, sent, refused);
        return await this.#api.addUpload(id, labelsFromFolders);
      } catch (error) {
        await this.#api.discardUpload(id).catch(() => undefined); // what went wrong is told already
        throw error;
      } finally {
        this.sending = null;
      }
    });
  }

  /** Have a folder of the server's added. */
  async addFolder(id: number, labelsFromFolders: boolean): Promise<void> {
    if (this.busy) return;
    this.outcome = null;
    this.isOpen = false;
    await this.#attempt([], () => this.#api.addFolder(id, labelsFromFolders));
  }

  /** Follow what the server adds anyway, such as after the page was opened again. */
  async resume(job: Job | null): Promise<void> {
    if (job !== null && isUnderWay(job) && !this.busy) {
      await this.#attempt([], () => Promise.resolve(job));
    }
  }

  /** Stop; what was added so far stays. */
  async stop(): Promise<void> {
    this.#giveUp.abort();
    if (this.job !== null) await this.#api.stopJob(this.job.id);
  }

  async #send(id: number, sent: readonly Given[], refused: Refusal[]): Promise<void> {
    this.#giveUp = new AbortController();
    const { signal } = this.#giveUp;
    let n_kept = 0;
    for (const { file, group } of sent) {
      try {
        await this.#api.sendFile(id, file, group, signal);
        n_kept += 1;
      } catch (error) {
        if (!(error instanceof ApiError) || ![400, 413].includes(error.status)) throw error;
        refused.push({ name: file.name, reason: error.message });
      }
      const before = this.sending ?? begin(sent);
      const done_bytes = before.done_bytes + file.size;
      this.sending = { ...before, done: before.done + 1, done_bytes };
    }
    if (n_kept === 0) throw new Error("None of the files could be sent.");
  }

  /** Start a job, follow it to its end, and tell how it ended. */
  async #attempt(refused: Refusal[], start: () => Promise<Job>): Promise<void> {
    this.busy = true;
    try {
      const last = await follow(this.#api, await start(), (job) => (this.job = job));
      this.outcome = outcomeOf(endOf(last), last.adding ?? null, refused);
    } catch (error) {
      const stopped = error instanceof DOMException && error.name === "AbortError";
      if (stopped) this.outcome = outcomeOf("Nothing was added: it was stopped.", null, refused);
      else if (error instanceof ApiError && error.status === 404 && this.job !== null) {
        this.outcome = outcomeOf(
          "The server was started anew while sounds were added. Add the others again.",
          null,
          refused,
        );
      } else {
        if (refused.length > 0) this.outcome = outcomeOf("Nothing was added.", null, refused);
        this.#events.onProblem(error);
      }
    } finally {
      this.job = null;
      this.busy = false;
      await this.#events.onAdded();
    }
  }
}

function begin(sent: readonly Given[]): Sending {
  const n_bytes = sent.reduce((sum, { file }) => sum + file.size, 0);
  return { done: 0, n_files: sent.length, done_bytes: 0, n_bytes };
}

function endOf({ state, error, adding }: Job): string {
  if (state === "failed") return error ?? "Adding failed.";
  if (state === "stopped") return "Stopped; what was heard so far stays.";
  const n = adding?.added ?? 0;
  const known = adding?.unchanged ?? 0;
  if (n === 0) {
    return known > 0 ? "The library has these sounds already." : "Nothing could be added.";
  }
  return `Added ${n === 1 ? "1 recording" : `${n.toLocaleString("en")} recordings`}.`;
}

function outcomeOf(text: string, adding: Adding | null, refused: readonly Refusal[]): Outcome {
  const failed = [...refused, ...(adding?.failed ?? [])];
  const n_failed = refused.length + (adding?.n_failed ?? 0);
  return { text, failed, n_failed, added: adding?.added ?? 0 };
}
