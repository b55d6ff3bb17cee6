"""Fast approximate search in a graph over float32 vectors, all of it in memory.

A hierarchical navigable small world [1]_: from 10^5 vectors up much faster than exact search, and
some twenty times the size of `ivf_rabitq`.

References
----------
.. [1] Y. Malkov and D. Yashunin, "Efficient and robust approximate nearest neighbor search using
   hierarchical navigable small world graphs", IEEE TPAMI 42(4), 2020.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tonotopy.index.approximate import Approximate
from tonotopy.index.engine import (
    Eligible,
    Structure,
    engine,
    one_thread,
    points,
)
from tonotopy.index.protocol import Fetch
from tonotopy.index.selftest import K, Setting, ladder

__all__ = ["Hnsw"]

_LINKS = 32
_EF_CONSTRUCTION = 200
_EFFORT_FROM, _EFFORT_TO = 16, 2048
_GRAPH_FROM = 10  # a search of a graph of which less than a tenth is eligible misses many


class Hnsw(Approximate):
    """A graph over float32 vectors; needs no ``fetch``.

    ``effort`` is the number of nodes kept in view. With less than a tenth of the ids allowed, or
    so few that it costs no more, all of these are compared: that is exact.
    """

    kind = "hnsw"
    depths = (K,)

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

    def cost(self, setting: Setting) -> float:
        """Grow with the nodes in view."""
        return float(setting.effort)

    def scan(
        self,
        queries: NDArray[np.float32],
        depth: int,
        effort: int,
        eligible: Eligible | None,
    ) -> NDArray[np.int64]:
        """Walk the graph, or compare all that is eligible."""
        faiss = engine()
        sought = points(queries, self.metric)
        allowing = None if eligible is None else eligible.selector
        exactly = max(effort, depth) >= len(self) or (
            eligible is not None
            and (len(eligible) * _GRAPH_FROM < len(self) or len(eligible) <= _LINKS * effort)
        )
        with one_thread(len(queries)):
            if exactly:
                params = faiss.SearchParameters(sel=allowing)
                storage = faiss.downcast_index(self.structure.storage)
                found: NDArray[np.int64] = storage.search(sought, depth, params=params)[1]
            else:
                params = faiss.SearchParametersHNSW(efSearch=max(effort, depth), sel=allowing)
                found = self.structure.search(sought, depth, params=params)[1]
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
