"""FAISS, as the approximate kinds use it: its points, its threads, its selectors, its files.

FAISS sees positions 0, 1, 2, ... and never a window id, and one metric, L2: between unit vectors it
orders like cosine.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, BinaryIO, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import Metric, normalized

__all__ = [
    "Eligible",
    "Structure",
    "engine",
    "one_thread",
    "points",
    "read_structure",
    "sample",
    "write_structure",
]

Row = TypeVar("Row", bound=np.generic)
Structure: TypeAlias = Any  #: a ``faiss.Index``; its own stubs know only half of it

_BATCH = 64  # from here on the threads are worth waking


def engine() -> Any:
    """Import FAISS, when first needed."""
    return import_module("faiss")


def points(vectors: NDArray[np.floating], metric: Metric) -> NDArray[np.float32]:
    """Turn vectors or queries, (n, dim), into points whose order under L2 is that of the metric.

    Examples
    --------
    >>> points(np.array([[3.0, 4.0]]), "cosine")
    array([[0.6, 0.8]], dtype=float32)
    """
    if metric == "cosine":
        return normalized(vectors)
    return np.ascontiguousarray(vectors, np.float32)


def sample(vectors: NDArray[Row], n: int) -> NDArray[Row]:
    """Take n of the rows at random, always the same ones."""
    chosen = np.random.default_rng(0).choice(len(vectors), n, replace=False)
    return vectors[np.sort(chosen)]


class Eligible:
    """The positions that a search may return, ascending, and FAISS's form of them."""

    def __init__(self, positions: NDArray[np.int64], n: int) -> None:
        self.positions = positions
        self._bits = np.zeros(n, bool)
        self._bits[positions] = True
        self.selector = engine().IDSelectorBitmap(np.packbits(self._bits, bitorder="little"))

    def __len__(self) -> int:
        return self.positions.size

    def first(self, found: NDArray[np.int64], k: int) -> NDArray[np.int64]:
        """Keep the first k of each row that are eligible, (n_queries, k), -1 at the end."""
        kept = np.where((found >= 0) & self._bits[found], found, -1)
        order = np.argsort(kept < 0, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(kept, order, axis=1)


@contextmanager
def one_thread(n_queries: int) -> Iterator[None]:
    """Stay on the calling thread for fewer than 64 queries: waking the others costs more."""
    faiss = engine()
    before = faiss.omp_get_max_threads()
    if n_queries < _BATCH:
        faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def write_structure(handle: BinaryIO, structure: Structure) -> None:
    """Append a structure to an open file."""
    faiss = engine()
    faiss.write_index(structure, faiss.PyCallbackIOWriter(handle.write))


def read_structure(handle: BinaryIO) -> Structure:
    """Read a structure from an open file.

    Raises
    ------
    RuntimeError
        From FAISS, if what it reads is damaged and it notices.
    """
    faiss = engine()
    return faiss.read_index(faiss.PyCallbackIOReader(handle.read))
