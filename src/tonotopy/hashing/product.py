"""Product quantization: a word for each part of a vector, by FAISS."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tonotopy.hashing.base import CodebookHash, row_blocks
from tonotopy.hashing.codes import N_WORDS, check_codes
from tonotopy.hashing.components import principal_components, project
from tonotopy.hashing.kmeans import distinct_rows, engine, learn_words, parameters

__all__ = ["OPQ", "PQ", "VQ"]

_ROUNDS_A_TURN, _ROUNDS_AT_FIRST = 8, 25
_SMALLEST_SHARE = 1e-9  # of the largest variance: below it a logarithm would outweigh the others


class PQ(CodebookHash):
    """Product quantization: vectors cut into parts, each with 256 words of its own [1]_.

    Where the parts do not come out even, zeros are appended. The distance is the squared Euclidean
    one between the query and what the code stands for.

    Parameters
    ----------
    n_bits : int, default=8
        Length of a code, a multiple of 8; a part a byte.
    n_iter : int, default=25
        Rounds of k-means.
    random_state : int, RandomState or None, default=0
        Chooses the rows that k-means starts from.

    Attributes
    ----------
    codebooks_ : ndarray of shape (n_bits // 8, 256, part)
        Of each part the words; after the last one the first is repeated.
    n_words_ : ndarray of shape (n_bits // 8,)
        Words in each codebook: fewer than 256 if there were fewer distinct rows.

    References
    ----------
    .. [1] H. Jegou, M. Douze and C. Schmid, "Product quantization for nearest neighbor search",
       IEEE TPAMI 33(1), 2011.

    Examples
    --------
    >>> rows = np.array([[0.0, 0.0, 5.0, 5.0], [1.0, 1.0, 6.0, 6.0]])
    >>> quantizer = PQ(n_bits=16).fit(rows)
    >>> codes = quantizer.transform(rows)
    >>> codes
    array([[0, 0],
           [1, 1]], dtype=uint8)
    >>> quantizer.distances(rows, codes)
    array([[0., 4.],
           [4., 0.]], dtype=float32)
    """

    codebooks_: NDArray[np.float32]
    n_words_: NDArray[np.int64]

    def __init__(
        self,
        n_bits: int = 8,
        *,
        n_iter: int = 25,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.n_bits = n_bits
        self.n_iter = n_iter
        self.random_state = random_state

    def inverse_transform(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Give the vectors that codes stand for.

        Parameters
        ----------
        codes : ndarray of shape (n, n_bits // 8)
            As `transform` gives them.

        Returns
        -------
        ndarray of shape (n, n_features)
            Of each part its word.
        """
        return self._decode(codes)[:, : self.n_features_in_]

    def _fit(self, X: NDArray[np.float32], _y: ArrayLike | None, /) -> None:
        if self.n_iter < 1:
            raise ValueError(f"n_iter={self.n_iter} must be at least 1")
        parts = self._in_parts(self._prepared(X))
        seed = self._seed()
        learned = [
            learn_words(parts[:, place], seed=seed, n_iter=self.n_iter)
            for place in range(parts.shape[1])
        ]
        self.codebooks_ = np.stack([words for words, _ in learned])
        self.n_words_ = np.array([n_words for _, n_words in learned])

    def _encode(self, X: NDArray[np.float32]) -> NDArray[np.uint8]:
        quantizer = self._quantizer()
        codes = np.empty((len(X), self.n_bits // 8), np.uint8)
        for block in row_blocks(len(X)):
            codes[block] = quantizer.compute_codes(self._prepared(X[block]))
        codes[codes >= self.n_words_] = 0  # what comes after the last word is the first one again
        return codes

    def _tables(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        parts = self._in_parts(self._prepared(queries))
        tables = np.empty((len(queries), len(self.codebooks_), N_WORDS), np.float32)
        for table, row in zip(tables, parts, strict=True):
            apart = self.codebooks_ - row[:, np.newaxis]
            np.vecdot(apart, apart, out=table)
        return tables

    def _decode(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        codes = check_codes(codes, self.n_bits)
        words = self.codebooks_[np.arange(codes.shape[1]), codes]
        return words.reshape(len(codes), -1)

    def _prepared(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        """Append zeros until the parts come out even."""
        lacking = -X.shape[1] % (self.n_bits // 8)
        return np.pad(X, ((0, 0), (0, lacking))) if lacking else X

    def _in_parts(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        return X.reshape(len(X), self.n_bits // 8, -1)

    def _quantizer(self) -> Any:
        """Hand the words to FAISS."""
        faiss = engine()
        n_books, _, part = self.codebooks_.shape
        quantizer = faiss.ProductQuantizer(n_books * part, n_books, 8)
        faiss.copy_array_to_vector(self.codebooks_.ravel(), quantizer.centroids)
        return quantizer


class VQ(PQ):
    """Vector quantization: the nearest of 256 words, by k-means.

    It is `PQ` in one part, with its parameters. `n_bits` is 8: more would need more words than most
    collections have sounds, 16 bits 65,536.

    Attributes
    ----------
    codebooks_ : ndarray of shape (1, 256, n_features)
        The words; after the last one the first is repeated.
    n_words_ : ndarray of shape (1,)
        Number of words: fewer than 256 if there were fewer distinct rows.

    Examples
    --------
    >>> rows = np.array([[0.0, 1.0], [2.0, 0.0], [0.0, 1.0]])
    >>> quantizer = VQ().fit(rows)
    >>> quantizer.inverse_transform(quantizer.transform(rows))
    array([[0., 1.],
           [2., 0.],
           [0., 1.]], dtype=float32)
    """

    def _fit(self, X: NDArray[np.float32], _y: ArrayLike | None, /) -> None:
        if self.n_bits != 8:
            raise ValueError(f"n_bits={self.n_bits}, but VQ has 8; PQ and RQ have longer codes")
        super()._fit(X, None)


class OPQ(PQ):
    """Optimized product quantization: turned so that parts share the variance [1]_.

    The first principal components, at most `n_components`, are dealt to the parts so that the
    products of their variances are alike; from there FAISS alternates between quantizing and
    turning. Distances leave out what lies beyond the components: the same for every code.

    Parameters
    ----------
    n_bits : int, default=8
        Length of a code, a multiple of 8; a part a byte.
    n_components : int, default=128
        Dimensions that are quantized; rounded down to a multiple of the parts, at least one each.
    n_turns : int, default=15
        Rounds of the alternation, each with 8 of k-means; 0 leaves the dealt components.
    n_iter : int, default=25
        Rounds of k-means for the final words.
    random_state : int, RandomState or None, default=0
        Chooses the rows that k-means starts from.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,)
        Mean of the rows.
    directions_ : ndarray of shape (n_quantized, n_features)
        What is quantized: orthogonal unit rows, or zeros where there are too few features.
    codebooks_ : ndarray of shape (n_bits // 8, 256, part)
        Of each part the words; after the last one the first is repeated.
    n_words_ : ndarray of shape (n_bits // 8,)
        Words in each codebook: fewer than 256 if there were fewer distinct rows.

    References
    ----------
    .. [1] T. Ge, K. He, Q. Ke and J. Sun, "Optimized product quantization for approximate nearest
       neighbor search", CVPR 2013.
    """

    mean_: NDArray[np.float64]
    directions_: NDArray[np.float64]

    def __init__(
        self,
        n_bits: int = 8,
        *,
        n_components: int = 128,
        n_turns: int = 15,
        n_iter: int = 25,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        super().__init__(n_bits, n_iter=n_iter, random_state=random_state)
        self.n_components = n_components
        self.n_turns = n_turns

    def inverse_transform(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Give the vectors that codes stand for.

        Parameters
        ----------
        codes : ndarray of shape (n, n_bits // 8)
            As `transform` gives them.

        Returns
        -------
        ndarray of shape (n, n_features)
            The mean in every direction beyond the components.
        """
        back = self._decode(codes).astype(np.float64) @ self.directions_ + self.mean_
        return back.astype(np.float32)

    def _fit(self, X: NDArray[np.float32], _y: ArrayLike | None, /) -> None:
        if self.n_components < 1 or self.n_turns < 0:
            raise ValueError(
                f"n_components={self.n_components} must be at least 1, n_turns={self.n_turns} 0"
            )
        n_parts = self.n_bits // 8
        n_each = max(1, min(self.n_components, X.shape[1]) // n_parts)
        found = principal_components(X, n_each * n_parts)
        self.mean_ = found.mean
        self.directions_ = found.directions[deal(found.variances, n_parts)]
        turning = turn(self._prepared(X), n_parts, self.n_turns, self._seed())
        self.directions_ = turning @ self.directions_
        super()._fit(X, None)

    def _prepared(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        return project(X, self.mean_, self.directions_).astype(np.float32)


def deal(variances: NDArray[np.float64], n_parts: int) -> NDArray[np.int64]:
    """Deal components to parts of one size so that the products of variances are alike.

    Parameters
    ----------
    variances : ndarray of shape (n_components,)
        Falling; a multiple of `n_parts`.
    n_parts : int
        How many parts.

    Returns
    -------
    ndarray of shape (n_components,)
        Places of components, part after part.

    Examples
    --------
    >>> deal(np.array([8.0, 4.0, 2.0, 1.0]), 2)
    array([0, 3, 1, 2])
    """
    parts: list[list[int]] = [[] for _ in range(n_parts)]
    logs = np.log(np.maximum(variances, _SMALLEST_SHARE * variances.max() or 1.0))
    logs -= logs.min()  # so that a part with more components is never the emptier one
    filled = np.zeros(n_parts)
    for component, log in enumerate(logs):
        room = [part for part in range(n_parts) if len(parts[part]) < len(variances) // n_parts]
        emptiest = min(room, key=lambda part: (filled[part], part))
        parts[emptiest].append(component)
        filled[emptiest] += log
    return np.array(parts).ravel()


def turn(rows: NDArray[np.float32], n_parts: int, n_turns: int, seed: int) -> NDArray[np.float64]:
    """Find the rotation after which parts are quantized best, starting from none.

    Parameters
    ----------
    rows : ndarray of shape (n, dim)
        `dim` a multiple of `n_parts`.
    n_parts, n_turns : int
        Parts, and rounds of the alternation.
    seed : int
        For k-means.

    Returns
    -------
    ndarray of shape (dim, dim)
        Orthogonal; the identity where 256 words hold all rows.
    """
    dim = rows.shape[1]
    if n_turns == 0 or distinct_rows(rows) is not None:
        return np.eye(dim)
    faiss = engine()
    quantizer = faiss.ProductQuantizer(dim, n_parts, 8)
    quantizer.cp = parameters(seed, _ROUNDS_A_TURN)
    turning = faiss.OPQMatrix(dim, n_parts)
    turning.pq = quantizer
    turning.niter, turning.niter_pq, turning.niter_pq_0 = n_turns, _ROUNDS_A_TURN, _ROUNDS_AT_FIRST
    faiss.copy_array_to_vector(np.eye(dim, dtype=np.float32).ravel(), turning.A)
    turning.train(rows)
    learned: NDArray[np.float32] = faiss.vector_to_array(turning.A).reshape(dim, dim)
    return learned.astype(np.float64)
