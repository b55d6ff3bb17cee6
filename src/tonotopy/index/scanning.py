"""Scanning codes with FAISS, whatever method made them.

Codes of a codebook are scanned by a product quantizer whose words are unit vectors: the inner
product of such a word with a lookup table is the table's entry. So one structure scans every method
that measures by tables, as fast as FAISS scans product codes. Codes of bits are compared by Hamming
distance.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tonotopy.index.engine import engine, one_thread

if TYPE_CHECKING:  # it takes scikit-learn along
    from tonotopy.hashing import Hash

__all__ = ["Nearest", "Scanner"]

_N_WORDS = 256


class Nearest(NamedTuple):
    """The nearest codes of each query, nearest first; short rows end in -1 and inf."""

    positions: NDArray[np.int64]  #: (n_queries, depth)
    distances: NDArray[np.float32]  #: (n_queries, depth), as the method measures them


class Scanner:
    """Codes in memory, ready to be scanned.

    Parameters
    ----------
    codes : ndarray of shape (n, n_bytes)
        As ``hasher.transform`` gives them.
    hasher : Hash
        The fitted method.
    """

    def __init__(self, codes: NDArray[np.uint8], hasher: "Hash") -> None:
        self.codes = codes
        self._hasher = hasher
        self._structure = _structure(codes, hasher)

    def __len__(self) -> int:
        return len(self.codes)

    def search(self, points: NDArray[np.float32], depth: int) -> Nearest:
        """Find the nearest codes of points, (n_queries, dim)."""
        from tonotopy.hashing import CodebookHash

        with one_thread(len(points)):
            if isinstance(self._hasher, CodebookHash):
                tables = -self._hasher._tables(points)  # the largest product is the nearest
                products, positions = self._structure.search(tables.reshape(len(tables), -1), depth)
                measured = -products
            else:
                encoded = self._hasher._encode(points)
                counts, positions = self._structure.search(encoded, depth)
                measured = counts.astype(np.float32)
        measured[positions < 0] = np.inf
        return Nearest(positions, measured)

    def subset(self, positions: NDArray[np.int64]) -> "Scanner":
        """Copy some codes out, to scan them alone; its positions count from 0 again."""
        return Scanner(self.codes[positions], self._hasher)


def _structure(codes: NDArray[np.uint8], hasher: "Hash") -> Any:
    from tonotopy.hashing import CodebookHash

    faiss = engine()
    n_bytes = hasher.n_bits // 8
    if not isinstance(hasher, CodebookHash):
        bits = faiss.IndexBinaryFlat(hasher.n_bits)
        bits.add(np.ascontiguousarray(codes))
        return bits
    tables = faiss.IndexPQ(n_bytes * _N_WORDS, n_bytes, 8, faiss.METRIC_INNER_PRODUCT)
    words = np.tile(np.eye(_N_WORDS, dtype=np.float32), (n_bytes, 1, 1))
    faiss.copy_array_to_vector(words.ravel(), tables.pq.centroids)
    faiss.copy_array_to_vector(np.ascontiguousarray(codes).ravel(), tables.codes)
    tables.ntotal, tables.is_trained = len(codes), True
    return tables
