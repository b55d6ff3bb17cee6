"""Exact search: every query against every vector. The reference of all other kinds."""

from pathlib import Path
from typing import Self, cast

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import Metric, distances, normalized, top_k
from tonotopy.index.container import read_array, read_head, write_array, write_head
from tonotopy.index.protocol import Fetch, Neighbors
from tonotopy.index.rows import checked_queries, checked_rows, look_up, positions_of

__all__ = ["Flat"]

_DISTANCES_AT_ONCE = 2**24
_GATHER_BELOW = 4  # copying a row out costs about as much as comparing four in place


class Flat:
    """All vectors in float32, compared one by one.

    Reads n * dim * 4 bytes for each query, about 5 ms of CPU for 100 MB, and less for each of a
    batch. Needs no ``fetch``.

    Examples
    --------
    >>> index = Flat.build(np.array([7, 8]), np.eye(2), metric="cosine")
    >>> index.search(np.array([[0.0, 2.0]]), 2)
    Neighbors(ids=array([[8, 7]]), distances=array([[0., 1.]], dtype=float32))
    """

    kind = "flat"
    recall = 1.0

    def __init__(
        self, ids: NDArray[np.int64], vectors: NDArray[np.float32], metric: Metric
    ) -> None:
        self.ids = ids
        self.metric = metric
        self._vectors = vectors  # of unit norm where the metric is cosine
        self._squared_norms = np.vecdot(vectors, vectors) if metric == "euclidean" else None

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._vectors.shape[1])

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def build(
        cls, ids: NDArray[np.int64], vectors: NDArray[np.floating], *, metric: Metric
    ) -> Self:
        """Keep vectors of shape (n, dim), n >= 0, under distinct ids of shape (n,).

        Raises
        ------
        ValueError
            If shapes, ids, metric or a vector are not as `rows.checked_rows` wants them.
        """
        ids, vectors = checked_rows(ids, vectors, metric)
        kept = normalized(vectors) if metric == "cosine" else np.asarray(vectors, np.float32)
        return cls(ids, kept, metric)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        LibraryError
            If the file is not such an index.
        """
        with path.open("rb") as handle:
            header, ids = read_head(handle, kind=cls.kind)
            vectors = cast(NDArray[np.float32], read_array(handle))
        return cls(ids, vectors, cast(Metric, header["metric"]))

    def save(self, path: Path) -> None:
        """Write the index to one file of about n * (4 * dim + 8) bytes."""
        with path.open("wb") as handle:
            write_head(handle, {"kind": self.kind, "metric": self.metric}, self.ids)
            write_array(handle, self._vectors)

    def search(
        self,
        queries: NDArray[np.floating],
        k: int,
        *,
        allowed: NDArray[np.int64] | None = None,
        fetch: Fetch | None = None,  # noqa: ARG002 - vectors are at hand
    ) -> Neighbors:
        """Find the k nearest, exactly.

        Parameters
        ----------
        queries : ndarray of shape (n_queries, dim)
            In the space that was indexed.
        k : int >= 1
            May exceed n.
        allowed : ndarray of shape (m,), optional
            Ids to which the answer is limited; default all.
        fetch : callable, optional
            Unused.

        Returns
        -------
        Neighbors
            Ids and distances of shape (n_queries, k).

        Raises
        ------
        ValueError
            If the shape of the queries or k does not fit.
        """
        queries = checked_queries(queries, k, self.dim)
        if self.metric == "cosine":
            queries = normalized(queries)
        columns = None if allowed is None else positions_of(self.ids, allowed)
        positions = np.empty((len(queries), k), np.int64)
        nearest = np.empty((len(queries), k), np.float32)
        step = max(1, _DISTANCES_AT_ONCE // max(1, len(self)))
        for start in range(0, len(queries), step):
            block = slice(start, start + step)
            positions[block], nearest[block] = self._nearest(queries[block], k, columns)
        if self.metric == "cosine":
            nearest = np.clip(1 + nearest, 0, None)
        return Neighbors(look_up(self.ids, positions), nearest)

    def _nearest(
        self, queries: NDArray[np.float32], k: int, columns: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        if columns is None:
            return top_k(self._measure(queries, slice(None)), k)
        if columns.size * _GATHER_BELOW < len(self):
            measured = self._measure(queries, columns)
        else:
            measured = self._measure(queries, slice(None))[:, columns]
        positions, nearest = top_k(measured, k)
        return look_up(columns, positions), nearest

    def _measure(
        self, queries: NDArray[np.float32], rows: slice | NDArray[np.int64]
    ) -> NDArray[np.float32]:
        if self.metric != "euclidean":  # unit norms: minus the dot product orders like 1 - cos
            return distances(queries, self._vectors[rows], "dot")
        norms = None if self._squared_norms is None else self._squared_norms[rows]
        return distances(queries, self._vectors[rows], "euclidean", squared_norms=norms)
