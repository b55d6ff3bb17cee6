"""Which windows are worth scoring exactly: all of them, or those that an index proposes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Catalog, Space, SpaceVectors
from tonotopy.index import AUTO, Index, choose, index_class
from tonotopy.index.cache import (
    Source,
    index_directories,
    load_cached,
    needs_rebuild,
    store,
)
from tonotopy.index.view import View
from tonotopy.retrieve.query import Heard

__all__ = ["candidates", "prepare_index"]

FEWEST_PROPOSED = 50  # windows that an index proposes for a window of the query
WIDER = 4  # times as many, when they do not make enough hits
WHOLE_RECORDINGS = 50_000  # windows of the recordings proposed that are all scored


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
) -> Iterator[SpaceVectors]:
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
    """
    n = catalog.count_windows(connection, space)
    chosen = choose(n, space.dim, space.metric, kind)
    if chosen == "flat":
        yield selected(library, connection, space, allowed)
        return
    view = current_view(library, connection, space, chosen)
    queries = np.concatenate([example.vectors for example in examples])
    depth = max(FEWEST_PROPOSED, 2 * k)
    while True:
        found = view.search(
            queries,
            min(depth, max(1, n)),
            allowed=allowed,
            fetch=lambda ids: catalog.fetch_vectors(connection, space, ids),
        )
        ids = np.unique(found.ids[found.ids >= 0])
        pool = catalog.vectors_of_windows(connection, space, ids)
        yield completed(connection, space, pool, allowed) if by == "recording" else pool
        if depth >= n or (found.ids < 0).any():
            return
        depth *= WIDER


def selected(
    library: Catalog, connection: Connection, space: Space, allowed: NDArray[np.int64] | None
) -> SpaceVectors:
    """Choose all windows of a space, or all that are allowed."""
    everything = library.kept(
        f"vectors of space {space.id}",
        space.generation,
        lambda _: catalog.load_vectors(connection, space),
    )
    if allowed is None:
        return everything
    return subset(everything, np.isin(everything.ids, allowed, assume_unique=True))


def subset(vectors: SpaceVectors, keep: NDArray[np.bool_]) -> SpaceVectors:
    """Keep some windows."""
    return SpaceVectors(vectors.ids[keep], vectors.recording_ids[keep], vectors.vectors[keep])


def completed(
    connection: Connection, space: Space, pool: SpaceVectors, allowed: NDArray[np.int64] | None
) -> SpaceVectors:
    """Add the other windows of the recordings in a choice, unless they are very many."""
    recordings = np.unique(pool.recording_ids).tolist()
    ranges = catalog.window_ranges(connection, space, recordings)
    if sum(n for _, n in ranges.values()) > WHOLE_RECORDINGS:
        return pool
    whole = catalog.vectors_of_recordings(connection, space, recordings)
    return whole if allowed is None else subset(whole, np.isin(whole.ids, allowed))


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
