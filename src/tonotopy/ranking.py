"""Ranking: from similarities of windows to an order of recordings, or of stretches of sound.

A query may be long, and may be several examples. A window's score is its similarity to the window
of the query that it resembles most; a recording's score is the mean, over the windows of the query,
of the best match among its own. Scores of several examples are averaged, and half of the average
of what is unwanted is taken off.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import Metric, distances, normalized, score

__all__ = [
    "UNLIKE_WEIGHT",
    "Scores",
    "Stretch",
    "one_per_run",
    "rank_groups",
    "score_windows",
    "similarities",
]

UNLIKE_WEIGHT = 0.5
CHUNK = 64  # windows of a query compared at once, so that memory stays flat


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of windows and of the groups (recordings) that they belong to; larger is better.

    Attributes
    ----------
    windows : ndarray of shape (n_windows,)
        Each window's score.
    groups : ndarray of shape (n_groups,)
        The groups, in order.
    group_scores : ndarray of shape (n_groups,)
        Each group's score.
    """

    windows: NDArray[np.float32]
    groups: NDArray[np.int64]
    group_scores: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A scored window, where it is in its recording."""

    position: int  #: in the array of scored windows
    recording_id: int
    channel: int | None
    start_s: float
    end_s: float


def score_windows(
    vectors: NDArray[np.float32],
    group_of: NDArray[np.int64],
    *,
    likes: Sequence[NDArray[np.float32]],
    unlikes: Sequence[NDArray[np.float32]] = (),
    metric: Metric,
) -> Scores:
    """Score windows and their groups by what they should, and should not, be like.

    Parameters
    ----------
    vectors : ndarray of shape (n_windows, dim)
        The windows to score, of unit norm where the metric is cosine.
    group_of : ndarray of shape (n_windows,)
        The group of each window, such as its recording.
    likes, unlikes : sequence of ndarray of shape (n_query_windows, dim)
        Examples, each with its windows; at least one to be like.
    metric : {"cosine", "dot", "euclidean"}
        How vectors are compared.

    Examples
    --------
    >>> vectors = np.eye(3, dtype=np.float32)
    >>> scores = score_windows(
    ...     vectors, np.array([7, 7, 9]), likes=[vectors[:2]], metric="cosine"
    ... )
    >>> scores.windows.tolist(), scores.groups.tolist(), scores.group_scores.tolist()
    ([1.0, 1.0, 0.0], [7, 9], [1.0, 0.0])
    """
    if not likes:
        raise ValueError("likes is empty: there must be something to be like")
    order = np.argsort(group_of, kind="stable")
    groups, first = np.unique(group_of[order], return_index=True)
    total = Scores(np.zeros(len(vectors), np.float32), groups, np.zeros(len(groups), np.float32))
    if not len(vectors):
        return total
    for examples, weight in ((likes, 1.0), (unlikes, -UNLIKE_WEIGHT)):
        for example in examples:
            window_scores, group_scores = score_one(example, vectors, order, first, metric)
            total.windows[:] += weight / len(examples) * window_scores
            total.group_scores[:] += weight / len(examples) * group_scores
    return total


def score_one(
    example: NDArray[np.float32],
    vectors: NDArray[np.float32],
    order: NDArray[np.int64],
    first: NDArray[np.int64],
    metric: Metric,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Score windows, and groups of them, by one example."""
    best = np.full(len(vectors), -np.inf, np.float32)
    group_sum = np.zeros(len(first), np.float64)
    example = normalized(example) if metric == "cosine" else example
    for start in range(0, len(example), CHUNK):
        similar = similarities(example[start : start + CHUNK], vectors, metric)
        np.maximum(best, similar.max(axis=0), out=best)
        group_sum += np.maximum.reduceat(similar[:, order], first, axis=1).sum(axis=0)
    return best, (group_sum / len(example)).astype(np.float32)


def similarities(
    queries: NDArray[np.float32], vectors: NDArray[np.float32], metric: Metric
) -> NDArray[np.float32]:
    """Score vectors, of unit norm on both sides where the metric is cosine; larger is better."""
    if metric == "euclidean":
        return score(distances(queries, vectors, metric), metric)
    return queries @ vectors.T


def rank_groups(
    scores: Scores, ids: NDArray[np.int64], group_of: NDArray[np.int64], k: int
) -> list[tuple[int, int, float]]:
    """Order groups by score, best first: (group, position of its best window, score).

    Ties go to the lower group, and within a group to the lower id.
    """
    best = np.lexsort((scores.groups, -scores.group_scores))[:k]
    ranked = []
    for each in best.tolist():
        members = np.flatnonzero(group_of == scores.groups[each])
        window = members[np.lexsort((ids[members], -scores.windows[members]))[0]]
        ranked.append((int(scores.groups[each]), int(window), float(scores.group_scores[each])))
    return ranked


def one_per_run(
    stretches: Iterable[Stretch], *, per_recording: int | None = None
) -> Iterator[Stretch]:
    """Choose one of each run of overlapping windows, taking them best first.

    A window that overlaps one that came before it, whether that one was chosen or not, belongs to
    its run. So a sound that lasts over several windows is one hit.

    Parameters
    ----------
    stretches : iterable of Stretch
        Windows, best first.
    per_recording : int, optional
        How many to choose from one recording at most.

    Yields
    ------
    Stretch
        The best window of each run.
    """
    passed: dict[tuple[int, int | None], list[tuple[float, float]]] = {}
    chosen: dict[int, int] = {}
    for each in stretches:
        earlier = passed.setdefault((each.recording_id, each.channel), [])
        is_new = all(end <= each.start_s or each.end_s <= start for start, end in earlier)
        earlier.append((each.start_s, each.end_s))
        n_chosen = chosen.get(each.recording_id, 0)
        if is_new and (per_recording is None or n_chosen < per_recording):
            chosen[each.recording_id] = n_chosen + 1
            yield each
