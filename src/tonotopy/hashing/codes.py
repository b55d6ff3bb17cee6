"""Codes as bytes: bits packed, tables summed; equal codes are at bit-identical distances."""

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import hamming

__all__ = ["N_WORDS", "check_codes", "hamming_distances", "pack_signs", "sum_tables"]

N_WORDS = 256  #: words of a codebook: a byte names one

_CODES_AT_ONCE = 1 << 16  # their columns as indices stay in the cache


def pack_signs(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Keep of every value whether it is positive, eight bits a byte.

    Parameters
    ----------
    values : ndarray of shape (n, n_bits)
        ``n_bits`` a multiple of 8.

    Returns
    -------
    ndarray of shape (n, n_bits // 8)
        The first column is the highest bit of the first byte.

    Examples
    --------
    >>> pack_signs(np.array([[-1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 2.0]]))
    array([[3]], dtype=uint8)
    """
    return np.packbits(values > 0, axis=1)


def hamming_distances(queries: NDArray[np.uint8], codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Count the bits in which codes differ, (n_queries, n), as every other distance is given."""
    return hamming(queries, codes).astype(np.float32)


def sum_tables(tables: NDArray[np.float32], codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Look up what every byte of every code adds to the distance from every query.

    Parameters
    ----------
    tables : ndarray of shape (n_queries, n_books, 256)
        What word k of book m adds.
    codes : ndarray of shape (n, n_books)
        Of each item the words, n >= 0.

    Returns
    -------
    ndarray of shape (n_queries, n)
        The sums, always taken from the first book to the last.

    Examples
    --------
    >>> tables = np.zeros((1, 2, 256), np.float32)
    >>> tables[0, 0, 7], tables[0, 1, 9] = 0.5, 0.25
    >>> sum_tables(tables, np.array([[7, 9], [7, 0], [0, 0]], np.uint8))
    array([[0.75, 0.5 , 0.  ]], dtype=float32)
    """
    summed = np.zeros((len(tables), len(codes)), np.float32)
    for start in range(0, len(codes), _CODES_AT_ONCE):
        part = slice(start, start + _CODES_AT_ONCE)
        columns = codes[part].T.astype(np.intp, order="C")
        for row, books in zip(summed[:, part], tables, strict=True):
            for book, column in zip(books, columns, strict=True):
                row += book.take(column)
    return summed


def check_codes(codes: NDArray[np.uint8], n_bits: int) -> NDArray[np.uint8]:
    """Refuse codes of another length or type.

    Raises
    ------
    ValueError
        If the codes are not (n, n_bits // 8) uint8.
    """
    codes = np.asarray(codes)
    if codes.ndim != 2 or codes.dtype != np.uint8 or codes.shape[1] != n_bits // 8:
        raise ValueError(
            f"codes are {codes.dtype}{codes.shape}; uint8 of shape (n, {n_bits // 8}) is needed, "
            f"as transform gives for n_bits={n_bits}"
        )
    return codes
