"""Cells of codes: which codes lie together, and in which cells a query should look first.

Codes are put where queries tell them apart. A codebook's distance is a sum of table entries, so
what matters about a code is how this sum varies from query to query: tables of some queries are
taken apart into principal components, and a code's coordinates are its words' shares in them. The
product of a query's own coordinates with those of a code is about their distance, and with the
centre of a cell about the mean distance of its codes. Codes of bits have their bits for
coordinates.

Cells are those of k-means (an inverted file [1]_), or pairs of cells over halves of the coordinates
(an inverted multi-index [2]_): 65,536 of them from 512 centres.

References
----------
.. [1] J. Sivic and A. Zisserman, "Video Google: a text retrieval approach to object matching in
   videos", ICCV 2003.
.. [2] A. Babenko and V. Lempitsky, "The inverted multi-index", CVPR 2012.
"""

from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from tonotopy.index.engine import engine, sample

if TYPE_CHECKING:  # it takes scikit-learn along
    from tonotopy.hashing import Hash

__all__ = ["MOST_TABLES", "Cells", "Coordinates", "coordinates_of", "table_coordinates"]

MOST_TABLES = 1_024  # points whose tables are taken apart
_DIMENSIONS = 128  # beside the mean; with 64, more cells must be scanned
_NEGLIGIBLE = 1e-9  # of the largest variance
_FEWEST_PER_CELL = 39  # FAISS warns of k-means with fewer points a centre
_TRAINING_PER_CELL = 64
_MOST_CELLS = 4_096
_PAIRED = 256  # centres in each half of a multi-index
_ROUNDS = 10
_ROWS_AT_ONCE = 16_384


