"""The verb ``import vectors``: vectors from elsewhere become a space of the library."""

import os
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tonotopy import catalog
from tonotopy.catalog import Catalog
from tonotopy.distance import Metric, normalized
from tonotopy.errors import LibraryError, NotInLibrary

__all__ = ["Imported", "import_vectors"]

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Imported:
    """What ``import vectors`` stored."""

    space: str
    windows: int
    recordings: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Vectors and the stretches of recordings that they describe."""

    paths: list[str]
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    channels: list[int | None]
    vectors: NDArray[np.float32]


def import_vectors(
    library: Catalog,
    file: str | os.PathLike[str],
    *,
    space: str | None = None,
    metric: Metric = "cosine",
) -> Imported:
    """Store vectors that were made elsewhere, for recordings that the library knows.

    Parameters
    ----------
    library : Catalog
        An open library that holds the recordings.
    file : path-like
        An npz with ``X (n, dim)``, ``path (n,)`` and, optionally, ``start_s (n,)``, ``end_s (n,)``
        and ``channel (n,)`` (-1: the mix); or a Parquet file with columns ``vector``, ``path``
        and the same. Relative paths are below the file's folder. Without times, a vector stands
        for the whole recording.
    space : str, optional
        Name of the new space; by default the file's name.
    metric : {"cosine", "dot", "euclidean"}
        How the vectors are compared.

    Raises
    ------
    LibraryError
        If the file cannot be read, lacks a column, holds a vector that is not finite, or the space
        is there already.
    NotInLibrary
        If a path is not in the library; nothing is stored then.
    """
    source = Path(file).expanduser().absolute()
    rows = read_rows(source)
    check(rows, source, metric)
    name = space or source.stem
    vectors = normalized(rows.vectors) if metric == "cosine" else rows.vectors
    with library.write() as connection:
        spaces = catalog.list_spaces(connection)
        if any(each.name == name for each in spaces):
            raise LibraryError(
                f"there is a space {name!r} already; give another name with --space, "
                f"or remove it: tonotopy remove --space {name}"
            )
        known = {each.path: each.id for each in catalog.all_known(connection)}
        unknown = sorted({path for path in rows.paths if path not in known})
        if unknown:
            raise NotInLibrary(
                f"{len(unknown)} paths of {source.name} are not in the library, such as "
                f"{', '.join(unknown[:SHOWN])}; add them first: tonotopy add PATH"
            )
        durations = {
            each.id: each.duration_s
            for each in catalog.get_recordings(connection, sorted(set(known.values()))).values()
        }
        by_recording = grouped(rows, known, durations, vectors)
        window_s, hop_s = typical_times(by_recording)
        new = catalog.create_space(
            connection,
            name=name,
            embedder="",
            fingerprint="",
            dim=rows.vectors.shape[1],
            sample_rate=0,
            window_s=window_s,
            hop_s=hop_s,
            metric=metric,
        )
        for recording_id, windows in by_recording.items():
            catalog.put_windows(connection, new, recording_id, windows)
    return Imported(name, len(rows.paths), len(by_recording))


def read_rows(source: Path) -> Rows:
    """Read the columns of an npz or Parquet file."""
    read = {".npz": read_npz, ".parquet": read_parquet}.get(source.suffix.lower())
    if read is None:
        raise LibraryError(f"cannot import {source.name}: give an .npz or a .parquet file")
    try:
        columns = read(source)
    except FileNotFoundError:
        raise LibraryError(f"there is no file {source}") from None
    except (OSError, ValueError, EOFError) as error:
        raise LibraryError(f"cannot read {source}: {error}") from error
    missing = [name for name in ("vector", "path") if name not in columns]
    if missing:
        raise LibraryError(
            f"{source.name} lacks {' and '.join(missing)}; it has {', '.join(columns) or 'nothing'}"
        )
    paths = [
        os.path.abspath(os.path.join(source.parent, catalog.unescape(str(path))))
        for path in columns["path"]
    ]
    n_rows = len(paths)
    channels = columns.get("channel")
    return Rows(
        paths=paths,
        starts=np.asarray(columns.get("start_s", np.zeros(n_rows)), np.float64),
        ends=np.asarray(columns.get("end_s", np.full(n_rows, np.inf)), np.float64),
        channels=[
            None if each is None or int(each) < 0 else int(each)
            for each in (channels if channels is not None else [None] * n_rows)
        ],
        vectors=np.asarray(columns["vector"], np.float32),
    )


def read_npz(source: Path) -> dict[str, Any]:
    """Read an npz; nothing in it is unpickled."""
    with np.load(source, allow_pickle=False) as arrays:
        names = {"X": "vector", "paths": "path"}
        return {names.get(name, name): arrays[name] for name in arrays.files}


def read_parquet(source: Path) -> dict[str, Any]:
    """Read a Parquet file as `export` writes it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(source)
    except pa.ArrowInvalid as error:
        raise ValueError(str(error)) from error
    columns: dict[str, Any] = {
        name: table[name].to_pylist()
        for name in ("path", "start_s", "end_s", "channel")
        if name in table.column_names
    }
    if "vector" in table.column_names:
        columns["vector"] = np.array(table["vector"].to_pylist(), np.float32)
    return columns


