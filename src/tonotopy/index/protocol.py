"""The seam between vectors and search: what every index is."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol, Self, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import Metric

__all__ = ["Fetch", "Index", "Neighbors", "Proposing"]

#: Reads vectors by id for exact re-ranking: ids (n,), ascending and without repetition ->
#: (n, dim) in the order of the ids, as float16 rounds them or better. A row of NaN stands for an
#: id that is gone; no search returns it.
Fetch: TypeAlias = Callable[[NDArray[np.int64]], NDArray[np.float32]]


class Neighbors(NamedTuple):
    """The k nearest of each query, nearest first; short rows end in id -1, distance inf."""

    ids: NDArray[np.int64]  #: (n_queries, k) window ids
    distances: NDArray[np.float32]  #: (n_queries, k), smaller is nearer, whatever the metric


@runtime_checkable
class Index(Protocol):
    """A rebuildable cache over one space's vectors. `flat.Flat` is exact and the reference.

    The contract, checked for every kind by one suite of tests:

    - What goes in and comes out are window ids, any distinct int64 >= 0, never positions.
    - Distances are those of `tonotopy.distance`, exact for the ids returned (as exact as what
      ``fetch`` returns); ties come in the order of ids.
    - A row is shorter than k only if the index, or ``allowed``, holds fewer vectors than k.
    - A query's answer does not depend on the other queries, and searching changes nothing, so
      that threads may share an index.
    - ``recall`` was measured when the index was built.
    """

    @property
    def metric(self) -> Metric:
        """How vectors are compared."""
        ...

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    @property
    def ids(self) -> NDArray[np.int64]:
        """The window ids held, (n,), ascending; not to be written to."""
        ...

    @property
    def recall(self) -> float:
        """Share of the true 10 nearest that a search finds, 0 to 1."""
        ...

    def __len__(self) -> int: ...

    @classmethod
    def build(
        cls, ids: NDArray[np.int64], vectors: NDArray[np.floating], *, metric: Metric
    ) -> Self:
        """Index vectors of shape (n, dim), n >= 0, under distinct ids of shape (n,).

        A kind may take further keyword arguments, each with a default.
        """
        ...

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote; `cache.load_cached` checks the file first, and is safer."""
        ...

    def save(self, path: Path) -> None:
        """Write the index to one file."""
        ...

    def search(
        self,
        queries: NDArray[np.floating],
        k: int,
        *,
        allowed: NDArray[np.int64] | None = None,
        fetch: Fetch | None = None,
    ) -> Neighbors:
        """Find the k nearest, k >= 1, of queries of shape (n_queries, dim).

        ``allowed`` limits the answer to these ids, of which some may be unknown here; ``fetch``
        is needed by the kinds that keep codes instead of vectors, and unused by the others.
        """
        ...


@runtime_checkable
class Proposing(Protocol):
    """An index that can also name likely neighbours, many and cheaply, without reading vectors."""

    def propose(
        self,
        queries: NDArray[np.floating],
        k: int,
        *,
        allowed: NDArray[np.int64] | None = None,
    ) -> Neighbors:
        """Find about the k nearest, as `Index.search` does, at distances that are estimates."""
        ...
