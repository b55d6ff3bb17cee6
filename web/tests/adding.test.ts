import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { picked, sift, tooLarge } from "../src/dropping.ts";
import { Store } from "../src/state/store.svelte.ts";
import { FakeAudio } from "./audio.ts";
import { FakeServer } from "./server.ts";

const LIMITS = { max_bytes: 1000, max_files: 3, endings: [".wav", ".mp3"] };

function file(name: string, size = 10, path = ""): File {
  const made = new File(["x".repeat(size)], name);
  Object.defineProperty(made, "webkitRelativePath", { value: path });
  return made;
}
const alone = (name: string, size = 10): { file: File; group: string } => ({
  file: file(name, size),
  group: "",
});

describe("what is given", () => {
  test("files that are no sounds, too large or empty are refused with the reason", () => {
    const given = [alone("a.WAV"), alone("b.pdf"), alone("c.mp3", 1001), alone("d.wav", 0)];
    const { sent, refused } = sift(given, LIMITS);
    expect(sent.map((each) => each.file.name)).toEqual(["a.WAV"]);
    expect(refused.map(({ name }) => name)).toEqual(["b.pdf", "c.mp3", "d.wav"]);
    expect(refused.map(({ reason }) => reason).join()).toMatch(/sound.*--max-upload.*empty/);
  });

  test("what else lies in a folder is passed over, as hidden files are", () => {
    const files = [
      file("a.wav", 10, "kits/808/a.wav"),
      file("cover.jpg", 10, "kits/808/cover.jpg"),
      file(".b.wav", 10, "kits/808/.b.wav"),
    ];
    const { sent, refused } = sift(picked(files), LIMITS);
    expect(sent.map(({ group }) => group)).toEqual(["808"]);
    expect(refused).toEqual([]);
  });

  test("more files than may be sent are refused, not lost", () => {
    const given = ["a", "b", "c", "d"].map((name) => alone(`${name}.wav`));
    const { sent, refused } = sift(given, LIMITS);
    expect(sent).toHaveLength(3);
    expect(refused.map(({ name }) => name)).toEqual(["d.wav"]);
  });

  test("sizes are told as people read them", () => {
    const large = file("a.wav");
    Object.defineProperty(large, "size", { value: 3e9 });
    expect(tooLarge(large, 2e8)).toContain("3.0 GB, and 200 MB can be sent");
    expect(tooLarge(large, 3e9)).toBeNull();
  });
});

describe("adding", () => {
  let server: FakeServer;
  let store: Store;

  beforeEach(async () => {
    vi.useFakeTimers();
    server = new FakeServer();
    store = new Store(server.api, new FakeAudio());
    await store.start();
  });
  afterEach(() => {
    store.stop();
    vi.useRealTimers();
  });

  const settle = async (promise: Promise<void>): Promise<void> => {
    await vi.advanceTimersByTimeAsync(5000);
    await promise;
  };

  test("files are sent one by one, then added, and the map says what it lacks", async () => {
    server.addJob = [
      { state: "waiting", progress: 0, error: null },
      { state: "done", progress: 1, error: null, adding: { ...REPORT, added: 2, n_failed: 1 } },
    ];
    const started = store.adding.addFiles([alone("a.wav"), alone("b.wav"), alone("c.txt")], false);
    server.n_recordings += 2;
    await settle(started);
    expect(server.paths("adding")).toEqual([
      "adding/uploads",
      "adding/files?upload=5&name=a.wav&group=",
      "adding/files?upload=5&name=b.wav&group=",
      "adding",
    ]);
    expect(store.adding.busy).toBe(false);
    expect(store.adding.outcome).toMatchObject({ text: "Added 2 recordings.", n_failed: 2 });
    expect(store.notice?.text).toBe("2 new recordings are not on this map yet.");
  });

  test("nothing is asked of the server for files that it would refuse", async () => {
    await store.adding.addFiles([alone("report.pdf"), alone("long.wav", 2000)], false);
    expect(server.paths("adding")).toEqual([]);
    expect(store.adding.outcome).toMatchObject({ text: "There was nothing to add.", n_failed: 2 });
  });

  test("a file that the server refuses is told, and the others go on", async () => {
    server.failures.set("adding/files?upload=5&name=a.wav&group=", { status: 400, error: "odd" });
    await settle(store.adding.addFiles([alone("a.wav"), alone("b.wav")], false));
    expect(store.adding.outcome?.failed[0]).toEqual({ name: "a.wav", reason: "odd" });
    expect(server.paths("adding").at(-1)).toBe("adding");
  });

  test("a full disk ends it, and what was sent is deleted", async () => {
    const path = "adding/files?upload=5&name=b.wav&group=";
    server.failures.set(path, { status: 507, error: "there is no room" });
    await settle(store.adding.addFiles([alone("a.wav"), alone("b.wav")], false));
    expect(server.paths("adding").at(-1)).toBe("adding/uploads/5/discard");
    expect(store.notice?.text).toBe("there is no room");
    expect(store.adding.busy).toBe(false);
  });

  test("stopping stops the job", async () => {
    server.addJob = [{ state: "running", progress: 0.5, error: null }];
    const started = store.adding.addFolder(1, true);
    await vi.advanceTimersByTimeAsync(500);
    await store.adding.stop();
    expect(server.paths("jobs").at(-1)).toBe("jobs/8/stop");
    server.addJob = [{ state: "stopped", progress: 0.5, error: null }];
    await settle(started);
    expect(store.adding.outcome?.text).toContain("Stopped");
  });

  test("a server that is started anew while sounds are added is told", async () => {
    server.addJob = [{ state: "running", progress: 0.5, error: null }];
    const started = store.adding.addFolder(1, true);
    server.gone = true;
    await vi.advanceTimersByTimeAsync(10_000);
    server.failures.set("jobs/8", { status: 404, error: "there is no job 8" });
    server.gone = false;
    await settle(started);
    expect(store.adding.outcome?.text).toContain("started anew");
  });

  test("what is added already when the page opens is followed", async () => {
    server.adds = true;
    server.addJob = [{ state: "running", progress: 0.5, error: null }];
    await store.library.watch();
    expect(store.adding.busy).toBe(true);
    server.adds = false;
    server.addJob = [{ state: "done", progress: 1, error: null, adding: REPORT }];
    await vi.advanceTimersByTimeAsync(2000);
    expect(store.adding.outcome?.text).toBe("Nothing could be added.");
  });

  test("a file that is too large to search with is never sent", async () => {
    await store.askFile(file("long.wav", 2000));
    expect(server.paths("search")).toEqual([]);
    expect(store.search.failure).toContain("--max-upload");
  });
});

describe("a server that is gone", () => {
  test("is looked for ever less often, and soon again once it was back", async () => {
    vi.useFakeTimers();
    const server = new FakeServer();
    const store = new Store(server.api, new FakeAudio());
    await store.start();
    server.gone = true;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(store.library.connection).toBe("down");
    const before = server.paths("library").length;
    await vi.advanceTimersByTimeAsync(60_000);
    const tries = server.paths("library").length - before;
    expect(tries).toBeGreaterThan(5);
    expect(tries).toBeLessThan(12);
    server.gone = false;
    server.n_recordings = 6;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(store.library.connection).toBe("up");
    expect(store.map.shown?.points.ids).toHaveLength(6);
    store.stop();
    vi.useRealTimers();
  });
});

const REPORT = {
  n_files: 2,
  done: 2,
  audio_s: 3,
  elapsed_s: 1,
  left_s: 0,
  n_failed: 0,
  added: 0,
  unchanged: 0,
  failed: [],
};
