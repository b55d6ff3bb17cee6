"""Codes that name one word of every book, the words added up: learned and encoded.

The books span all dimensions, unlike a product quantizer's. They are learned one after the other
on what the earlier ones leave over [1]_, and codes are found by a beam search in FAISS.

References
----------
.. [1] Y. Chen, T. Guan and C. Wang, "Approximate nearest neighbor search by residual vector
   quantization", Sensors, 2010.
"""

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from tonotopy.hashing.base import CodebookHash, row_blocks
from tonotopy.hashing.codes import N_WORDS
from tonotopy.hashing.kmeans import engine, learn_words
from tonotopy.hashing.threads import on_threads

__all__ = [
    "AdditiveHash",
    "add_words",
    "encode_additive",
    "inner_product_tables",
    "learn_books",
]

BEAM = 8  #: codes kept while the words of the next book are tried


def learn_books(
    rows: NDArray[np.float32], n_books: int, *, seed: int, beam: int = BEAM
) -> NDArray[np.float32]:
    """Learn residual codebooks.

    Parameters
    ----------
    rows : ndarray of shape (n, dim)
        At least one; where fewer than 256 are distinct, they are the words of the first book.
    n_books : int
        Bytes of a code.
    seed : int
        Of k-means.
    beam : int
        Codes kept in the search, see `encode_additive`.

    Returns
    -------
    ndarray of shape (n_books, 256, dim)
        The words.
    """
    books = np.zeros((n_books, N_WORDS, rows.shape[1]), np.float32)
    left = np.ascontiguousarray(rows, np.float32)
    for place in range(n_books):
        books[place], _ = learn_words(left, seed=seed + place)
        so_far = books[: place + 1]
        left = rows - add_words(encode_additive(rows, so_far, beam=beam), so_far)
    return books


def encode_additive(
    rows: NDArray[np.float32], books: NDArray[np.float32], *, beam: int = BEAM
) -> NDArray[np.uint8]:
    """Find words whose sum is near each row.

    Parameters
    ----------
    rows : ndarray of shape (n, dim)
        What is encoded.
    books : ndarray of shape (n_books, 256, dim)
        From `learn_books`.
    beam : int
        How many codes are kept from book to book; 1 takes the nearest word each time.

    Returns
    -------
    ndarray of shape (n, n_books)
        Of each book the word.
    """
    faiss = engine()
    n_books, _, dim = books.shape
    quantizer = faiss.ResidualQuantizer(dim, n_books, 8)
    faiss.copy_array_to_vector(np.ascontiguousarray(books).ravel(), quantizer.codebooks)
    quantizer.is_trained = True
    quantizer.max_beam_size = beam
    codes = np.empty((len(rows), n_books), np.uint8)

    def encode(block: slice) -> None:
        codes[block] = quantizer.compute_codes(np.ascontiguousarray(rows[block], np.float32))

    on_threads(encode, row_blocks(len(rows)))
    for column, book in zip(codes.T, books, strict=True):
        repeats = (book == book[0]).all(axis=1)
        column[repeats[column]] = 0  # which of equal words FAISS names depends on the batch
    return codes


def add_words(codes: NDArray[np.uint8], books: NDArray[np.float32]) -> NDArray[np.float32]:
    """Decode, (n, n_books) -> (n, dim)."""
    total = np.zeros((len(codes), books.shape[2]), np.float32)
    for book, column in zip(books, codes.T, strict=True):
        total += book[column]
    return total


class AdditiveHash(CodebookHash):
    """Codes whose words are summed, and compared with a vector by the inner product, negated."""

    codebooks_: NDArray[np.float32]  #: (n_bits // 8, 256, dim)

    @abstractmethod
    def _compared(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        """Make of finite rows what words are compared with, (n_queries, dim)."""

    def _tables(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        return inner_product_tables(self._compared(queries), self.codebooks_)


def inner_product_tables(
    queries: NDArray[np.float32], books: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Measure queries against words by the inner product, negated: (n, n_books, 256)."""
    n_books, n_words, dim = books.shape
    products = queries @ books.reshape(n_books * n_words, dim).T
    return -products.reshape(len(queries), n_books, n_words).astype(np.float32)
