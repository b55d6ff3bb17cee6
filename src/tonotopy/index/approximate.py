"""What the approximate kinds share: FAISS finds candidates, which are then measured exactly."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar, NamedTuple, Self, cast

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
from tonotopy.index.selftest import K, SelfTest, is_sure

__all__ = ["Answer", "Approximate", "Reranked", "blocks", "check_served"]

_CANDIDATES_AT_ONCE = 8_192
_ROWS_AT_ONCE = 16_384


def blocks(n_queries: int, depth: int) -> Iterator[slice]:
    """Split queries so that the candidates of a block, depth for each, fit in little memory."""
    step = max(1, _CANDIDATES_AT_ONCE // depth)
    return (slice(start, start + step) for start in range(0, n_queries, step))


class Answer(NamedTuple):
    """The k nearest of each query by position; short rows end in -1 and inf."""

    positions: NDArray[np.int64]  #: (n_queries, k)
    distances: NDArray[np.float32]  #: (n_queries, k)


def check_served(kind: str, metric: Metric, recall: float) -> None:
    """Refuse the dot product, and a recall that is no share.

    Raises
    ------
    QueryError
        If the metric is the dot product.
    ValueError
        If the recall is not in 0 to 1.
    """
    if metric == "dot":
        raise QueryError(
            f"an index of kind {kind!r} cannot serve a space with metric 'dot'; use 'flat'"
        )
    if not 0 <= recall <= 1:
        raise ValueError(f"recall={recall} must be a share of the nearest, 0 to 1")


class Reranked(ABC):
    """An index that finds candidates in some way and measures them exactly.

    A kind says how it finds an answer, and where the candidates' vectors are. Fewer than 64 queries
    are searched on the calling thread, more on as many threads as FAISS is set to.
    """

    kind: ClassVar[str]
    depth_per_k: ClassVar[int]  #: candidates for each neighbour that is wanted

    def __init__(
        self, ids: NDArray[np.int64], metric: Metric, *, effort: int, recall: float
    ) -> None:
        self.ids = ids
        self.metric = metric
        self.recall = recall
        self.effort = effort
        self._last: tuple[NDArray[np.int64] | None, Eligible | None] = None, None

    # What a kind says

    @property
    @abstractmethod
    def dim(self) -> int:
        """Length of a vector."""

    @cached_property
    @abstractmethod
    def efforts(self) -> Sequence[int]:
        """The efforts to be tried, ascending; the last is the most there is."""

    @abstractmethod
    def answer(
        self,
        queries: NDArray[np.float32],
        k: int,
        eligible: Eligible | None,
        fetch: Fetch | None,
    ) -> Answer:
        """Find the k nearest of a few queries among what is eligible, which is not nothing."""

    @abstractmethod
    def vectors(self, positions: NDArray[np.int64], fetch: Fetch | None) -> NDArray[np.float32]:
        """Read the vectors of candidates, as exact as they can be had."""

    # What all kinds do

    def __len__(self) -> int:
        return len(self.ids)

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
            for block in blocks(len(queries), self.depth_per_k * k):
                positions[block], nearest[block] = self.answer(queries[block], k, eligible, fetch)
        return Neighbors(look_up(self.ids, positions), nearest)

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

    def measure(
        self,
        queries: NDArray[np.float32],
        k: int,
        candidates: NDArray[np.int64],
        fetch: Fetch | None,
    ) -> Answer:
        """Keep the k nearest of each query's own candidates, (n_queries, m) positions or -1."""
        rows, columns = np.nonzero(candidates >= 0)
        if not rows.size:
            return Answer(*top_k(np.empty((len(queries), 0)), k))
        union, places = np.unique(candidates[rows, columns], return_inverse=True)
        own = None
        if len(queries) > 1:
            own = np.zeros((len(queries), union.size), bool)
            own[rows, places] = True
        return self.measure_all(queries, k, union, fetch, own=own)

    def measure_all(
        self,
        queries: NDArray[np.float32],
        k: int,
        positions: NDArray[np.int64],
        fetch: Fetch | None,
        *,
        own: NDArray[np.bool_] | None = None,
    ) -> Answer:
        """Keep the k nearest of the same positions, (m,), or of those that are a query's own."""
        measured = distances(queries, self.vectors(positions, fetch), self.metric)
        if own is not None:
            measured[~own] = np.inf
        columns, nearest = top_k(measured, k)
        return Answer(look_up(positions, columns), nearest)

    def effort_for(self, k: int) -> int:
        """Scale the effort, which was chosen for ten, to k."""
        return int(min(self.efforts[-1], self.effort * max(1.0, k / K) ** 0.5))

    def _tune(self, vectors: NDArray[np.floating], recall: float) -> None:
        """Take the least effort that reaches the recall, or all there is."""
        test = SelfTest(vectors, self.metric)

        def fetch(ids: NDArray[np.int64]) -> NDArray[np.float32]:
            return np.asarray(vectors[np.searchsorted(self.ids, ids)], np.float32)

        for effort in self.efforts:
            self.effort = effort
            found = self.search(test.queries, test.k + 1, fetch=fetch).ids
            shares = test.shares(np.where(found < 0, -1, np.searchsorted(self.ids, found)))
            self.recall = float(shares.mean(axis=1).min())
            if is_sure(shares, recall):
                break


class Approximate(Reranked):
    """A re-ranked index whose candidates a FAISS structure finds, which the kind chooses."""

    def __init__(
        self,
        ids: NDArray[np.int64],
        structure: Structure,
        metric: Metric,
        effort: int,
        recall: float,
    ) -> None:
        super().__init__(ids, metric, effort=effort, recall=recall)
        self.structure = structure

    @classmethod
    @abstractmethod
    def empty_structure(cls, n: int, dim: int) -> tuple[Structure, int]:
        """Make an L2 structure for n points, and say on how many of them to train it."""

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self.structure.d)

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
            Share of the true ten nearest to be found, 0 to 1. If not even the greatest effort
            reaches it, that is kept; `recall` of the index says what was reached.

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
        check_served(cls.kind, metric, recall)
        ids, vectors = checked_rows(ids, vectors, metric)
        structure, n_training = cls.empty_structure(len(ids), vectors.shape[1])
        if n_training:
            structure.train(points(sample(vectors, n_training), metric))
        for start in range(0, len(ids), _ROWS_AT_ONCE):
            structure.add(points(vectors[start : start + _ROWS_AT_ONCE], metric))
        index = cls(ids, structure, metric, effort=1, recall=1.0)
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
        metric, effort, recall = header["metric"], header["effort"], header["recall"]
        return cls(ids, structure, cast(Metric, metric), int(effort), float(recall))

    def save(self, path: Path) -> None:
        """Write the index to one file."""
        header: Header = {
            "kind": self.kind,
            "metric": self.metric,
            "effort": self.effort,
            "recall": self.recall,
        }
        with path.open("wb") as handle:
            write_head(handle, header, self.ids)
            write_structure(handle, self.structure)
