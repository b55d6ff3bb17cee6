"""Windows and their vectors: stored with a recording, read back as arrays."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select, text

from tonotopy.catalog import tables
from tonotopy.catalog.recordings import IN_CHUNK
from tonotopy.catalog.spaces import Space, heard_in, raise_generation
from tonotopy.distance import normalized
from tonotopy.errors import NotInLibrary

__all__ = [
    "NewWindow",
    "SpaceVectors",
    "Window",
    "allowed_windows",
    "covered_recordings",
    "fetch_vectors",
    "get_windows",
    "load_vectors",
    "put_windows",
    "vectors_of_recordings",
    "window_ids",
    "window_levels",
    "window_ranges",
]

INSERT_CHUNK = 4096
INSERT_WINDOWS = insert(tables.windows)
INSERT_TAGS = insert(tables.window_tags)
LAST_ID = text("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'windows'")
DELETE_WINDOWS = delete(tables.windows).where(
    tables.windows.c.recording_id == bindparam("theirs"),
    tables.windows.c.space_id == bindparam("its"),
)


class NewWindow(NamedTuple):
    """A window that was heard, ready to be stored."""

    channel: int | None  #: None for the mix
    position: int
    start_s: float
    end_s: float
    vector: bytes  #: little-endian float16
    level_db: float | None = None  #: root mean square of its samples, dBFS
    scores: bytes = b""  #: of its best classes, as `pack_scores` packs them


Row: TypeAlias = NewWindow | tuple[int | None, int, float, float, bytes]


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a recording that was embedded."""

    id: int
    recording_id: int
    space_id: int
    channel: int | None
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class SpaceVectors:
    """Windows with their vectors, in the order of their ids.

    Attributes
    ----------
    ids, recording_ids : ndarray of shape (n,)
        Windows and the recordings that they belong to.
    vectors : ndarray of shape (n, dim), float32
        Of unit norm where the space's metric is cosine.
    """

    ids: NDArray[np.int64]
    recording_ids: NDArray[np.int64]
    vectors: NDArray[np.float32]


def put_windows(
    connection: Connection,
    space: Space,
    recording_id: int,
    rows: Iterable[Row],
) -> int:
    """Store the windows of a recording in a space, in place of those it has there.

    Parameters
    ----------
    connection : Connection
        A writing one.
    space : Space
        Whose windows they are.
    recording_id : int
        Whose sound they are.
    rows : iterable of NewWindow, or of its first five fields
        The channel None for the mix, the vector as little-endian float16 bytes.

    Returns
    -------
    int
        How many windows were stored.
    """
    theirs = {"theirs": recording_id, "its": space.id}
    n_deleted = connection.execute(DELETE_WINDOWS, theirs).rowcount
    waiting = map(complete, rows)
    chunk, n_stored = list(islice(waiting, INSERT_CHUNK)), 0
    if n_deleted or chunk:
        raise_generation(connection, space.id)
    first_id = connection.execute(LAST_ID).scalar_one() + 1
    while chunk:
        insert_windows(connection, space.id, recording_id, first_id + n_stored, chunk)
        n_stored += len(chunk)
        chunk = list(islice(waiting, INSERT_CHUNK))
    return n_stored


def complete(row: Row) -> NewWindow:
    """Fill up a row that says nothing of levels and scores."""
    return row if isinstance(row, NewWindow) else NewWindow(*row)


def insert_windows(
    connection: Connection,
    space_id: int,
    recording_id: int,
    first_id: int,
    chunk: Sequence[NewWindow],
) -> None:
    """Insert windows with the ids that come next, and their scores by the same ids."""
    numbered = list(enumerate(chunk, start=first_id))
    common = {"recording_id": recording_id, "space_id": space_id}
    fields = [name for name in NewWindow._fields if name != "scores"]
    connection.execute(
        INSERT_WINDOWS,
        [
            {"id": number, **common, **{name: getattr(window, name) for name in fields}}
            for number, window in numbered
        ],
    )
    tagged = [
        {"window_id": number, "scores": window.scores}
        for number, window in numbered
        if window.scores
    ]
    if tagged:
        connection.execute(INSERT_TAGS, tagged)


def unpack(blobs: Sequence[bytes], space: Space) -> NDArray[np.float32]:
    """Turn stored vectors into an array, ready for the space's metric."""
    vectors = np.frombuffer(b"".join(blobs), "<f2").astype(np.float32).reshape(-1, space.dim)
    return normalized(vectors) if space.metric == "cosine" else vectors


def load_vectors(connection: Connection, space: Space) -> SpaceVectors:
    """Load all windows of a space."""
    return space_vectors(
        connection.exec_driver_sql(
            "SELECT id, recording_id, vector FROM windows WHERE space_id = ? ORDER BY id",
            (space.id,),
        ).fetchall(),
        space,
    )


def space_vectors(rows: Sequence[Sequence[Any]], space: Space) -> SpaceVectors:
    """Turn rows of (id, recording, vector) into arrays."""
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return SpaceVectors(
        ids=np.array(columns[0], np.int64),
        recording_ids=np.array(columns[1], np.int64),
        vectors=unpack(columns[2], space),
    )


