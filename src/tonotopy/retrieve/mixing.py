"""Finding the recordings whose aspects, timbre among them, are most like the query's."""

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Catalog, Space
from tonotopy.distance import Metric
from tonotopy.errors import QueryError
from tonotopy.ranking import UNLIKE_WEIGHT, Sound, Stretch, score_windows
from tonotopy.retrieve.aspects import TIMBRE, Measured, measure_all, own_recordings
from tonotopy.retrieve.candidates import WHOLE_RECORDINGS, Pool, pool_of
from tonotopy.retrieve.coding import Plan, plan_search
from tonotopy.retrieve.listing import Found
from tonotopy.retrieve.query import Example, hear_example

__all__ = ["Mixed", "find_by_aspects", "mix_aspects", "placed", "timbre_likeness"]

FEWEST_READ = 200  # recordings, the most alike in the other aspects, whose vectors are read
READ_PER_HIT = 4  # or so many for each hit
WIDER = 4  # times as many, when others might beat the hits


class Mixed(NamedTuple):
    """A recording that was found."""

    recording_id: int
    window_id: int | None  #: the one most like the query in timbre; None if that does not count
    score: float
    aspects: dict[str, float]  #: how alike it is in each aspect that counts, 0 to 1


class Timbre:
    """How alike recordings are in timbre, as far as that is known.

    Attributes
    ----------
    likeness : ndarray of shape (n,)
        From 0 to 1; NaN where it is not known.
    scores : ndarray of shape (n,)
        The same, less half of the likeness to what is unwanted.
    windows : ndarray of shape (n,)
        The window of each that is most like the query.
    """

    def __init__(self, recording_ids: NDArray[np.int64], plan: Plan, metric: Metric) -> None:
        self._ids, self._plan, self._metric = recording_ids, plan, metric
        self.likeness = np.full(len(recording_ids), np.nan)
        self.scores = self.likeness.copy()
        self.windows = np.zeros(len(recording_ids), np.int64)

    def score(self, pool: Pool) -> NDArray[np.intp]:
        """Compare recordings with the query; tell which rows they are."""
        kept = np.isin(pool.recording_ids, self._ids)
        pool = pool if kept.all() else pool.subset(kept)
        wanted, best = self._compare(pool, self._plan.likes)
        rows = np.searchsorted(self._ids, np.unique(pool.recording_ids))
        self.likeness[rows] = self.scores[rows] = wanted
        if self._plan.unlikes:
            self.scores[rows] -= UNLIKE_WEIGHT * self._compare(pool, self._plan.unlikes)[0]
        order = np.lexsort((pool.ids, -best, pool.recording_ids))
        first = np.unique(pool.recording_ids[order], return_index=True)[1]
        self.windows[rows] = pool.ids[order[first]]
        return rows

    def _compare(
        self, pool: Pool, sounds: Sequence[Sound]
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        scores = score_windows(
            Sound(pool.vectors, pool.levels_db),
            pool.recording_ids,
            likes=sounds,
            metric=self._metric,
            in_part=pool.in_part,
        )
        return timbre_likeness(scores.group_scores, self._metric), scores.windows


def timbre_likeness(scores: NDArray[np.floating], metric: Metric) -> NDArray[np.float64]:
    """Bring scores of vectors to a scale of 0 to 1.

    Examples
    --------
    >>> timbre_likeness(np.array([0.9, -0.2]), "cosine").tolist()
    [0.9, 0.0]
    >>> timbre_likeness(np.array([0.0, -1.0]), "euclidean").tolist()
    [1.0, 0.5]
    """
    if metric == "euclidean":
        return 1 / (1 + np.maximum(-scores.astype(np.float64), 0))
    clipped: NDArray[np.float64] = np.clip(scores, 0, 1).astype(np.float64)
    return clipped


def find_by_aspects(
    library: Catalog,
    connection: Connection,
    space: Space,
    likes: Sequence[Example],
    unlikes: Sequence[Example],
    mixed: Mapping[str, float],
    *,
    allowed: NDArray[np.int64] | None,
    k: int,
    index: str,
    weights: str | os.PathLike[str] | None,
) -> tuple[list[Mixed], list[str]]:
    """Choose the best recordings, and say what could not be used.

    Only where timbre counts are the examples embedded, and candidates found by it.

    Raises
    ------
    QueryError
        If an example cannot be measured or heard, or vectors have no scale.
    """
    measured = measure_all(library, connection, space, likes, unlikes, mixed, allowed)
    plan = None
    if TIMBRE in mixed:
        if space.metric == "dot":
            raise QueryError(
                f"the vectors of {space.name!r} are compared by dot product, which has no scale of "
                "0 to 1; leave timbre out of the aspects"
            )
        heard = [hear_example(connection, space, each, weights) for each in (*likes, *unlikes)]
        plan = plan_search(
            library,
            connection,
            space,
            heard[: len(likes)],
            heard[len(likes) :],
            k=k,
            by="recording",
            allowed=allowed,
            kind=index,
            rerank=True,
        )
    own = own_recordings(connection, [*likes, *unlikes])
    found = mix_aspects(connection, space, plan, measured, mixed, own=own, allowed=allowed, k=k)
    return found, measured.notes


def mix_aspects(
    connection: Connection,
    space: Space,
    plan: Plan | None,
    measured: Measured,
    weights: Mapping[str, float],
    *,
    own: Sequence[int],
    allowed: NDArray[np.int64] | None,
    k: int,
) -> list[Mixed]:
    """Choose the recordings whose weighted mean of likenesses is highest.

    Without timbre, every recording is compared. With it, so are all of a small space. In a large
    one the recordings that an index proposes for their timbre are scored, and those that are most
    alike in the other aspects; more of both while one that was left out might beat a hit.

    Parameters
    ----------
    connection : Connection
        A reading one.
    space : Space
        What is searched.
    plan : Plan or None
        How candidates are found by timbre; None if that does not count.
    measured : Measured
        How alike all recordings are in the other aspects.
    weights : dict of str to float
        Of the aspects that count.
    own : sequence of int
        Recordings that are searched with: no hits.
    allowed : ndarray of shape (n_allowed,), optional
        Ids of windows that a filter lets through.
    k : int
        How many to choose.
    """
    ids, rest = measured.recording_ids, measured.scores
    total = sum(weights.values())
    hits = np.flatnonzero(~np.isin(ids, own))
    if plan is None:
        return choose(measured, hits, rest[hits] / total, None, k)
    timbre = Timbre(ids, plan, space.metric)
    by_rest = hits[np.argsort(-rest[hits], kind="stable")]
    n_read, found = max(FEWEST_READ, READ_PER_HIT * k), list[Mixed]()
    for pool in plan.pools:
        proposed = timbre.score(pool)
        unread = by_rest[:n_read][np.isnan(timbre.scores[by_rest[:n_read]])]
        timbre.score(read(connection, space, ids[unread], allowed))
        known = hits[~np.isnan(timbre.scores[hits])]
        scores = (weights[TIMBRE] * timbre.scores[known] + rest[known]) / total
        found = choose(measured, known, scores, timbre, k)
        left = np.setdiff1d(hits, known, assume_unique=True)
        if not len(left):
            break
        least = timbre.likeness[proposed].min(initial=1.0)  # what is not proposed has no more
        if len(found) == k and found[-1].score >= (
            (weights[TIMBRE] * least + rest[left].max()) / total
        ):
            break
        n_read *= WIDER
    return found


def read(
    connection: Connection,
    space: Space,
    recording_ids: NDArray[np.int64],
    allowed: NDArray[np.int64] | None,
) -> Pool:
    """Read recordings, the first of them, as many as there is room for."""
    wanted = recording_ids.tolist()
    ranges = catalog.window_ranges(connection, space, wanted)
    lengths = np.cumsum([ranges[each][1] if each in ranges else 0 for each in wanted])
    n_whole = int(np.searchsorted(lengths, WHOLE_RECORDINGS, side="right"))
    pool = pool_of(connection, catalog.vectors_of_recordings(connection, space, wanted[:n_whole]))
    return pool if allowed is None else pool.subset(np.isin(pool.ids, allowed))


def choose(
    measured: Measured,
    rows: NDArray[np.intp],
    scores: NDArray[np.float64],
    timbre: Timbre | None,
    k: int,
) -> list[Mixed]:
    """Choose the best of some recordings; ties go to the lower id."""
    found = []
    for place in np.argsort(-scores, kind="stable")[:k].tolist():
        row = rows[place]
        aspects = {name: float(values[row]) for name, values in measured.likenesses.items()}
        if timbre is not None:
            aspects = {TIMBRE: float(timbre.likeness[row]), **aspects}
        window_id = None if timbre is None else int(timbre.windows[row])
        recording_id = int(measured.recording_ids[row])
        found.append(Mixed(recording_id, window_id, float(scores[place]), aspects))
    return found


def placed(connection: Connection, space: Space, found: Sequence[Mixed]) -> list[Found]:
    """Place hits: at their best window, or from the first on where timbre does not count."""
    whole = [each.recording_id for each in found if each.window_id is None]
    firsts = catalog.window_ranges(connection, space, whole)
    recordings = catalog.get_recordings(connection, whole)
    ids = [each.window_id for each in found if each.window_id is not None]
    windows = catalog.get_windows(connection, ids)
    places: list[Found] = []
    for each in found:
        if each.window_id is None:
            end_s = recordings[each.recording_id].duration_s
            stretch = Stretch(0, each.recording_id, None, 0.0, end_s)
            places.append((stretch, firsts[each.recording_id][0], each.score))
        else:
            window = windows[each.window_id]
            stretch = Stretch(0, each.recording_id, window.channel, window.start_s, window.end_s)
            places.append((stretch, each.window_id, each.score))
    return places
