"""Compact approximate search: lists of one-bit codes, the best of them measured from the catalog.

A random rotation, an inverted file [1]_ of about 4 sqrt(n) lists, and in each list RaBitQ codes
[2]_ of one bit a dimension, scanned 32 at a time in registers. The index takes a sixteenth of the
bytes of a graph over float32 vectors; the vectors themselves stay in the catalog.

References
----------
.. [1] J. Sivic and A. Zisserman, "Video Google: a text retrieval approach to object matching in
   videos", ICCV 2003.
.. [2] J. Gao and C. Long, "RaBitQ: quantizing high-dimensional vectors with a theoretical error
   bound for approximate nearest neighbor search", SIGMOD 2024.
"""

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import Metric, top_k
from tonotopy.index.approximate import Answer, Approximate, blocks
from tonotopy.index.by_codes import READ_ALL, ByCodes, is_settled
from tonotopy.index.engine import (
    Eligible,
    Structure,
    engine,
    one_thread,
    points,
)
from tonotopy.index.protocol import Fetch
from tonotopy.index.selftest import K, ladder

__all__ = ["IvfRabitq"]

_FEWEST_PER_LIST = 39  # FAISS warns of k-means with fewer points a centre
_TRAINING_PER_LIST = 64
_NEARLY_ALL = 0.98


class IvfRabitq(ByCodes, Approximate):
    """Lists of one-bit codes, re-ranked through ``fetch``.

    ``effort`` is the number of lists probed to begin with. Where at most 5,000 ids are allowed,
    all are measured: that is exact.
    """

    kind = "ivf-rabitq"

    @classmethod
    def empty_structure(cls, n: int, dim: int) -> tuple[Structure, int]:
        """Make the lists for n points of a dimension; train on 64 points a list."""
        faiss = engine()
        n_lists = max(1, min(round(4 * n**0.5), n // _FEWEST_PER_LIST))
        recipe = f"RR{dim},IVF{n_lists},RaBitQfs"
        structure = faiss.index_factory(dim, recipe, faiss.METRIC_L2)
        faiss.extract_index_ivf(structure).cp.min_points_per_centroid = 1
        return structure, min(n, _TRAINING_PER_LIST * n_lists)

    @cached_property
    def efforts(self) -> Sequence[int]:
        """1, 2, 3, 4, 6, 8, 12, ... lists, and all of them."""
        return ladder(1, self._n_lists)

    def answer(
        self,
        queries: NDArray[np.float32],
        k: int,
        eligible: Eligible | None,
        fetch: Fetch | None,
    ) -> Answer:
        """Look twice as hard, and again, until the answer stands among the first candidates.

        While one of the k nearest comes from the later two thirds of the candidates, there are
        likely more where it came from: the query is a hard one, or the codes are short. Where more
        than a little is left out, what is eligible may stand in lists far away: the same answer
        must come twice.
        """
        n_eligible = len(self if eligible is None else eligible)
        if eligible is not None and n_eligible <= READ_ALL:
            return self.measure_all(queries, k, eligible.positions, fetch)
        depth, effort = self.depth_per_k * k, self.effort_for(k)
        deepest = min(n_eligible, max(depth, READ_ALL))
        must_repeat = n_eligible < _NEARLY_ALL * len(self)
        answer = Answer(*top_k(np.empty((len(queries), 0)), k))
        unsettled = np.arange(len(queries))
        while unsettled.size:
            depth = min(depth, deepest)
            settled = np.zeros(unsettled.size, bool)
            for block in blocks(unsettled.size, depth):
                asked = unsettled[block]
                found, _ = self._scan(queries[asked], depth, effort, eligible)
                better = self.measure(queries[asked], k, found, fetch)
                settled[block] = is_settled(better.positions, found, n_eligible)
                if must_repeat:
                    settled[block] &= (better.positions == answer.positions[asked]).all(axis=1)
                answer.positions[asked], answer.distances[asked] = better
            if depth == deepest and effort == self._n_lists:
                break
            unsettled = unsettled[~settled]
            depth, effort = 2 * depth, min(self._n_lists, 2 * effort)
        return answer

    def likely(self, queries: NDArray[np.float32], depth: int, eligible: Eligible | None) -> Answer:
        """Look into more lists for more; into all of them where that falls short.

        For ten neighbours `effort` lists yield 100 candidates; more come from as many more lists,
        and what is eligible stands in the more of them, the rarer it is.
        """
        n_eligible = len(self if eligible is None else eligible)
        share = depth / (self.depth_per_k * K) * len(self) / n_eligible
        effort = min(self._n_lists, math.ceil(self.effort * max(1.0, share)))
        positions, squares = self._scan(queries, depth, effort, eligible)
        short = (positions < 0).any(axis=1)
        if short.any():
            positions[short], squares[short] = self._scan(
                queries[short], depth, self._n_lists, eligible
            )
        return Answer(positions, as_distances(squares, self.metric))

    def _scan(
        self,
        queries: NDArray[np.float32],
        depth: int,
        effort: int,
        eligible: Eligible | None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Take the smallest estimates of the squared distance in the nearest lists."""
        faiss = engine()
        allowing = None if eligible is None else eligible.selector
        lists = faiss.SearchParametersIVF(nprobe=effort, sel=allowing)
        params = faiss.SearchParametersPreTransform(index_params=lists)
        sought = points(queries, self.metric)
        with one_thread(len(queries)):
            squares, found = self.structure.search(sought, depth, params=params)
        return found, squares

    @cached_property
    def _n_lists(self) -> int:
        return int(engine().extract_index_ivf(self.structure).nlist)


def as_distances(squares: NDArray[np.float32], metric: Metric) -> NDArray[np.float32]:
    """Turn estimates of squared distances between points into distances of a metric.

    Examples
    --------
    >>> as_distances(np.array([0.5, -0.01, np.inf], np.float32), "cosine").tolist()
    [0.25, 0.0, inf]
    """
    positive: NDArray[np.float32] = np.maximum(squares, 0)
    return positive / np.float32(2) if metric == "cosine" else np.sqrt(positive)
