"""What the approximate kinds share: FAISS finds candidates, which are then measured exactly."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self, cast

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import Metric, distances, top_k
from tonotopy.errors import QueryError
from tonotopy.index.container import Header, read_head, write_head
from tonotopy.index.engine import (
    Eligible,
    Structure,
    points,
    read_structure,
    sample,
    write_structure,
)
from tonotopy.index.protocol import Fetch, Neighbors
from tonotopy.index.rows import checked_queries, checked_rows, look_up, positions_of
from tonotopy.index.selftest import K, SelfTest, Setting, choose_setting

__all__ = ["Approximate"]

_CANDIDATES_AT_ONCE = 8_192
_ROWS_AT_ONCE = 16_384


class Approximate(ABC):
    """An index that finds candidates with a FAISS structure and measures them exactly.

    A kind says what its structure is, how to scan it, and where the candidates' vectors are.
    Fewer than 64 queries are searched on the calling thread, more on as many threads as FAISS
    is set to.
    """

    kind: ClassVar[str]
    depths: ClassVar[Sequence[int]]

    def __init__(
        self,
        ids: NDArray[np.int64],
        structure: Structure,
        metric: Metric,
        setting: Setting,
        recall: float,
    ) -> None:
        self.ids = ids
        self.metric = metric
        self.recall = recall
        self.setting = setting
        self.structure = structure
        self._last: tuple[NDArray[np.int64] | None, Eligible | None] = None, None

    # What a kind says

    @classmethod
    @abstractmethod
    def empty_structure(cls, n: int, dim: int) -> tuple[Structure, int]:
        """Make an L2 structure for n points, and say on how many of them to train it."""

    @cached_property
    @abstractmethod
    def efforts(self) -> Sequence[int]:
        """The efforts to be tried, ascending; the last is the most there is."""

    @abstractmethod
    def cost(self, setting: Setting) -> float:
        """Estimate what a search costs, in any unit."""

    def measures_all(self, n_eligible: int, setting: Setting) -> bool:  # noqa: ARG002
        """Tell whether to measure all that is eligible rather than to scan with a setting."""
        return False

    @abstractmethod
    def scan(
        self,
        queries: NDArray[np.float32],
        depth: int,
        effort: int,
        eligible: Eligible | None,
    ) -> NDArray[np.int64]:
        """Find candidates among the eligible positions, (n_queries, depth), -1 at the end."""

    @abstractmethod
    def vectors(self, positions: NDArray[np.int64], fetch: Fetch | None) -> NDArray[np.float32]:
        """Read the vectors of candidates, as exact as they can be had."""

    # What all kinds do

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self.structure.d)

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def build(
        cls,
        ids: NDArray[np.int64],
        vectors: NDArray[np.floating],
        *,
        metric: Metric,
        recall: float = 0.99,
    ) -> Self:
        """Index vectors and find out how hard to search.

        Parameters
        ----------
        ids : ndarray of shape (n,)
            Distinct window ids, n >= 0.
        vectors : ndarray of shape (n, dim)
            Finite; float16 and memory maps are welcome, they are read in blocks.
        metric : {"cosine", "euclidean"}
            How they are compared.
        recall : float
            Share of the true ten nearest to be found, 0 to 1. If no effort reaches it, the
            best there is is kept; `recall` of the index says what was reached.

        Returns
        -------
        Approximate
            Ready to be searched.

        Raises
        ------
        QueryError
            If the metric is the dot product: under it a few long vectors are near everything,
            and neither graphs nor codes found them all however hard they tried.
        ValueError
            If shapes, ids, metric or a vector are not as `rows.checked_rows` wants them, or the
            recall is not in 0 to 1.
        """
        if metric == "dot":
            raise QueryError(
                f"an index of kind {cls.kind!r} cannot serve a space with metric 'dot'; use 'flat'"
            )
        if not 0 <= recall <= 1:
            raise ValueError(f"recall={recall} must be a share of the nearest, 0 to 1")
        ids, vectors = checked_rows(ids, vectors, metric)
        structure, n_training = cls.empty_structure(len(ids), vectors.shape[1])
        if n_training:
            structure.train(points(sample(vectors, n_training), metric))
        for start in range(0, len(ids), _ROWS_AT_ONCE):
            structure.add(points(vectors[start : start + _ROWS_AT_ONCE], metric))
        index = cls(ids, structure, metric, Setting(1, min(cls.depths)), 1.0)
        if len(ids) > 1:
            index._tune(vectors, recall)
        return index

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        LibraryError
            If the file is not such an index.
        RuntimeError
            From FAISS, if its part is damaged.
        """
        with path.open("rb") as handle:
            header, ids = read_head(handle, kind=cls.kind)
            structure = read_structure(handle)
        if structure.ntotal != len(ids):
            raise ValueError(f"{path} names {len(ids)} windows but holds {structure.ntotal}")
        setting = Setting(int(header["effort"]), int(header["depth"]))
        return cls(ids, structure, cast(Metric, header["metric"]), setting, float(header["recall"]))

    def save(self, path: Path) -> None:
        """Write the index to one file."""
        header: Header = {"kind": self.kind, "metric": self.metric, "recall": self.recall}
        with path.open("wb") as handle:
            write_head(handle, {**header, **self.setting._asdict()}, self.ids)
            write_structure(handle, self.structure)

    def search(
        self,
        queries: NDArray[np.floating],
        k: int,
        *,
        allowed: NDArray[np.int64] | None = None,
        fetch: Fetch | None = None,
    ) -> Neighbors:
        """Find the k nearest, most of them.

        Parameters
        ----------
        queries : ndarray of shape (n_queries, dim)
            In the space that was indexed.
        k : int >= 1
            May exceed n. The effort was chosen for ten; for more, more is measured.
        allowed : ndarray of shape (m,), optional
            Ids to which the answer is limited; default all. The fewer, the harder the search.
        fetch : callable, optional
            Reads vectors by id; needed by kinds that keep codes.

        Returns
        -------
        Neighbors
            Ids and exact distances of shape (n_queries, k).

        Raises
        ------
        ValueError
            If the shape of the queries or k does not fit, or ``fetch`` is missing or returns
            another shape than it should.
        """
        queries = checked_queries(queries, k, self.dim)
        eligible = None if allowed is None else self._eligible(allowed)
        positions = np.full((len(queries), k), -1, np.int64)
        nearest = np.full((len(queries), k), np.inf, np.float32)
        if len(self) and (eligible is None or len(eligible)):
            step = max(1, _CANDIDATES_AT_ONCE // self._depth(k))
            for start in range(0, len(queries), step):
                block = slice(start, start + step)
                candidates = self.candidates(queries[block], k, eligible)
                positions[block], nearest[block] = self._measure(
                    queries[block], k, candidates, fetch
                )
        return Neighbors(look_up(self.ids, positions), nearest)

    def candidates(
        self, queries: NDArray[np.float32], k: int, eligible: Eligible | None
    ) -> NDArray[np.int64]:
        """Find what is worth measuring, (n_queries, depth) positions, -1 where there is none.

        Every row has k of them if so many are eligible.
        """
        n_eligible = len(self if eligible is None else eligible)
        depth = min(n_eligible, self._depth(k))
        harder = max(1, k / K) ** 0.5 * len(self) / n_eligible
        effort = min(self.efforts[-1], round(self.setting.effort * harder))
        if eligible is not None and self.measures_all(n_eligible, Setting(effort, depth)):
            return np.broadcast_to(eligible.positions, (len(queries), n_eligible))
        found = self.scan(queries, depth, effort, eligible)
        short = (found >= 0).sum(axis=1) < min(k, n_eligible)
        if short.any():
            found[short] = self.scan(queries[short], depth, self.efforts[-1], eligible)
        return found

    def _eligible(self, allowed: NDArray[np.int64]) -> Eligible:
        """Find what is allowed here, at once if the last search allowed the same array.

        Only an array that nobody can write to is remembered.
        """
        last_allowed, last_eligible = self._last
        if allowed is last_allowed and last_eligible is not None:
            return last_eligible
        eligible = Eligible(positions_of(self.ids, allowed), len(self))
        if not allowed.flags.writeable:
            self._last = allowed, eligible
        return eligible

    def _depth(self, k: int) -> int:
        return max(self.setting.depth, -(-self.setting.depth * k // K))

    def _measure(
        self,
        queries: NDArray[np.float32],
        k: int,
        candidates: NDArray[np.int64],
        fetch: Fetch | None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        rows, columns = np.nonzero(candidates >= 0)
        if not rows.size:
            return top_k(np.empty((len(queries), 0)), k)
        union, places = np.unique(candidates[rows, columns], return_inverse=True)
        measured = distances(queries, self.vectors(union, fetch), self.metric)
        if len(queries) > 1:  # another query's candidates are not its own
            strange = np.ones(measured.shape, bool)
            strange[rows, places] = False
            measured[strange] = np.inf
        positions, nearest = top_k(measured, k)
        return look_up(union, positions), nearest

    def _tune(self, vectors: NDArray[np.floating], recall: float) -> None:
        test = SelfTest(vectors, self.metric)
        self.setting = choose_setting(
            lambda queries, depth, effort: self.scan(queries, depth, effort, None),
            test,
            recall=recall,
            efforts=self.efforts,
            depths=self.depths,
            cost=self.cost,
        )

        def as_stored(ids: NDArray[np.int64]) -> NDArray[np.float32]:
            kept = vectors[np.searchsorted(self.ids, ids)]
            return kept.astype(np.float16).astype(np.float32)

        found = self.search(test.queries, test.k + 1, fetch=as_stored).ids
        self.recall = test.recall(np.where(found < 0, -1, np.searchsorted(self.ids, found)))
