"""How long after the pointer has rested on a point its sound begins, in a real browser.

    python benchmarks/dwell.py
    python benchmarks/dwell.py --sounds FOLDER --points 100

Serves a library of synthesized sounds (or of a folder) on this machine and moves the pointer of a
headless Chromium, drawing in software, over its map. Prints the median and the ninetieth percentile
of the time from the end of the dwell to the `playing` event of the audio element: for points whose
sound the browser has never asked for, for points beside one that was heard (fetched ahead), and in
a sweep, which does not dwell. Needs Playwright and Chromium.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from playwright.sync_api import Page, sync_playwright

from tonotopy.synthesis import SAMPLE_RATE, collection

DWELL_MS = 90  # as web/src/audio/dwell.ts says
PATIENCE_MS = 4000
ARGUMENTS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--autoplay-policy=no-user-gesture-required",
]
TONOTOPY = [sys.executable, "-c", "from tonotopy.cli import main; main()"]
# Notes when the pointer comes upon a point, which the tooltip tells, and when a sound begins.
WATCH = """
window.moved = 0;
window.begun = [];
addEventListener("pointermove", () => (window.moved = performance.now()), { capture: true });
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  if (this.watched === undefined) {
    this.watched = true;
    this.addEventListener("playing", () =>
      window.begun.push([performance.now() - window.moved, this.currentSrc]));
  }
  return play.call(this);
};
"""
# The map is painted on a canvas; what stands out of it are points.
READ = """
() => {
  const canvas = document.querySelector(".map canvas");
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const alpha = new Uint8Array(width * height);
  for (let i = 0; i < alpha.length; i += 1) alpha[i] = data[4 * i + 3];
  const scale = width / canvas.clientWidth;
  return { scale, width, height, alpha: Array.from(alpha, (each) => (each > 150 ? 1 : 0)) };
}
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sounds", type=Path, help="a folder; synthesized sounds by default")
    parser.add_argument("--points", type=int, default=40, help="points for a median")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        sounds = given.sounds or synthesized(home / "sounds")
        library = home / "sounds.db"
        tonotopy("add", sounds, "--library", library, "--embedder", "mfcc", "--jobs", 1)
        with served(library) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=ARGUMENTS
            )
            for name, measure, dwell_ms in (
                ("never asked for", rest_apart, DWELL_MS),
                ("beside one that was heard", rest_in_turn, DWELL_MS),
                ("in a sweep", sweep, 0),
            ):
                page = browser.new_page(viewport={"width": 1280, "height": 720})
                page.add_init_script(WATCH)
                page.goto(url)
                taken = np.array(measure(page, lone_points(page)[: given.points])) - dwell_ms
                print(
                    f"{name:<28}n = {len(taken):3}   median {np.median(taken):6.1f} ms   "
                    f"p90 {np.quantile(taken, 0.9):6.1f} ms"
                )
                page.close()
            browser.close()
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


def synthesized(folder: Path) -> Path:
    """Write some sounds of each family."""
    for sound in collection(per_family=4):
        path = folder / sound.family / sound.name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, sound.samples, SAMPLE_RATE)
    return folder


def tonotopy(*arguments: object) -> None:
    """Run a command of the program."""
    subprocess.run([*TONOTOPY, *map(str, arguments)], check=True, env=environment())


def environment() -> dict[str, str]:
    """Keep numeric libraries to one thread."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


@contextmanager
def served(library: Path) -> Iterator[str]:
    """Serve a library, and say where."""
    command = [*TONOTOPY, "serve", "--library", str(library), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment())
    try:
        for line in process.stderr or ():
            if found := re.search(r"http://\S+/", line):
                yield found[0]
                break
    finally:
        process.terminate()
        process.wait()


def lone_points(page: Page) -> list[tuple[float, float]]:
    """Wait until the map stands still, and list its points in an order of chance."""
    before: list[tuple[float, float]] = []
    for _ in range(60):
        page.wait_for_timeout(1000)
        found = find_points(page)
        if found and found == before:
            np.random.default_rng(0).shuffle(found)
            return found
        before = found
    raise RuntimeError("the map shows no points; open the page yourself and see what it says")


def find_points(page: Page) -> list[tuple[float, float]]:
    """Find the middles of points that stand by themselves, clear of the panels."""
    from scipy.ndimage import find_objects, label

    seen: dict[str, Any] = page.evaluate(READ)
    scale = seen["scale"]
    drawn = np.array(seen["alpha"], np.uint8).reshape(seen["height"], seen["width"])
    blobs, _ = label(drawn)
    found = []
    for rows, columns in find_objects(blobs):
        tall, wide = rows.stop - rows.start, columns.stop - columns.start
        x, y = (columns.start + columns.stop) / 2 / scale, (rows.start + rows.stop) / 2 / scale
        if 4 <= tall / scale <= 16 and abs(tall - wide) <= 2 and 260 < x < 900 and 90 < y < 700:
            found.append((x, y))
    return found


def began(page: Page, at: tuple[float, float]) -> float | None:
    """Move to a place, and tell how many milliseconds later a sound began."""
    n: int = page.evaluate("window.begun.length")
    page.mouse.move(*at)
    for _ in range(PATIENCE_MS // 20):
        if page.evaluate("window.begun.length") > n:
            taken: float = page.evaluate("window.begun.at(-1)[0]")
            return taken
        page.wait_for_timeout(20)
    return None


def fall_silent(page: Page) -> None:
    """Rest beside the map until nothing sounds."""
    page.mouse.move(1100, 700)
    page.wait_for_timeout(300)


def rest_apart(page: Page, points: list[tuple[float, float]]) -> list[float]:
    """Rest on one point after another, each far from the last, with silence between them."""
    taken = []
    for point in points:
        fall_silent(page)
        taken.append(began(page, point))
    return [each for each in taken if each is not None]


def rest_in_turn(page: Page, points: list[tuple[float, float]]) -> list[float]:
    """Rest on a point, then on the point nearest to it while the first still sounds."""
    taken = []
    for x, y in points:
        others = [each for each in points if each != (x, y)]
        distances = [(each[0] - x) ** 2 + (each[1] - y) ** 2 for each in others]
        fall_silent(page)
        if began(page, (x, y)) is not None:
            page.wait_for_timeout(400)
            taken.append(began(page, others[int(np.argmin(distances))]))
    return [each for each in taken if each is not None]


def sweep(page: Page, points: list[tuple[float, float]]) -> list[float]:
    """Move from point to point, from left to right, with the key of the sweep held."""
    page.keyboard.down("a")
    taken = []
    for point in sorted(points):
        taken.append(began(page, point))
        page.wait_for_timeout(100)
    page.keyboard.up("a")
    return [each for each in taken if each is not None]


if __name__ == "__main__":
    main()
