"""Failures: what could not be added, and why."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select

from tonotopy.catalog import tables
from tonotopy.catalog.paths import escape, storable
from tonotopy.catalog.types import now

__all__ = ["Failure", "clear_failures", "list_failures", "put_failure"]


DELETE_FAILURE = delete(tables.failures).where(tables.failures.c.path == bindparam("over"))


@dataclass(frozen=True, slots=True)
class Failure:
    """A file or folder that could not be added."""

    path: str  #: absolute; bytes that are not UTF-8 as %XX
    reason: str
    happened_at: datetime


def put_failure(connection: Connection, path: str, reason: str) -> None:
    """Write down why a path could not be added; the newest reason counts."""
    clear_failures(connection, [path])
    connection.execute(
        insert(tables.failures).values(
            path=escape(path), reason=storable(reason), happened_at=now()
        )
    )


def clear_failures(connection: Connection, paths: list[str]) -> None:
    """Forget the failures of paths that are fine now, or gone."""
    for path in paths:
        connection.execute(DELETE_FAILURE, {"over": escape(path)})


def list_failures(connection: Connection) -> list[Failure]:
    """List what could not be added, by path."""
    rows = connection.execute(
        select(
            tables.failures.c.path, tables.failures.c.reason, tables.failures.c.happened_at
        ).order_by(tables.failures.c.path)
    )
    return [Failure(*row) for row in rows]
