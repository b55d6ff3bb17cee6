import { describe, expect, test, vi } from "vitest";
import { Api, ApiError, ServerGone, decodeMap } from "../src/api.ts";

const ROOT = "http://localhost/api/v1/";
const view = { space: null, of: "recordings" } as const;

function answering(...answers: Response[]): { api: Api; fetcher: ReturnType<typeof vi.fn> } {
  const fetcher = vi.fn(() => Promise.resolve(answers.shift() ?? Response.error()));
  return { api: new Api(ROOT, fetcher as unknown as typeof fetch), fetcher };
}

function mapOf(points: Array<[number, number, number]>): ArrayBuffer {
  const buffer = new ArrayBuffer(12 * points.length);
  const data = new DataView(buffer);
  points.forEach(([x, y, id], index) => {
    data.setFloat32(8 * index, x, true);
    data.setFloat32(8 * index + 4, y, true);
    data.setUint32(8 * points.length + 4 * index, id, true);
  });
  return buffer;
}

describe("a map", () => {
  test("is read from pairs of floats followed by ids", () => {
    const { x, y, ids } = decodeMap(
      mapOf([
        [-1, 0.5, 7],
        [0.25, 1, 4_000_000_000],
      ]),
    );
    expect([...x]).toEqual([-1, 0.25]);
    expect([...y]).toEqual([0.5, 1]);
    expect([...ids]).toEqual([7, 4_000_000_000]);
  });

  test("may be empty", () => {
    expect(decodeMap(new ArrayBuffer(0)).ids).toHaveLength(0);
  });

  test("that is cut short is refused", () => {
    expect(() => decodeMap(new ArrayBuffer(13))).toThrow("a map of 13 bytes is cut short");
  });
});

describe("requests", () => {
  test("name the map and leave the default space out", async () => {
    const { api, fetcher } = answering(new Response(mapOf([[0, 0, 1]])));
    await api.getMap(view, "umap");
    expect(fetcher).toHaveBeenCalledWith(`${ROOT}map?of=recordings&projection=umap`, {});
  });

  test("ask for the colours of that very map", async () => {
    const { api, fetcher } = answering(new Response(Uint16Array.of(3, 65535).buffer));
    const codes = await api.getColors({ space: "mfcc", of: "windows" }, "pca", "folder");
    expect([...codes]).toEqual([3, 65535]);
    const address = "map/colors?space=mfcc&of=windows&projection=pca&by=folder";
    expect(fetcher).toHaveBeenCalledWith(ROOT + address, {});
  });

  test("that search say that they come from the page", async () => {
    const { api, fetcher } = answering(Response.json({ hits: [] }));
    const { signal } = new AbortController();
    await api.search(
      { words: "door" },
      {
        k: 5,
        by: "recording",
        space: null,
        text_from: ["tags"],
        where: "label = 'door'",
        aspects: null,
        within: { of: "windows", ids: [3] },
      },
      signal,
    );
    const [address, init] = fetcher.mock.calls[0] as [string, RequestInit];
    expect(address).toBe(`${ROOT}search`);
    expect(init.headers).toEqual({ "Content-Type": "application/json", "X-Tonotopy": "1" });
    expect(JSON.parse(String(init.body))).toEqual({
      words: "door",
      k: 5,
      by: "recording",
      space: null,
      text_from: ["tags"],
      where: "label = 'door'",
      aspects: null,
      within: { of: "windows", ids: [3] },
    });
  });

  test("that upload carry the file and the options as a form", async () => {
    const { api, fetcher } = answering(Response.json({ hits: [] }));
    const file = new File(["RIFF"], "door.wav");
    const { signal } = new AbortController();
    const within = { of: "recordings", ids: [4] } as const;
    const where = "duration_s < 2";
    const options = {
      k: 5,
      by: "window",
      space: "mfcc",
      text_from: null,
      where,
      aspects: null,
    } as const;
    await api.searchByFile(
      file,
      { like: [1], unlike_recordings: [2] },
      { ...options, within: { ...within, ids: [4] } },
      signal,
    );
    const [address, init] = fetcher.mock.calls[0] as [string, RequestInit];
    const form = init.body as FormData;
    expect(address).toBe(`${ROOT}search/upload`);
    expect(init.headers).toEqual({ "X-Tonotopy": "1" });
    expect((form.get("file") as File).name).toBe("door.wav");
    expect([form.get("k"), form.get("by"), form.get("space")]).toEqual(["5", "window", "mfcc"]);
    expect(form.get("where")).toBe(where);
    const also: unknown = JSON.parse(String(form.get("also")));
    expect(also).toEqual({ like: [1], unlike_recordings: [2], within, aspects: null });
  });
});

describe("problems", () => {
  test("are told in the server's own words", async () => {
    const answer = Response.json({ error: "there is no recording 9" }, { status: 404 });
    const failure = answering(answer).api.getRecording(9);
    await expect(failure).rejects.toEqual(new ApiError(404, "there is no recording 9"));
  });

  test("without words of the server's are told by their status", async () => {
    const answer = new Response("<html>", { status: 502, statusText: "Bad Gateway" });
    await expect(answering(answer).api.getLibrary()).rejects.toThrow("answered 502 Bad Gateway");
  });

  test("of reaching the server are told apart from its refusals", async () => {
    const api = new Api(ROOT, () => Promise.reject(new TypeError("Failed to fetch")));
    await expect(api.getLibrary()).rejects.toBeInstanceOf(ServerGone);
  });

  test("of one's own cancelling pass through", async () => {
    const abort = new DOMException("stopped", "AbortError");
    const api = new Api(ROOT, () => Promise.reject(abort));
    await expect(api.getLibrary()).rejects.toBe(abort);
  });

  test("with a sound are explained by asking for it again", async () => {
    const gone = Response.json({ error: "bell.wav is gone" }, { status: 404 });
    const { api } = answering(gone, new Response("RIFF"));
    expect((await api.explainSilence("x")).message).toBe("bell.wav is gone");
    expect((await api.explainSilence("x")).message).toBe("This browser cannot play that sound.");
  });
});
