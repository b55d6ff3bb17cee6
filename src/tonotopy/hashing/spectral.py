"""Spectral hashing: the slowest waves of a box around the data, and their signs."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tonotopy.hashing.base import BinaryHash, row_blocks
from tonotopy.hashing.codes import pack_signs
from tonotopy.hashing.components import principal_components, project

__all__ = ["SpectralHashing"]

_FLAT = 1e-9  # of the longest side: a side as short as that is rounding


class SpectralHashing(BinaryHash):
    """Signs of the eigenfunctions of a uniform box around the principal components [1]_.

    Along a side of length r the functions are ``cos(k pi (v - start) / r)`` with eigenvalues that
    grow with ``(k pi / r)**2``. The `n_bits` smallest of all sides are taken, so that long sides
    get many bits and short ones none; the constant function is none of them.

    Parameters
    ----------
    n_bits : int, default=8
        Length of a code, a multiple of 8.
    random_state : int, RandomState or None, default=0
        Not needed: nothing here is random. It is there as for every method.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,)
        Mean of the rows.
    directions_ : ndarray of shape (n_sides, n_features)
        Principal directions, at most `n_bits`.
    starts_, sides_ : ndarray of shape (n_sides,)
        Where the box begins in each direction, and its length.
    modes_ : ndarray of shape (n_bits, 2)
        Of each bit the direction and k, by rising eigenvalue; k is 0 where rows do not vary at
        all, and the bit is constant.

    References
    ----------
    .. [1] Y. Weiss, A. Torralba and R. Fergus, "Spectral hashing", NIPS 2008.

    Examples
    --------
    >>> line = np.arange(8.0)[:, np.newaxis]
    >>> np.unpackbits(SpectralHashing(n_bits=8).fit(line).transform(line), axis=1)[:, 0]
    array([1, 1, 1, 1, 0, 0, 0, 0], dtype=uint8)
    """

    mean_: NDArray[np.float64]
    directions_: NDArray[np.float64]
    starts_: NDArray[np.float64]
    sides_: NDArray[np.float64]
    modes_: NDArray[np.int64]

    def __init__(
        self, n_bits: int = 8, *, random_state: int | np.random.RandomState | None = 0
    ) -> None:
        self.n_bits = n_bits
        self.random_state = random_state

    def _fit(self, X: NDArray[np.float32], _y: ArrayLike | None, /) -> None:
        found = principal_components(X, min(self.n_bits, X.shape[1]))
        along = project(X, found.mean, found.directions)
        self.mean_, self.directions_ = found.mean, found.directions
        self.starts_ = along.min(axis=0)
        self.sides_ = along.max(axis=0) - self.starts_
        self.modes_ = slowest_modes(self.sides_, self.n_bits)

    def _encode(self, X: NDArray[np.float32]) -> NDArray[np.uint8]:
        return np.concatenate([pack_signs(self._waves(X[block])) for block in row_blocks(len(X))])

    def _waves(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Evaluate the eigenfunction of every bit, (n, n_bits)."""
        along = project(X, self.mean_, self.directions_) - self.starts_
        places, k = self.modes_.T
        rates = np.divide(k * np.pi, self.sides_[places], where=k > 0, out=np.zeros(len(k)))
        waves: NDArray[np.float64] = np.cos(along[:, places] * rates)
        return waves


class _Mode(NamedTuple):
    eigenvalue: float
    direction: int
    k: int


def slowest_modes(sides: NDArray[np.float64], n: int) -> NDArray[np.int64]:
    """Choose the n non-constant eigenfunctions of a box with the smallest eigenvalues.

    Parameters
    ----------
    sides : ndarray of shape (n_sides,)
        Lengths, at least 0; a side of length 0 has no modes.
    n : int
        How many.

    Returns
    -------
    ndarray of shape (n, 2)
        Direction and k; rows of zeros if every side is 0.

    Examples
    --------
    >>> slowest_modes(np.array([3.0, 1.1]), 4)
    array([[0, 1],
           [0, 2],
           [1, 1],
           [0, 3]])
    """
    longest = sides.max()
    modes = [
        _Mode((k / side) ** 2, direction, k)
        for direction, side in enumerate(sides.tolist())
        if side > _FLAT * longest
        for k in range(1, int(np.ceil((n + 1) * side / longest)) + 1)
    ]
    chosen = np.zeros((n, 2), np.int64)
    if modes:
        chosen[:] = [(mode.direction, mode.k) for mode in sorted(modes)[:n]]
    return chosen
