"""The recall self-test: how hard an approximate index must search, found by trying.

Some rows are taken as queries, as they are and drawn a quarter of the way towards another row, and
always with themselves left out of the answer; what an index finds is held against exact search. As
they are they would flatter it: each stands among the windows of its own recording, and a query from
elsewhere does not. The quarter was measured: at it, recall is what recordings held out get.

It is run after every build. A structure that was built wrongly answers without an error, but not
with the nearest.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import Metric, distances, normalized, top_k

__all__ = ["K", "Scan", "SelfTest", "Setting", "choose_setting", "ladder"]

K = 10  #: recall is that of the ten nearest
_N_ROWS = 400
_DRAWN = np.float32(0.25)
_ROWS_AT_ONCE = 16_384


class Setting(NamedTuple):
    """How hard to search for the ten nearest."""

    effort: int  #: lists probed, or nodes kept in view
    depth: int  #: candidates that are measured exactly


#: Finds candidates: queries (n, dim), how many, effort -> positions (n, how many), best first, -1
#: where there are no more.
Scan = Callable[[NDArray[np.float32], int, int], NDArray[np.int64]]


class SelfTest:
    """Queries with their exact answers.

    Parameters
    ----------
    vectors : ndarray of shape (n, dim)
        All that was indexed, n >= 2.
    metric : {"cosine", "euclidean"}
        How they are compared.

    Attributes
    ----------
    k : int
        How many nearest are asked for: 10, or as many as there are.
    queries : ndarray of shape (n_queries, dim)
        Up to 400 of the rows, then the same drawn towards others; always the same ones.
    """

    def __init__(self, vectors: NDArray[np.floating], metric: Metric) -> None:
        n = len(vectors)
        rows = np.random.default_rng(0).choice(n, min(n, _N_ROWS), replace=False)
        sounds = np.asarray(vectors[np.sort(rows)], np.float32)
        sounds = normalized(sounds) if metric == "cosine" else sounds
        drawn = sounds + _DRAWN * (np.roll(sounds, len(rows) // 3, axis=0) - sounds)
        self.k = min(K, n - 1)
        self.queries: NDArray[np.float32] = np.vstack([sounds, drawn])
        self._own = np.tile(np.sort(rows), 2)[:, np.newaxis]
        self._vectors, self._metric = vectors, metric
        self._reach = self._exact_reach()

    def shares(self, positions: NDArray[np.int64]) -> NDArray[np.float64]:
        """Measure which share of the nearest stands among the first candidates.

        Parameters
        ----------
        positions : ndarray of shape (n_queries, n_candidates)
            Candidates of each query, best first, -1 where there are no more.

        Returns
        -------
        ndarray of shape (n_queries, n_candidates - 1)
            Share of the exact answer among the first 1, 2, ... candidates, the query itself
            left out. A row as near as the last of the exact answer counts: ties are no misses.
        """
        itself_last = np.argsort(positions == self._own, axis=1, kind="stable")[:, :-1]
        positions = np.take_along_axis(positions, itself_last, axis=1)
        hit = np.zeros(positions.shape, bool)
        for query, row, row_hit, reach in zip(
            self.queries, positions, hit, self._reach, strict=True
        ):
            present = row >= 0
            measured = distances(query[np.newaxis], self._vectors[row[present]], self._metric)
            row_hit[present] = measured[0] <= reach
        found: NDArray[np.float64] = np.minimum(np.cumsum(hit, axis=1), self.k) / self.k
        return found

    def recall(self, positions: NDArray[np.int64]) -> float:
        """Measure the recall of answers of shape (n_queries, k + 1), for the worse half."""
        return float(min(half.mean() for half in np.split(self.shares(positions)[:, -1], 2)))

    def is_sure(self, shares: NDArray[np.float64], recall: float) -> bool:
        """Tell whether shares of shape (n_queries,) reach a recall, in both halves.

        The mean less two standard errors must, so that luck in the draw does not decide.
        """
        return all(
            half.mean() - 2 * half.std() / np.sqrt(half.size) >= recall
            for half in np.split(shares, 2)
        )

    def _exact_reach(self) -> NDArray[np.float32]:
        """Measure how far the k-th nearest other row is, with room for rounding."""
        nearest = np.full((len(self.queries), self.k), np.inf, np.float32)
        for start in range(0, len(self._vectors), _ROWS_AT_ONCE):
            block = self._vectors[start : start + _ROWS_AT_ONCE]
            measured = distances(self.queries, block, self._metric)
            queries, columns = np.nonzero(self._own - start == np.arange(len(block)))
            measured[queries, columns] = np.inf
            nearest = top_k(np.hstack([nearest, measured]), self.k)[1]
        reach = nearest[:, -1]
        return (reach + 3e-5 * np.abs(reach) + 1e-6).astype(np.float32)


def ladder(first: int, last: int) -> list[int]:
    """List efforts to try, each at most twice the one before.

    Examples
    --------
    >>> ladder(1, 20)
    [1, 2, 3, 4, 6, 8, 12, 16, 20]
    """
    doubled = [first << shift for shift in range(last.bit_length())]
    steps = {*doubled, *(3 * step // 2 for step in doubled)}
    return [*sorted(step for step in steps if step < last), last]


def choose_setting(
    scan: Scan,
    test: SelfTest,
    *,
    recall: float,
    efforts: Sequence[int],
    depths: Sequence[int],
    cost: Callable[[Setting], float],
) -> Setting:
    """Find the cheapest setting that reaches a recall.

    Parameters
    ----------
    scan : callable
        The structure to be tried.
    test : SelfTest
        Queries with their answers.
    recall : float
        Wanted of the ten nearest, 0 to 1.
    efforts, depths : sequence of int
        What to try, ascending; the last effort is the most there is.
    cost : callable
        Of a setting, in any unit; grows with effort and depth.

    Returns
    -------
    Setting
        If none reaches the recall, the first of those that come nearest to it.
    """
    chosen: Setting | None = None
    best, best_found = Setting(efforts[-1], depths[-1]), -1.0
    for effort in efforts:
        if chosen is not None and cost(Setting(effort, depths[0])) >= cost(chosen):
            break
        shares = test.shares(scan(test.queries, depths[-1] + 1, effort))
        for depth in depths:
            setting, found = Setting(effort, depth), shares[:, depth - 1]
            if found.mean() > best_found:
                best, best_found = setting, float(found.mean())
            cheaper = chosen is None or cost(setting) < cost(chosen)
            if cheaper and test.is_sure(found, recall):
                chosen = setting
    return chosen or best