def vectors_of_recordings(
    connection: Connection, space: Space, recording_ids: Sequence[int]
) -> SpaceVectors:
    """Load the windows of some recordings."""
    rows: list[Sequence[Any]] = []
    for start in range(0, len(recording_ids), IN_CHUNK):
        chunk = recording_ids[start : start + IN_CHUNK]
        marks = ", ".join("?" * len(chunk))
        rows += connection.exec_driver_sql(  # without the index named, SQLite reads all the space
            "SELECT id, recording_id, vector FROM windows INDEXED BY windows_once "
            f"WHERE space_id = ? AND recording_id IN ({marks})",
            (space.id, *map(int, chunk)),
        )
    return space_vectors(sorted(rows, key=itemgetter(0)), space)


def fetch_vectors(
    connection: Connection, space: Space, ids: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Fetch the vectors of windows.

    Returns
    -------
    ndarray of shape (n, dim)
        In the order of the ids; a row of NaN for a window that is gone.
    """
    wanted = ids.tolist()
    found: dict[int, bytes] = {}
    for start in range(0, len(wanted), IN_CHUNK):
        chunk = wanted[start : start + IN_CHUNK]
        marks = ",".join("?" * len(chunk))
        rows = connection.exec_driver_sql(
            f"SELECT id, vector FROM windows WHERE id IN ({marks})", tuple(chunk)
        )
        found.update(rows.fetchall())
    gone = np.full(space.dim, np.nan, "<f2").tobytes()
    return unpack([found.get(window_id, gone) for window_id in wanted], space)


def window_ids(connection: Connection, space: Space, *, after: int = -1) -> NDArray[np.int64]:
    """List the ids of a space's windows above an id, in order."""
    rows = connection.exec_driver_sql(
        "SELECT id FROM windows WHERE space_id = ? AND id > ? ORDER BY id", (space.id, after)
    )
    return np.fromiter((row[0] for row in rows), np.int64)


def allowed_windows(
    connection: Connection, space: Space, condition: ColumnElement[bool]
) -> NDArray[np.int64]:
    """List the ids of the windows of a space that a filter lets through, in order."""
    # Adding 0 leaves SQLite one way: from each recording that fits to its windows, by an index that
    # holds their ids. By itself it would begin with the windows, and read all of their vectors.
    theirs = tables.windows.c.recording_id == tables.recordings.c.id + 0
    rows = connection.execute(
        select(tables.windows.c.id)
        .join_from(tables.recordings, tables.windows, theirs)
        .where(tables.windows.c.space_id + 0 == space.id, condition)
    )
    return np.sort(np.fromiter((row[0] for row in rows), np.int64))


def covered_recordings(connection: Connection, space: Space) -> set[int]:
    """Tell which recordings have windows in a space."""
    return set(connection.scalars(select(tables.recordings.c.id).where(heard_in(space.id))))


def get_windows(connection: Connection, ids: Sequence[int]) -> dict[int, Window]:
    """Get windows by id.

    Raises
    ------
    NotInLibrary
        If one of the ids is not in the library.
    """
    columns = [tables.windows.c[name] for name in Window.__slots__]
    found: dict[int, Window] = {}
    for start in range(0, len(ids), IN_CHUNK):
        chunk = ids[start : start + IN_CHUNK]
        for row in connection.execute(select(*columns).where(tables.windows.c.id.in_(chunk))):
            found[row[0]] = Window(*row)
    for window_id in ids:
        if window_id not in found:
            raise NotInLibrary(f"there is no window {window_id} in this library")
    return found


def window_ranges(
    connection: Connection, space: Space, recording_ids: Sequence[int]
) -> dict[int, tuple[int, int]]:
    """Find the first window of recordings in a space, and how many they have."""
    ranges: dict[int, tuple[int, int]] = {}
    for start in range(0, len(recording_ids), IN_CHUNK):
        rows = connection.execute(
            select(tables.windows.c.recording_id, func.min(tables.windows.c.id), func.count())
            .where(
                tables.windows.c.space_id == space.id,
                tables.windows.c.recording_id.in_(recording_ids[start : start + IN_CHUNK]),
            )
            .group_by(tables.windows.c.recording_id)
        )
        ranges.update({row[0]: (row[1], row[2]) for row in rows})
    return ranges


def window_levels(
    connection: Connection, space: Space
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Tell how loud the windows of a space are.

    Returns
    -------
    ids : ndarray of shape (n,)
        Of all windows of the space, ascending.
    levels : ndarray of shape (n,), float32
        Root mean square of a window's own samples in dBFS, 0 for a full-scale square wave, -120
        for digital silence; NaN where nobody measured, as in imported vectors and in what an older
        version heard.
    """
    level = "level_db" if has_levels(connection) else "NULL"
    rows = connection.exec_driver_sql(
        f"SELECT id, {level} FROM windows WHERE space_id = ? ORDER BY id", (space.id,)
    ).fetchall()
    levels = np.array([row[1] for row in rows], np.float32)  # None becomes NaN
    return np.array([row[0] for row in rows], np.int64), levels


def has_levels(connection: Connection) -> bool:
    """Tell whether the library is new enough to know how loud windows are."""
    found = connection.exec_driver_sql(
        "SELECT 1 FROM pragma_table_info('windows') WHERE name = 'level_db'"
    )
    return found.first() is not None
