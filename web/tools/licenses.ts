import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";

interface Manifest {
  name?: string;
  version?: string;
  license?: string;
  dependencies?: Record<string, string>;
}

/** Packages that are published with their dependencies inlined, which must be named as well. */
const INLINING = ["regl-scatterplot"];
/** Dependencies that the build replaces with our own code. */
const REPLACED = ["regl"];

/** Find the folder of the package that a bundled module came from, or null for our own modules. */
function packageFolder(moduleId: string): string | null {
  if (!moduleId.includes("/node_modules/")) return null;
  let folder = dirname(moduleId.replace(/^\0/, "").replace(/\?.*$/, ""));
  while (folder.includes("/node_modules/")) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest) && readManifest(folder).name !== undefined) return folder;
    folder = dirname(folder);
  }
  return null;
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}

/** Find the packages inlined in a package, at any depth. */
function inlinedFolders(folder: string): string[] {
  const names = Object.keys(readManifest(folder).dependencies ?? {});
  return names
    .filter((name) => !REPLACED.includes(name))
    .map((name) => join(folder.slice(0, folder.indexOf("/node_modules/")), "node_modules", name))
    .flatMap((inlined) => [inlined, ...inlinedFolders(inlined)]);
}

function describe(folder: string): string {
  const { name, version, license } = readManifest(folder);
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? "" : readFileSync(join(folder, file), "utf8").trim();
  return `${name} ${version} (${license})\n\n${text}\n`;
}

/** Write the licences of every package in the bundle beside it, as those licences ask. */
export function licenses(): Plugin {
  return {
    name: "tonotopy-licenses",
    apply: "build",
    generateBundle(_options, bundle) {
      const folders = new Set<string>();
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk") continue;
        for (const moduleId of Object.keys(chunk.modules)) {
          const folder = packageFolder(moduleId);
          if (folder !== null) folders.add(folder);
        }
      }
      for (const folder of [...folders]) {
        if (!INLINING.includes(readManifest(folder).name ?? "")) continue;
        for (const inlined of inlinedFolders(folder)) folders.add(inlined);
      }
      const rule = `\n${"-".repeat(80)}\n\n`;
      const source = [...folders].sort().map(describe).join(rule);
      this.emitFile({ type: "asset", fileName: "licenses.txt", source });
    },
  };
}
