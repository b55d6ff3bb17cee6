"""Search for recordings in a library of many windows, among them some very long ones.

    OMP_NUM_THREADS=1 python benchmarks/recordings.py               # 100,000 windows of 320
    OMP_NUM_THREADS=1 python benchmarks/recordings.py --n 20000     # compared in full

Made-up recordings: most of a few seconds, ten of an hour, one of 24 hours beside the `--n` windows
if `--day` is given. Each query is a recording of the library. Printed: CPU milliseconds of a whole
search, index and reading included, and how many of its ten hits an exact search has too.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tonotopy import catalog
from tonotopy.catalog import Catalog, NewRecording, NewWindow
from tonotopy.retrieve import StoredRecording, prepare_index, search

HOP_S, WINDOW_S = 0.48, 0.975
HOUR, N_HOURS = 7_500, 10  # windows
K = 10


def lengths(n_windows: int, rng: np.random.Generator, *, day: bool) -> list[int]:
    """Draw how many windows recordings have: some seconds, an hour, a day."""
    found = [24 * HOUR] * day + [HOUR] * min(N_HOURS, n_windows // (2 * HOUR))
    left = n_windows - HOUR * (len(found) - day)
    while left > 0:
        drawn = min(left, 1 + round(rng.lognormal(2.0, 0.8)))
        found.append(drawn)
        left -= drawn
    return found


def recording(n_windows: int, centres: NDArray[np.float32], rng: np.random.Generator) -> bytes:
    """Make the vectors of one sound: near a few kinds of sound, changing from window to window."""
    kinds = rng.choice(len(centres), 1 + n_windows // 200)
    which = np.repeat(kinds, -(-n_windows // len(kinds)))[:n_windows]
    noise = rng.standard_normal((n_windows, centres.shape[1]), np.float32)
    return (centres[which] + noise).astype("<f2").tobytes()


def fill(library: Catalog, n_windows: int, dim: int, *, day: bool) -> int:
    """Store made-up recordings; tell how many."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((500, dim), np.float32)
    found = lengths(n_windows, rng, day=day)
    row = 2 * dim
    with library.write() as connection:
        catalog.root_for(connection, "/made/up")
        space = catalog.create_space(
            connection,
            name="made up",
            embedder="",
            fingerprint="",
            dim=dim,
            sample_rate=0,
            window_s=WINDOW_S,
            hop_s=HOP_S,
            metric="cosine",
        )
        for number, length in enumerate(found):
            vectors = recording(length, centres, rng)
            levels = rng.normal(-30, 8, length)
            new = NewRecording(
                path=f"/made/up/{number}.wav",
                size=number,
                mtime_ns=number,
                content_hash=str(number),
                duration_s=HOP_S * length + WINDOW_S,
                sample_rate=16_000,
                channels=1,
                format="wav",
                peaks=b"",
                problem=None,
            )
            recording_id = catalog.put_recording(connection, new, None)
            rows = (
                NewWindow(
                    None,
                    each,
                    HOP_S * each,
                    HOP_S * each + WINDOW_S,
                    vectors[row * each : row * (each + 1)],
                    float(levels[each]),
                )
                for each in range(length)
            )
            catalog.put_windows(connection, space, recording_id, rows)
    return len(found)


def main() -> None:
    """Print the time of a search, and its agreement with an exact one."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=100_000, help="windows")
    parser.add_argument("--dim", type=int, default=320)
    parser.add_argument("--queries", type=int, default=50)
    parser.add_argument("--day", action="store_true", help="add a recording of 24 hours")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        catalog.open_catalog(Path(folder) / "made-up.db") as library,
    ):
        n_recordings = fill(library, arguments.n, arguments.dim, day=arguments.day)
        prepare_index(library)
        rng = np.random.default_rng(1)
        asked = rng.choice(np.arange(20, n_recordings), arguments.queries, replace=False)
        search(library, StoredRecording(1 + int(asked[0])), k=K)
        times, agreed = [], 0
        for each in asked.tolist():
            began = time.process_time()
            hits = search(library, StoredRecording(1 + each), k=K).hits
            times.append(1e3 * (time.process_time() - began))
            exact = search(library, StoredRecording(1 + each), k=K, index="flat").hits
            agreed += len({hit.recording_id for hit in hits} & {hit.recording_id for hit in exact})
    print(
        f"{arguments.n} windows of {n_recordings} recordings{' and a day' * arguments.day}, "
        f"{arguments.dim} numbers each: CPU ms a search, median {np.median(times):.1f}, "
        f"90 % below {np.quantile(times, 0.9):.1f}; "
        f"{agreed / (K * len(asked)):.3f} of the exact hits"
    )


if __name__ == "__main__":
    main()
