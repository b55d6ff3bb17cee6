import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { licenses } from "./tools/licenses.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const server = process.env["TONOTOPY_URL"] ?? "http://127.0.0.1:8765";

export default defineConfig({
  base: "./",
  plugins: [svelte(), licenses()],
  resolve: {
    alias: {
      // regl compiles its commands with `Function`, which the page's security policy forbids.
      regl: here("./src/map/webgl/index.ts"),
    },
  },
  build: {
    outDir: process.env["TONOTOPY_STATIC"] ?? here("../src/tonotopy/server/static"),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        entryFileNames: "app.js",
        chunkFileNames: "[name].js",
        assetFileNames: (asset) =>
          asset.names[0]?.endsWith(".css") ? "app.css" : "[name][extname]",
        codeSplitting: false,
      },
    },
  },
  server: {
    proxy: {
      // The server answers only to pages of its own, so the request must look like one.
      "/api": { target: server, changeOrigin: true, headers: { origin: server } },
    },
  },
  test: {
    include: ["tests/**/*.test.ts"],
    environment: "happy-dom",
  },
});
