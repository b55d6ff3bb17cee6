"""Which windows are worth scoring exactly: all of them, or those that an index proposes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Catalog, Space, SpaceVectors
from tonotopy.catalog.bulk import recordings_of_windows
from tonotopy.catalog.levels import levels_of_windows
from tonotopy.index import AUTO, Fetch, Index, Neighbors, choose, index_class
from tonotopy.index.cache import (
    Source,
    index_directories,
    load_cached,
    needs_rebuild,
    store,
)
from tonotopy.index.protocol import Proposing
from tonotopy.index.view import View
from tonotopy.ranking import sounding
from tonotopy.retrieve.proposing import Asked, WindowMap, ask, propose_recordings
from tonotopy.retrieve.query import Heard

__all__ = [
    "Pool",
    "candidates",
    "completed",
    "fetching",
    "nearest_windows",
    "prepare_index",
    "window_map",
]

FEWEST_FOUND = 50  # windows that an index finds for a window of the query
WIDER = 4  # times as many, when they do not make enough hits
FEWEST_PROPOSED = 500  # windows that it proposes unread, to find out which recordings to read
WIDER_PROPOSED = 8  # times as many, when recordings not among them might beat the hits
MOST_PROPOSED = 400_000  # for all windows of the query together
FEWEST_READ = 4  # windows of a long recording for a window of the query, or of those proposed
READ_SHARE = 0.22  # this share by sqrt(dim): the longer codes are, the better they order windows
FEWEST_RECORDINGS = 50  # that are scored of those proposed, or this many for each hit:
RECORDINGS_PER_HIT = 4
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
    bound : float
        No recording that is not in the pool scores more, as far as an index tells.
    """

    ids: NDArray[np.int64]
    recording_ids: NDArray[np.int64]
    vectors: NDArray[np.float32]
    levels_db: NDArray[np.float32]
    in_part: NDArray[np.int64]
    bound: float = -np.inf

    def subset(self, keep: NDArray[np.bool_]) -> "Pool":
        """Keep some windows."""
        return Pool(
            self.ids[keep],
            self.recording_ids[keep],
            self.vectors[keep],
            self.levels_db[keep],
            self.in_part,
            self.bound,
        )


@dataclass(slots=True)
class Loaded:
    """An index in memory, as it was built, and how it stands to the catalog."""

    index: Index
    view: View
    windows: WindowMap


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
        How many hits are wanted, beside the examples themselves.
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
    n = library.kept(
        f"size of space {space.id}",
        space.generation,
        lambda _: catalog.count_windows(connection, space),
    )
    chosen = choose(n, space.dim, space.metric, kind)
    if chosen == "flat":
        yield selected(library, connection, space, allowed)
        return
    loaded = current(library, connection, space, chosen)
    asked = ask([sounding(example.sound) for example in examples])
    if by == "window":
        fetch = fetching(connection, space)
        yield from nearest_windows(
            connection,
            space,
            lambda depth: loaded.view.search(asked.vectors, depth, allowed=allowed, fetch=fetch),
            len(loaded.view),
            k,
        )
    else:
        with_own = k + len(examples)
        yield from likely_recordings(connection, space, loaded, asked, with_own, allowed, longest)


def nearest_windows(
    connection: Connection, space: Space, find: Callable[[int], Neighbors], n: int, k: int
) -> Iterator[Pool]:
    """Choose the windows nearest to those of the query, ever more of n.

    ``find`` finds a number of them for each window of the query.
    """
    depth = max(FEWEST_FOUND, 2 * k)
    while True:
        found = find(min(depth, max(1, n)))
        ids = np.unique(found.ids[found.ids >= 0])
        yield pool_of(connection, catalog.vectors_of_windows(connection, space, ids))
        if depth >= n or (found.ids < 0).any():
            return
        depth *= WIDER


