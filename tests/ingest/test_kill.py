"""Killed at any moment: the library opens, nothing is wrong with it, and a later run completes it.

Thirty times a real ``tonotopy add`` with two workers is killed by SIGKILL, half of the times at any
moment, half of the times soon after something landed. Before each run some files are new or have
new contents, so that there is something to lose.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile

from tonotopy import catalog
from tonotopy.catalog import Catalog
from tonotopy.maintain import doctor

pytestmark = pytest.mark.slow

ROUNDS = 30
N_FILES = 36
N_FRESH = 8  # files that are new or have a new content in each round
RATE = 16_000


class Sounds:
    """A folder of sounds whose contents change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rng = np.random.default_rng(0)
        self._contents = 0

    def refresh(self, numbers: list[int]) -> None:
        """Write some files anew, each with a sound that there was not before."""
        for number in numbers:
            self._contents += 1
            path = self.folder / f"family {number % 4}" / f"{number}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            seconds = np.arange(round(self._rng.uniform(0.2, 6) * RATE)) / RATE
            tone = np.sin(2 * np.pi * (100 + 7 * self._contents) * seconds)
            soundfile.write(path, 0.5 * tone + 0.01 * self._rng.standard_normal(len(tone)), RATE)


def start(library: Path, folder: Path) -> subprocess.Popen[bytes]:
    """Start to add a folder, in a process group of its own."""
    program = "from tonotopy.cli import main; main()"
    options = ["--embedder", "mfcc", "--jobs", "2", "--labels-from-folders", "--json"]
    return subprocess.Popen(
        [sys.executable, "-c", program, "-L", library, "add", folder, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def alive(group: int) -> list[int]:
    """List the processes of a group that are not yet dead; a dead one may wait for its parent."""
    found = []
    for process in psutil.process_iter(["pid", "status"]):
        if process.info["status"] == psutil.STATUS_ZOMBIE:
            continue
        try:
            if os.getpgid(process.info["pid"]) == group:
                found.append(process.info["pid"])
        except ProcessLookupError:
            continue
    return found


def until(condition: Callable[[], bool], *, timeout_s: float) -> bool:
    """Wait until something holds, at most so long."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def written(library: Path) -> int:
    """Tell how much was written, without taking part in it."""
    return sum(path.stat().st_size for path in (library, Path(f"{library}-wal")) if path.exists())


def kill_at_some_moment(
    child: subprocess.Popen[bytes], library: Path, rng: random.Random, duration_s: float
) -> None:
    """Kill the process alone; its workers have to notice by themselves."""
    if rng.random() < 0.5:
        time.sleep(rng.uniform(0, duration_s))
    else:
        before = written(library)
        until(lambda: written(library) != before or child.poll() is not None, timeout_s=30)
        time.sleep(rng.uniform(0, 0.3))
    child.kill()
    child.wait()


def rows(library: Catalog) -> tuple[dict[str, list[tuple[object, ...]]], np.ndarray]:
    """Show all that a library holds of sounds but ids and times; and the vectors in that order."""
    statements = {
        "recordings": "SELECT path, size, content_hash, duration_s, sample_rate, channels, format, "
        "peaks, problem, metadata, missing_since FROM recordings ORDER BY path",
        "labels": "SELECT path, label, polarity, provenance FROM annotations "
        "JOIN recordings ON recordings.id = recording_id ORDER BY path",
        "words": "SELECT path, name, folders, labels FROM words "
        "JOIN recordings ON recordings.id = words.rowid ORDER BY path",
        "windows": "SELECT path, space_id, windows.channel, position, start_s, end_s FROM windows "
        "JOIN recordings ON recordings.id = recording_id ORDER BY path, position",
        "failures": "SELECT path, reason FROM failures",
        "roots": "SELECT path FROM roots",
        "spaces": "SELECT name, embedder, fingerprint, dim, hop_s, is_default FROM spaces",
    }
    with library.read() as connection:
        found = {
            name: [tuple(row) for row in connection.exec_driver_sql(statement)]
            for name, statement in statements.items()
        }
        vectors = connection.exec_driver_sql(
            "SELECT vector FROM windows JOIN recordings ON recordings.id = recording_id "
            "ORDER BY path, position"
        ).fetchall()
    return found, np.frombuffer(b"".join(row[0] for row in vectors), "<f2")


def finished(library: Path, folder: Path) -> float:
    """Let a run go to its end; how long it took."""
    began = time.monotonic()
    child = start(library, folder)
    _, errors = child.communicate()
    assert child.returncode == 0, errors.decode()
    assert alive(child.pid) == []
    return time.monotonic() - began


def test_a_run_that_is_killed_loses_only_what_it_was_hearing(tmp_path):
    rng = random.Random(0)
    sounds = Sounds(tmp_path / "sounds")
    sounds.refresh(list(range(N_FILES)))
    library = tmp_path / "killed.db"
    duration_s = finished(tmp_path / "for its duration.db", sounds.folder)

    landed, hit_in_the_middle = [], 0
    for _ in range(ROUNDS):
        child = start(library, sounds.folder)
        kill_at_some_moment(child, library, rng, duration_s)
        assert until(lambda group=child.pid: not alive(group), timeout_s=2), "workers live on"
        hit_in_the_middle += child.returncode == -signal.SIGKILL
        if library.exists() and library.stat().st_size:
            with catalog.open_catalog(library) as opened:
                if not opened.is_new():
                    assert doctor(opened, repair=False).findings == []
                    with opened.read() as connection:
                        landed.append(len(catalog.recording_ids(connection)))
        sounds.refresh(rng.sample(range(N_FILES), N_FRESH))
    assert hit_in_the_middle >= ROUNDS / 2
    assert landed[0] < N_FILES  # some were killed before all was there
    assert landed[-1] > 0

    finished(library, sounds.folder)
    finished(tmp_path / "whole.db", sounds.folder)
    with (
        catalog.open_catalog(library) as killed,
        catalog.open_catalog(tmp_path / "whole.db") as whole,
    ):
        assert doctor(killed).findings == []
        (found, vectors), (expected, expected_vectors) = rows(killed), rows(whole)
        assert len(expected["recordings"]) == N_FILES
        assert found == expected
        step = np.spacing(np.maximum(np.abs(vectors), np.abs(expected_vectors)))
        assert (np.abs(vectors - expected_vectors) <= step).all()
    assert not list(tmp_path.glob("*-wal"))
