"""Small sound files, and `add` without the cost of starting processes."""

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tonotopy import catalog
from tonotopy.catalog import Catalog
from tonotopy.hearing.worker import Task, hear
from tonotopy.ingest import Report, storing
from tonotopy.ingest import add as really_add
from tonotopy.ingest.pool import Answer

RATE = 16_000


@pytest.fixture
def sound() -> Callable[..., Path]:
    """Write a sound that is like no other: its pitch comes from its seed."""

    def write(path: Path, seed: int = 0, *, seconds: float = 0.3, channels: int = 1) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(seed)
        time = np.arange(round(seconds * RATE)) / RATE
        tone = np.sin(2 * np.pi * (200 + 37 * seed) * time) * np.exp(-3 * time)
        samples = 0.5 * tone[:, None] + 0.01 * rng.standard_normal((len(time), channels))
        soundfile.write(path, samples, RATE)
        return path

    return write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for sounds."""
    path = tmp_path / "sounds"
    path.mkdir()
    return path


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Catalog]:
    """A library that is not there yet."""
    with catalog.open_catalog(tmp_path / "library.db") as opened:
        yield opened


@pytest.fixture
def hear_here() -> Callable[..., Iterator[Answer]]:
    """Hear files in this process, as `tonotopy.ingest.pool.hear_all` does in others."""

    def hear_here(tasks: Sequence[Task], *, jobs: int) -> Iterator[Answer]:
        for task in tasks:
            rows = io.BytesIO()
            heard = hear(task, rows.write)
            rows.seek(0)
            yield Answer(task, heard, rows)

    return hear_here


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch, hear_here: Callable[..., Iterator[Answer]]) -> list[str]:
    """Let files be heard in this process; the list tells which were."""
    paths: list[str] = []

    def noted(tasks: Sequence[Task], *, jobs: int) -> Iterator[Answer]:
        for answer in hear_here(tasks, jobs=jobs):
            paths.append(answer.task.path)
            yield answer

    monkeypatch.setattr(storing, "hear_all", noted)
    return paths


@pytest.fixture
def add(library: Catalog, heard: list[str]) -> Callable[..., Report]:
    """Add to the library with the fastest embedder, in this process; `heard` begins anew."""

    def add(*paths: str | Path, **options: object) -> Report:
        heard.clear()
        return really_add(library, paths, **{"embedder": "mfcc", **options})

    return add


@pytest.fixture
def shown(library: Catalog) -> Callable[[], dict[str, catalog.Recording]]:
    """Show the recordings of the library, by path."""

    def shown() -> dict[str, catalog.Recording]:
        with library.read() as connection:
            found = catalog.get_recordings(connection, catalog.recording_ids(connection))
        return {each.file: each for each in found.values()}

    return shown


@pytest.fixture
def failures(library: Catalog) -> Callable[[], dict[str, str]]:
    """Show the failures of the library, the reasons by path."""

    def failures() -> dict[str, str]:
        with library.read() as connection:
            listed = catalog.list_failures(connection)
        return {catalog.unescape(each.path): each.reason for each in listed}

    return failures
