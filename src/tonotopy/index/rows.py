"""What every kind of index does with its rows: check them, sort them, select and re-rank them."""

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import Metric, check_metric

__all__ = ["checked_queries", "checked_rows", "look_up", "positions_of"]

_ROWS_AT_ONCE = 16_384
_SPAN_PER_ID = 32


def checked_rows(
    ids: NDArray[np.int64], vectors: NDArray[np.floating], metric: Metric
) -> tuple[NDArray[np.int64], NDArray[np.floating]]:
    """Check what an index is to be built from and sort it by id.

    Parameters
    ----------
    ids : ndarray of shape (n,)
        Distinct int64 >= 0, in any order.
    vectors : ndarray of shape (n, dim)
        Finite; a memory map stays one if the ids already ascend.
    metric : {"cosine", "dot", "euclidean"}
        How they will be compared.

    Returns
    -------
    ids : ndarray of shape (n,)
        Ascending.
    vectors : ndarray of shape (n, dim)
        In the order of the ids.

    Raises
    ------
    ValueError
        If anything of this does not hold.
    """
    check_metric(metric)
    ids = np.asarray(ids, np.int64)
    if ids.ndim != 1 or vectors.ndim != 2 or len(ids) != len(vectors) or vectors.shape[1] < 1:
        raise ValueError(f"ids {ids.shape} and vectors {vectors.shape} must be (n,) and (n, dim)")
    if (ids[1:] <= ids[:-1]).any():
        order = np.argsort(ids)
        ids, vectors = ids[order], vectors[order]
    if (ids[1:] == ids[:-1]).any() or (ids[:1] < 0).any():
        raise ValueError("ids must be distinct and not negative: each names one window")
    for start in range(0, len(ids), _ROWS_AT_ONCE):
        finite = np.isfinite(vectors[start : start + _ROWS_AT_ONCE]).all(axis=1)
        if not finite.all():
            spoilt = ids[start + int(np.argmin(finite))]
            raise ValueError(f"the vector of window {spoilt} has a NaN or an infinity")
    return ids, vectors


def checked_queries(queries: NDArray[np.floating], k: int, dim: int) -> NDArray[np.float32]:
    """Check queries against an index and give them as float32.

    Raises
    ------
    ValueError
        If the shape is not (n_queries, dim) or k < 1.
    """
    if queries.ndim != 2 or queries.shape[1] != dim:
        raise ValueError(
            f"queries {queries.shape} must be (n_queries, {dim}), the dimension of the index; "
            "vectors are compared only inside one space"
        )
    if k < 1:
        raise ValueError(f"k={k} must be at least 1")
    return np.asarray(queries, np.float32)


def positions_of(ids: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find where ids stand, leaving out those that do not.

    Parameters
    ----------
    ids : ndarray of shape (n,)
        Ascending.
    wanted : ndarray of shape (m,)
        In any order, repeated or unknown as they may be.

    Returns
    -------
    ndarray of shape (at most m,)
        Positions in ``ids``, ascending, each once.

    Examples
    --------
    >>> positions_of(np.array([3, 5, 9]), np.array([9, 4, 3]))
    array([0, 2])
    """
    wanted = np.asarray(wanted, np.int64)
    if not ids.size or not wanted.size:
        return np.empty(0, np.int64)
    first, span = ids[0], int(ids[-1] - ids[0]) + 1
    if span <= _SPAN_PER_ID * ids.size:  # a table is several times faster, where it stays small
        known = np.zeros(span, bool)
        known[wanted[(wanted >= first) & (wanted <= ids[-1])] - first] = True
        return np.flatnonzero(known[ids - first])
    wanted = np.unique(wanted)
    positions = np.minimum(np.searchsorted(ids, wanted), ids.size - 1)
    return np.asarray(positions[ids[positions] == wanted], np.int64)


def look_up(table: NDArray[np.int64], positions: NDArray[np.int64]) -> NDArray[np.int64]:
    """Read a table at positions, and -1 where the position is -1.

    Examples
    --------
    >>> look_up(np.array([3, 5]), np.array([[1, -1]]))
    array([[ 5, -1]])
    """
    found = np.full(positions.shape, -1, np.int64)
    found[positions >= 0] = table[positions[positions >= 0]]
    return found