def likely_recordings(
    connection: Connection,
    space: Space,
    loaded: Loaded,
    asked: Asked,
    k: int,
    allowed: NDArray[np.int64] | None,
    longest: int,
) -> Iterator[Pool]:
    """Choose the recordings that likely score highest, from ever more windows proposed."""
    n = max(1, len(loaded.view))
    n_recordings = max(FEWEST_RECORDINGS, RECORDINGS_PER_HIT * k)
    read_share = READ_SHARE / space.dim**0.5
    depth, deeper = depths(loaded.index, len(asked.vectors), k)
    while True:
        found = loaded.view.propose(
            asked.vectors,
            min(depth, n),
            allowed=allowed,
            fetch=fetching(connection, space),
        )
        proposal = propose_recordings(
            found,
            loaded.windows,
            asked,
            space.metric,
            n_recordings=n_recordings,
            n_best=max(FEWEST_READ, round(read_share * depth)),
        )
        ids, windows = proposal.window_ids, loaded.windows
        pool = completed(connection, space, windows, ids, allowed, longest)
        yield replace(pool, bound=proposal.bound) if depth < deeper else pool
        if depth >= n or (found.ids < 0).any():
            return
        depth = deeper if depth < deeper else WIDER * depth


def depths(index: Index, n_queries: int, k: int) -> tuple[int, int]:
    """Say how many windows to ask for at first, and how many if others might beat the hits."""
    fewest = max(FEWEST_FOUND, 2 * k)
    if not isinstance(index, Proposing):
        return fewest, fewest
    most = max(fewest, MOST_PROPOSED // n_queries)
    first = min(most, max(FEWEST_PROPOSED, 20 * k))
    return first, min(most, WIDER_PROPOSED * first)


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
) -> Pool:
    """Put the levels of windows beside their vectors."""
    if levels_db is None:
        levels_db = levels_of_windows(connection, vectors.ids)
    none_in_part = np.zeros(0, np.int64)
    return Pool(vectors.ids, vectors.recording_ids, vectors.vectors, levels_db, none_in_part)


def completed(
    connection: Connection,
    space: Space,
    windows: WindowMap,
    proposed: NDArray[np.int64],
    allowed: NDArray[np.int64] | None,
    longest: int,
) -> Pool:
    """Read the recordings of windows proposed: whole those that are not too long or too many."""
    owners = windows.recordings_of(proposed)
    recordings = np.unique(owners)
    n_windows = windows.lengths(recordings)
    by_length = np.lexsort((recordings, n_windows))
    lengths, recordings = n_windows[by_length], recordings[by_length]
    n_whole = int(((lengths <= longest) & (np.cumsum(lengths) <= WHOLE_RECORDINGS)).sum())
    in_part = recordings[n_whole:]
    whole = catalog.vectors_of_recordings(connection, space, recordings[:n_whole].tolist())
    of_long = proposed[np.isin(owners, in_part)]
    rest = catalog.vectors_of_windows(connection, space, of_long)
    ids = np.concatenate([whole.ids, rest.ids])
    order = np.argsort(ids)
    if allowed is not None:
        order = order[np.isin(ids[order], allowed)]
    recording_ids = np.concatenate([whole.recording_ids, rest.recording_ids])
    vectors = np.concatenate([whole.vectors, rest.vectors])
    chosen = SpaceVectors(ids[order], recording_ids[order], vectors[order])
    return replace(pool_of(connection, chosen), in_part=in_part)


def fetching(connection: Connection, space: Space) -> Fetch:
    """Make what reads vectors by id."""
    return lambda ids: catalog.fetch_vectors(connection, space, ids)


def window_map(library: Catalog, connection: Connection, space: Space) -> WindowMap:
    """Tell which recordings the windows of a space are from, as of this snapshot."""
    return library.kept(
        f"windows of space {space.id}",
        space.generation,
        lambda _: WindowMap.of(*recordings_of_windows(connection, space)),
    )


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
            current(library, connection, chosen, name)


def current(library: Catalog, connection: Connection, space: Space, kind: str) -> Loaded:
    """Get the index of a space as of this snapshot: from memory, from its file, or built."""

    def load(before: Loaded | None) -> Loaded:
        windows = window_map(library, connection, space)
        ids = windows.ids
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
        return Loaded(index, view, windows)

    return library.kept(f"{kind} of space {space.id}", space.generation, load)


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
