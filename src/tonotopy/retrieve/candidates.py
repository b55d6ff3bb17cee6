"""Which windows are worth scoring exactly: all of them, or those that an index proposes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Catalog, Space, SpaceVectors
from tonotopy.catalog.levels import levels_of_windows
from tonotopy.index import AUTO, Index, choose, index_class
from tonotopy.index.cache import (
    Source,
    index_directories,
    load_cached,
    needs_rebuild,
    store,
)
from tonotopy.index.view import View
from tonotopy.ranking import sounding
from tonotopy.retrieve.query import Heard

__all__ = ["Pool", "candidates", "prepare_index"]

FEWEST_PROPOSED = 50  # windows that an index proposes for a window of the query
WIDER = 4  # times as many, when they do not make enough hits
WHOLE_RECORDINGS = 50_000  # windows at most, of recordings proposed that are scored whole


@dataclass(frozen=True, slots=True)
class Pool:
    """Windows to score exactly, in the order of their ids.

    Attributes
    ----------
    ids, recording_ids : ndarray of shape (n,)
        Windows and the recordings that they belong to.
    vectors : ndarray of shape (n, dim), float32
        Of unit norm where the space's metric is cosine.
    levels_db : ndarray of shape (n,), float32
        How loud they are, dBFS; NaN where nobody measured.
    in_part : ndarray of shape (n_recordings,)
        Recordings of which other windows were left out, for they are too many.
    """

    ids: NDArray[np.int64]
    recording_ids: NDArray[np.int64]
    vectors: NDArray[np.float32]
    levels_db: NDArray[np.float32]
    in_part: NDArray[np.int64]

    def subset(self, keep: NDArray[np.bool_]) -> "Pool":
        """Keep some windows."""
        return Pool(
            self.ids[keep],
            self.recording_ids[keep],
            self.vectors[keep],
            self.levels_db[keep],
            self.in_part,
        )


@dataclass(slots=True)
class Loaded:
    """An index in memory, as it was built, and how it stands to the catalog."""

    index: Index
    view: View


def candidates(
    library: Catalog,
    connection: Connection,
    space: Space,
    examples: Sequence[Heard],
    *,
    k: int,
    by: Literal["recording", "window"],
    allowed: NDArray[np.int64] | None,
    kind: str,
    longest: int,
) -> Iterator[Pool]:
    """Choose the windows to score exactly, ever more of them; the last choice is complete.

    Parameters
    ----------
    library : Catalog
        Whose memory keeps what is loaded.
    connection : Connection
        A reading one: one snapshot of the library.
    space : Space
        What is searched, as in that snapshot.
    examples : sequence of Heard
        What the windows should be like.
    k : int
        How many hits are wanted.
    by : {"recording", "window"}
        With recordings, all windows of those proposed are chosen.
    allowed : ndarray of shape (n_allowed,), optional
        Ids of windows to choose from.
    kind : str
        Of the index; ``flat`` chooses all windows at once.
    longest : int
        How many windows a recording may have for all of them to matter; of a longer one those
        proposed are enough.
    """
    n = catalog.count_windows(connection, space)
    chosen = choose(n, space.dim, space.metric, kind)
    if chosen == "flat":
        yield selected(library, connection, space, allowed)
        return
    view = current_view(library, connection, space, chosen)
    queries = np.concatenate([sounding(example.sound).vectors for example in examples])
    depth = max(FEWEST_PROPOSED, 2 * k)
    while True:
        found = view.search(
            queries,
            min(depth, max(1, n)),
            allowed=allowed,
            fetch=lambda ids: catalog.fetch_vectors(connection, space, ids),
        )
        ids = np.unique(found.ids[found.ids >= 0])
        proposed = catalog.vectors_of_windows(connection, space, ids)
        if by == "recording":
            yield completed(connection, space, proposed, allowed, longest)
        else:
            yield pool_of(connection, proposed)
        if depth >= n or (found.ids < 0).any():
            return
        depth *= WIDER


def selected(
    library: Catalog, connection: Connection, space: Space, allowed: NDArray[np.int64] | None
) -> Pool:
    """Choose all windows of a space, or all that are allowed."""

    def load(before: Pool | None) -> Pool:  # noqa: ARG001  (nothing of it is used again)
        vectors = catalog.load_vectors(connection, space)
        _, levels_db = catalog.window_levels(connection, space)
        return pool_of(connection, vectors, levels_db)

    everything = library.kept(f"vectors of space {space.id}", space.generation, load)
    if allowed is None:
        return everything
    return everything.subset(np.isin(everything.ids, allowed, assume_unique=True))


def pool_of(
    connection: Connection,
    vectors: SpaceVectors,
    levels_db: NDArray[np.float32] | None = None,
    in_part: NDArray[np.int64] | None = None,
) -> Pool:
    """Put the levels of windows beside their vectors."""
    if levels_db is None:
        levels_db = levels_of_windows(connection, vectors.ids)
    none = np.zeros(0, np.int64)
    return Pool(
        vectors.ids,
        vectors.recording_ids,
        vectors.vectors,
        levels_db,
        none if in_part is None else in_part,
    )


def completed(
    connection: Connection,
    space: Space,
    proposed: SpaceVectors,
    allowed: NDArray[np.int64] | None,
    longest: int,
) -> Pool:
    """Add the other windows of recordings in a choice that are not too long or too many."""
    ranges = catalog.window_ranges(connection, space, np.unique(proposed.recording_ids).tolist())
    by_length = sorted(ranges, key=lambda each: (ranges[each][1], each))
    n_windows = np.array([ranges[each][1] for each in by_length])
    n_whole = int(((n_windows <= longest) & (np.cumsum(n_windows) <= WHOLE_RECORDINGS)).sum())
    in_part = np.array(by_length[n_whole:], np.int64)
    whole = catalog.vectors_of_recordings(connection, space, by_length[:n_whole])
    rest = np.isin(proposed.recording_ids, in_part)
    ids = np.concatenate([whole.ids, proposed.ids[rest]])
    order = np.argsort(ids)
    if allowed is not None:
        order = order[np.isin(ids[order], allowed)]
    recording_ids = np.concatenate([whole.recording_ids, proposed.recording_ids[rest]])
    vectors = np.concatenate([whole.vectors, proposed.vectors[rest]])
    chosen = SpaceVectors(ids[order], recording_ids[order], vectors[order])
    return pool_of(connection, chosen, in_part=in_part)


def prepare_index(library: Catalog, *, space: str | None = None, kind: str = AUTO) -> None:
    """Build the index of a space if it has one and it is missing or far behind.

    Searching does so by itself; this does it when there is time.
    """
    with library.read() as connection:
        if space is None and not catalog.list_spaces(connection):
            return
        chosen = catalog.find_space(connection, space)
        n = catalog.count_windows(connection, chosen)
        name = choose(n, chosen.dim, chosen.metric, kind)
        if name != "flat":
            current_view(library, connection, chosen, name)


def current_view(library: Catalog, connection: Connection, space: Space, kind: str) -> View:
    """Get the index of a space as of this snapshot: from memory, from its file, or built."""

    def load(before: Loaded | None) -> Loaded:
        ids = catalog.window_ids(connection, space)
        held = None if before is None else before.index
        index = usable(library, connection, space, kind, ids, held)
        if index is None:
            index = build(library, connection, space, kind)
        extra = np.setdiff1d(ids, index.ids, assume_unique=True)
        view = View(
            index,
            deleted=np.setdiff1d(index.ids, ids, assume_unique=True),
            extra_ids=extra,
            extra_vectors=catalog.fetch_vectors(connection, space, extra),
        )
        return Loaded(index, view)

    return library.kept(f"{kind} of space {space.id}", space.generation, load).view


def usable(
    library: Catalog,
    connection: Connection,
    space: Space,
    kind: str,
    ids: NDArray[np.int64],
    in_memory: Index | None,
) -> Index | None:
    """Give the index in memory or in its file, unless it lags too far behind."""
    index = in_memory
    if index is None:
        source = source_of(connection, space)
        found = load_cached(
            index_directories(library.path), source, kind, generation=space.generation
        )
        index = None if found is None else found[0]
    if index is None:
        return None
    n_deleted = len(index) - int(np.isin(index.ids, ids, assume_unique=True).sum())
    return None if needs_rebuild(len(index), len(ids), n_deleted) else index


def build(library: Catalog, connection: Connection, space: Space, kind: str) -> Index:
    """Build an index from the catalog and keep it in a file."""
    ids, halves = catalog.load_halves(connection, space)
    index = index_class(kind).build(ids, halves, metric=space.metric)
    store(
        index_directories(library.path),
        source_of(connection, space),
        kind,
        index,
        generation=space.generation,
    )
    return index


def source_of(connection: Connection, space: Space) -> Source:
    """Say what an index of a space is built from."""
    return Source(
        library_id=catalog.library_id(connection),
        space_id=space.id,
        fingerprint=space.fingerprint,
        metric=space.metric,
        dim=space.dim,
    )
