"""How much work a request is: exact windows of sound, and the map of a large library.

    python benchmarks/serving.py

Prints the median CPU time of a request, the client in the same process included, and the memory
that the map of 100,000 windows takes at its highest.
"""

import argparse
import resource
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
from fastapi.testclient import TestClient

from tonotopy import catalog
from tonotopy.catalog import Catalog, NewRecording
from tonotopy.ingest import add
from tonotopy.server import create_app

RATE = 44_100
SOURCES = {"mp3": "MP3", "ogg": "OGG", "flac": "FLAC", "wav": "WAV", "aiff": "AIFF"}
DIM, WINDOWS_EACH, N_FOLDERS = 320, 50, 40


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--windows", type=int, default=100_000, help="windows of the large library")
    parser.add_argument("--rounds", type=int, default=100, help="requests for a median")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with catalog.open_catalog(home / "sounds.db") as library:
            measure_windows(library, home, given.rounds)
        with catalog.open_catalog(home / "large.db") as library:
            fill(library, given.windows)
            measure_map(library, given.rounds)


def client_of(library: Catalog) -> TestClient:
    """Speak to a server in this process."""
    return TestClient(create_app(library), base_url="http://127.0.0.1")


def cpu_ms(client: TestClient, paths: list[str]) -> float:
    """Measure the median CPU time of requests, in milliseconds."""
    taken = []
    for path in paths:
        began = time.process_time()
        answer = client.get(path)
        taken.append(1000 * (time.process_time() - began))
        if answer.status_code not in (200, 304):
            raise RuntimeError(f"{path} was answered {answer.status_code}: {answer.text}")
    return statistics.median(taken)


def measure_windows(library: Catalog, home: Path, rounds: int) -> None:
    """Measure the sound of windows by the format of their file: a minute of noise."""
    sounds = home / "sounds"
    sounds.mkdir()
    noise = 0.1 * np.random.default_rng(0).standard_normal(60 * RATE)
    for ending, name in SOURCES.items():
        with soundfile.SoundFile(sounds / f"a.{ending}", "w", RATE, 1, format=name) as file:
            for start in range(0, len(noise), RATE):  # libsndfile's Vorbis fails on long writes
                file.write(noise[start : start + RATE])
    add(library, sounds, jobs=1)
    print(f"{'sound of one window':<34}{'as wav':>12}{'as ogg':>12}")
    with client_of(library) as client:
        for recording in client.get("/api/v1/recordings").json()["recordings"]:
            first, n = recording["window_id"], recording["n_windows"]
            ids = np.random.default_rng(1).integers(first, first + n, rounds)
            as_wav = cpu_ms(client, [f"/api/v1/windows/{each}/audio" for each in ids])
            as_ogg = cpu_ms(client, [f"/api/v1/windows/{each}/audio?format=ogg" for each in ids])
            print(f"  from {recording['format']:<27}{as_wav:>9.1f} ms{as_ogg:>9.1f} ms")
        print(
            f"{'one window as JSON':<34}{cpu_ms(client, ['/api/v1/windows/1'] * rounds):>9.1f} ms"
        )


def fill(library: Catalog, n_windows: int) -> None:
    """Store recordings of made-up vectors in a few folders, each folder's its label."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((N_FOLDERS, DIM))
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
        for number in range(n_windows // WINDOWS_EACH):
            folder = number % N_FOLDERS
            vectors = centres[folder] + rng.standard_normal((WINDOWS_EACH, DIM))
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            recording = catalog.put_recording(connection, made_up(number, folder), None)
            rows = (
                (None, place, place / 2, place / 2 + 1, vector.astype("<f2").tobytes())
                for place, vector in enumerate(vectors)
            )
            catalog.put_windows(connection, space, recording, rows)
            catalog.set_labels(connection, {recording: f"label {folder}"}, provenance="folder")


def made_up(number: int, folder: int) -> NewRecording:
    """Describe a file that is not there."""
    return NewRecording(
        path=f"/sounds/folder {folder}/{number}.wav",
        size=number,
        mtime_ns=number,
        content_hash=str(number),
        duration_s=WINDOWS_EACH / 2 + 0.5,
        sample_rate=RATE,
        channels=1,
        format="wav",
        peaks=b"",
        problem=None,
    )


def measure_map(library: Catalog, rounds: int) -> None:
    """Measure the map and its colours, the first time and again."""
    with client_of(library) as client:
        n = client.get("/api/v1/library").json()["n_windows"]
        print(f"\n{f'library of {n:,} windows':<34}{'first':>12}{'again':>12}")
        before = peak_mb()
        for of in ("windows", "recordings"):
            for path in ("map", "map/colors", "map/legend", "map/colors?by=folder"):
                url = f"/api/v1/{path}{'&' if '?' in path else '?'}of={of}"
                first, again = cpu_ms(client, [url]), cpu_ms(client, [url] * (rounds // 10))
                print(f"  {path + ' of ' + of:<32}{first:>9.1f} ms{again:>9.1f} ms")
            print(f"  memory at its highest {peak_mb() - before:>+19.0f} MB over {before:.0f} MB")
        print(f"  {'library':<32}{cpu_ms(client, ['/api/v1/library'] * 10):>9.1f} ms")


def peak_mb() -> float:
    """Tell how much memory this process took at most, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
