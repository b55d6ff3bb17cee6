"""How good a ranking is, when several items may be at the same distance.

A query's neighbours are ranked by distance, smaller is nearer; those with its label are *relevant*.
Codes of a few bits give a handful of distinct distances, and the order inside a group of equal ones
is chance. ``ties`` says what to report:

``"expected"``
    The exact mean over all orders of the tied items, each as likely. The default.
``"optimistic"``, ``"pessimistic"``
    With the relevant items of every group first, or last: the bounds.

Each measure is a method of `TiedRanking` (one query) and a function of a distance matrix (the mean
over queries). `mean_scores` computes several at once and sorts each query only once. Queries
without any relevant item have no score: they are counted and left out of the mean.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Measure",
    "Score",
    "TiedRanking",
    "Ties",
    "mean_average_precision",
    "mean_scores",
    "nearest_class_right",
    "precision_at_k",
    "r_precision",
    "rank",
    "recall_at_k",
    "same_group",
]

Ties = Literal["expected", "optimistic", "pessimistic"]


class Score(NamedTuple):
    """A mean over queries."""

    value: float  #: in [0, 1]; NaN if no query had a relevant item
    n_queries: int  #: that the mean is over
    n_without_relevant: int  #: left out


@dataclass(frozen=True, eq=False)
class TiedRanking:
    """What one query found, nearest first, in groups of equal distance.

    Every measure is its expectation over the order within the groups.
    """

    n_items: NDArray[np.int64]  #: (n_groups,) items in each group
    n_relevant: NDArray[np.int64]  #: (n_groups,) relevant ones among them

    @property
    def total_relevant(self) -> int:
        """How many relevant items there are."""
        return int(self.n_relevant.sum())

    def average_precision(self, *, at: int | Literal["R"] | None = None) -> float:
        """Average the precision at the rank of each relevant item.

        Parameters
        ----------
        at : int, "R" or None
            Look at the first `at` ranks only and divide by ``min(at, total_relevant)``; ``"R"`` is
            as many ranks as there are relevant items (MAP@R); None is all ranks.

        Returns
        -------
        float
            In [0, 1]; 1 where the relevant items come first.
        """
        n_ranks = self._first_ranks(at)
        group = np.repeat(np.arange(len(self.n_items)), self.n_items)[:n_ranks]
        size, relevant = self.n_items[group], self.n_relevant[group]
        size_before = (np.cumsum(self.n_items) - self.n_items)[group]
        relevant_before = (np.cumsum(self.n_relevant) - self.n_relevant)[group]

        ranks = np.arange(1, n_ranks + 1)
        ahead_in_group = ranks - size_before - 1
        # Given a relevant item here, the others of its group are spread evenly over its places.
        relevant_ahead = ahead_in_group * (relevant - 1) / np.maximum(size - 1, 1)
        precision = (relevant_before + relevant_ahead + 1) / ranks
        chance_of_relevant = relevant / size
        return float(chance_of_relevant @ precision) / min(self.total_relevant, n_ranks)

    def relevant_in_first(self, k: int) -> float:
        """Count the relevant items among the first `k`; the last group may be cut."""
        n_before = np.cumsum(self.n_items) - self.n_items
        seen = np.clip(_positive("k", k) - n_before, 0, self.n_items)
        return float((self.n_relevant * seen / self.n_items).sum())

    def precision(self, k: int) -> float:
        """Measure which share of the first `k` items is relevant."""
        return self.relevant_in_first(k) / k

    def recall(self, k: int) -> float:
        """Measure which share of the relevant items is among the first `k`."""
        return self.relevant_in_first(k) / self.total_relevant

    def r_precision(self) -> float:
        """Measure the precision among as many items as there are relevant ones."""
        return self.precision(self.total_relevant)

    def ndcg(self, k: int | None = None) -> float:
        """Measure the normalized discounted cumulative gain; relevant items gain 1, others 0.

        Parameters
        ----------
        k : int, optional
            Look at the first `k` ranks only; all by default.

        Returns
        -------
        float
            In [0, 1]; 1 where the relevant items come first.

        References
        ----------
        .. [1] K. Järvelin and J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques",
           ACM TOIS 20(4), 2002. Ties: F. McSherry and M. Najork, ECIR 2008.

        Examples
        --------
        >>> round(rank(np.array([1, 2, 2]), np.array([False, True, False])).ndcg(), 4)
        0.5655
        """
        n_ranks = self._first_ranks(k)
        discount = 1 / np.log2(np.arange(2, n_ranks + 2))
        gain = np.repeat(self.n_relevant / self.n_items, self.n_items)[:n_ranks]
        return float(gain @ discount / discount[: self.total_relevant].sum())

    def _first_ranks(self, at: int | Literal["R"] | None) -> int:
        n_ranks = int(self.n_items.sum())
        if at is None:
            return n_ranks
        return self.total_relevant if at == "R" else min(n_ranks, _positive("at", at))


Measure: TypeAlias = Callable[[TiedRanking], float]


def rank(
    distances: NDArray[Any], relevant: NDArray[np.bool_], *, ties: Ties = "expected"
) -> TiedRanking:
    """Rank the items that one query is compared with.

    Parameters
    ----------
    distances : ndarray of shape (n_items,)
        Smaller is nearer; infinity is allowed, NaN is not.
    relevant : ndarray of shape (n_items,)
        Which items the query should find, at least one.
    ties : {"expected", "optimistic", "pessimistic"}
        The order inside a group of equal distances: any, relevant first, relevant last.

    Raises
    ------
    ValueError
        If a distance is NaN or nothing is relevant.

    Examples
    --------
    >>> ranking = rank(np.array([1, 2, 2]), np.array([False, True, False]))
    >>> round(ranking.average_precision(), 4)  # relevant at rank 2 or 3: (1/2 + 1/3) / 2
    0.4167
    """
    if not relevant.any():
        raise ValueError("no item is relevant; a measure needs at least one")
    order = np.argsort(distances)
    in_order = distances[order]
    if in_order[-1] != in_order[-1]:  # NaN sorts to the end
        raise ValueError("a distance is NaN; only numbers and infinity can be ranked")
    first = np.flatnonzero(np.concatenate([[True], in_order[1:] != in_order[:-1]]))
    n_items = np.diff(first, append=len(order))
    n_relevant = np.add.reduceat(relevant[order].astype(np.int64), first)
    return _settle(n_items, n_relevant, ties)


def _settle(n_items: NDArray[np.int64], n_relevant: NDArray[np.int64], ties: Ties) -> TiedRanking:
    """Split each group into its relevant and its other items, unless any order will do."""
    if ties == "expected":
        return TiedRanking(n_items, n_relevant)
    if ties not in ("optimistic", "pessimistic"):
        raise ValueError(f"ties={ties!r} is not 'expected', 'optimistic' or 'pessimistic'")
    relevant_part = np.stack([n_relevant, n_relevant])
    other_part = np.stack([n_items - n_relevant, np.zeros_like(n_items)])
    parts = np.stack([relevant_part, other_part])
    if ties == "pessimistic":
        parts = parts[::-1]
    items, relevant = parts.transpose(1, 2, 0).reshape(2, -1)
    return TiedRanking(items[items > 0], relevant[items > 0])


def mean_scores(
    measures: Mapping[str, Measure],
    distances: NDArray[Any],
    y_query: ArrayLike,
    y_database: ArrayLike,
    *,
    ties: Ties = "expected",
    exclude: NDArray[np.bool_] | None = None,
) -> dict[str, Score]:
    """Average measures over queries; a query's relevant items are those with its label.

    Parameters
    ----------
    measures : mapping of str to callable
        From a `TiedRanking` to a number.
    distances : ndarray of shape (n_queries, n_database)
        Smaller is nearer; of any number type.
    y_query, y_database : array_like of shape (n_queries,) and (n_database,)
        Labels, compared with ``==``.
    ties : {"expected", "optimistic", "pessimistic"}
        What is made of equal distances.
    exclude : ndarray of bool of shape (n_queries, n_database), optional
        Items left out of a query's ranking. For a set searched in itself, ``np.eye(n, dtype=bool)``
        leaves out the query, and `same_group` all that comes from its source.

    Returns
    -------
    dict of str to Score
        One for each measure.

    Raises
    ------
    ValueError
        If shapes do not fit or a distance is NaN.

    Examples
    --------
    >>> distances = np.array([[0, 1, 2], [1, 0, 2], [2, 2, 0]])
    >>> y = ["door", "door", "bell"]
    >>> own = np.eye(3, dtype=bool)
    >>> mean_scores({"R": TiedRanking.r_precision}, distances, y, y, exclude=own)
    {'R': Score(value=1.0, n_queries=2, n_without_relevant=1)}
    """
    queries, database = np.asarray(y_query), np.asarray(y_database)
    _check_shape("distances", distances, (len(queries), len(database)))
    if exclude is not None:
        _check_shape("exclude", exclude, distances.shape)
    sums = dict.fromkeys(measures, 0.0)
    n_scored = 0
    for number, row in enumerate(distances):
        relevant = database == queries[number]
        if exclude is not None:
            row, relevant = row[~exclude[number]], relevant[~exclude[number]]
        if not relevant.any():
            continue
        n_scored += 1
        ranking = rank(row, relevant, ties=ties)
        for name, measure in measures.items():
            sums[name] += measure(ranking)
    n_left_out = len(queries) - n_scored
    return {
        name: Score(total / n_scored if n_scored else float("nan"), n_scored, n_left_out)
        for name, total in sums.items()
    }


def same_group(groups_query: ArrayLike, groups_database: ArrayLike) -> NDArray[np.bool_]:
    """Find the items that share a query's group, such as its source recording, to exclude them.

    Examples
    --------
    >>> same_group([7, 8], [7, 7, 9])
    array([[ True,  True, False],
           [False, False, False]])
    """
    same: NDArray[np.bool_] = np.equal.outer(np.asarray(groups_query), np.asarray(groups_database))
    return same


def mean_average_precision(
    distances: NDArray[Any],
    y_query: ArrayLike,
    y_database: ArrayLike,
    *,
    at: int | Literal["R"] | None = None,
    ties: Ties = "expected",
    exclude: NDArray[np.bool_] | None = None,
) -> Score:
    """Average `TiedRanking.average_precision` over queries; arguments as in `mean_scores`.

    Examples
    --------
    >>> mean_average_precision(np.array([[1, 2, 3, 4]]), ["door"], ["door", "bell", "fly", "door"])
    Score(value=0.75, n_queries=1, n_without_relevant=0)
    """

    def measure(ranking: TiedRanking) -> float:
        return ranking.average_precision(at=at)

    return _mean(measure, distances, y_query, y_database, ties, exclude)


def precision_at_k(
    distances: NDArray[Any],
    y_query: ArrayLike,
    y_database: ArrayLike,
    k: int,
    *,
    ties: Ties = "expected",
    exclude: NDArray[np.bool_] | None = None,
) -> Score:
    """Average `TiedRanking.precision` over queries; arguments as in `mean_scores`."""

    def measure(ranking: TiedRanking) -> float:
        return ranking.precision(k)

    return _mean(measure, distances, y_query, y_database, ties, exclude)


def recall_at_k(
    distances: NDArray[Any],
    y_query: ArrayLike,
    y_database: ArrayLike,
    k: int,
    *,
    ties: Ties = "expected",
    exclude: NDArray[np.bool_] | None = None,
) -> Score:
    """Average `TiedRanking.recall` over queries; arguments as in `mean_scores`."""

    def measure(ranking: TiedRanking) -> float:
        return ranking.recall(k)

    return _mean(measure, distances, y_query, y_database, ties, exclude)


def r_precision(
    distances: NDArray[Any],
    y_query: ArrayLike,
    y_database: ArrayLike,
    *,
    ties: Ties = "expected",
    exclude: NDArray[np.bool_] | None = None,
) -> Score:
    """Average `TiedRanking.r_precision` over queries; arguments as in `mean_scores`."""
    return _mean(TiedRanking.r_precision, distances, y_query, y_database, ties, exclude)


def nearest_class_right(
    distances: NDArray[Any],
    y_query: ArrayLike,
    y_database: ArrayLike,
    *,
    ties: Ties = "expected",
    exclude: NDArray[np.bool_] | None = None,
) -> Score:
    """Measure how often the nearest item has the query's label; arguments as in `mean_scores`."""
    return precision_at_k(distances, y_query, y_database, 1, ties=ties, exclude=exclude)


def _mean(
    measure: Measure,
    distances: NDArray[Any],
    y_query: ArrayLike,
    y_database: ArrayLike,
    ties: Ties,
    exclude: NDArray[np.bool_] | None,
) -> Score:
    scores = mean_scores(
        {"mean": measure}, distances, y_query, y_database, ties=ties, exclude=exclude
    )
    return scores["mean"]


def _positive(name: str, count: int) -> int:
    if count < 1:
        raise ValueError(f"{name}={count} must be at least 1")
    return count


def _check_shape(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}; {shape} fits the labels")
