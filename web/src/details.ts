/** What is known about recordings and windows, asked of the server once. */

import type { Api, Recording, SoundWindow } from "./api.ts";

const LARGEST = 2000;

export class Details {
  readonly #api: Api;
  readonly #recordings = new Map<number, Recording>();
  readonly #windows = new Map<number, SoundWindow>();

  constructor(api: Api) {
    this.#api = api;
  }

  recording = (id: number, signal?: AbortSignal): Promise<Recording> =>
    remember(this.#recordings, id, () => this.#api.getRecording(id, signal));

  window = (id: number, signal?: AbortSignal): Promise<SoundWindow> =>
    remember(this.#windows, id, () => this.#api.getWindow(id, signal));

  /** The library has changed: ask again. */
  forget(): void {
    this.#recordings.clear();
    this.#windows.clear();
  }
}

async function remember<Value>(
  known: Map<number, Value>,
  id: number,
  ask: () => Promise<Value>,
): Promise<Value> {
  const value = known.get(id) ?? (await ask());
  known.set(id, value);
  const oldest = known.keys().next();
  if (known.size > LARGEST && oldest.done !== true) known.delete(oldest.value);
  return value;
}
