"""Words of a codebook: k-means by FAISS, and what it cannot be asked when rows are few."""

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tonotopy.hashing.codes import N_WORDS

__all__ = ["centroids", "distinct_rows", "engine", "learn_words", "parameters"]

_ROWS_A_WORD = 256  # more make the words no better, and take their time
_LOOK_FIRST = 1024


def engine() -> Any:
    """Import FAISS, when first needed."""
    return import_module("faiss")


def learn_words(
    rows: NDArray[np.float32], *, seed: int, n_iter: int = 25
) -> tuple[NDArray[np.float32], int]:
    """Learn a codebook of 256 words, or of fewer where there are fewer distinct rows.

    Parameters
    ----------
    rows : ndarray of shape (n, dim)
        Finite, at least one; more than 65,536 are sampled.
    seed : int
        Chooses the rows that k-means starts from.
    n_iter : int
        Rounds of Lloyd's algorithm.

    Returns
    -------
    words : ndarray of shape (256, dim)
        After the last word the first is repeated.
    n_words : int
        How many are words: 256, or the number of distinct rows, which are then the words.
    """
    distinct = distinct_rows(rows)
    if distinct is None:
        return centroids(rows, N_WORDS, seed=seed, n_iter=n_iter), N_WORDS
    words = np.repeat(distinct[:1], N_WORDS, axis=0)
    words[: len(distinct)] = distinct
    return words, len(distinct)


def centroids(
    rows: NDArray[np.float32], k: int, *, seed: int, n_iter: int = 25
) -> NDArray[np.float32]:
    """Find k centres by Lloyd's algorithm, (k, dim); k is at most the number of rows."""
    faiss = engine()
    clustering = faiss.Clustering(rows.shape[1], k, parameters(seed, n_iter))
    clustering.train(np.ascontiguousarray(rows), faiss.IndexFlatL2(rows.shape[1]))
    found: NDArray[np.float32] = faiss.vector_to_array(clustering.centroids)
    return found.reshape(k, rows.shape[1])


def parameters(seed: int, n_iter: int) -> Any:
    """Say to FAISS how k-means is run wherever it is run here."""
    chosen = engine().ClusteringParameters()
    chosen.seed = seed
    chosen.niter = n_iter
    chosen.max_points_per_centroid = _ROWS_A_WORD
    chosen.min_points_per_centroid = 1  # fewer are no reason for a warning on the terminal
    return chosen


def distinct_rows(rows: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Give the distinct rows in the order of their coming, or None if they exceed 256."""
    rows = np.ascontiguousarray(rows) + np.float32(0)  # -0 becomes 0
    as_bytes = rows.view(np.dtype((np.void, rows.strides[0])))[:, 0]
    for seen in (as_bytes[:_LOOK_FIRST], as_bytes):
        firsts = np.unique(seen, return_index=True)[1]
        if len(firsts) > N_WORDS:
            return None
    return rows[np.sort(firsts)]
