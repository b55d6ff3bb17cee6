"""The recall self-test: how hard an approximate index must search, found by trying.

Some rows are taken as queries, as they are and drawn a quarter of the way towards another row, and
always with themselves left out of the answer; what an index finds is held against exact search. As
they are they would flatter it: each stands among the windows of its own recording, and a query from
elsewhere does not. The quarter was measured: at it, recall is what recordings held out get.

It is run after every build. A structure that was built wrongly answers without an error, but not
with the nearest.
"""

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import Metric, distances, normalized, top_k

__all__ = ["K", "SelfTest", "is_sure", "ladder"]

K = 10  #: recall is that of the ten nearest
_N_ROWS = 300
_DRAWN = np.float32(0.25)
_ROWS_AT_ONCE = 16_384
_FLOAT16_STEP = 2.0**-11  # relative, in which the catalog keeps vectors


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
        Up to 300 of the rows, then the same drawn towards others; always the same ones.
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
        """Measure which share of its nearest each query was given.

        Parameters
        ----------
        positions : ndarray of shape (n_queries, k + 1)
            An answer, one longer than k because most queries find themselves; -1 for nothing.

        Returns
        -------
        ndarray of shape (2, n_rows)
            Of the rows as they are and of those drawn towards others, 0 to 1. What is as near as
            the last of the exact answer counts: ties are no misses.
        """
        n_hits = np.zeros(len(self.queries))
        for number, (query, row) in enumerate(zip(self.queries, positions, strict=True)):
            others = row[(row >= 0) & (row != self._own[number])]
            measured = distances(query[np.newaxis], self._vectors[others], self._metric)
            n_hits[number] = (measured <= self._reach[number]).sum()
        return np.minimum(n_hits / self.k, 1).reshape(2, -1)

    def _exact_reach(self) -> NDArray[np.float32]:
        """Measure how far the k-th nearest other row is; what float16 cannot tell apart is tied."""
        nearest = np.full((len(self.queries), self.k), np.inf, np.float32)
        for start in range(0, len(self._vectors), _ROWS_AT_ONCE):
            block = self._vectors[start : start + _ROWS_AT_ONCE]
            measured = distances(self.queries, block, self._metric)
            queries, columns = np.nonzero(self._own - start == np.arange(len(block)))
            measured[queries, columns] = np.inf
            nearest = top_k(np.hstack([nearest, measured]), self.k)[1]
        reach = nearest[:, -1]
        indistinct = np.full(len(reach), 1e-6)
        if self._metric == "euclidean":
            indistinct = _FLOAT16_STEP * np.linalg.norm(self.queries, axis=1)
        return np.asarray(reach + 3e-5 * reach + indistinct, np.float32)


def is_sure(shares: NDArray[np.float64], recall: float) -> bool:
    """Tell whether shares of shape (2, n_rows) reach a recall, both as they are and drawn.

    The mean less its standard error must, so that luck in the draw does not decide.

    Examples
    --------
    >>> is_sure(np.ones((2, 50)), 0.99), is_sure(np.array([[1.0, 1.0], [1.0, 0.9]]), 0.95)
    (True, False)
    """
    errors = shares.std(axis=1) / np.sqrt(shares.shape[1])
    return bool((shares.mean(axis=1) - errors >= recall).all())


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
