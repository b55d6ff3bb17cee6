"""Search by codes that a method has learned: some bytes a window, the best measured exactly.

A code is not rebuilt when windows come or go: new ones are encoded by the same method.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self, cast

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import Metric
from tonotopy.index.approximate import Answer, blocks, check_served
from tonotopy.index.by_codes import READ_ALL, ByCodes, is_settled
from tonotopy.index.cells import MOST_TABLES
from tonotopy.index.container import read_array, read_head, write_array, write_head
from tonotopy.index.engine import Eligible, points, sample
from tonotopy.index.protocol import Fetch
from tonotopy.index.rows import checked_queries, checked_rows, look_up, positions_of
from tonotopy.index.scanning import CellScanner, Nearest, Scanner, holds_nearly_all
from tonotopy.index.selftest import K, SelfTest, is_sure, ladder

if TYPE_CHECKING:  # it takes scikit-learn along
    from tonotopy.hashing import Hash

__all__ = ["Codes", "ImiCodes", "IvfCodes", "codes_fingerprint"]

_ROWS_AT_ONCE = 16_384


class Codes(ByCodes):
    """Codes of a learned method, re-ranked through ``fetch``, or taken as they are.

    ``effort`` is how many candidates are measured for ten neighbours, at most 5,000. Where at most
    that many ids are allowed, all are measured: that is exact. Where more are, their codes alone
    are scanned, and twice as many are measured as long as the best are not among the first: what
    stands around a query may be what is not allowed.

    Attributes
    ----------
    scanner : Scanner
        The codes, in the order of the ids, and the fitted method.
    """

    kind = "codes"
    n_parts: ClassVar[int] = 0  #: lists of centres whose combinations are cells; 0 for none

    def __init__(
        self,
        ids: NDArray[np.int64],
        scanner: Scanner,
        metric: Metric,
        *,
        effort: int = 2 * K,
        recall: float = 1.0,
    ) -> None:
        super().__init__(ids, metric, effort=effort, recall=recall)
        self.scanner = scanner
        self._last_subset: tuple[Eligible | None, Scanner] = None, scanner

    @property
    def codes(self) -> NDArray[np.uint8]:
        """Give the codes in the order of the ids, (n, n_bytes)."""
        return self.scanner.codes

    @property
    def hasher(self) -> "Hash":
        """Give the fitted method."""
        return self.scanner.hasher

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self.hasher.n_features_in_)

    @classmethod
    def build(
        cls,
        ids: NDArray[np.int64],
        vectors: NDArray[np.floating],
        *,
        metric: Metric,
        hasher: "Hash | None" = None,
        recall: float = 0.95,
    ) -> Self:
        """Encode vectors and find out how many candidates must be measured.

        Parameters
        ----------
        ids : ndarray of shape (n,)
            Distinct window ids, n >= 0.
        vectors : ndarray of shape (n, dim)
            Finite; they are read in blocks.
        metric : {"cosine", "euclidean"}
            How they are compared.
        hasher : Hash
            A fitted method, of unit vectors where the metric is cosine.
        recall : float
            Share of the true ten nearest to be found after re-ranking, 0 to 1; `recall` of the
            index says what was reached.

        Returns
        -------
        Codes
            Ready to be searched.

        Raises
        ------
        QueryError
            If the metric is the dot product.
        ValueError
            If ids or vectors are not as `rows.checked_rows` wants them, the method is missing or
            of another dimension, or the recall is not in 0 to 1.
        """
        check_served(cls.kind, metric, recall)
        if hasher is None:
            raise ValueError("codes are made by a fitted method: pass hasher=")
        ids, vectors = checked_rows(ids, vectors, metric)
        index = cls(ids, Scanner(encode(hasher, vectors, metric), hasher), metric)
        if len(ids) > 1:
            index._tune(vectors, recall)
        return index

    def updated(
        self,
        deleted: NDArray[np.int64],
        extra_ids: NDArray[np.int64],
        extra_vectors: NDArray[np.floating],
    ) -> Self:
        """Leave some windows out and encode new ones.

        Parameters
        ----------
        deleted : ndarray of shape (n_deleted,)
            Ids that are gone; those that were not here are passed over.
        extra_ids : ndarray of shape (n_extra,)
            New ids.
        extra_vectors : ndarray of shape (n_extra, dim)
            Their vectors.

        Returns
        -------
        Codes
            Another index, by the same method and as hard to search; this one stays as it is.
        """
        kept = np.ones(len(self), bool)
        kept[positions_of(self.ids, deleted)] = False
        ids = np.concatenate([self.ids[kept], extra_ids])
        order = np.argsort(ids)
        new = encode(self.hasher, extra_vectors, self.metric)
        scanner = self.scanner.renewed(kept, new, order)
        return type(self)(ids[order], scanner, self.metric, effort=self.effort, recall=self.recall)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        LibraryError
            If the file is not such an index.
        """
        from tonotopy.hashing import from_state

        with path.open("rb") as handle:
            header, ids = read_head(handle, kind=cls.kind)
            arrays, state = (
                {name: read_array(handle) for name in str(header[each]).split(",")}
                for each in ("arrays", "state")
            )
        hasher = from_state(state)
        n, n_bytes = arrays["codes"].shape
        if (n, 8 * n_bytes) != (len(ids), hasher.n_bits):
            raise ValueError(
                f"{path} names {len(ids)} windows but holds {n} codes of {8 * n_bytes} bits"
            )
        scanner = CellScanner if "cells" in arrays else Scanner
        return cls(
            ids,
            scanner.of_arrays(arrays, hasher),
            cast(Metric, header["metric"]),
            effort=int(header["effort"]),
            recall=float(header["recall"]),
        )

    def save(self, path: Path) -> None:
        """Write ids, codes and the method to one file."""
        arrays, state = self.scanner.arrays(), self.hasher.state()
        with path.open("wb") as handle:
            write_head(
                handle,
                {
                    "kind": self.kind,
                    "metric": self.metric,
                    "effort": self.effort,
                    "recall": self.recall,
                    "arrays": ",".join(arrays),
                    "state": ",".join(state),
                },
                self.ids,
            )
            for array in (*arrays.values(), *state.values()):
                write_array(handle, array)

    @cached_property
    def efforts(self) -> Sequence[int]:
        """20, 30, 40, 60, ... candidates, up to 5,000 or all of them."""
        return ladder(2 * K, max(1, min(len(self), READ_ALL)))

    def answer(
        self,
        queries: NDArray[np.float32],
        k: int,
        eligible: Eligible | None,
        fetch: Fetch | None,
    ) -> Answer:
        """Measure the candidates with the nearest codes."""
        if eligible is not None and len(eligible) <= max(k, READ_ALL):
            return self.measure_all(queries, k, eligible.positions, fetch)
        n_eligible = len(self if eligible is None else eligible)
        depth = min(n_eligible, max(2 * k, self.effort_for(k)))
        deepest = depth if eligible is None else min(n_eligible, READ_ALL)
        answer = Answer(
            np.full((len(queries), k), -1, np.int64), np.full((len(queries), k), np.inf, np.float32)
        )
        unsettled = np.arange(len(queries))
        while unsettled.size:
            settled = np.zeros(unsettled.size, bool)
            for block in blocks(unsettled.size, depth):
                asked = unsettled[block]
                found = self.likely(queries[asked], depth, eligible).positions
                better = self.measure(queries[asked], k, found, fetch)
                answer.positions[asked], answer.distances[asked] = better
                settled[block] = is_settled(better.positions, found, n_eligible)
            if depth >= deepest:
                break
            unsettled, depth = unsettled[~settled], min(2 * depth, deepest)
        return answer

    def code_distances(
        self, queries: NDArray[np.floating], ids: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Measure queries, (n_queries, dim), against the codes of ids, all held: (n_queries, m)."""
        places = np.searchsorted(self.ids, ids)
        if (places >= len(self)).any() or (self.ids[places] != ids).any():
            raise ValueError("some of the ids are not in the index")
        queries = checked_queries(queries, 1, self.dim)
        return self.hasher.distances(points(queries, self.metric), self.codes[places])

    def likely(self, queries: NDArray[np.float32], depth: int, eligible: Eligible | None) -> Answer:
        """Scan codes, those of what is eligible if not everything is."""
        sought = points(queries, self.metric)
        if eligible is None:
            return Answer(*self.scanner.search(sought, depth))
        scanned, scanner = self._last_subset
        if scanned is not eligible:
            scanner = self.scanner.subset(eligible.positions)
            self._last_subset = eligible, scanner
        found, measured = scanner.search(sought, depth)
        return Answer(look_up(eligible.positions, found), measured)

    def _tune(self, vectors: NDArray[np.floating], recall: float) -> None:
        """Take as few candidates as reach the recall, or as many as there may be."""
        test = SelfTest(vectors, self.metric)
        nearest = self.scanner.search(points(test.queries, self.metric), self.efforts[-1])
        for effort in self.efforts:
            self.effort = effort
            shares = test.shares(nearest.positions[:, :effort])
            self.recall = float(shares.mean(axis=1).min())
            reached = is_sure(shares, recall)
            if reached:
                break
        if self.n_parts:
            self._into_cells(vectors, test, nearest, recall if reached else 0)

    def _into_cells(
        self, vectors: NDArray[np.floating], test: SelfTest, every: Nearest, recall: float
    ) -> None:
        """Put codes into cells, and scan as few of them as keep the recall."""
        learned_from = points(sample(vectors, min(len(vectors), MOST_TABLES)), self.metric)
        cells = CellScanner.learn(self.codes, self.hasher, learned_from, self.n_parts)

        def suffices(found: Nearest) -> bool:
            return holds_nearly_all(found, every) and is_sure(test.shares(found.positions), recall)

        cells.tune(points(test.queries, self.metric), self.effort, suffices)
        self.scanner = cells
        found = self.likely(test.queries, self.effort, None).positions
        self.recall = float(test.shares(found).mean(axis=1).min())


class IvfCodes(Codes):
    """Codes in an inverted file: those in the likeliest of some thousand cells are scanned."""

    kind = "codes-ivf"
    n_parts = 1


class ImiCodes(Codes):
    """Codes in an inverted multi-index: those in the likeliest of 65,536 cells are scanned."""

    kind = "codes-imi"
    n_parts = 2


def codes_fingerprint(space_fingerprint: str, model_id: int) -> str:
    """Name what codes are made by: weights of an embedder, and a model of its vectors.

    Examples
    --------
    >>> codes_fingerprint("3f2a", 7)
    '3f2a model 7'
    """
    return f"{space_fingerprint} model {model_id}"


def encode(hasher: "Hash", vectors: NDArray[np.floating], metric: Metric) -> NDArray[np.uint8]:
    """Encode vectors, (n, dim), as they are compared under a metric."""
    if vectors.ndim != 2 or vectors.shape[1] != hasher.n_features_in_:
        raise ValueError(
            f"vectors {vectors.shape} must be (n, {hasher.n_features_in_}), as the codes' method "
            "learned them"
        )
    codes = np.empty((len(vectors), hasher.n_bits // 8), np.uint8)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        block = slice(start, start + _ROWS_AT_ONCE)
        codes[block] = hasher.transform(points(vectors[block], metric))
    return codes
