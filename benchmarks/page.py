"""How soon the page can be used, and how smoothly a large map moves, in a browser without a GPU.

    python benchmarks/page.py
    python benchmarks/page.py --points 1000000 --rounds 3

Seeds libraries of made-up vectors with a stored projection, serves each with `tonotopy serve`, and
opens its map of windows in headless Chromium that draws in software. Prints, for each size,

- the first visit after the server has started, and the median of later ones, each with an empty
  cache: from navigation until the points are painted, the legend stands, and the page has answered
  to work that it gave itself afterwards;
- pictures a second while the mouse drags the map;
- the bytes of coordinates and ids, and the load of the machine, without which times say little.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from tonotopy import catalog
from tonotopy.catalog import Catalog, NewRecording

SIZES = (10_000, 100_000, 1_000_000)
DIM, WINDOWS_EACH, N_FOLDERS = 32, 50, 40
DRAG_S = 3.0
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader"]
ARGUMENTS += ["--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
WATCH = """
window.pictures = 0;
const put = CanvasRenderingContext2D.prototype.putImageData;
CanvasRenderingContext2D.prototype.putImageData = function (image, ...place) {
  put.call(this, image, ...place);
  window.pictures += 1;
  const legend = document.querySelector("section[aria-label=Legend]");
  if (window.usable !== undefined || legend === null) return;
  const seen = new Uint32Array(image.data.buffer).some((pixel) => pixel !== 0);
  if (!seen) return;
  window.painted ??= performance.now();
  // Whatever the page set itself to do next is done before this.
  setTimeout(() => setTimeout(() => (window.usable ??= performance.now())));
};
"""
# A pointer that moves as often as the page can draw; a made-up one cannot be captured.
DRAG = """
(duration) => new Promise((resolve) => {
  const canvas = document.querySelector("canvas");
  Element.prototype.setPointerCapture = () => undefined;
  const send = (kind, x, y) => canvas.dispatchEvent(
    new PointerEvent(kind, { pointerId: 1, clientX: x, clientY: y, bubbles: true }));
  send("pointerdown", 600, 400);
  const [began, before] = [performance.now(), window.pictures];
  requestAnimationFrame(function step(now) {
    const share = (now - began) / duration;
    send("pointermove", 600 + 150 * Math.sin(9 * share), 400 + 90 * Math.sin(13 * share));
    if (share < 1) return requestAnimationFrame(step);
    send("pointerup", 600, 400);
    resolve((1000 * (window.pictures - before)) / (now - began));
  });
})
"""


class Measured(NamedTuple):
    """One visit."""

    painted_s: float
    usable_s: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, nargs="+", default=SIZES, help="windows of a map")
    parser.add_argument("--rounds", type=int, default=5, help="later visits for a median")
    given = parser.parse_args()
    print(f"load of the machine: {load()}; cores: {os.cpu_count()}")
    print(
        f"{'points':>10} {'first visit':>12} {'later visits':>13} {'painted':>9} "
        f"{'pictures/s':>11} {'bytes':>12}  load"
    )
    with tempfile.TemporaryDirectory() as home, sync_playwright() as running:
        path = next(filter(None, map(shutil.which, BROWSERS)), None)
        if path is None:
            sys.exit(f"no browser is installed: looked for {', '.join(BROWSERS)}")
        browser = running.chromium.launch(executable_path=path, args=ARGUMENTS)
        for n in given.points:
            library = Path(home) / f"{n}.db"
            with catalog.open_catalog(library) as opened:
                fill(opened, n)
            with served(library) as url:
                measure(browser, url, n, given.rounds)
        browser.close()


def measure(browser: Browser, url: str, n: int, rounds: int) -> None:
    """Visit a map, drag it, and print a line."""
    first, speed = visit(browser, url, drags=True)
    later = [visit(browser, url)[0] for _ in range(rounds)]
    usable = statistics.median(each.usable_s for each in later)
    painted = statistics.median(each.painted_s for each in later)
    with urllib.request.urlopen(f"{url}api/v1/map?of=windows&projection=umap") as answer:
        n_bytes = len(answer.read())
    print(
        f"{n:>10,} {first.usable_s:>10.2f} s {usable:>11.2f} s {painted:>7.2f} s "
        f"{speed:>11.1f} {n_bytes:>12,}  {load()}",
        flush=True,
    )


def visit(browser: Browser, url: str, *, drags: bool = False) -> tuple[Measured, float]:
    """Open the map in a browser that has seen nothing; the pictures a second of a drag, or 0."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(f"{url}#of=windows&map=umap")
    while not page.evaluate("window.usable ?? 0"):
        page.wait_for_timeout(50)
    painted, usable = page.evaluate("[window.painted, window.usable]")
    speed = drag(page) if drags else 0.0
    context.close()
    return Measured(painted / 1000, usable / 1000), speed


