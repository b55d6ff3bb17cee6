"""Libraries with rows made by hand."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Catalog, NewRecording, Space

DIM = 3


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Catalog]:
    """An empty library with its tables."""
    with catalog.open_catalog(tmp_path / "library.db") as opened:
        opened.create()
        yield opened


@pytest.fixture
def put_space() -> Callable[..., Space]:
    """Start a space of few dimensions."""

    def put(connection: Connection, name: str = "small", **changes: Any) -> Space:
        values: dict[str, Any] = {
            "name": name,
            "embedder": "mfcc",
            "fingerprint": "f",
            "dim": DIM,
            "sample_rate": 8000,
            "window_s": 1.0,
            "hop_s": 0.5,
        }
        return catalog.create_space(connection, **{**values, **changes})

    return put


@pytest.fixture
def put() -> Callable[..., int]:
    """Store a recording, with windows half a second apart where a space is given."""

    def put(
        connection: Connection,
        path: str,
        space: Space | None = None,
        *,
        n_windows: int = 2,
        known: catalog.Known | None = None,
        **changes: Any,
    ) -> int:
        values: dict[str, Any] = {
            "path": path,
            "size": 100,
            "mtime_ns": 7,
            "content_hash": f"hash of {path!a}",
            "duration_s": 1.5,
            "sample_rate": 8000,
            "channels": 1,
            "format": "wav",
            "peaks": b"",
            "problem": None,
        }
        recording_id = catalog.put_recording(
            connection, NewRecording(**{**values, **changes}), known
        )
        if space is not None:
            vector = np.ones(space.dim, "<f2").tobytes()
            rows = [
                (None, position, position / 2, position / 2 + 1, vector)
                for position in range(n_windows)
            ]
            catalog.put_windows(connection, space, recording_id, rows)
        catalog.index_words(connection, [recording_id])
        return recording_id

    return put
