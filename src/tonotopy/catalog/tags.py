"""Tags: what an embedder that names sounds says of windows and recordings.

A space whose embedder does has a row in ``taggers``: the list of its classes and, for each, the
score from which on it is shown. Scores are told by the indices of that list. A library of an older
version, a space of imported vectors, and one whose embedder names nothing have no tags: they are
asked in the same way and have nothing to say.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, insert

from tonotopy.catalog import tables
from tonotopy.catalog.packing import unpack_scores
from tonotopy.catalog.recordings import IN_CHUNK
from tonotopy.catalog.spaces import Space

__all__ = [
    "ClassScores",
    "Tagger",
    "find_tagger",
    "packed_recordings",
    "packed_windows",
    "put_recording_scores",
    "put_tagger",
    "recording_scores",
    "scores_of_recordings",
    "scores_of_windows",
    "untagged_recordings",
    "window_scores",
]


ROWS_AT_ONCE = 16_384


@dataclass(frozen=True, slots=True)
class Tagger:
    """What the tags of a space are.

    Attributes
    ----------
    classes : str
        The name of the list of classes, e.g. ``"audioset"``.
    thresholds : ndarray of shape (n_classes,), float32
        The score from which on a class is shown; above 1 where it never is.
    """

    classes: str
    thresholds: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ClassScores:
    """The scores of some classes.

    Attributes
    ----------
    ids : ndarray of shape (n,)
        Of windows, or of recordings, ascending.
    recording_ids : ndarray of shape (n,)
        The recordings that they belong to, or are.
    scores : ndarray of shape (n, n_classes), float32
        From 0 to 1; 0 where a class is below what is stored. A column for each class that was
        asked for, in that order.
    """

    ids: NDArray[np.int64]
    recording_ids: NDArray[np.int64]
    scores: NDArray[np.float32]


def put_tagger(
    connection: Connection, space_id: int, classes: str, thresholds: NDArray[np.floating]
) -> None:
    """Say which classes the tags of a space are of, in place of what was said before."""
    connection.execute(delete(tables.taggers).where(tables.taggers.c.space_id == space_id))
    packed = np.asarray(thresholds, "<f4").tobytes()
    connection.execute(
        insert(tables.taggers).values(space_id=space_id, classes=classes, thresholds=packed)
    )


def find_tagger(connection: Connection, space: Space) -> Tagger | None:
    """Find what the tags of a space are; None if it has none."""
    if not has_tags(connection):
        return None
    row = connection.exec_driver_sql(
        "SELECT classes, thresholds FROM taggers WHERE space_id = ?", (space.id,)
    ).first()
    return None if row is None else Tagger(row[0], np.frombuffer(row[1], "<f4"))


def has_tags(connection: Connection) -> bool:
    """Tell whether the library is new enough to hold tags."""
    found = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'taggers'")
    return found.first() is not None


def put_recording_scores(
    connection: Connection, space_id: int, recording_id: int, scores: bytes
) -> None:
    """Store the scores of a recording's classes in a space, in place of what was there.

    Parameters
    ----------
    connection : Connection
        A writing one.
    space_id, recording_id : int
        Whose scores they are.
    scores : bytes
        As `pack_scores` packs them.
    """
    connection.execute(
        delete(tables.recording_tags).where(
            tables.recording_tags.c.recording_id == recording_id,
            tables.recording_tags.c.space_id == space_id,
        )
    )
    connection.execute(
        insert(tables.recording_tags).values(
            recording_id=recording_id, space_id=space_id, scores=scores
        )
    )


def untagged_recordings(connection: Connection, space: Space) -> set[int]:
    """List the recordings that a space with tags heard before it had any."""
    if find_tagger(connection, space) is None:
        return set()
    rows = connection.exec_driver_sql(
        "SELECT DISTINCT recording_id FROM windows INDEXED BY windows_once WHERE space_id = ? "
        "EXCEPT SELECT recording_id FROM recording_tags WHERE space_id = ?",
        (space.id, space.id),
    )
    return {row[0] for row in rows}


def recording_scores(connection: Connection, space: Space, classes: Sequence[int]) -> ClassScores:
    """Tell how much each recording of a space sounds like some classes.

    Parameters
    ----------
    connection : Connection
        A reading one.
    space : Space
        Whose recordings, and whose list of classes.
    classes : sequence of int
        Indices in that list.

    Returns
    -------
    ClassScores
        A row for each recording that has scores, even where all of these are 0.
    """
    return class_scores(packed_recordings(connection, space), classes)


def window_scores(connection: Connection, space: Space, classes: Sequence[int]) -> ClassScores:
    """Tell how much each window of a space sounds like some classes.

    Only the best classes of a window are stored, so that a score below those is 0.

    Parameters
    ----------
    connection : Connection
        A reading one.
    space : Space
        Whose windows, and whose list of classes.
    classes : sequence of int
        Indices in that list.

    Returns
    -------
    ClassScores
        A row for each window that has scores, even where all of these are 0.
    """
    return class_scores(packed_windows(connection, space), classes)


def packed_recordings(connection: Connection, space: Space) -> list[tuple[int, int, bytes]]:
    """List the packed scores of a space's recordings: (id, id, scores), by id."""
    if not has_tags(connection):
        return []
    rows = connection.exec_driver_sql(
        "SELECT recording_id, recording_id, scores FROM recording_tags WHERE space_id = ? "
        "ORDER BY recording_id",
        (space.id,),
    )
    return [(row[0], row[1], row[2]) for row in rows]