def check(rows: Rows, source: Path, metric: Metric) -> None:
    """Refuse vectors that cannot be compared and stretches that cannot be."""
    vectors = rows.vectors
    n_rows = len(rows.paths)
    if vectors.ndim != 2 or len(vectors) != n_rows or not n_rows or not vectors.shape[1]:
        raise LibraryError(
            f"{source.name} has vectors of shape {vectors.shape} for {n_rows} paths; "
            "there must be one row of the same length for each"
        )
    with np.errstate(over="ignore"):
        finite = np.isfinite(vectors.astype(np.float16)).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise LibraryError(
            f"the vector of row {row} ({rows.paths[row]}) is not finite as float16; "
            "repair it or leave it out"
        )
    if metric == "cosine" and not vectors.any(axis=1).all():
        row = int(np.argmin(vectors.any(axis=1)))
        raise LibraryError(f"the vector of row {row} ({rows.paths[row]}) is zero: it has no cosine")
    if len(rows.starts) != n_rows or len(rows.ends) != n_rows or len(rows.channels) != n_rows:
        raise LibraryError(f"start_s, end_s and channel of {source.name} must have {n_rows} values")
    ordered = (rows.starts >= 0) & (rows.starts < rows.ends)
    if not ordered.all():
        row = int(np.argmin(ordered))
        raise LibraryError(
            f"row {row} goes from {rows.starts[row]:g} to {rows.ends[row]:g} s; "
            "it must start at 0 or later and end after its start"
        )


def grouped(
    rows: Rows, known: dict[str, int], durations: dict[int, float], vectors: NDArray[np.float32]
) -> dict[int, list[tuple[int | None, int, float, float, bytes]]]:
    """Put rows in order of time, for each recording, as the catalog takes them."""
    by_recording: dict[int, list[tuple[int | None, int, float, float, bytes]]] = {}
    positions: dict[tuple[int, int | None], int] = {}
    for row in np.argsort(rows.starts, kind="stable").tolist():
        recording_id = known[rows.paths[row]]
        channel = rows.channels[row]
        position = positions.get((recording_id, channel), 0)
        positions[recording_id, channel] = position + 1
        end_s = min(float(rows.ends[row]), durations[recording_id])
        start_s = float(rows.starts[row])
        if end_s <= start_s:
            raise LibraryError(
                f"row {row} starts at {start_s:g} s, after the end of {rows.paths[row]} "
                f"({durations[recording_id]:g} s)"
            )
        by_recording.setdefault(recording_id, []).append(
            (channel, position, start_s, end_s, vectors[row].astype("<f2").tobytes())
        )
    return by_recording


def typical_times(
    by_recording: dict[int, list[tuple[int | None, int, float, float, bytes]]],
) -> tuple[float, float]:
    """Work out the window and hop that imported stretches mostly have, for show."""
    lengths = [row[3] - row[2] for rows in by_recording.values() for row in rows]
    hops = [
        after[2] - before[2]
        for rows in by_recording.values()
        for before, after in pairwise(rows)
        if after[2] > before[2]
    ]
    window_s = float(np.median(lengths))
    return window_s, float(np.median(hops)) if hops else window_s
