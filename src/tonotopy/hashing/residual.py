"""Residual quantization: every word corrects what the words before it left over."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tonotopy.hashing.additive import (
    AdditiveHash,
    add_words,
    encode_additive,
    learn_books,
)
from tonotopy.hashing.codes import check_codes

__all__ = ["RQ"]

_MOST_ROWS = 65_536  # to learn from: 256 a word, as many as k-means takes


class RQ(AdditiveHash):
    """Residual quantization: sums of words, each of full length [1]_.

    The first codebook is k-means of the rows, each further one of what the earlier ones leave
    over, learned from at most 65,536 rows; FAISS finds the words of a row by a beam search. The
    distance is minus the inner product of the query and what the code stands for, which needs no
    norm beside the code: rows of unit norm are ranked as by cosine.

    Parameters
    ----------
    n_bits : int, default=8
        Length of a code, a multiple of 8; a word a byte.
    beam : int, default=8
        Sums kept while the next word is sought; 1 takes the nearest word each time.
    random_state : int, RandomState or None, default=0
        Chooses the rows that are learned from, and those that k-means starts from.

    Attributes
    ----------
    codebooks_ : ndarray of shape (n_bits // 8, 256, n_features)
        The words; where there are fewer, the first is repeated after the last.

    References
    ----------
    .. [1] Y. Chen, T. Guan and C. Wang, "Approximate nearest neighbor search by residual vector
       quantization", Sensors 10(12), 2010.

    Examples
    --------
    >>> rows = np.array([[0.6, 0.8], [1.0, 0.0]])
    >>> quantizer = RQ(n_bits=16).fit(rows)
    >>> quantizer.distances([[1.0, 0.0]], quantizer.transform(rows))
    array([[-0.6, -1. ]], dtype=float32)
    """

    codebooks_: NDArray[np.float32]

    def __init__(
        self,
        n_bits: int = 8,
        *,
        beam: int = 8,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.n_bits = n_bits
        self.beam = beam
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
            Sums of words.
        """
        return add_words(check_codes(codes, self.n_bits), self.codebooks_)

    def _fit(self, X: NDArray[np.float32], _y: ArrayLike | None, /) -> None:
        if self.beam < 1:
            raise ValueError(f"beam={self.beam} must be at least 1")
        seed = self._seed()
        if len(X) > _MOST_ROWS:
            chosen = np.random.default_rng(seed).choice(len(X), _MOST_ROWS, replace=False)
            X = X[np.sort(chosen)]
        self.codebooks_ = learn_books(X, self.n_bits // 8, seed=seed, beam=self.beam)

    def _encode(self, X: NDArray[np.float32]) -> NDArray[np.uint8]:
        return encode_additive(X, self.codebooks_, beam=self.beam)

    def _compared(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        return queries
