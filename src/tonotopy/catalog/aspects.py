"""Aspects: what was measured of recordings beside their vectors, such as pitch and loudness.

They belong to a recording, whatever spaces it is in. A library of an older version has none, nor
has a recording that only vectors were imported of: they are asked in the same way and have nothing
to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Column, Connection

from tonotopy.catalog import tables
from tonotopy.catalog.recordings import IN_CHUNK
from tonotopy.features.aspects import REVISION, Aspects

__all__ = [
    "MEASURES",
    "AspectTable",
    "aspect_state",
    "aspects_of_recordings",
    "has_aspects",
    "load_aspects",
    "measured_columns",
    "put_aspects",
    "unmeasured_recordings",
]

COLUMNS = ", ".join(Aspects._fields)

#: What filters and maps know of a recording.
MEASURES: dict[str, Column[float]] = {
    name: tables.recording_aspects.c[name]
    for name in (
        "loudness_db",
        "pitch_hz",
        "brightness_hz",
        "onsets_per_s",
        "attack_s",
        "decay_s",
    )
}


@dataclass(frozen=True, slots=True)
class AspectTable:
    """The aspects of some recordings.

    Attributes
    ----------
    recording_ids : ndarray of shape (n,)
        Ascending.
    values : ndarray of shape (n, 8), float32
        A column for each field of `Aspects`; NaN where it is None.
    """

    recording_ids: NDArray[np.int64]
    values: NDArray[np.float32]


def has_aspects(connection: Connection) -> bool:
    """Tell whether the library is new enough to hold aspects."""
    found = connection.exec_driver_sql(
        "SELECT 1 FROM sqlite_master WHERE name = 'recording_aspects'"
    )
    return found.first() is not None


def put_aspects(connection: Connection, recording_id: int, aspects: Aspects) -> None:
    """Store the aspects of a recording, in place of what was there."""
    marks = ", ".join("?" * (2 + len(aspects)))
    connection.exec_driver_sql(  # the row that is replaced has another id
        f"REPLACE INTO recording_aspects (recording_id, revision, {COLUMNS}) VALUES ({marks})",
        (recording_id, REVISION, *aspects),
    )


def unmeasured_recordings(connection: Connection) -> set[int]:
    """List the recordings without aspects, or with those of another revision."""
    rows = connection.exec_driver_sql(
        "SELECT id FROM recordings EXCEPT "
        "SELECT recording_id FROM recording_aspects WHERE revision = ?",
        (REVISION,),
    )
    return {row[0] for row in rows}


def aspect_state(connection: Connection) -> int:
    """Give a number that rises whenever aspects are stored."""
    if not has_aspects(connection):
        return 0
    newest = connection.exec_driver_sql("SELECT max(id) FROM recording_aspects").scalar()
    return newest or 0


def load_aspects(connection: Connection) -> AspectTable:
    """Load the aspects of all recordings that have some."""
    if not has_aspects(connection):
        return AspectTable(np.zeros(0, np.int64), np.zeros((0, len(Aspects._fields)), np.float32))
    rows = connection.exec_driver_sql(
        f"SELECT recording_id, {COLUMNS} FROM recording_aspects ORDER BY recording_id"
    ).fetchall()
    values = np.array([row[1:] for row in rows], np.float32)  # None becomes NaN
    ids = np.array([row[0] for row in rows], np.int64)
    return AspectTable(ids, values.reshape(len(rows), len(Aspects._fields)))


def aspects_of_recordings(connection: Connection, ids: Sequence[int]) -> dict[int, Aspects]:
    """Get the aspects of some recordings; those without are left out."""
    found: dict[int, Aspects] = {}
    if not has_aspects(connection):
        return found
    for start in range(0, len(ids), IN_CHUNK):
        chunk = ids[start : start + IN_CHUNK]
        marks = ",".join("?" * len(chunk))
        rows = connection.exec_driver_sql(
            f"SELECT recording_id, {COLUMNS} FROM recording_aspects "
            f"WHERE recording_id IN ({marks})",
            tuple(map(int, chunk)),
        )
        found.update({row[0]: Aspects(*row[1:]) for row in rows})
    return found


def measured_columns(connection: Connection) -> list[str]:
    """List which of `MEASURES` any recording has."""
    if not has_aspects(connection):
        return []
    counts = ", ".join(f"count({name})" for name in MEASURES)
    row = connection.exec_driver_sql(f"SELECT {counts} FROM recording_aspects").one()
    return [name for name, count in zip(MEASURES, row, strict=True) if count]
