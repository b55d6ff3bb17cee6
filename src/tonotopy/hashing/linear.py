"""Bits that are sides of planes: random ones, and ones turned towards the data."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tonotopy.hashing.base import BinaryHash, row_blocks
from tonotopy.hashing.codes import pack_signs
from tonotopy.hashing.components import principal_components, project
from tonotopy.hashing.kmeans import engine

__all__ = ["ITQ", "LSH"]


class _Planes(BinaryHash):
    """A bit for each plane through the mean."""

    mean_: NDArray[np.float64]
    directions_: NDArray[np.float64]

    def _encode(self, X: NDArray[np.float32]) -> NDArray[np.uint8]:
        codes = [
            pack_signs(project(X[block], self.mean_, self.directions_))
            for block in row_blocks(len(X))
        ]
        return np.concatenate(codes)


class LSH(_Planes):
    """Locality-sensitive hashing: sides of random planes through the mean [1]_.

    The directions are the columns of a random rotation, which FAISS draws: orthogonal as far as the
    dimension allows, so that no bit repeats another.

    Parameters
    ----------
    n_bits : int, default=8
        Length of a code, a multiple of 8.
    random_state : int, RandomState or None, default=0
        Chooses the planes.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,)
        What all planes run through.
    directions_ : ndarray of shape (n_bits, n_features)
        The planes' normals.

    References
    ----------
    .. [1] M. S. Charikar, "Similarity estimation techniques from rounding algorithms", STOC 2002.

    Examples
    --------
    >>> opposite = np.array([[1.0, 2.0, -1.0], [-1.0, -2.0, 1.0]])
    >>> hashed = LSH(n_bits=16).fit(opposite)
    >>> hashed.distances(opposite, hashed.transform(opposite))
    array([[ 0., 16.],
           [16.,  0.]], dtype=float32)
    """

    def __init__(
        self, n_bits: int = 8, *, random_state: int | np.random.RandomState | None = 0
    ) -> None:
        self.n_bits = n_bits
        self.random_state = random_state

    def _fit(self, X: NDArray[np.float32], _y: ArrayLike | None, /) -> None:
        faiss = engine()
        rotation = faiss.RandomRotationMatrix(X.shape[1], self.n_bits)
        rotation.init(self._seed())
        drawn = faiss.vector_to_array(rotation.A).reshape(self.n_bits, X.shape[1])
        self.mean_ = X.mean(axis=0, dtype=np.float64)
        self.directions_ = drawn.astype(np.float64)


class ITQ(_Planes):
    """Iterative quantization: principal components, turned towards the corners of a cube [1]_.

    FAISS alternates between the nearest corners and the rotation that brings the rows nearest to
    them. Where there are fewer features than bits, the components are turned in a space of
    `n_bits` dimensions, so that every bit says something.

    Parameters
    ----------
    n_bits : int, default=8
        Length of a code, a multiple of 8.
    n_iter : int, default=50
        Rounds of the alternation; 0 leaves a random rotation.
    random_state : int, RandomState or None, default=0
        Chooses the rotation that the first round starts from.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,)
        What all planes run through.
    directions_ : ndarray of shape (n_bits, n_features)
        The planes' normals: rotation times principal directions.

    References
    ----------
    .. [1] Y. Gong and S. Lazebnik, "Iterative quantization: a Procrustean approach to learning
       binary codes", CVPR 2011.

    Examples
    --------
    >>> two_clouds = np.repeat([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]], 20, axis=0)
    >>> hashed = ITQ(n_bits=8).fit(two_clouds)
    >>> len(np.unique(hashed.transform(two_clouds)))
    2
    """

    def __init__(
        self,
        n_bits: int = 8,
        *,
        n_iter: int = 50,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.n_bits = n_bits
        self.n_iter = n_iter
        self.random_state = random_state

    def _fit(self, X: NDArray[np.float32], _y: ArrayLike | None, /) -> None:
        if self.n_iter < 0:
            raise ValueError(f"n_iter={self.n_iter} must be at least 0")
        found = principal_components(X, self.n_bits)
        projected = project(X, found.mean, found.directions).astype(np.float32)
        faiss = engine()
        turning = faiss.ITQMatrix(self.n_bits)
        turning.seed = self._seed()
        turning.max_iter = self.n_iter
        turning.train(projected)
        rotation = faiss.vector_to_array(turning.A).reshape(self.n_bits, self.n_bits)
        self.mean_ = found.mean
        self.directions_ = rotation.astype(np.float64) @ found.directions