def packed_windows(connection: Connection, space: Space) -> list[tuple[int, int, bytes]]:
    """List the packed scores of a space's windows: (id, recording, scores), by id."""
    if not has_tags(connection):
        return []
    rows = connection.exec_driver_sql(  # that index holds all that is asked of the windows
        "SELECT id, recording_id, scores FROM windows INDEXED BY windows_once "
        "JOIN window_tags ON window_id = id WHERE space_id = ?",
        (space.id,),
    )
    return sorted((row[0], row[1], row[2]) for row in rows)


def class_scores(rows: Sequence[Sequence[Any]], classes: Sequence[int]) -> ClassScores:
    """Turn rows of (id, recording, packed scores) into arrays."""
    column_of = np.full(1 << 16, -1)
    column_of[list(classes)] = np.arange(len(classes))
    scores = np.zeros((len(rows), len(classes)), np.float32)
    for start in range(0, len(rows), ROWS_AT_ONCE):  # unpacked, they take ten times the room
        chunk = rows[start : start + ROWS_AT_ONCE]
        places, found, values = unpack_scores([row[2] for row in chunk])
        asked = column_of[found] >= 0
        scores[start + places[asked], column_of[found[asked]]] = values[asked]
    ids = np.array([row[0] for row in rows], np.int64)
    return ClassScores(ids, np.array([row[1] for row in rows], np.int64), scores)


def scores_of_recordings(
    connection: Connection, space: Space, ids: Sequence[int]
) -> dict[int, list[tuple[int, float]]]:
    """List the scores of some recordings: (class, score), the largest first.

    Recordings without scores are left out.
    """
    statement = "SELECT recording_id, scores FROM recording_tags WHERE space_id = ? "
    return listed(packed_of(connection, space, statement + "AND recording_id IN ({})", ids))


def scores_of_windows(
    connection: Connection, space: Space, ids: Sequence[int]
) -> dict[int, list[tuple[int, float]]]:
    """List the scores of some windows: (class, score), the largest first.

    Windows without scores are left out, and those of other spaces.
    """
    statement = (
        "SELECT id, scores FROM window_tags JOIN windows ON id = window_id "
        "WHERE space_id = ? AND window_id IN ({})"
    )
    return listed(packed_of(connection, space, statement, ids))


def packed_of(
    connection: Connection, space: Space, statement: str, ids: Sequence[int]
) -> Iterator[tuple[int, bytes]]:
    """Select (id, packed scores) of many ids, some at a time."""
    if not has_tags(connection):
        return
    for start in range(0, len(ids), IN_CHUNK):
        chunk = ids[start : start + IN_CHUNK]
        marks = ",".join("?" * len(chunk))
        rows = connection.exec_driver_sql(statement.format(marks), (space.id, *map(int, chunk)))
        yield from ((row[0], row[1]) for row in rows)


def listed(packed: Iterator[tuple[int, bytes]]) -> dict[int, list[tuple[int, float]]]:
    """Unpack the scores of each id."""
    by_id = dict(packed)
    rows, classes, scores = unpack_scores(list(by_id.values()))
    found: dict[int, list[tuple[int, float]]] = {each: [] for each in by_id}
    ids = list(by_id)
    for row, index, score in zip(rows.tolist(), classes.tolist(), scores.tolist(), strict=True):
        found[ids[row]].append((index, score))
    return found