class Coordinates(NamedTuple):
    """How codes and queries become points whose product grows with nearness."""

    words: NDArray[np.float32]  #: (n_bytes, 256, dim), of a code the sum of its words' rows
    turn: NDArray[np.float32]  #: (n_bytes * 256, dim), of tables; (0, dim) for bits
    offset: NDArray[np.float32]  #: (dim,), added to that

    def of_codes(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Place codes, (n, n_bytes) -> (n, dim)."""
        total: NDArray[np.float32] = self.words[0][codes[:, 0]]
        for book, column in zip(self.words[1:], codes.T[1:], strict=True):
            total += book[column]
        return total

    def of_queries(self, measured: NDArray[Any]) -> NDArray[np.float32]:
        """Place queries by their negated tables, (n, n_bytes * 256), or by their codes of bits."""
        if measured.dtype == np.uint8:
            return self.of_codes(measured)
        placed: NDArray[np.float32] = measured @ self.turn + self.offset
        return placed


def coordinates_of(hasher: "Hash", points: NDArray[np.float32]) -> Coordinates:
    """Find coordinates for the codes of a method, as points, (n, dim), tell them apart."""
    from tonotopy.hashing import CodebookHash

    if isinstance(hasher, CodebookHash):
        return table_coordinates(hasher.lookup_tables(points))
    n_bytes = hasher.n_bits // 8
    signs = np.where(np.unpackbits(np.arange(256, dtype=np.uint8)[:, np.newaxis], axis=1), 1, -1)
    words = np.zeros((n_bytes, 256, n_bytes, 8), np.float32)
    words[np.arange(n_bytes), :, np.arange(n_bytes)] = signs
    dim = hasher.n_bits
    return Coordinates(
        words.reshape(n_bytes, 256, dim), np.zeros((0, dim), np.float32), np.zeros(dim, np.float32)
    )


def table_coordinates(tables: NDArray[np.float32]) -> Coordinates:
    """Take tables, (n, n_bytes, 256), apart.

    The first coordinate is the mean distance from all queries. Each other one is scaled so that the
    squared distance between two codes is how much their distances from a query differ on average.

    Examples
    --------
    >>> tables = np.random.default_rng(0).random((9, 2, 256), np.float32)
    >>> found, codes = table_coordinates(tables), np.array([[3, 7], [0, 255]], np.uint8)
    >>> asked = found.of_queries(-tables.reshape(9, -1))
    >>> nearness = asked @ found.of_codes(codes).T
    >>> np.allclose(-nearness, tables[:, [0, 1], codes].sum(axis=2), atol=1e-4)
    True
    """
    n, n_bytes, n_words = tables.shape
    flat = tables.reshape(n, -1).astype(np.float64)
    mean = flat.mean(axis=0)
    variances, queries = np.linalg.eigh((flat - mean) @ (flat - mean).T / n)
    n_kept = int((variances > _NEGLIGIBLE * variances[-1]).sum())
    kept = np.argsort(-variances)[: min(max(1, n_kept), _DIMENSIONS)]
    spread = np.sqrt(np.where(variances[kept] > 0, variances[kept], 1.0))
    directions = (flat - mean).T @ queries[:, kept] / (spread * np.sqrt(n))
    words = np.column_stack([mean, directions * spread])
    turn = np.column_stack([np.zeros_like(mean), directions / spread])
    offset = np.concatenate([[-1.0], mean @ directions / spread])
    return Coordinates(
        words.reshape(n_bytes, n_words, -1).astype(np.float32),
        turn.astype(np.float32),
        offset.astype(np.float32),
    )


class Cells:
    """Centres in coordinates, one list of them or two whose pairs are the cells.

    Parameters
    ----------
    coordinates : Coordinates
        Of codes and queries.
    centres : list of ndarray of shape (n_centres, dim of the part)
        Part p takes every coordinate from p on in steps of the number of parts, so that all parts
        have large ones.
    """

    def __init__(self, coordinates: Coordinates, centres: list[NDArray[np.float32]]) -> None:
        self.coordinates = coordinates
        self.centres = centres

    def __len__(self) -> int:
        return int(np.prod([len(each) for each in self.centres]))

    @classmethod
    def learn(cls, coordinates: Coordinates, codes: NDArray[np.uint8], n_parts: int) -> Self:
        """Find centres for codes, (n, n_bytes), n >= 1."""
        n = len(codes)
        most = min(_MOST_CELLS, round(2 * n**0.5)) if n_parts == 1 else _PAIRED
        n_centres = max(1, min(most, n // _FEWEST_PER_CELL))
        chosen = sample(np.arange(n), min(n, _TRAINING_PER_CELL * n_centres))
        placed = coordinates.of_codes(codes[chosen])
        parts = [np.ascontiguousarray(placed[:, part::n_parts]) for part in range(n_parts)]
        return cls(coordinates, [_centres(part, n_centres) for part in parts])

    def of_codes(self, codes: NDArray[np.uint8]) -> NDArray[np.int32]:
        """Tell the cells of codes, (n, n_bytes) -> (n,)."""
        faiss = engine()
        finders = [faiss.IndexFlatL2(each.shape[1]) for each in self.centres]
        for finder, each in zip(finders, self.centres, strict=True):
            finder.add(each)
        cells = np.zeros(len(codes), np.int32)
        for start in range(0, len(codes), _ROWS_AT_ONCE):
            block = slice(start, start + _ROWS_AT_ONCE)
            placed = self.coordinates.of_codes(codes[block])
            for part, finder in enumerate(finders):
                own = np.ascontiguousarray(placed[:, part :: len(finders)])
                cells[block] = cells[block] * finder.ntotal + finder.search(own, 1)[1][:, 0]
        return cells

    def nearest(self, asked: NDArray[np.float32], n_probes: int) -> NDArray[np.int64]:
        """Choose the likeliest cells of queries, (n, dim) -> (n, n_probes), in no order."""
        near = [
            asked[:, part :: len(self.centres)] @ each.T for part, each in enumerate(self.centres)
        ]
        if len(near) == 1:
            return _largest(near[0], n_probes)
        rows = zip(near[0], near[1], strict=True)
        return np.array([self._nearest_pairs(*each, n_probes) for each in rows])

    def _nearest_pairs(
        self, first: NDArray[np.float32], second: NDArray[np.float32], n_probes: int
    ) -> NDArray[np.int64]:
        """Choose the pairs with the largest sums.

        A pair of ranks (i, j), counted from 1, has i * j - 1 pairs before it; so it is among the n
        best only if i * j <= n.
        """
        orders = np.argsort(-first), np.argsort(-second)
        longest = np.minimum(len(second), n_probes // np.arange(1, len(first) + 1))
        rows = np.repeat(np.arange(len(first)), longest)
        columns = np.arange(len(rows)) - np.repeat(np.cumsum(longest) - longest, longest)
        rows, columns = orders[0][rows], orders[1][columns]
        best = _largest((first[rows] + second[columns])[np.newaxis], n_probes)[0]
        pairs: NDArray[np.int64] = rows[best] * len(second) + columns[best]
        return pairs


def _largest(values: NDArray[np.float32], n: int) -> NDArray[np.int64]:
    """Tell where the n largest values of each row are, in no order."""
    if n >= values.shape[1]:
        return np.tile(np.arange(values.shape[1]), (len(values), 1))
    return np.argpartition(-values, n - 1, axis=1)[:, :n]


def _centres(placed: NDArray[np.float32], n_centres: int) -> NDArray[np.float32]:
    """Find centres by k-means."""
    faiss = engine()
    chosen = faiss.ClusteringParameters()
    chosen.niter, chosen.seed, chosen.min_points_per_centroid = _ROUNDS, 0, 1
    clustering = faiss.Clustering(placed.shape[1], n_centres, chosen)
    clustering.train(placed, faiss.IndexFlatL2(placed.shape[1]))
    found: NDArray[np.float32] = faiss.vector_to_array(clustering.centroids)
    return found.reshape(n_centres, placed.shape[1])
