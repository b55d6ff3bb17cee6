"""A small library of many kinds of files, and a client that speaks to its server."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import soundfile
from fastapi.testclient import TestClient

from tonotopy import catalog
from tonotopy.catalog import Catalog
from tonotopy.ingest import add
from tonotopy.server import create_app

BASE = "http://127.0.0.1"
OWN = {"X-Tonotopy": "1"}


class Sounds(NamedTuple):
    """Where the library and its files are, and the ids of the recordings by file name."""

    library: Path
    folder: Path
    ids: dict[str, int]


def tone(hz: float, seconds: float, rate: int, channels: int = 1) -> np.ndarray:
    """A decaying tone with a little noise, shape (n, channels), each channel a bit higher."""
    time = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(round(hz)).standard_normal((len(time), channels))
    pitches = hz * (1 + 0.1 * np.arange(channels))
    return 0.5 * np.sin(2 * np.pi * time[:, None] * pitches) * np.exp(-time)[:, None] + 0.01 * noise


def write_m4a(path: Path, samples: np.ndarray, rate: int) -> None:
    """Write AAC in MP4, as a phone does."""
    import av

    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            samples.T.astype(np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_sounds(folder: Path) -> None:
    """Write the files of the library."""
    for name in ("bells", "drums", "odd"):
        (folder / name).mkdir(parents=True)
    soundfile.write(folder / "bells/mono.wav", tone(600, 1.15, 44_100), 44_100)
    soundfile.write(folder / "bells/stereo.flac", tone(700, 1.0, 48_000, 2), 48_000)
    soundfile.write(folder / "bells/spoken.mp3", tone(800, 1.0, 44_100), 44_100)
    soundfile.write(folder / "bells/spoken.ogg", tone(900, 1.0, 44_100), 44_100)
    soundfile.write(folder / "drums/kick.aiff", tone(60, 0.7, 44_100, 2), 44_100, subtype="PCM_16")
    soundfile.write(folder / "drums/gone.wav", tone(90, 0.5, 22_050), 22_050)
    write_m4a(folder / "drums/phone.m4a", tone(120, 1.0, 44_100), 44_100)
    soundfile.write(folder / "odd/bat.wav", tone(30_000, 0.6, 384_000), 384_000)
    soundfile.write(folder / "odd/ring.aiff", tone(300, 0.6, 16_000, 12), 16_000)
    soundfile.write(folder / "odd/slow.aiff", tone(20, 0.9, 4_000), 4_000)


def ids_by_name(library: Catalog) -> dict[str, int]:
    """Find the recordings of a library by their files' names."""
    with library.read() as connection:
        ids = catalog.recording_ids(connection)
        return {each.name: each.id for each in catalog.get_recordings(connection, ids).values()}


@pytest.fixture(scope="session")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Sounds:
    """The library, made once; a test that changes it copies it."""
    home = tmp_path_factory.mktemp("server")
    folder, path = home / "sounds", home / "sounds.db"
    write_sounds(folder)
    with catalog.open_catalog(path) as library:
        add(library, folder, embedder="mfcc", labels_from_folders=True, jobs=1)
        (folder / "drums/gone.wav").unlink()
        add(library, folder, jobs=1)
        return Sounds(path, folder, ids_by_name(library))


@pytest.fixture
def library(sounds: Sounds) -> Iterator[Catalog]:
    """The library, open."""
    with catalog.open_catalog(sounds.library) as opened:
        yield opened


@pytest.fixture
def serve_library() -> Iterator[Callable[[Catalog], TestClient]]:
    """Speak to the server of a library as its page does; a bug in a route is an answer 500."""
    with ExitStack() as stack:

        def serve(library: Catalog, **options: Any) -> TestClient:
            app = create_app(library, **options)
            client = TestClient(app, base_url=BASE, headers=OWN, raise_server_exceptions=False)
            return stack.enter_context(client)

        yield serve


@pytest.fixture
def client(library: Catalog, serve_library: Callable[[Catalog], TestClient]) -> TestClient:
    """Speaks to the server of the library."""
    return serve_library(library)


@pytest.fixture
def empty_client(
    tmp_path: Path, serve_library: Callable[[Catalog], TestClient]
) -> Iterator[TestClient]:
    """Speaks to the server of a library that holds nothing yet."""
    with catalog.open_catalog(tmp_path / "empty.db") as opened:
        opened.create()
        yield serve_library(opened)
