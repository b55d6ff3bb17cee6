"""Compact approximate search: lists of one-bit codes, the best of them measured from the catalog.

A random rotation, an inverted file [1]_ of about 4 sqrt(n) lists, and in each list RaBitQ codes
[2]_ of one bit a dimension, scanned 32 at a time in registers. The index is a twentieth of the
size of a graph over float32 vectors; the vectors themselves stay in the catalog.

References
----------
.. [1] J. Sivic and A. Zisserman, "Video Google: a text retrieval approach to object matching in
   videos", ICCV 2003.
.. [2] J. Gao and C. Long, "RaBitQ: quantizing high-dimensional vectors with a theoretical error
   bound for approximate nearest neighbor search", SIGMOD 2024.
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
from tonotopy.index.selftest import Setting, ladder

__all__ = ["IvfRabitq"]

_FEWEST_PER_LIST = 39  # FAISS warns of k-means with fewer points a centre
_TRAINING_PER_LIST = 64
_CODES_PER_FETCH = 90  # codes scanned in the time that one vector is read and measured


class IvfRabitq(Approximate):
    """Lists of one-bit codes, re-ranked through ``fetch``.

    ``effort`` is the number of lists probed. Where only few ids are allowed, so few that to read
    them all costs no more than to scan for them, all are measured: that is exact.
    """

    kind = "ivf-rabitq"
    depths = (50, 100, 200, 400)

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

    def cost(self, setting: Setting) -> float:
        """Count scanned codes, and fetched vectors as if they were codes."""
        return setting.effort * len(self) / self._n_lists + _CODES_PER_FETCH * setting.depth

    def measures_all(self, n_eligible: int, setting: Setting) -> bool:
        """Tell whether reading all that is eligible costs no more than scanning for it."""
        return _CODES_PER_FETCH * n_eligible <= self.cost(setting)

    def scan(
        self,
        queries: NDArray[np.float32],
        depth: int,
        effort: int,
        eligible: Eligible | None,
    ) -> NDArray[np.int64]:
        """Take the smallest estimated distances in the nearest lists."""
        faiss = engine()
        lists = faiss.SearchParametersIVF(
            nprobe=effort, sel=None if eligible is None else eligible.selector
        )
        params = faiss.SearchParametersPreTransform(index_params=lists)
        sought = points(queries, self.metric)
        with one_thread(len(queries)):
            found: NDArray[np.int64] = self.structure.search(sought, depth, params=params)[1]
        return found

    def vectors(self, positions: NDArray[np.int64], fetch: Fetch | None) -> NDArray[np.float32]:
        """Fetch the vectors of candidates."""
        if fetch is None:
            raise ValueError("ivf-rabitq keeps codes only: pass fetch=, which reads vectors by id")
        fetched = fetch(self.ids[positions])
        if fetched.shape != (positions.size, self.dim):
            raise ValueError(
                f"fetch returned {fetched.shape} for {positions.size} ids of dimension {self.dim};"
                " it gives a row for every id, of NaN where the id is gone"
            )
        return fetched

    @cached_property
    def _n_lists(self) -> int:
        return int(engine().extract_index_ivf(self.structure).nlist)
