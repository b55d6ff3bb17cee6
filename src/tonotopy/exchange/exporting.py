"""The verb `export`: windows with their vectors as Parquet or CSV."""

import csv
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tonotopy import catalog
from tonotopy.catalog import Catalog, Space
from tonotopy.errors import LibraryError, NotInLibrary
from tonotopy.filters import parse

__all__ = ["Exported", "export"]

ROWS_AT_ONCE = 8192


@dataclass(frozen=True, slots=True)
class Exported:
    """What `export` wrote."""

    path: str
    space: str
    windows: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Some windows, described, with their vectors."""

    rows: list[dict[str, Any]]
    vectors: NDArray[np.float32]


def export(
    library: Catalog,
    path: str | os.PathLike[str],
    *,
    format: Literal["parquet", "csv"],
    space: str | None = None,
    where: str | None = None,
) -> Exported:
    """Write windows with their vectors to one file; ``import vectors`` reads the Parquet back.

    Parameters
    ----------
    library : Catalog
        An open library.
    path : path-like
        The file to write; it appears when it is complete, in place of one that is there.
    format : {"parquet", "csv"}
        Parquet has the vector in one column, CSV in columns ``v0``, ``v1``, ...
    space : str, optional
        Which space; the default space by default.
    where : str, optional
        Filter for the windows.

    Raises
    ------
    NotInLibrary
        If nothing would be written.
    LibraryError
        If the file cannot be written.
    """
    target = Path(path).expanduser().absolute()
    part = target.with_name(target.name + ".part")
    write = {"parquet": write_parquet, "csv": write_csv}[format]
    with library.read() as connection:
        chosen = catalog.find_space(connection, space)
        if where:
            met = catalog.condition(connection, parse(where), windows=True)
            ids = catalog.allowed_windows(connection, chosen, met)
        else:
            ids = catalog.window_ids(connection, chosen)
    if not len(ids):
        raise NotInLibrary(f"there is nothing to export in the space {chosen.name!r}")
    try:
        write(part, chosen, batches(library, chosen, ids))
        part.replace(target)
    except OSError as error:
        raise LibraryError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return Exported(str(target), chosen.name, len(ids))


def batches(library: Catalog, space: Space, ids: NDArray[np.int64]) -> Iterator[Batch]:
    """Read windows with all that describes them, some at a time."""
    for start in range(0, len(ids), ROWS_AT_ONCE):
        chunk = ids[start : start + ROWS_AT_ONCE]
        with library.read() as connection:
            windows = catalog.get_windows(connection, chunk.tolist())
            recording_ids = sorted({window.recording_id for window in windows.values()})
            recordings = catalog.get_recordings(connection, recording_ids)
            labels = catalog.recording_labels(connection, recording_ids)
            vectors = catalog.fetch_vectors(connection, space, chunk)
        rows = []
        for window_id in chunk.tolist():
            window = windows[window_id]
            recording = recordings[window.recording_id]
            rows.append(
                {
                    "window_id": window_id,
                    "recording_id": recording.id,
                    "path": recording.path,
                    "channel": window.channel,
                    "start_s": window.start_s,
                    "end_s": window.end_s,
                    "labels": catalog.labels_of(
                        labels.get(recording.id, ()), window.start_s, window.end_s
                    ),
                    "metadata": json.dumps(recording.metadata, ensure_ascii=False, sort_keys=True),
                }
            )
        yield Batch(rows, vectors)


def write_parquet(path: Path, space: Space, parts: Iterator[Batch]) -> None:
    """Write batches as row groups of a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [
            ("window_id", pa.int64()),
            ("recording_id", pa.int64()),
            ("path", pa.string()),
            ("channel", pa.int32()),
            ("start_s", pa.float64()),
            ("end_s", pa.float64()),
            ("labels", pa.list_(pa.string())),
            ("metadata", pa.string()),
            ("vector", pa.list_(pa.float32(), space.dim)),
        ],
        metadata={
            "space": space.name,
            "embedder": space.embedder,
            "metric": space.metric,
            "window_s": repr(space.window_s),
            "hop_s": repr(space.hop_s),
        },
    )
    with pq.ParquetWriter(path, schema) as writer:
        for part in parts:
            table = pa.Table.from_pylist(part.rows, schema.remove(8))
            vectors = pa.FixedSizeListArray.from_arrays(part.vectors.ravel(), space.dim)
            writer.write_table(table.append_column(schema.field(8), vectors).cast(schema))


def write_csv(path: Path, space: Space, parts: Iterator[Batch]) -> None:
    """Write batches as lines of a CSV file, labels joined by ``|``."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        described = ["window_id", "recording_id", "path", "channel", "start_s", "end_s"]
        columns = [*described, "labels", "metadata"]
        writer.writerow([*columns, *(f"v{number}" for number in range(space.dim))])
        for part in parts:
            for row, vector in zip(part.rows, part.vectors, strict=True):
                described_row = [row[column] for column in described]
                labels = "|".join(row["labels"])
                writer.writerow(
                    [*described_row, labels, row["metadata"], *(f"{x:.6g}" for x in vector)]
                )
