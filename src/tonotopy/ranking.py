"""Ranking: from similarities of windows to an order of recordings, or of stretches of sound.

A query may be long, and may be several examples. A window's score is its similarity to the window
of the query that it resembles most. A recording's score looks both ways:

- *there*: the mean, over the windows of the query, of the best match in the recording;
- *back*: the mean, over the windows of the recording, of the best match in the query.

Windows weigh by their amplitude, so that silence and what is faint behind a sound count as little
as they are heard. The two ways are averaged where recording and query sound about equally long. Of
a longer recording the way back counts the less, the longer it sounds, and not at all where it has
ten times as many windows: a second of sound should find the ten minutes that hold it. Scores of
several examples are averaged, and half of the average of what is unwanted is taken off.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import Metric, distances, normalized, score

__all__ = [
    "UNLIKE_WEIGHT",
    "Scores",
    "Sound",
    "Stretch",
    "longest_looked_back",
    "loudness",
    "one_per_run",
    "rank_groups",
    "score_windows",
    "similarities",
    "sounding",
]

UNLIKE_WEIGHT = 0.5
COMPARABLE = 5  # windows that a recording may sound for, whatever the query, and count as short
FAR = 10  # times as many windows as the query or that: there is no way back
QUIET = 0.01  # of the loudest window's amplitude: what is below, 40 dB, is not searched with
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


class Sound(NamedTuple):
    """The windows of one sound."""

    vectors: NDArray[np.float32]  #: (n_windows, dim)
    levels_db: NDArray[np.float32] | None = None  #: (n_windows,), dBFS; NaN or None: unknown


def score_windows(
    windows: Sound,
    group_of: NDArray[np.int64],
    *,
    likes: Sequence[Sound],
    unlikes: Sequence[Sound] = (),
    metric: Metric,
    in_part: NDArray[np.int64] | None = None,
) -> Scores:
    """Score windows and their groups by what they should, and should not, be like.

    Parameters
    ----------
    windows : Sound
        The windows to score, of unit norm where the metric is cosine.
    group_of : ndarray of shape (n_windows,)
        The group of each window, such as its recording.
    likes, unlikes : sequence of Sound
        Examples, each with its windows; at least one to be like.
    metric : {"cosine", "dot", "euclidean"}
        How vectors are compared.
    in_part : ndarray of shape (n,), optional
        Groups of which only some windows are given; they are not looked back from.

    Examples
    --------
    >>> vectors = np.eye(3, dtype=np.float32)
    >>> scores = score_windows(
    ...     Sound(vectors), np.array([7, 7, 9]), likes=[Sound(vectors[:1])], metric="cosine"
    ... )
    >>> scores.windows.tolist(), scores.groups.tolist(), scores.group_scores.tolist()
    ([1.0, 0.0, 0.0], [7, 9], [0.75, 0.0])
    """
    if not likes:
        raise ValueError("likes is empty: there must be something to be like")
    order = np.argsort(group_of, kind="stable")
    groups, first = np.unique(group_of[order], return_index=True)
    n_windows = len(group_of)
    total = Scores(np.zeros(n_windows, np.float32), groups, np.zeros(len(groups), np.float32))
    if not n_windows:
        return total
    levels = windows.levels_db
    weights = loudness(None if levels is None else levels[order], first, n_windows)
    whole = np.isin(groups, [] if in_part is None else in_part, invert=True)
    for examples, sign in ((likes, 1.0), (unlikes, -UNLIKE_WEIGHT)):
        for example in examples:
            heard = sounding(example)
            best, there = match(heard, windows.vectors, order, first, metric)
            share = whole * back_share(heard, weights, first)
            back = np.add.reduceat(weights * best[order], first) / np.add.reduceat(weights, first)
            total.windows[:] += sign / len(examples) * best
            total.group_scores[:] += sign / len(examples) * ((1 - share) * there + share * back)
    return total


def loudness(
    levels_db: NDArray[np.float32] | None, first: NDArray[np.int64], n_windows: int
) -> NDArray[np.float64]:
    """Weigh windows by their amplitude, the loudest of each group 1.

    Parameters
    ----------
    levels_db : ndarray of shape (n_windows,), optional
        Levels of windows in the order of their groups, dBFS. All windows of a group weigh 1 where
        one of its levels is NaN.
    first : ndarray of shape (n_groups,)
        Where groups begin.
    n_windows : int
        How many windows there are.

    Examples
    --------
    >>> loudness(np.array([-20, -40, -60], np.float32), np.array([0, 2]), 3).round(6).tolist()
    [1.0, 0.1, 1.0]
    """
    if levels_db is None:
        return np.ones(n_windows)
    n_members = np.diff(first, append=n_windows)
    loudest = np.repeat(np.maximum.reduceat(levels_db.astype(np.float64), first), n_members)
    weights: NDArray[np.float64] = np.exp((levels_db - loudest) * (np.log(10) / 20))
    weights[np.isnan(loudest)] = 1.0
    return weights


def sounding(sound: Sound) -> Sound:
    """Leave out the windows that are silent beside the loudest one."""
    levels = sound.levels_db
    if levels is None or np.isnan(levels).any():
        return Sound(sound.vectors)
    heard = loudness(levels, np.zeros(1, np.int64), len(levels)) >= QUIET
    return Sound(sound.vectors[heard], levels[heard])


def longest_looked_back(sounds: Iterable[Sound]) -> int:
    """Say how many windows a group may have for any way back to one of some sounds."""
    return int(FAR * max(windows_of(sounding(each)) for each in sounds))


def windows_of(sound: Sound) -> float:
    """Count the windows of a query by their weights, a short one as a little longer."""
    weights = loudness(sound.levels_db, np.zeros(1, np.int64), len(sound.vectors))
    return max(COMPARABLE, float(weights.sum()))


def back_share(
    example: Sound, weights: NDArray[np.float64], first: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Say how much the way back counts for each group: half, less where it sounds for longer."""
    n_query = windows_of(example)
    share = 0.5 * np.minimum(1, n_query / np.add.reduceat(weights, first))
    n_windows = np.diff(first, append=len(weights))
    return np.where(n_windows > int(FAR * n_query), 0, share)


def match(
    example: Sound,
    vectors: NDArray[np.float32],
    order: NDArray[np.int64],
    first: NDArray[np.int64],
    metric: Metric,
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Find each window's best match in an example, and average the example's best in each group."""
    best = np.full(len(vectors), -np.inf, np.float32)
    there = np.zeros(len(first), np.float64)
    asked = normalized(example.vectors) if metric == "cosine" else example.vectors
    weights = loudness(example.levels_db, np.zeros(1, np.int64), len(asked))
    for start in range(0, len(asked), CHUNK):
        part = slice(start, start + CHUNK)
        similar = similarities(asked[part], vectors, metric)
        np.maximum(best, similar.max(axis=0), out=best)
        there += weights[part] @ np.maximum.reduceat(similar[:, order], first, axis=1)
    return best, there / weights.sum()


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
