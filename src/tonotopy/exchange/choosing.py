"""What is exported: recordings or windows, with all that describes them."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Catalog, Recording, Space
from tonotopy.distance import normalized
from tonotopy.errors import NotInLibrary, QueryError
from tonotopy.filters import parse

__all__ = ["Batch", "Choice", "Items", "Stretch", "choose"]

Items: TypeAlias = Literal["recordings", "windows"]
ROWS_AT_ONCE = 8192


@dataclass(frozen=True, slots=True)
class Stretch:
    """A recording, or a window of one."""

    id: int
    recording: Recording
    channel: int | None
    start_s: float
    end_s: float
    labels: list[str]

    def row(self) -> dict[str, Any]:
        """Describe it in columns."""
        return {
            "recording_id": self.recording.id,
            "path": self.recording.path,
            "channel": self.channel,
            "start_s": self.start_s,
            "end_s": self.end_s,
            "labels": self.labels,
            "metadata": json.dumps(self.recording.metadata, ensure_ascii=False, sort_keys=True),
        }


@dataclass(frozen=True, slots=True)
class Batch:
    """Some windows, described, with their vectors."""

    rows: list[dict[str, Any]]
    vectors: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Choice:
    """What is exported.

    Attributes
    ----------
    library : Catalog
        Of which library.
    space : Space
        Whose vectors.
    items : {"recordings", "windows"}
        What the ids are of.
    ids : ndarray of shape (n,), int64
        Which ones, in the order in which they are written.
    on_progress : callable
        Is told the share that was given to whoever writes.
    """

    library: Catalog
    space: Space
    items: Items
    ids: NDArray[np.int64]
    on_progress: Callable[[float], None]

    def stretches(self) -> Iterator[Stretch]:
        """Give what was chosen, described, some read at a time."""
        for start in range(0, len(self.ids), ROWS_AT_ONCE):
            with self.library.read() as connection:
                chunk = self.ids[start : start + ROWS_AT_ONCE].tolist()
                described = describe(connection, chunk, self.items)
            for done, stretch in enumerate(described, start=start + 1):
                yield stretch
                self.on_progress(done / len(self.ids))

    def window_ids(self) -> NDArray[np.int64]:
        """Give the windows that were chosen, or those of the recordings that were."""
        if self.items == "windows":
            return self.ids
        with self.library.read() as connection:
            chosen = self.ids.tolist()
            return catalog.vectors_of_recordings(connection, self.space, chosen).ids

    def batches(self) -> Iterator[Batch]:
        """Give windows with their vectors, some at a time."""
        ids = self.window_ids()
        for start in range(0, len(ids), ROWS_AT_ONCE):
            chunk = ids[start : start + ROWS_AT_ONCE]
            with self.library.read() as connection:
                stretches = describe(connection, chunk.tolist(), "windows")
                vectors = catalog.fetch_vectors(connection, self.space, chunk)
            yield Batch([{"window_id": each.id, **each.row()} for each in stretches], vectors)
            self.on_progress((start + len(chunk)) / len(ids))

    def vectors(self) -> NDArray[np.float32]:
        """Load a vector for each thing that was chosen; a recording's is the mean of its windows.

        Raises
        ------
        NotInLibrary
            If one of them has none in this space.
        """
        with self.library.read() as connection:
            if self.items == "windows":
                return catalog.fetch_vectors(connection, self.space, self.ids)
            chosen = self.ids.tolist()
            loaded = catalog.vectors_of_recordings(connection, self.space, chosen)
        silent = np.setdiff1d(self.ids, loaded.recording_ids)
        if len(silent):
            raise NotInLibrary(
                f"recording {silent[0]} has no vectors in the space {self.space.name!r}; add its "
                "file again, or name another space"
            )
        owners, place = np.unique(loaded.recording_ids, return_inverse=True)
        sums = np.zeros((len(owners), self.space.dim), np.float64)
        np.add.at(sums, place, loaded.vectors)
        means = (sums / np.bincount(place)[:, np.newaxis]).astype(np.float32)
        ready = normalized(means) if self.space.metric == "cosine" else means
        return ready[np.searchsorted(owners, self.ids)]


def choose(
    library: Catalog,
    *,
    items: Items,
    ids: Sequence[int] | None,
    where: str | None,
    space: str | None,
    on_progress: Callable[[float], None] | None = None,
) -> Choice:
    """Find what to export: what the ids name, or what meets a filter, or all.

    Raises
    ------
    NotInLibrary
        If that is nothing, or one of the ids is not there.
    QueryError
        If there are ids and a filter.
    """
    if ids is not None and where:
        raise QueryError("give ids, or a filter, not both")
    with library.read() as connection:
        chosen = catalog.find_space(connection, space)
        if ids is not None:
            found = np.array(list(dict.fromkeys(ids)), np.int64)
            describe(connection, found.tolist(), items)  # refuses what is not there
            if items == "windows":
                refuse_foreign(connection, found.tolist(), chosen)
        else:
            found = matching(connection, chosen, items, where)
    if not len(found):
        raise NotInLibrary(f"there is nothing to export in the space {chosen.name!r}")
    return Choice(library, chosen, items, found, on_progress or (lambda _: None))


def refuse_foreign(connection: Connection, ids: list[int], space: Space) -> None:
    """Refuse windows of other spaces."""
    for window in catalog.get_windows(connection, ids).values():
        if window.space_id != space.id:
            raise NotInLibrary(
                f"window {window.id} is not of the space {space.name!r}; name its own space"
            )


def matching(
    connection: Connection, space: Space, items: Items, where: str | None
) -> NDArray[np.int64]:
    """Find what meets a filter."""
    windows = items == "windows"
    met = catalog.condition(connection, parse(where), windows=windows) if where else None
    if not windows:
        covered = set(catalog.covered_recordings(connection, space))
        known = catalog.recording_ids(connection, met)
        return np.array([each for each in known if each in covered], np.int64)
    if met is None:
        return catalog.window_ids(connection, space)
    return catalog.allowed_windows(connection, space, met)


def describe(connection: Connection, ids: list[int], items: Items) -> list[Stretch]:
    """Describe recordings or windows, in the order of their ids."""
    windows = catalog.get_windows(connection, ids) if items == "windows" else {}
    owners = [windows[each].recording_id for each in ids] if windows else ids
    known = sorted(set(owners))
    recordings = catalog.get_recordings(connection, known)
    labels = catalog.recording_labels(connection, known)
    found = []
    for number, owner in zip(ids, owners, strict=True):
        recording, window = recordings[owner], windows.get(number)
        start_s = 0.0 if window is None else window.start_s
        end_s = recording.duration_s if window is None else window.end_s
        channel = None if window is None else window.channel
        said = catalog.labels_of(labels.get(owner, ()), start_s, end_s)
        found.append(Stretch(number, recording, channel, start_s, end_s, said))
    return found
