"""How long a recording of a whole day takes from the click until its picture is there.

    python benchmarks/day_look.py

Writes a FLAC file of 24 hours, a tone that comes and goes, puts it into a library without
embedding it, serves that on this machine, and looks at it in a headless Chromium that draws in
software: at the surroundings of a moment, which is what opens first, and at all of it. Each is
measured twice: the second time the server has the tiles. Needs Playwright and Chromium.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
from playwright.sync_api import Page, sync_playwright

from dwell import ARGUMENTS, served
from tonotopy import catalog
from tonotopy.audio import Peaks
from tonotopy.catalog import NewRecording

DAY_S = 86_400
BLOCK_S = 60
DIM = 8
# When the key was pressed or the button clicked, and when the last tile came.
WATCH = """
window.acted = 0;
for (const kind of ["keydown", "click"])
  addEventListener(kind, () => (window.acted = performance.now()), { capture: true });
"""
LAST_TILE = """
() => {
  const tiles = performance.getEntriesByType("resource").filter(
    ({ name, startTime }) => name.includes("/tiles/") && startTime >= window.acted);
  return [tiles.length, Math.max(0, ...tiles.map(({ responseEnd }) => responseEnd - window.acted))];
}
"""
CALM_MS = 1500  # without another tile


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=int, default=16_000, help="samples a second")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        began = time.monotonic()
        library = library_of_a_day(home, given.rate)
        size = (home / "day.flac").stat().st_size / 1e6
        print(
            f"24 h at {given.rate} Hz, {size:.0f} MB, written in {time.monotonic() - began:.0f} s"
        )
        with served(library) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=ARGUMENTS
            )
            for again in ("first", "again"):
                page = browser.new_page(viewport={"width": 1280, "height": 720})
                page.add_init_script(WATCH)
                page.goto(f"{url}#like=1")
                page.locator(".pinned .name").wait_for()
                page.wait_for_timeout(1000)
                page.keyboard.press("w")
                tell(page, f"a moment of it, {again}")
                page.get_by_role("button", name="Show all of it").click()
                tell(page, f"all of it, {again}")
                page.close()
            browser.close()
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


def tell(page: Page, name: str) -> None:
    """Wait until no more tiles come, and print when the last one came."""
    seen, calm = -1, 0
    while calm < CALM_MS:
        page.wait_for_timeout(100)
        n, last_ms = page.evaluate(LAST_TILE)
        calm = calm + 100 if n == seen and n > 0 else 0
        seen = n
    print(f"{name:<24}{n:3} tiles   the last after {last_ms:7.0f} ms")


def library_of_a_day(home: Path, rate: int) -> Path:
    """Write the file, and a library that knows it as if its vectors had been imported."""
    rng = np.random.default_rng(0)
    times = np.arange(BLOCK_S * rate) / rate
    tone = np.sin(2 * np.pi * 440 * times) * np.sin(np.pi * times / BLOCK_S) ** 2
    blocks = [
        np.round(32_767 * (0.3 * loudness * tone + 0.001 * rng.standard_normal(len(times))))
        for loudness in (0.1, 0.3, 1.0)
    ]
    path, peaks = home / "day.flac", Peaks(rate)
    with soundfile.SoundFile(path, "w", rate, 1, format="FLAC", subtype="PCM_16") as file:
        for number in range(DAY_S // BLOCK_S):
            block = blocks[number % 3].astype(np.int16)
            file.write(block)
            peaks.add(block.astype(np.float32) / 32_768)
    status, library = path.stat(), home / "day.db"
    recording = NewRecording(
        path=str(path),
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        content_hash="day",
        duration_s=float(DAY_S),
        sample_rate=rate,
        channels=1,
        format="flac",
        peaks=peaks.to_bytes(),
        problem=None,
    )
    with catalog.open_catalog(library) as opened, opened.write() as connection:
        catalog.root_for(connection, str(home))
        space = catalog.create_space(
            connection,
            name="imported",
            embedder="",
            fingerprint="",
            dim=DIM,
            sample_rate=0,
            window_s=1.0,
            hop_s=0.5,
        )
        vectors = rng.standard_normal((100, DIM)).astype("<f2")
        rows = (
            (None, place, 40_000.0 + place / 2, 40_001.0 + place / 2, vector.tobytes())
            for place, vector in enumerate(vectors)
        )
        catalog.put_windows(
            connection, space, catalog.put_recording(connection, recording, None), rows
        )
    return library


if __name__ == "__main__":
    main()
