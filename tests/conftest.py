"""What several rooms are tested with: libraries of made-up vectors and of real small files."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import settings

from tonotopy import catalog
from tonotopy.catalog import Catalog, NewRecording

HOP_S, WINDOW_S = 0.5, 1.0

# The same examples every time, and no limit on wall time: this machine may be busy.
settings.register_profile("tonotopy", deadline=None, derandomize=True)
settings.load_profile("tonotopy")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Let a browser's or Node's test that is skipped fail where both are promised."""
    report = yield
    promised = os.environ.get("TONOTOPY_REQUIRE_BROWSER")
    if promised and report.skipped and any(map(item.get_closest_marker, ("browser", "node"))):
        report.outcome = "failed"
        report.longrepr = f"skipped, though TONOTOPY_REQUIRE_BROWSER is set: {report.longrepr}"
    return report


@pytest.fixture
def make_library(tmp_path: Path) -> Iterator[Callable[..., Catalog]]:
    """Store recordings by name, each with the vectors of its windows."""
    opened: list[Catalog] = []

    def make(recordings: dict[str, np.ndarray], *, metric: str = "cosine") -> Catalog:
        library = catalog.open_catalog(tmp_path / f"library-{len(opened)}.db")
        opened.append(library)
        dim = next(iter(recordings.values())).shape[1]
        with library.write() as connection:
            catalog.root_for(connection, str(tmp_path))
            space = catalog.create_space(
                connection,
                name="made up",
                embedder="",
                fingerprint="",
                dim=dim,
                sample_rate=0,
                window_s=WINDOW_S,
                hop_s=HOP_S,
                metric=metric,
            )
            for number, (name, vectors) in enumerate(recordings.items()):
                new = NewRecording(
                    path=str(tmp_path / name),
                    size=number,
                    mtime_ns=number,
                    content_hash=name,
                    duration_s=WINDOW_S + HOP_S * (len(vectors) - 1),
                    sample_rate=8000,
                    channels=1,
                    format="wav",
                    peaks=b"",
                    problem=None,
                )
                recording_id = catalog.put_recording(connection, new, None)
                rows = (
                    (
                        None,
                        position,
                        position * HOP_S,
                        position * HOP_S + WINDOW_S,
                        vector.astype("<f2").tobytes(),
                    )
                    for position, vector in enumerate(vectors)
                )
                catalog.put_windows(connection, space, recording_id, rows)
                catalog.index_words(connection, [recording_id])
        return library

    yield make
    for library in opened:
        library.close()


@pytest.fixture
def tones(tmp_path: Path) -> Path:
    """A folder of short tones, two to a folder: sounds/low, sounds/middle, sounds/high."""
    folder = tmp_path / "sounds"
    for name, hz in (("low", 200), ("middle", 900), ("high", 3000)):
        (folder / name).mkdir(parents=True)
        for take, detune in enumerate((1.0, 1.01)):
            seconds = np.arange(8000) / 16_000
            tone = 0.5 * np.sin(2 * np.pi * hz * detune * seconds) * np.exp(-3 * seconds)
            soundfile.write(folder / name / f"{name}_anna_{take}.wav", tone, 16_000)
    return folder


@pytest.fixture
def heard(tmp_path: Path, tones: Path) -> Iterator[Catalog]:
    """A library of the tones, labelled by their folders."""
    from tonotopy.ingest import add

    library = catalog.open_catalog(tmp_path / "heard.db")
    add(
        library,
        tones,
        embedder="mfcc",
        labels_from_folders=True,
        label_pattern="{label}_{speaker}_{take}",
        jobs=1,
    )
    yield library
    library.close()


@pytest.fixture(scope="session")
def unprivileged() -> Callable[..., str]:
    """Run Python code as somebody whom file permissions stop, and give back what it prints."""
    prefix = []
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("this is root, and there is no setpriv (util-linux) to be less")
        stopped = "-dac_override,-dac_read_search,-fowner"
        prefix = [setpriv, f"--bounding-set={stopped}", f"--inh-caps={stopped}"]
        if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode:
            pytest.skip("this is root, and setpriv may not give up its privileges here")

    def run(code: str, *arguments: str | Path) -> str:
        finished = subprocess.run(
            [*prefix, sys.executable, "-c", code, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode:
            pytest.fail(f"the unprivileged process failed:\n{finished.stderr}")
        return finished.stdout

    return run
