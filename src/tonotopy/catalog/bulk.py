"""What an index is built from, and what it proposes, read in bulk."""

from itertools import chain

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from tonotopy.catalog import tables
from tonotopy.catalog.recordings import IN_CHUNK
from tonotopy.catalog.spaces import Space
from tonotopy.catalog.windows import SpaceVectors, space_vectors

__all__ = [
    "count_windows",
    "library_id",
    "load_halves",
    "recordings_of_windows",
    "vectors_of_windows",
    "windows_in_time",
]

ROWS_AT_ONCE = 16_384


def library_id(connection: Connection) -> str:
    """Tell which library this is, whatever its path."""
    return str(connection.execute(select(tables.identity.c.id)).scalar_one())


def count_windows(connection: Connection, space: Space) -> int:
    """Count the windows of a space."""
    count = connection.exec_driver_sql(
        "SELECT count(*) FROM windows WHERE space_id = ?", (space.id,)
    ).scalar_one()
    return int(count)


def recordings_of_windows(
    connection: Connection, space: Space
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tell which recording each window of a space is from.

    Returns
    -------
    ids, recording_ids : ndarray of shape (n,)
        All windows of the space, ascending, and their recordings.
    """
    rows = connection.exec_driver_sql(  # + 0: by the index that holds both, past the vectors
        "SELECT id, recording_id FROM windows INDEXED BY windows_once WHERE space_id + 0 = ?",
        (space.id,),
    )
    pairs = np.fromiter(chain.from_iterable(rows), np.int64).reshape(-1, 2)
    order = np.argsort(pairs[:, 0], kind="stable")
    return pairs[order, 0], pairs[order, 1]


def windows_in_time(
    connection: Connection, space: Space, recording_id: int
) -> list[NDArray[np.int64]]:
    """List the windows of a recording in order of time, those of each channel by themselves."""
    rows = connection.exec_driver_sql(
        "SELECT coalesce(channel, -1), id FROM windows INDEXED BY windows_once "
        "WHERE recording_id = ? AND space_id = ? ORDER BY coalesce(channel, -1), position",
        (recording_id, space.id),
    ).fetchall()
    channels, ids = np.array(rows, np.int64).reshape(-1, 2).T
    return np.split(ids, np.flatnonzero(np.diff(channels)) + 1) if len(ids) else []


def load_halves(
    connection: Connection, space: Space
) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
    """Load all vectors of a space as they are stored, in half the memory.

    Returns
    -------
    ids : ndarray of shape (n,)
        Ascending.
    vectors : ndarray of shape (n, dim), float16
        As stored: not normalized again.
    """
    n = count_windows(connection, space)
    ids = np.empty(n, np.int64)
    vectors = np.empty((n, space.dim), "<f2")
    rows = connection.exec_driver_sql(
        "SELECT id, vector FROM windows WHERE space_id = ? ORDER BY id", (space.id,)
    )
    start = 0
    while chunk := rows.fetchmany(ROWS_AT_ONCE):
        end = start + len(chunk)
        ids[start:end] = [row[0] for row in chunk]
        packed = b"".join(row[1] for row in chunk)
        vectors[start:end] = np.frombuffer(packed, "<f2").reshape(-1, space.dim)
        start = end
    return ids, vectors


def vectors_of_windows(
    connection: Connection, space: Space, ids: NDArray[np.int64]
) -> SpaceVectors:
    """Load some windows of a space, in the order of their ids; those that are gone are left out."""
    rows: list[tuple[int, int, bytes]] = []
    wanted = np.sort(ids).tolist()
    for start in range(0, len(wanted), IN_CHUNK):
        chunk = wanted[start : start + IN_CHUNK]
        marks = ",".join("?" * len(chunk))
        rows += connection.exec_driver_sql(
            f"SELECT id, recording_id, vector FROM windows WHERE id IN ({marks}) ORDER BY id",
            tuple(chunk),
        )
    return space_vectors(rows, space)
