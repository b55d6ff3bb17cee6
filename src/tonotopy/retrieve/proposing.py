"""From windows that an index proposes to the recordings that are worth scoring exactly."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import Metric, score
from tonotopy.index import Neighbors
from tonotopy.ranking import Sound, loudness

__all__ = ["Asked", "Proposal", "WindowMap", "ask", "propose_recordings"]

ERROR = 1.5  # of an estimated squared distance, beside it and by 1 / sqrt(dim): rarely more


class Asked(NamedTuple):
    """The windows of all examples that an index is asked about."""

    vectors: NDArray[np.float32]  #: (n_queries, dim)
    weights: NDArray[np.float64]  #: (n_queries,), of sum 1


@dataclass(frozen=True, slots=True)
class WindowMap:
    """Which recordings the windows of a space are from.

    Attributes
    ----------
    ids, recording_ids : ndarray of shape (n,)
        Windows, ascending, and their recordings.
    recordings, n_windows : ndarray of shape (n_recordings,)
        Recordings, ascending, and how many windows they have.
    """

    ids: NDArray[np.int64]
    recording_ids: NDArray[np.int64]
    recordings: NDArray[np.int64]
    n_windows: NDArray[np.int64]

    @classmethod
    def of(cls, ids: NDArray[np.int64], recording_ids: NDArray[np.int64]) -> "WindowMap":
        """Count the windows of each recording."""
        recordings, n_windows = np.unique(recording_ids, return_counts=True)
        return cls(ids, recording_ids, recordings, n_windows)

    def recordings_of(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Tell the recordings of windows that are in the space."""
        return self.recording_ids[np.searchsorted(self.ids, ids)]

    def lengths(self, recording_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Tell how many windows recordings have that are in the space."""
        return self.n_windows[np.searchsorted(self.recordings, recording_ids)]


@dataclass(frozen=True, slots=True)
class Proposal:
    """Recordings that an index proposes.

    Attributes
    ----------
    recording_ids : ndarray of shape (n,)
        Those that resemble the query most, as far as the index tells, best first.
    window_ids : ndarray of shape (m,)
        Of each of them the windows that each window of the query resembles most, ascending.
    bound : float
        No recording that was not proposed scores more; -inf if there are none.
    """

    recording_ids: NDArray[np.int64]
    window_ids: NDArray[np.int64]
    bound: float


def ask(examples: Sequence[Sound]) -> Asked:
    """Put the windows of examples one after another; examples weigh alike, windows as they sound.

    Examples
    --------
    >>> one = Sound(np.eye(2, dtype=np.float32), np.array([-20, -40], np.float32))
    >>> ask([one, Sound(np.eye(2, dtype=np.float32)[:1])]).weights.round(3).tolist()
    [0.455, 0.045, 0.5]
    """
    first = np.zeros(1, np.int64)
    weights = [loudness(each.levels_db, first, len(each.vectors)) for each in examples]
    shares = [each / (each.sum() * len(examples)) for each in weights]
    return Asked(np.concatenate([each.vectors for each in examples]), np.concatenate(shares))


def propose_recordings(
    found: Neighbors,
    windows: WindowMap,
    asked: Asked,
    metric: Metric,
    *,
    n_recordings: int,
    n_best: int,
) -> Proposal:
    """Choose the recordings in which the windows of a query have the best matches on average.

    Parameters
    ----------
    found : Neighbors
        The nearest windows of each window of the query, distances ascending.
    windows : WindowMap
        Which recordings they are from.
    asked : Asked
        The windows of the query.
    metric : {"cosine", "dot", "euclidean"}
        What the distances are.
    n_recordings : int
        How many recordings to choose at most.
    n_best : int
        How many windows of each to name at most, for each window of the query.

    Notes
    -----
    What was not found of a recording is no nearer to a window of the query than the farthest that
    was found, as far as estimates hold: those of codes of one bit a dimension err by a share of the
    squared distance that falls with the square root of the dimension. So a recording of which
    nothing was found has, on the way there, the weighted mean of these similarities at most, and on
    the way back the largest.
    """
    valid = found.ids >= 0
    similar = score(found.distances, metric)
    query, _ = np.nonzero(valid)
    if not query.size:
        none = np.zeros(0, np.int64)
        return Proposal(none, none, -np.inf)
    recordings, column = np.unique(windows.recordings_of(found.ids[valid]), return_inverse=True)
    reach = np.min(similar, axis=1, where=valid, initial=np.inf)
    reach[~valid.any(axis=1)] = 0
    pair = query * len(recordings) + column
    _, nearest = np.unique(pair, return_index=True)
    better = asked.weights[query] * (similar[valid] - reach[query])
    likely = np.bincount(column[nearest], better[nearest])  # all else is the same for all
    chosen = np.argsort(-likely, kind="stable")[:n_recordings]
    kept = (rank_within(pair) < n_best) & np.isin(column, chosen)
    bound = farthest(found, asked, metric) if valid.all() else -np.inf
    return Proposal(recordings[chosen], np.unique(found.ids[valid][kept]), bound)


def farthest(found: Neighbors, asked: Asked, metric: Metric) -> float:
    """Bound the score of what is farther from all windows of the query than what was found."""
    nearer = max(0.0, 1 - ERROR / asked.vectors.shape[1] ** 0.5)  # of the squared distance
    apart = found.distances[:, -1] * (nearer if metric == "cosine" else nearer**0.5)
    similar = score(apart, metric)
    return float((asked.weights @ similar + similar.max()) / 2)


def rank_within(group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the members of each group in their order.

    Examples
    --------
    >>> rank_within(np.array([7, 3, 7, 7])).tolist()
    [0, 0, 1, 2]
    """
    order = np.argsort(group, kind="stable")
    _, first, counts = np.unique(group[order], return_index=True, return_counts=True)
    rank = np.empty(len(group), np.int64)
    rank[order] = np.arange(len(group)) - np.repeat(first, counts)
    return rank
