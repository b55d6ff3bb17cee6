"""Counts, and what can be wrong with the rows of a library."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select

from tonotopy.catalog import tables
from tonotopy.catalog.recordings import Known, get_recordings, select_known

__all__ = [
    "Totals",
    "all_known",
    "count_unused_roots",
    "damage",
    "delete_unused_roots",
    "odd_vectors",
    "partial_recordings",
    "recording_totals",
    "unheard_recordings",
    "unindexed_words",
]


@dataclass(frozen=True, slots=True)
class Totals:
    """How much a library holds."""

    n_recordings: int
    n_missing: int
    duration_s: float
    formats: dict[str, int]


def recording_totals(connection: Connection) -> Totals:
    """Count recordings and seconds of sound."""
    columns = tables.recordings.c
    row = connection.execute(
        select(
            func.count(columns.id),
            func.count(columns.missing_since),
            func.coalesce(func.sum(columns.duration_s), 0.0),
        )
    ).one()
    count = func.count(columns.id)
    formats = connection.execute(
        select(columns.format, count).group_by(columns.format).order_by(count.desc())
    )
    return Totals(row[0], row[1], row[2], {each[0]: each[1] for each in formats})


def partial_recordings(connection: Connection) -> list[tuple[str, str]]:
    """List the recordings that could be heard only in part: (path, why)."""
    problem = tables.recordings.c.problem
    rows = connection.execute(
        select(tables.recordings.c.id, problem).where(problem.is_not(None))
    ).all()
    recordings = get_recordings(connection, [row[0] for row in rows])
    return [(recordings[row[0]].path, row[1]) for row in rows]


def damage(connection: Connection) -> list[str]:
    """Have SQLite check its file; empty if it is sound."""
    checked = [row[0] for row in connection.exec_driver_sql("PRAGMA quick_check(10)")]
    broken = [
        f"a row of {row[0]} belongs to nothing"
        for row in connection.exec_driver_sql("PRAGMA foreign_key_check")
    ]
    return [line for line in checked if line != "ok"] + broken


def all_known(connection: Connection) -> list[Known]:
    """List every recording with its file."""
    return select_known(connection, tables.recordings.c.id > 0)


def unheard_recordings(connection: Connection) -> list[int]:
    """List the recordings without a window in any space."""
    heard = select(tables.windows.c.id).where(
        tables.windows.c.recording_id == tables.recordings.c.id
    )
    return list(connection.scalars(select(tables.recordings.c.id).where(~heard.exists())))


def odd_vectors(connection: Connection) -> list[int]:
    """List the recordings with a vector whose length is not that of its space."""
    return list(
        connection.scalars(
            select(tables.windows.c.recording_id)
            .distinct()
            .join_from(tables.windows, tables.spaces)
            .where(func.length(tables.windows.c.vector) != 2 * tables.spaces.c.dim)
        )
    )


def unindexed_words(connection: Connection) -> list[int]:
    """List the recordings that the full-text index does not hold."""
    rows = connection.exec_driver_sql(
        "SELECT id FROM recordings WHERE id NOT IN (SELECT rowid FROM words) ORDER BY id"
    )
    return [row[0] for row in rows]


def count_unused_roots(connection: Connection) -> int:
    """Count the roots without a recording."""
    used = select(tables.recordings.c.root_id)
    count = connection.scalar(
        select(func.count()).select_from(tables.roots).where(tables.roots.c.id.not_in(used))
    )
    return count or 0


def delete_unused_roots(connection: Connection) -> None:
    """Forget the roots without a recording."""
    used = select(tables.recordings.c.root_id)
    connection.execute(delete(tables.roots).where(tables.roots.c.id.not_in(used)))
