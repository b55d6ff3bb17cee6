// Builds the page into a temporary folder and compares it with the committed assets.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const LARGEST_SCRIPT = 250 * 1024; // bytes, gzipped

const web = fileURLToPath(new URL("..", import.meta.url));
const committed = fileURLToPath(new URL("../../src/tonotopy/server/static", import.meta.url));
const fresh = mkdtempSync(join(tmpdir(), "tonotopy-static-"));

function listFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

function findProblems() {
  const problems = [];
  const names = new Set([...listFiles(committed), ...listFiles(fresh)]);
  for (const name of names) {
    const [old, now] = [committed, fresh].map((folder) => {
      try {
        return readFileSync(join(folder, name));
      } catch (error) {
        if (error.code === "ENOENT") return null;
        throw error;
      }
    });
    if (old === null) problems.push(`${name} is built from the source but not committed`);
    else if (now === null) problems.push(`${name} is committed but the source does not build it`);
    else if (!old.equals(now)) problems.push(`${name} differs from what the source builds`);
  }
  const script = readFileSync(join(fresh, "app.js"));
  const size = gzipSync(script, { level: 9 }).length;
  console.log(`app.js: ${script.length} bytes, ${size} gzipped (limit ${LARGEST_SCRIPT})`);
  if (size > LARGEST_SCRIPT) problems.push(`app.js is ${size - LARGEST_SCRIPT} bytes too large`);
  if (/\bnew Function\b|\bFunction\.apply\b|\beval\(/.test(script.toString())) {
    problems.push("app.js evaluates strings, which the page's security policy refuses");
  }
  return problems;
}

try {
  execFileSync("npx", ["vite", "build", "--logLevel", "warn"], {
    cwd: web,
    env: { ...process.env, TONOTOPY_STATIC: fresh },
    stdio: "inherit",
  });
  const problems = findProblems();
  for (const problem of problems) console.error(`verify: ${problem}`);
  if (problems.length > 0) console.error("verify: run 'npm run build' and commit the result");
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
