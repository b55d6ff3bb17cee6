"""Searching by codes that were learned from the library."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Catalog, Model, Space
from tonotopy.distance import Metric, score_name
from tonotopy.errors import QueryError
from tonotopy.index import AUTO, LEARNED, Neighbors, choose_codes, index_class
from tonotopy.index.cache import Source, index_directories, load_cached, needs_rebuild, store
from tonotopy.index.codes import Codes, codes_fingerprint
from tonotopy.ranking import Sound, longest_looked_back, sounding
from tonotopy.retrieve.candidates import (
    Pool,
    candidates,
    completed,
    fetching,
    nearest_windows,
    window_map,
)
from tonotopy.retrieve.candidates import prepare_index as prepare_other
from tonotopy.retrieve.query import Heard

__all__ = ["Plan", "current_codes", "learned_codes", "plan_search", "prepare_index"]

NAME = "codes"  # of the model


@dataclass(frozen=True, slots=True)
class Plan:
    """What to score, and by which numbers.

    Attributes
    ----------
    pools : iterator of Pool
        Windows to score, ever more of them.
    likes, unlikes : list of Sound
        What they should, and should not, be like.
    metric : {"cosine", "dot", "euclidean"}
        How they are compared.
    score_name : str
        What the scores are.
    """

    pools: Iterator[Pool]
    likes: list[Sound]
    unlikes: list[Sound]
    metric: Metric
    score_name: str


def plan_search(
    library: Catalog,
    connection: Connection,
    space: Space,
    wanted: Sequence[Heard],
    unwanted: Sequence[Heard],
    *,
    k: int,
    by: Literal["recording", "window"],
    allowed: NDArray[np.int64] | None,
    kind: str,
    rerank: bool,
) -> Plan:
    """Choose how candidates are found, and what they are ranked by.

    Parameters
    ----------
    library : Catalog
        Whose memory keeps what is loaded.
    connection : Connection
        A reading one: one snapshot of the library.
    space : Space
        What is searched, as in that snapshot.
    wanted, unwanted : sequence of Heard
        What the windows should, and should not, be like.
    k : int
        How many hits are wanted.
    by : {"recording", "window"}
        What a hit is.
    allowed : ndarray of shape (n_allowed,), optional
        Ids of windows to choose from.
    kind : str
        Of the index; ``auto`` takes codes where some were learned.
    rerank : bool
        Whether candidates are compared exactly, or codes alone decide.

    Raises
    ------
    QueryError
        If there are no codes to do without re-ranking, or another kind of index is wanted.
    """
    model = chosen_model(connection, space, kind, rerank=rerank)
    likes, unlikes = [each.sound for each in wanted], [each.sound for each in unwanted]
    longest = longest_looked_back(likes + unlikes)
    if model is None:
        pools = candidates(
            library,
            connection,
            space,
            wanted,
            k=k,
            by=by,
            allowed=allowed,
            kind=kind,
            longest=longest,
        )
        return Plan(pools, likes, unlikes, space.metric, score_name(space.metric))
    index = current_codes(library, connection, space, model, kind)
    sounds = [sounding(each) for each in likes + unlikes]
    asked = np.concatenate([each.vectors for each in sounds])
    n_wanted = sum(len(each.vectors) for each in sounds[: len(likes)])
    find = finding(connection, space, index, asked[:n_wanted], allowed, rerank=rerank)
    pools = nearest_windows(connection, space, find, len(index), k)
    if by == "recording":
        windows = window_map(library, connection, space)
        pools = (
            completed(connection, space, windows, pool.ids, allowed, longest) for pool in pools
        )
    if rerank:
        return Plan(pools, likes, unlikes, space.metric, score_name(space.metric))
    rows = as_rows(sounds)
    name = (
        f"minus the distance of {model.parameters['bits']}-bit {model.parameters['method']} codes"
    )
    coded = (replace(pool, vectors=-index.code_distances(asked, pool.ids).T) for pool in pools)
    return Plan(coded, rows[: len(likes)], rows[len(likes) :], "dot", name)


def learned_codes(connection: Connection, space: Space) -> Model | None:
    """Find what ``tonotopy train hashing`` learned from a space."""
    return catalog.find_model(connection, space_id=space.id, kind="hashing", name=NAME)


def chosen_model(
    connection: Connection, space: Space, kind: str, *, rerank: bool = True
) -> Model | None:
    """Find the codes that a search should use; None if it should use something else.

    Raises
    ------
    QueryError
        If codes are asked for and there are none, or something else is and codes should decide.
    """
    if kind != AUTO and kind not in LEARNED:
        if not rerank:
            raise QueryError(
                f"an index of kind {kind!r} has no codes to rank by; use --index codes, or re-rank"
            )
        return None
    model = learned_codes(connection, space)
    if model is None and (kind in LEARNED or not rerank):
        raise QueryError(
            f"the space {space.name!r} has no codes yet; learn some with: tonotopy train hashing"
        )
    return model


def current_codes(
    library: Catalog, connection: Connection, space: Space, model: Model, kind: str = AUTO
) -> Codes:
    """Get the codes of a space as of this snapshot; what is new is encoded, and the file renewed.

    They are kept in memory and in a file beside the library, and made anew where another model or
    other weights of the embedder made them, or the space has changed a lot.
    """
    source = Source(
        library_id=catalog.library_id(connection),
        space_id=space.id,
        fingerprint=codes_fingerprint(space.fingerprint, model.id),
        metric=space.metric,
        dim=space.dim,
    )
    directories = index_directories(library.path)
    ids = window_map(library, connection, space).ids
    chosen = choose_codes(len(ids), kind)

    def load(before: tuple[int, Codes] | None) -> tuple[int, Codes]:
        index: Codes | None = None
        if before is not None and before[0] == model.id:
            index = before[1]
        else:
            found = load_cached(directories, source, chosen, generation=space.generation)
            if found is not None and isinstance(found[0], Codes):
                index = found[0]
        renewed = None if index is None else brought_up_to_date(connection, space, index, ids)
        if renewed is None:
            renewed = built(connection, space, model, chosen)
        if renewed is not index:
            store(directories, source, chosen, renewed, generation=space.generation)
        return model.id, renewed

    version = (model.id, space.generation)
    return library.kept(f"{chosen} of space {space.id}", version, load)[1]


def brought_up_to_date(
    connection: Connection, space: Space, index: Codes, ids: NDArray[np.int64]
) -> Codes | None:
    """Encode what is new and leave out what is gone; None if everything should be encoded."""
    gone = np.setdiff1d(index.ids, ids, assume_unique=True)
    if needs_rebuild(len(index), len(ids), len(gone)):
        return None
    new = np.setdiff1d(ids, index.ids, assume_unique=True)
    if not len(gone) and not len(new):
        return index
    return index.updated(gone, new, catalog.fetch_vectors(connection, space, new))


def built(connection: Connection, space: Space, model: Model, kind: str) -> Codes:
    """Encode everything."""
    from tonotopy.hashing import from_state  # it takes scikit-learn along

    hasher = from_state(catalog.load_weights(connection, model.id))
    ids, halves = catalog.load_halves(connection, space)
    coded = cast(type[Codes], index_class(kind))
    return coded.build(ids, halves, metric=space.metric, hasher=hasher)


def finding(
    connection: Connection,
    space: Space,
    index: Codes,
    asked: NDArray[np.float32],
    allowed: NDArray[np.int64] | None,
    *,
    rerank: bool,
) -> Callable[[int], Neighbors]:
    """Make what finds a number of windows for each window of a query."""
    if not rerank:
        return lambda depth: index.propose(asked, depth, allowed=allowed)
    fetch = fetching(connection, space)
    return lambda depth: index.search(asked, depth, allowed=allowed, fetch=fetch)


def as_rows(sounds: Sequence[Sound]) -> list[Sound]:
    """Number the windows of sounds: by unit vectors, whose products pick distances measured."""
    rows = np.eye(sum(len(each.vectors) for each in sounds), dtype=np.float32)
    ends = np.cumsum([len(each.vectors) for each in sounds])
    return [
        Sound(rows[end - len(each.vectors) : end], each.levels_db)
        for each, end in zip(sounds, ends.tolist(), strict=True)
    ]


def prepare_index(library: Catalog, *, space: str | None = None, kind: str = AUTO) -> None:
    """Build the index of a space if it has one and it is missing or behind; encode what is new.

    Searching does so by itself; this does it when there is time.
    """
    with library.read() as connection:
        if space is None and not catalog.list_spaces(connection):
            return
        chosen = catalog.find_space(connection, space)
        model = chosen_model(connection, chosen, kind)
        if model is not None:
            current_codes(library, connection, chosen, model, kind)
            return
    prepare_other(library, space=space, kind=kind)
