"""What the kinds that keep codes instead of vectors share: proposing, and fetching to measure."""

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from tonotopy.index.approximate import Answer, Reranked
from tonotopy.index.engine import Eligible
from tonotopy.index.protocol import Fetch, Neighbors
from tonotopy.index.rows import checked_queries, look_up

__all__ = ["READ_ALL", "ByCodes", "is_settled"]

READ_ALL = 5_000  #: where at most so many ids are allowed, all of them are measured
_FIRST = 3


class ByCodes(Reranked):
    """A re-ranked index that can also propose by its codes alone."""

    depth_per_k = 10

    @abstractmethod
    def likely(self, queries: NDArray[np.float32], depth: int, eligible: Eligible | None) -> Answer:
        """Find the nearest by code of what is eligible, at least `depth` of it, none read."""

    def propose(
        self,
        queries: NDArray[np.floating],
        k: int,
        *,
        allowed: NDArray[np.int64] | None = None,
    ) -> Neighbors:
        """Find the k nearest as far as their codes tell, and measure nothing exactly.

        Parameters
        ----------
        queries : ndarray of shape (n_queries, dim)
            In the space that was indexed.
        k : int >= 1
            May exceed n.
        allowed : ndarray of shape (m,), optional
            Ids to which the answer is limited; default all.

        Returns
        -------
        Neighbors
            Ids and distances of codes of shape (n_queries, k), ascending: estimates of the
            metric's, or what a learned method has instead. A row is shorter than k only if fewer
            are allowed.
        """
        queries = checked_queries(queries, k, self.dim)
        eligible = None if allowed is None else self._eligible(allowed)
        ids = np.full((len(queries), k), -1, np.int64)
        nearest = np.full((len(queries), k), np.inf, np.float32)
        depth = min(k, len(self if eligible is None else eligible))
        if depth and len(queries):
            positions, nearest[:, :depth] = self.likely(queries, depth, eligible)
            ids[:, :depth] = look_up(self.ids, positions)
        return Neighbors(ids, nearest)

    def vectors(self, positions: NDArray[np.int64], fetch: Fetch | None) -> NDArray[np.float32]:
        """Fetch the vectors of candidates.

        Raises
        ------
        ValueError
            If ``fetch`` is missing or returns another shape than it should.
        """
        if fetch is None:
            raise ValueError(
                f"{self.kind} keeps codes only: pass fetch=, which reads vectors by id"
            )
        vectors = fetch(self.ids[positions])
        if vectors.shape != (positions.size, self.dim):
            raise ValueError(
                f"fetch returned {vectors.shape} for {positions.size} ids of dimension {self.dim};"
                " it gives a row for every id, of NaN where the id is gone"
            )
        return vectors


def is_settled(
    nearest: NDArray[np.int64], candidates: NDArray[np.int64], n_eligible: int
) -> NDArray[np.bool_]:
    """Tell of each query whether it has k, and all of them from the first candidates."""
    later = candidates[:, np.newaxis, candidates.shape[1] // _FIRST :]
    from_later: NDArray[np.bool_] = (nearest[:, :, np.newaxis] == later).any(axis=(1, 2))
    lacking = (nearest < 0).any(axis=1)
    saw_all = (candidates >= 0).sum(axis=1) == n_eligible
    settled: NDArray[np.bool_] = ~from_later & ~lacking | saw_all
    return settled
