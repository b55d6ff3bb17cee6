"""Spaces: one embedder's vectors each, side by side in a library."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select, update

from tonotopy.catalog import tables
from tonotopy.catalog.types import now
from tonotopy.distance import Metric
from tonotopy.errors import NotInLibrary

__all__ = [
    "Space",
    "SpaceCounts",
    "create_space",
    "delete_space",
    "find_space",
    "list_spaces",
    "raise_generation",
    "set_default",
    "space_counts",
]


@dataclass(frozen=True, slots=True)
class Space:
    """One embedder's vectors; vectors are compared only inside a space."""

    id: int
    name: str
    embedder: str  #: what `embedders.load` takes; empty if the vectors were imported
    fingerprint: str
    dim: int
    sample_rate: int  #: Hz
    window_s: float
    hop_s: float
    channels: str  #: "mix" or "each"
    metric: Metric
    licence: str
    is_default: bool
    generation: int  #: rises in every transaction that adds or removes windows


@dataclass(frozen=True, slots=True)
class SpaceCounts:
    """How much a space holds."""

    recordings: int
    windows: int


RAISE_GENERATION = (
    update(tables.spaces)
    .where(tables.spaces.c.id.in_(bindparam("ids", expanding=True)))
    .values(generation=tables.spaces.c.generation + 1)
)
FIELDS = [tables.spaces.c[name] for name in Space.__slots__]


def list_spaces(connection: Connection) -> list[Space]:
    """List the spaces of a library, oldest first."""
    rows = connection.execute(select(*FIELDS).order_by(tables.spaces.c.id))
    return [Space(*row) for row in rows]


def find_space(connection: Connection, name: str | None = None) -> Space:
    """Find a space by name; without one, the default space.

    Raises
    ------
    NotInLibrary
        If there is none of that name, or the library is empty.
    """
    known = list_spaces(connection)
    for space in known:
        if space.name == name or (name is None and space.is_default):
            return space
    if not known:
        raise NotInLibrary("the library is empty; fill it with: tonotopy add PATH...")
    names = ", ".join(space.name for space in known)
    raise NotInLibrary(f"there is no space {name!r}; this library has: {names}")


def create_space(
    connection: Connection,
    *,
    name: str,
    embedder: str,
    fingerprint: str,
    dim: int,
    sample_rate: int,
    window_s: float,
    hop_s: float,
    channels: str = "mix",
    metric: Metric = "cosine",
    licence: str = "",
) -> Space:
    """Start a space; the first of a library becomes its default."""
    is_first = connection.scalar(select(func.count()).select_from(tables.spaces)) == 0
    connection.execute(
        insert(tables.spaces).values(
            name=name,
            embedder=embedder,
            fingerprint=fingerprint,
            dim=dim,
            sample_rate=sample_rate,
            window_s=window_s,
            hop_s=hop_s,
            channels=channels,
            metric=metric,
            licence=licence,
            is_default=is_first,
            generation=0,
            created_at=now(),
        )
    )
    return find_space(connection, name)


def set_default(connection: Connection, space_id: int) -> None:
    """Make a space the one that `add` and `search` use unless another is named."""
    connection.execute(update(tables.spaces).values(is_default=False))
    connection.execute(
        update(tables.spaces).where(tables.spaces.c.id == space_id).values(is_default=True)
    )


def delete_space(connection: Connection, space_id: int) -> None:
    """Delete a space with its windows; the oldest one left becomes the default."""
    was_default = connection.scalar(
        select(tables.spaces.c.is_default).where(tables.spaces.c.id == space_id)
    )
    connection.execute(delete(tables.spaces).where(tables.spaces.c.id == space_id))
    heir = connection.scalar(select(func.min(tables.spaces.c.id)))
    if was_default and heir is not None:
        set_default(connection, heir)


def raise_generation(connection: Connection, *space_ids: int) -> None:
    """Say that windows came or went, in the transaction in which they do.

    Raises
    ------
    NotInLibrary
        If a space is gone; nothing can be stored in it.
    """
    raised = connection.execute(RAISE_GENERATION, {"ids": space_ids})
    if raised.rowcount < len(space_ids):
        raise NotInLibrary("the space was removed while it was being filled; run the command again")


def space_counts(connection: Connection, space_id: int) -> SpaceCounts:
    """Count the recordings and windows of a space."""
    n_recordings, n_windows = (
        connection.scalar(select(func.count()).select_from(table).where(condition)) or 0
        for table, condition in (
            (tables.recordings, heard_in(space_id)),
            (tables.windows, tables.windows.c.space_id == space_id),
        )
    )
    return SpaceCounts(recordings=n_recordings, windows=n_windows)


def heard_in(space_id: int) -> ColumnElement[bool]:
    """Say in SQL that a recording has windows in a space: one look at an index for each."""
    return (
        select(tables.windows.c.id)
        .where(
            tables.windows.c.recording_id == tables.recordings.c.id,
            tables.windows.c.space_id == space_id,
        )
        .correlate(tables.recordings)
        .exists()
    )
