import { getContext, setContext } from "svelte";
import type { Store } from "./store.svelte.ts";

const KEY = Symbol("store");

export function provideStore(store: Store): Store {
  return setContext(KEY, store);
}

export function useStore(): Store {
  return getContext<Store>(KEY);
}
