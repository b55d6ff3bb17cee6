import { mount } from "svelte";
import App from "./App.svelte";
import { Api } from "./api.ts";
import "./app.css";
import { Store } from "./state/store.svelte.ts";

const target = document.querySelector("#app");
if (target === null) throw new Error("the page has no place for the application");

const api = new Api(new URL("api/v1/", document.baseURI).href);
const [audio, other] = [new Audio(), new Audio()];
mount(App, { target, props: { store: new Store(api, audio, other) } });
