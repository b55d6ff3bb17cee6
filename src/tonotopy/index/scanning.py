"""Scanning codes with FAISS, whatever method made them: all of them, or those in likely cells.

Codes of a codebook are scanned by a product quantizer. Where words are summed, it holds these words
and is asked the same vector for each byte; else its words are unit vectors: the inner product of
such a word with a lookup table is the table's entry. So one structure scans every method that
measures by tables, as fast as FAISS scans product codes. Codes of bits are compared by Hamming
distance.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from tonotopy.index.cells import Cells, Coordinates, coordinates_of
from tonotopy.index.engine import Structure, engine, one_thread
from tonotopy.index.selftest import ladder

if TYPE_CHECKING:  # it takes scikit-learn along
    from tonotopy.hashing import Hash

__all__ = ["CellScanner", "Nearest", "Scanner", "holds_nearly_all"]

_N_WORDS = 256
_KEPT = 0.99
_MORE = 4  # times as many cells, where those scanned hold too few codes


class Nearest(NamedTuple):
    """The nearest codes of each query, nearest first; short rows end in -1 and inf."""

    positions: NDArray[np.int64]  #: (n_queries, depth)
    distances: NDArray[np.float32]  #: (n_queries, depth), as the method measures them


def holds_nearly_all(found: Nearest, every: Nearest) -> bool:
    """Tell whether an answer is nearly that of scanning all codes: 99 of 100, or as near."""
    last = every.distances[:, found.distances.shape[1] - 1 :][:, :1]
    return bool((found.distances <= last).mean() >= _KEPT)


class Scanner:
    """Codes in memory, all of which are scanned.

    Parameters
    ----------
    codes : ndarray of shape (n, n_bytes)
        As ``hasher.transform`` gives them.
    hasher : Hash
        The fitted method.
    """

    def __init__(self, codes: NDArray[np.uint8], hasher: "Hash") -> None:
        self.codes = codes
        self.hasher = hasher
        self._structure = self._filled()

    def __len__(self) -> int:
        return len(self.codes)

    def search(self, points: NDArray[np.float32], depth: int) -> Nearest:
        """Find the nearest codes of points, (n, dim)."""
        with one_thread(len(points)):
            products, positions = self._structure.search(self._asked(points), depth)
        return _nearest(products, positions)

    def subset(self, positions: NDArray[np.int64]) -> "Scanner":
        """Copy some codes out, to scan all of them; its positions count from 0 again."""
        return Scanner(self.codes[positions], self.hasher)

    def renewed(
        self, kept: NDArray[np.bool_], new: NDArray[np.uint8], order: NDArray[np.int64]
    ) -> Self:
        """Leave codes out, append new ones, and bring them into an order."""
        return type(self)(np.concatenate([self.codes[kept], new])[order], self.hasher)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give what is to be stored beside the method."""
        return {"codes": self.codes}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], hasher: "Hash") -> Self:
        """Undo `arrays`."""
        return cls(arrays["codes"], hasher)

    def _asked(self, points: NDArray[np.float32]) -> NDArray[Any]:
        """Make of points what the structure compares with codes."""
        compared = _compared_by(self.hasher, points)
        if compared is None:
            return measured_by(self.hasher, points)
        return np.tile(compared, (1, self.hasher.n_bits // 8))

    def _filled(self) -> Structure:
        if uses_tables(self.hasher):
            words = _words(self.hasher)
            n_bytes, _, dim = words.shape
            structure = engine().IndexPQ(n_bytes * dim, n_bytes, 8, engine().METRIC_INNER_PRODUCT)
            _set_words(structure, words)
            engine().copy_array_to_vector(np.ascontiguousarray(self.codes).ravel(), structure.codes)
            structure.ntotal = len(self.codes)
            return structure
        bits = engine().IndexBinaryFlat(self.hasher.n_bits)
        bits.add(np.ascontiguousarray(self.codes))
        return bits


class CellScanner(Scanner):
    """Codes in cells, of which the likeliest are scanned: an inverted file, or a multi-index.

    Parameters
    ----------
    codes : ndarray of shape (n, n_bytes)
        As ``hasher.transform`` gives them.
    hasher : Hash
        The fitted method.
    cells : Cells
        Where codes lie.
    cell_of : ndarray of shape (n,)
        Of each code its cell.
    n_probes, tuned_at : int
        So many cells are scanned for so many nearest codes, and more for more.
    """

    def __init__(
        self,
        codes: NDArray[np.uint8],
        hasher: "Hash",
        cells: Cells,
        cell_of: NDArray[np.int32],
        *,
        n_probes: int = 1,
        tuned_at: int = 1,
    ) -> None:
        self.cells = cells
        self.cell_of = cell_of
        self.n_probes, self.tuned_at = n_probes, tuned_at
        super().__init__(codes, hasher)

    @classmethod
    def learn(
        cls, codes: NDArray[np.uint8], hasher: "Hash", points: NDArray[np.float32], n_parts: int
    ) -> Self:
        """Put codes into cells as a thousand points, (m, dim), m >= 1, tell them apart."""
        cells = Cells.learn(coordinates_of(hasher, points), codes, n_parts)
        return cls(codes, hasher, cells, cells.of_codes(codes))

    def tune(
        self, points: NDArray[np.float32], depth: int, suffices: Callable[[Nearest], bool]
    ) -> None:
        """Scan as few cells from now on as suffice, or all of them.

        Parameters
        ----------
        points : ndarray of shape (n, dim)
            Queries.
        depth : int
            How many codes are asked for.
        suffices : callable
            Whether such an answer to the queries will do; more cells make none worse.
        """
        numbers = ladder(1, len(self.cells))
        self.tuned_at = depth
        self.n_probes = numbers[
            bisect_left(
                numbers[:-1],
                True,
                key=lambda n_probes: suffices(self._scan(points, depth, n_probes)),
            )
        ]

    def search(self, points: NDArray[np.float32], depth: int) -> Nearest:
        """Find the nearest codes of points, (n, dim), nearly all of them."""
        n_probes = min(len(self.cells), round(max(1.0, depth / self.tuned_at) * self.n_probes))
        found = self._scan(points, depth, n_probes)
        while n_probes < len(self.cells):
            short = (found.positions[:, : len(self)] < 0).any(axis=1)
            if not short.any():
                break
            n_probes = min(len(self.cells), _MORE * n_probes)
            found.positions[short], found.distances[short] = self._scan(
                points[short], depth, n_probes
            )
        return found

    def renewed(
        self, kept: NDArray[np.bool_], new: NDArray[np.uint8], order: NDArray[np.int64]
    ) -> Self:
        """Leave codes out, put new ones into the cells there are, and bring them into an order."""
        return type(self)(
            np.concatenate([self.codes[kept], new])[order],
            self.hasher,
            self.cells,
            np.concatenate([self.cell_of[kept], self.cells.of_codes(new)])[order],
            n_probes=self.n_probes,
            tuned_at=self.tuned_at,
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give what is to be stored beside the method."""
        centres = {f"centres {part}": each for part, each in enumerate(self.cells.centres)}
        return {
            "codes": self.codes,
            "cells": self.cell_of,
            "probes": np.array([self.n_probes, self.tuned_at]),
            **self.cells.coordinates._asdict(),
            **centres,
        }

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], hasher: "Hash") -> Self:
        """Undo `arrays`."""
        centres = [arrays[name] for name in sorted(arrays) if name.startswith("centres ")]
        where = Coordinates(*(arrays[name] for name in Coordinates._fields))
        n_probes, tuned_at = arrays["probes"].tolist()
        cells, cell_of = Cells(where, centres), arrays["cells"]
        if cell_of.shape != arrays["codes"].shape[:1] or (cell_of >= len(cells)).any():
            raise ValueError("cells and codes do not belong together")
        return cls(arrays["codes"], hasher, cells, cell_of, n_probes=n_probes, tuned_at=tuned_at)

    def _scan(self, points: NDArray[np.float32], depth: int, n_probes: int) -> Nearest:
        measured = measured_by(self.hasher, points)
        asked = self.cells.coordinates.of_queries(measured)
        with one_thread(len(points)):
            return _search_cells(
                self._structure, measured, depth, self.cells.nearest(asked, n_probes)
            )

    def _filled(self) -> Structure:
        faiss = engine()
        if uses_tables(self.hasher):
            n_bytes = self.hasher.n_bits // 8
            dim = n_bytes * _N_WORDS
            unused = faiss.IndexFlatIP(dim)
            structure = faiss.IndexIVFPQ(
                unused, dim, len(self.cells), n_bytes, 8, faiss.METRIC_INNER_PRODUCT
            )
            structure.by_residual = False
            _set_words(structure, _unit_words(n_bytes))
        else:
            unused = faiss.IndexBinaryFlat(self.hasher.n_bits)
            structure = faiss.IndexBinaryIVF(unused, self.hasher.n_bits, len(self.cells))
            structure.is_trained = True
        structure.quantizer = unused  # FAISS does not keep it from being collected
        order = np.argsort(self.cell_of, kind="stable")
        codes = np.ascontiguousarray(self.codes[order])
        ends = np.cumsum(np.bincount(self.cell_of, minlength=len(self.cells)))
        lists = structure.invlists
        for cell, (start, end) in enumerate(
            zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True)
        ):
            if end > start:
                held, rows = order[start:end], codes[start:end]
                lists.add_entries(cell, end - start, faiss.swig_ptr(held), faiss.swig_ptr(rows))
        structure.ntotal = len(codes)
        return structure


def uses_tables(hasher: "Hash") -> bool:
    """Tell whether a method measures by tables, or else by bits that differ."""
    from tonotopy.hashing import CodebookHash

    return isinstance(hasher, CodebookHash)


def measured_by(hasher: "Hash", points: NDArray[np.float32]) -> NDArray[Any]:
    """Make of points what is compared with codes: (n, n_bytes * 256) products, or bits."""
    from tonotopy.hashing import CodebookHash

    if isinstance(hasher, CodebookHash):
        return -hasher._tables(points).reshape(len(points), -1)  # the largest is the nearest
    return hasher._encode(points)


def _nearest(measured: NDArray[Any], positions: NDArray[np.int64]) -> Nearest:
    """Turn products, or bits that differ, into distances."""
    distances = -measured if measured.dtype == np.float32 else measured.astype(np.float32)
    distances[positions < 0] = np.inf
    return Nearest(positions, distances)


def _search_cells(
    structure: Structure, measured: NDArray[Any], depth: int, probed: NDArray[np.int64]
) -> Nearest:
    """Scan cells, (n_queries, n_probes): what FAISS's Python face does for a fixed number only."""
    faiss = engine()
    shape = (len(measured), depth)
    is_bits = measured.dtype == np.uint8
    products = np.empty(shape, np.int32 if is_bits else np.float32)
    positions = np.empty(shape, np.int64)
    nearness = np.zeros(probed.shape, products.dtype)
    probed, measured = np.ascontiguousarray(probed), np.ascontiguousarray(measured)
    structure.search_preassigned_c(
        len(measured),
        faiss.swig_ptr(measured),
        depth,
        *(faiss.swig_ptr(each) for each in (probed, nearness, products, positions)),
        False,
        faiss.SearchParametersIVF(nprobe=probed.shape[1]),
    )
    return _nearest(products, positions)


def _compared_by(hasher: "Hash", points: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Make of points what a method's own words are compared with, (n, dim), if it adds words."""
    from tonotopy.hashing.additive import AdditiveHash

    return hasher._compared(points) if isinstance(hasher, AdditiveHash) else None


def _words(hasher: "Hash") -> NDArray[np.float32]:
    """Give the words that FAISS compares with what is asked, (n_bytes, 256, dim)."""
    from tonotopy.hashing.additive import AdditiveHash

    return (
        hasher.codebooks_ if isinstance(hasher, AdditiveHash) else _unit_words(hasher.n_bits // 8)
    )


def _unit_words(n_bytes: int) -> NDArray[np.float32]:
    return np.tile(np.eye(_N_WORDS, dtype=np.float32), (n_bytes, 1, 1))


def _set_words(structure: Structure, words: NDArray[np.float32]) -> None:
    engine().copy_array_to_vector(np.ascontiguousarray(words).ravel(), structure.pq.centroids)
    structure.is_trained = True
