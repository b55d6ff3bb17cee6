"""Fast approximate search in a graph over float32 vectors, all of it in memory.

A hierarchical navigable small world [1]_: from 10^5 vectors up much faster than exact search, and
some sixteen times the size of `ivf_rabitq`.

References
----------
.. [1] Y. Malkov and D. Yashunin, "Efficient and robust approximate nearest neighbor search using
   hierarchical navigable small world graphs", IEEE TPAMI 42(4), 2020.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tonotopy.index.approximate import Answer, Approximate
from tonotopy.index.engine import (
    Eligible,
    Structure,
    engine,
    one_thread,
    points,
)
from tonotopy.index.protocol import Fetch
from tonotopy.index.selftest import ladder

__all__ = ["Hnsw"]

_LINKS = 32
_EF_CONSTRUCTION = 200
_EFFORT_FROM, _EFFORT_TO = 16, 2048


class Hnsw(Approximate):
    """A graph over float32 vectors; needs no ``fetch``.

    ``effort`` is the number of nodes kept in view. Where few ids are allowed, or those that are
    stand far from the query, all of them are compared: that is exact.
    """

    kind = "hnsw"
    depth_per_k = 1

    @classmethod
    def empty_structure(cls, n: int, dim: int) -> tuple[Structure, int]:  # noqa: ARG003
        """Make the graph; nothing is trained."""
        faiss = engine()
        structure = faiss.IndexHNSWFlat(dim, _LINKS, faiss.METRIC_L2)
        structure.hnsw.efConstruction = _EF_CONSTRUCTION
        return structure, 0

    @cached_property
    def efforts(self) -> Sequence[int]:
        """16, 24, 32, 48, ... 2048 nodes, and all of them, which means exact search."""
        if len(self) <= _EFFORT_TO:
            return ladder(_EFFORT_FROM, len(self))
        return [*ladder(_EFFORT_FROM, _EFFORT_TO), len(self)]

    def answer(
        self,
        queries: NDArray[np.float32],
        k: int,
        eligible: Eligible | None,
        fetch: Fetch | None,
    ) -> Answer:
        """Walk the graph past what is not eligible; compare all that is where that falls short.

        The walk itself takes no heed of what is eligible: one that does gets lost among what is
        not, and misses much where the eligible stand far from the query.
        """
        n_eligible = len(self if eligible is None else eligible)
        effort = self.effort_for(k)
        depth = k if eligible is None else -(-2 * k * len(self) // n_eligible)
        if effort >= len(self) or depth * _LINKS >= n_eligible:
            found = self._compare(queries, k, eligible)
        else:
            found = self._walk(queries, depth, effort)
            found = found if eligible is None else eligible.first(found, k)
            short = (found < 0).any(axis=1)
            if short.any():
                found[short] = self._compare(queries[short], k, eligible)
        return self.measure(queries, k, found, fetch)

    def _walk(self, queries: NDArray[np.float32], k: int, effort: int) -> NDArray[np.int64]:
        params = engine().SearchParametersHNSW(efSearch=max(effort, k))
        sought = points(queries, self.metric)
        with one_thread(len(queries)):
            found: NDArray[np.int64] = self.structure.search(sought, k, params=params)[1]
        return found

    def _compare(
        self, queries: NDArray[np.float32], k: int, eligible: Eligible | None
    ) -> NDArray[np.int64]:
        faiss = engine()
        allowing = None if eligible is None else eligible.selector
        params = faiss.SearchParameters(sel=allowing)
        storage = faiss.downcast_index(self.structure.storage)
        sought = points(queries, self.metric)
        with one_thread(len(queries)):
            found: NDArray[np.int64] = storage.search(sought, k, params=params)[1]
        return found

    def vectors(
        self,
        positions: NDArray[np.int64],
        fetch: Fetch | None,  # noqa: ARG002 - vectors are at hand
    ) -> NDArray[np.float32]:
        """Read the vectors of candidates out of the graph."""
        faiss = engine()
        storage = faiss.downcast_index(self.structure.storage)
        stored = faiss.rev_swig_ptr(storage.get_xb(), storage.ntotal * storage.d)
        rows: NDArray[np.float32] = stored.reshape(storage.ntotal, storage.d)[positions]
        return rows
