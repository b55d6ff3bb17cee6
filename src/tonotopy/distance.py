"""Distances between vectors and the k nearest of them: smaller is nearer, whatever the metric.

=============  =======================  ========================================
metric         distance                 score (larger is better)
=============  =======================  ========================================
``cosine``     1 - cos, 0 to 2          cosine similarity, -1 to 1
``dot``        minus the dot product    dot product
``euclidean``  Euclidean, not squared   minus the distance
=============  =======================  ========================================
"""

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Metric",
    "check_metric",
    "distances",
    "hamming",
    "normalized",
    "score",
    "score_name",
    "top_k",
]

Metric = Literal["cosine", "dot", "euclidean"]

_SCORE_NAMES: dict[Metric, str] = {
    "cosine": "cosine similarity",
    "dot": "dot product",
    "euclidean": "negative Euclidean distance",
}

# |a|^2 + |b|^2 - 2 ab loses a digit for each factor of ten between itself and |a|^2 + |b|^2.
_CANCELLATION = 0.1
_PAIRS_AT_ONCE = 4096
_TINY = np.float32(1e-30)


def distances(
    queries: NDArray[np.floating],
    vectors: NDArray[np.floating],
    metric: Metric,
    *,
    squared_norms: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Measure every query against every vector.

    Parameters
    ----------
    queries : ndarray of shape (n_queries, dim)
        Any floating type; computed in float32.
    vectors : ndarray of shape (n, dim)
        The same, n >= 0.
    metric : {"cosine", "dot", "euclidean"}
        ``cosine`` normalizes both sides here; a row of zeros is at distance 1 from everything.
    squared_norms : ndarray of shape (n,), optional
        ``np.vecdot(vectors, vectors)`` where it is known already, which saves a pass over the
        vectors; only ``euclidean`` uses it.

    Returns
    -------
    ndarray of shape (n_queries, n)
        Smaller is nearer: 1 - cos, minus the dot product, or the Euclidean distance, the last
        right to about five digits however small it is beside the norms. A vector with a NaN is
        at distance NaN, which `top_k` passes over.

    Raises
    ------
    ValueError
        If the shapes do not fit or the metric is unknown.

    Examples
    --------
    >>> a, b = np.array([[3.0, 4.0]]), np.array([[0.0, 1.0], [3.0, 4.0]])
    >>> distances(a, b, "cosine").round(4)
    array([[0.2, 0. ]], dtype=float32)
    >>> distances(a, b, "dot")
    array([[ -4., -25.]], dtype=float32)
    >>> distances(a, b, "euclidean").round(4)
    array([[4.2426, 0.    ]], dtype=float32)
    """
    check_metric(metric)
    if queries.ndim != 2 or vectors.ndim != 2 or queries.shape[1] != vectors.shape[1]:
        raise ValueError(
            f"queries {queries.shape} and vectors {vectors.shape} must be 2-D with rows of one "
            "length; a single vector goes in as vector[np.newaxis]"
        )
    if metric == "cosine":
        queries, vectors = normalized(queries), normalized(vectors)
        measured = np.clip(1 - queries @ vectors.T, 0, 2)
    else:
        queries, vectors = np.asarray(queries, np.float32), np.asarray(vectors, np.float32)
        if metric == "dot":
            measured = -queries @ vectors.T
        else:
            measured = _euclidean(queries, vectors, squared_norms)
    return np.asarray(measured, np.float32)


def normalized(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scale every row to unit norm; a row of zeros stays zero.

    Parameters
    ----------
    vectors : ndarray of shape (n, dim)
        Any floating type, computed in float32; not changed.

    Returns
    -------
    ndarray of shape (n, dim)
        A new array.

    Examples
    --------
    >>> normalized(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]], dtype=float32)
    """
    vectors = np.asarray(vectors, np.float32)
    with np.errstate(over="ignore"):
        squares = np.vecdot(vectors, vectors)
    extreme = ~((squares > _TINY) & (squares < 1 / _TINY))
    norms = np.sqrt(squares)
    if extreme.any():  # their squares vanish or overflow in float32
        norms[extreme] = np.linalg.norm(vectors[extreme].astype(np.float64), axis=1)
    norms[norms == 0] = 1
    unit: NDArray[np.float32] = vectors / norms[:, np.newaxis]
    return unit


def score(distances: NDArray[np.floating], metric: Metric) -> NDArray[np.float32]:
    """Turn distances into scores, of which the larger is better.

    Parameters
    ----------
    distances : ndarray
        As `distances` gives them; ``inf`` marks that there is no neighbour.
    metric : {"cosine", "dot", "euclidean"}
        How they were measured.

    Returns
    -------
    ndarray
        Of the same shape: cosine similarity, dot product, or the negative distance; ``-inf``
        where the distance is ``inf``.

    Examples
    --------
    >>> score(np.array([0.25, np.inf]), "cosine")
    array([0.75, -inf], dtype=float32)
    """
    check_metric(metric)
    scores = 1 - distances if metric == "cosine" else -distances
    return np.asarray(scores, np.float32)


def score_name(metric: Metric) -> str:
    """Name what `score` returns, to be shown beside it.

    Examples
    --------
    >>> score_name("cosine")
    'cosine similarity'
    """
    check_metric(metric)
    return _SCORE_NAMES[metric]


def hamming(packed_a: NDArray[np.uint8], packed_b: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Count the bits in which codes differ.

    Parameters
    ----------
    packed_a : ndarray of shape (n_a, n_bytes)
        Eight bits a byte, as `numpy.packbits` gives them.
    packed_b : ndarray of shape (n_b, n_bytes)
        The same.

    Returns
    -------
    ndarray of shape (n_a, n_b)
        From 0 to ``8 * n_bytes``.

    Raises
    ------
    ValueError
        If the codes are not 2-D uint8 of one length.

    Examples
    --------
    >>> hamming(np.array([[0b1011]], np.uint8), np.array([[0b0010], [0b1011]], np.uint8))
    array([[2, 0]], dtype=int32)
    """
    for codes in (packed_a, packed_b):
        if codes.ndim != 2 or codes.dtype != np.uint8 or codes.shape[1] != packed_a.shape[1]:
            raise ValueError(
                f"codes {packed_a.dtype}{packed_a.shape} and {packed_b.dtype}{packed_b.shape} "
                "must be 2-D uint8 with rows of one length; see numpy.packbits"
            )
    counts = np.zeros((len(packed_a), len(packed_b)), np.int32)
    for words_a, words_b in zip(_words(packed_a), _words(packed_b), strict=True):
        for row, word in zip(counts, words_a, strict=True):
            row += np.bitwise_count(words_b ^ word)
    return counts


def top_k(
    distances: NDArray[np.floating | np.integer], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find the k smallest distances of every row.

    Parameters
    ----------
    distances : ndarray of shape (n_queries, n)
        Smaller is nearer; where it is ``inf`` or NaN there is no neighbour.
    k : int >= 1
        May exceed n.

    Returns
    -------
    positions : ndarray of shape (n_queries, k)
        Columns of the nearest, nearest first, ties by the lower position; -1 where fewer than k
        neighbours exist.
    distances : ndarray of shape (n_queries, k)
        Their distances, ``inf`` beside -1.

    Raises
    ------
    ValueError
        If k < 1 or the distances are not 2-D.

    Examples
    --------
    >>> top_k(np.array([[0.5, 0.1, 0.5, np.inf]]), 2)
    (array([[1, 0]]), array([[0.1, 0.5]], dtype=float32))
    """
    if k < 1 or distances.ndim != 2:
        raise ValueError(f"k={k} must be at least 1 and distances {distances.shape} 2-D")
    positions = np.full((len(distances), k), -1, np.int64)
    nearest = np.full((len(distances), k), np.inf, np.float32)
    for row, row_positions, row_nearest in zip(distances, positions, nearest, strict=True):
        found = _nearest(row, k)
        row_positions[: found.size] = found
        row_nearest[: found.size] = row[found]
    return positions, nearest


def check_metric(metric: str) -> None:
    """Refuse a metric that does not exist.

    Raises
    ------
    ValueError
        Naming the metrics that do.
    """
    if metric not in get_args(Metric):
        raise ValueError(f"metric={metric!r} must be one of {', '.join(get_args(Metric))}")


def _euclidean(
    queries: NDArray[np.float32],
    vectors: NDArray[np.float32],
    squared_norms: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    if squared_norms is None:
        squared_norms = np.vecdot(vectors, vectors)
    norms = np.vecdot(queries, queries)[:, np.newaxis] + squared_norms
    squared = -2 * queries @ vectors.T
    squared += norms
    rows, columns = np.nonzero(squared < _CANCELLATION * norms)
    for start in range(0, rows.size, _PAIRS_AT_ONCE):
        pairs = rows[start : start + _PAIRS_AT_ONCE], columns[start : start + _PAIRS_AT_ONCE]
        apart = queries[pairs[0]] - vectors[pairs[1]]
        squared[pairs] = np.vecdot(apart, apart)
    return np.asarray(np.sqrt(squared), np.float32)


def _nearest(row: NDArray[Any], k: int) -> NDArray[np.int64]:
    reach = np.partition(row, k - 1)[k - 1] if k < row.size else np.inf
    within = row <= reach if np.isfinite(reach) else row < np.inf
    candidates = np.flatnonzero(within)  # in the order of positions, which settles ties
    order = np.argsort(row[candidates], kind="stable")
    return candidates[order[:k]]


def _words(codes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Regroup (n, n_bytes) codes as (n_words, n) words of 64 bits, padded by zeros."""
    n, n_bytes = codes.shape
    padded = np.zeros((n, -(-n_bytes // 8) * 8), np.uint8)
    padded[:, :n_bytes] = codes
    return np.ascontiguousarray(padded.view(np.uint64).T)
