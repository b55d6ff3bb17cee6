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
        self.mean_ = X.mean(axis=0, dtype=np.float64)
        self.directions_ = random_rotation(X.shape[1], self.n_bits, self._seed())


class ITQ(_Planes):
    """Iterative quantization: principal components, turned towards the corners of a cube [1]_.

    It alternates between the corner nearest to each row and the rotation that brings the rows
    nearest to their corners. Where there are fewer features than bits, the components are turned
    in a space of `n_bits` dimensions, so that every bit says something.

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
        projected = project(X, found.mean, found.directions)
        start = random_rotation(self.n_bits, self.n_bits, self._seed())
        self.mean_ = found.mean
        self.directions_ = turned_to_corners(projected, start, self.n_iter) @ found.directions


def random_rotation(dim: int, n: int, seed: int) -> NDArray[np.float64]:
    """Draw n directions by FAISS, (n, dim), with orthonormal rows, or columns if n is larger."""
    faiss = engine()
    drawn = faiss.RandomRotationMatrix(dim, n)
    drawn.init(seed)
    rotation: NDArray[np.float32] = faiss.vector_to_array(drawn.A).reshape(n, dim)
    return rotation.astype(np.float64)


def turned_to_corners(
    rows: NDArray[np.float64], rotation: NDArray[np.float64], n_iter: int
) -> NDArray[np.float64]:
    """Turn a rotation until ``rows @ rotation.T`` lies nearer to the corners of a cube.

    `faiss.ITQMatrix` is not used: its loss does not fall from round to round, and on rows that do
    lie at the corners of a turned cube it ends no better than the random start.

    Parameters
    ----------
    rows : ndarray of shape (n, dim)
        Centred.
    rotation : ndarray of shape (dim, dim)
        Where to start from.
    n_iter : int
        Rounds; the squared distance from the nearest corners never rises.

    Returns
    -------
    ndarray of shape (dim, dim)
        Orthogonal.
    """
    for _ in range(n_iter):
        corners = np.where(rows @ rotation.T > 0, 1.0, -1.0)
        left, _, right = np.linalg.svd(corners.T @ rows)
        rotation = left @ right
    return rotation