def drag(page: Page) -> float:
    """Drag the map to and fro; give the pictures a second."""
    page.wait_for_timeout(1500)  # until it has come to rest
    return float(page.evaluate(DRAG, 1000 * DRAG_S))


def fill(library: Catalog, n_windows: int) -> None:
    """Store recordings of made-up vectors in a few folders, and a map of bunches."""
    rng = np.random.default_rng(0)
    vector = rng.standard_normal(DIM).astype("<f2").tobytes()
    with library.write() as connection:
        catalog.root_for(connection, "/sounds")
        space = catalog.create_space(
            connection,
            name="made up",
            embedder="",
            fingerprint="",
            dim=DIM,
            sample_rate=0,
            window_s=1.0,
            hop_s=0.5,
        )
        labels = {}
        for number in range(n_windows // WINDOWS_EACH):
            recording = catalog.put_recording(connection, made_up(number), None)
            labels[recording] = f"label {number % N_FOLDERS}"
            rows = (
                (None, place, place / 2, place / 2 + 1, vector) for place in range(WINDOWS_EACH)
            )
            catalog.put_windows(connection, space, recording, rows)
        catalog.set_labels(connection, labels, provenance="folder")
        put_map(connection, catalog.find_space(connection), rng)


def put_map(connection: Any, space: catalog.Space, rng: np.random.Generator) -> None:
    """Store a map on which each folder is a few bunches."""
    ids, recordings = catalog.recordings_of_windows(connection, space)
    centres = rng.uniform(-0.9, 0.9, (N_FOLDERS, 3, 2))
    bunch = centres[recordings % N_FOLDERS, rng.integers(0, 3, len(ids))]
    coordinates = bunch + 0.06 * rng.standard_normal((len(ids), 2))
    coordinates /= np.abs(coordinates).max()
    catalog.put_analysis(
        connection,
        space_id=space.id,
        kind="projection",
        name="umap",
        item_kind="windows",
        parameters={},
        generation=space.generation,
        values={
            "ids": ids,
            "coordinates": coordinates.astype(np.float32),
            "trustworthiness": rng.random(len(ids), np.float32),
        },
    )


def made_up(number: int) -> NewRecording:
    """Describe a file that is not there."""
    return NewRecording(
        path=f"/sounds/folder {number % N_FOLDERS}/{number}.wav",
        size=number,
        mtime_ns=number,
        content_hash=str(number),
        duration_s=WINDOWS_EACH / 2 + 0.5,
        sample_rate=44_100,
        channels=1,
        format="wav",
        peaks=b"",
        problem=None,
    )


@contextmanager
def served(library: Path) -> Iterator[str]:
    """Serve a library in a process of its own; give the address of the page."""
    program = [sys.executable, "-c", "from tonotopy.cli import main; main()"]
    command = [*program, "serve", "--library", str(library), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        said = ""
        for line in process.stderr or ():
            said += line
            address = re.search(r"http://\S+/", line)
            if address is not None:
                yield address[0]
                break
        else:
            raise RuntimeError(f"'tonotopy serve' did not say where it is:\n{said}")
        process.terminate()


def load() -> str:
    """Tell how many processes wanted a core, over the last minute."""
    return f"{os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
