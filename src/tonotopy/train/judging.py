"""How good codes are on recordings that they were not learned from."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import Metric, distances
from tonotopy.hashing import Hash
from tonotopy.index.engine import points
from tonotopy.metrics import TiedRanking, mean_scores

__all__ = ["Judgement", "hide_classes", "hold_out", "judge"]

HELD_OUT = 5  # one recording of every so many of a class
HIDDEN = 4  # one of every so many classes, to say what codes keep of those without labels
FEWEST_KNOWN = 2
MOST_QUERIES, MOST_COMPARED = 500, 20_000


class Judgement(NamedTuple):
    """Mean average precision over windows of recordings that were held out."""

    exact: float  #: of comparing vectors, 0 to 1
    codes: float  #: of comparing codes alone
    n_queries: int

    @property
    def kept(self) -> float:
        """Share of the exact one that codes keep; above 1 where they learned from labels."""
        return self.codes / self.exact


def hold_out(
    recording_ids: NDArray[np.int64], y: NDArray[np.int64], *, seed: int
) -> NDArray[np.bool_]:
    """Choose a fifth of the recordings of each class, at least one, to judge codes by.

    Parameters
    ----------
    recording_ids, y : ndarray of shape (n,)
        Of each window the recording, and the class or -1.
    seed : int
        Chooses which.

    Returns
    -------
    ndarray of shape (n,)
        Which windows are of a recording held out: those without a class too. Of a class on one
        recording none is.

    Examples
    --------
    >>> hold_out(np.array([1, 1, 2, 3]), np.array([0, -1, 0, 1]), seed=1).tolist()
    [True, True, False, False]
    """
    rng = np.random.default_rng(seed)
    held: set[int] = set()
    for each in range(int(y.max(initial=-1)) + 1):
        own = np.unique(recording_ids[y == each])
        if len(own) > 1:
            held.update(rng.permutation(own)[: max(1, len(own) // HELD_OUT)].tolist())
    return np.isin(recording_ids, np.array(sorted(held), np.int64))


def hide_classes(y: NDArray[np.int64], *, seed: int) -> NDArray[np.int64]:
    """Choose a quarter of the classes to be learned without their labels, at least one.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Classes, numbered from 0, or -1.
    seed : int
        Chooses which.

    Returns
    -------
    ndarray of shape (n_hidden,)
        Ascending; none where fewer than two classes would keep their labels.

    Examples
    --------
    >>> len(hide_classes(np.arange(8), seed=0)), len(hide_classes(np.array([0, 1, -1]), seed=0))
    (2, 0)
    """
    n_classes = int(y.max(initial=-1)) + 1
    n_hidden = min(max(1, n_classes // HIDDEN), n_classes - FEWEST_KNOWN)
    chosen = np.random.default_rng(seed).permutation(n_classes)[: max(0, n_hidden)]
    return np.sort(chosen)


def judge(
    hasher: Hash,
    vectors: NDArray[np.float32],
    y: NDArray[np.int64],
    held: NDArray[np.bool_],
    metric: Metric,
    *,
    seed: int,
    only: NDArray[np.int64] | None = None,
) -> Judgement | None:
    """Search with windows held out for windows of their class among the others.

    Parameters
    ----------
    hasher : Hash
        Fitted on what was not held out.
    vectors : ndarray of shape (n, dim)
        Windows.
    y : ndarray of shape (n,)
        Their classes; those with -1 take no part.
    held : ndarray of shape (n,)
        What `hold_out` chose.
    metric : {"cosine", "euclidean"}
        How vectors are compared.
    seed : int
        Chooses 500 queries and 20,000 windows to search, where there are more.
    only : ndarray of shape (n_classes,), optional
        Classes to search with; default all.

    Returns
    -------
    Judgement or None
        None where no window held out has another of its class to find.
    """
    rng = np.random.default_rng(seed)
    asked = held & (y >= 0 if only is None else np.isin(y, only))
    queries = some(np.flatnonzero(asked), MOST_QUERIES, rng)
    others = some(np.flatnonzero(~held & (y >= 0)), MOST_COMPARED, rng)
    if not len(queries) or not np.isin(y[queries], y[others]).any():
        return None
    codes = hasher.transform(points(vectors[others], metric))
    measured = {
        "exact": distances(vectors[queries], vectors[others], metric),
        "codes": hasher.distances(points(vectors[queries], metric), codes),
    }
    scored = {
        name: mean_scores({"mAP": TiedRanking.average_precision}, each, y[queries], y[others])[
            "mAP"
        ]
        for name, each in measured.items()
    }
    return Judgement(scored["exact"].value, scored["codes"].value, scored["exact"].n_queries)


def some(places: NDArray[np.int64], most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw at most so many."""
    return places if len(places) <= most else np.sort(rng.choice(places, most, replace=False))
