"""An index that lags behind its catalog, searched as if it did not.

Window ids are never reused, so what has happened since the build is a list of ids that are gone and
some vectors that are new. The gone ones are masked; the new ones are searched exactly.
"""

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import top_k
from tonotopy.index.flat import Flat
from tonotopy.index.protocol import Fetch, Index, Neighbors, Proposing
from tonotopy.index.rows import look_up, positions_of

__all__ = ["View", "search_with_delta"]


class View:
    """An index with what has changed since it was built.

    Worth keeping between searches, until the catalog's next generation.

    Parameters
    ----------
    index : Index
        As it was built.
    deleted : ndarray of shape (n_deleted,)
        Ids gone since then; those the index never held are ignored.
    extra_ids : ndarray of shape (n_extra,)
        Ids that came since then.
    extra_vectors : ndarray of shape (n_extra, dim)
        Their vectors.

    Raises
    ------
    ValueError
        If the index already holds one of the extra ids, or shapes do not fit.
    """

    def __init__(
        self,
        index: Index,
        *,
        deleted: NDArray[np.int64],
        extra_ids: NDArray[np.int64],
        extra_vectors: NDArray[np.floating],
    ) -> None:
        if extra_vectors.ndim != 2 or extra_vectors.shape[1] != index.dim:
            raise ValueError(f"extra vectors {extra_vectors.shape} must be (n, {index.dim})")
        known = positions_of(index.ids, extra_ids)
        if known.size:
            raise ValueError(
                f"window {index.ids[known[0]]} is in the index already; ids are never reused"
            )
        kept = np.ones(len(index), bool)
        kept[positions_of(index.ids, deleted)] = False
        self._index = index
        self._kept = None if kept.all() else index.ids[kept]
        if self._kept is not None:
            self._kept.flags.writeable = False  # an index remembers what it made of it
        self._extra = Flat.build(extra_ids, extra_vectors, metric=index.metric)

    def __len__(self) -> int:
        kept = len(self._index) if self._kept is None else self._kept.size
        return kept + len(self._extra)

    def search(
        self,
        queries: NDArray[np.floating],
        k: int,
        *,
        allowed: NDArray[np.int64] | None = None,
        fetch: Fetch | None = None,
    ) -> Neighbors:
        """Find the k nearest among what is in the catalog now.

        Parameters
        ----------
        queries : ndarray of shape (n_queries, dim)
            In the space that was indexed.
        k : int >= 1
            May exceed the number of vectors.
        allowed : ndarray of shape (m,), optional
            Ids to which the answer is limited; default all.
        fetch : callable, optional
            Reads vectors by id, for the kinds that need it.

        Returns
        -------
        Neighbors
            Ids and distances of shape (n_queries, k).
        """
        old = self._index.search(queries, k, allowed=self._still(allowed), fetch=fetch)
        return self._with_extra(old, queries, k, allowed)

    def propose(
        self,
        queries: NDArray[np.floating],
        k: int,
        *,
        allowed: NDArray[np.int64] | None = None,
        fetch: Fetch | None = None,
    ) -> Neighbors:
        """Find about the k nearest, at distances that may be estimates: cheaply where k is large.

        Takes and returns what `search` does; an index that cannot propose is searched.
        """
        if not isinstance(self._index, Proposing):
            return self.search(queries, k, allowed=allowed, fetch=fetch)
        old = self._index.propose(queries, k, allowed=self._still(allowed))
        return self._with_extra(old, queries, k, allowed)

    def _still(self, allowed: NDArray[np.int64] | None) -> NDArray[np.int64] | None:
        """Limit what is allowed to what is still there."""
        if self._kept is None:
            return allowed
        return self._kept if allowed is None else self._kept[positions_of(self._kept, allowed)]

    def _with_extra(
        self,
        old: Neighbors,
        queries: NDArray[np.floating],
        k: int,
        allowed: NDArray[np.int64] | None,
    ) -> Neighbors:
        """Merge what the index found with what came since."""
        if not len(self._extra):
            return old
        new = self._extra.search(queries, k, allowed=allowed)
        ids = np.hstack([old.ids, new.ids])
        positions, distances = top_k(np.hstack([old.distances, new.distances]), k)
        found = [look_up(row, chosen) for row, chosen in zip(ids, positions, strict=True)]
        return Neighbors(np.array(found, np.int64).reshape(positions.shape), distances)


def search_with_delta(
    index: Index,
    queries: NDArray[np.floating],
    k: int,
    *,
    deleted: NDArray[np.int64],
    extra_ids: NDArray[np.int64],
    extra_vectors: NDArray[np.floating],
    allowed: NDArray[np.int64] | None = None,
    fetch: Fetch | None = None,
) -> Neighbors:
    """Search once through a `View`; see there for the parameters.

    Examples
    --------
    >>> index = Flat.build(np.array([1, 2]), np.eye(2), metric="cosine")
    >>> search_with_delta(
    ...     index, np.array([[1.0, 0.0]]), 2,
    ...     deleted=np.array([1]), extra_ids=np.array([5]), extra_vectors=np.array([[7.0, 0.0]]),
    ... )
    Neighbors(ids=array([[5, 2]]), distances=array([[0., 1.]], dtype=float32))
    """
    view = View(index, deleted=deleted, extra_ids=extra_ids, extra_vectors=extra_vectors)
    return view.search(queries, k, allowed=allowed, fetch=fetch)
