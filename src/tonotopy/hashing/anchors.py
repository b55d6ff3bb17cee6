"""Anchor graph hashing: eigenvectors of a graph in which rows meet at a few anchors."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tonotopy.hashing.base import BinaryHash, row_blocks
from tonotopy.hashing.codes import pack_signs
from tonotopy.hashing.kmeans import centroids, engine

__all__ = ["AnchorGraphHashing"]

_TRIVIAL = 1e-6  # an eigenvalue as near to 1 belongs to a component of the graph, not to a cut
_VANISHING = 1e-10


class AnchorGraphHashing(BinaryHash):
    """Signs of the smoothest functions on a graph of anchors, one layer [1]_.

    A row belongs to its nearest anchors, centres of k-means, by weights that sum to 1. Rows are
    neighbours by the anchors they share, and the eigenvectors of that graph, all that are not
    constant on its components, are the bits. There may be fewer of them than bits: the bits beyond
    are constant.

    Parameters
    ----------
    n_bits : int, default=8
        Length of a code, a multiple of 8.
    n_anchors : int, default=300
        At most half of the rows are used.
    n_nearest : int, default=3
        Anchors a row belongs to.
    random_state : int, RandomState or None, default=0
        Chooses the rows that k-means starts from.

    Attributes
    ----------
    anchors_ : ndarray of shape (n_anchors, n_features)
        Centres of k-means.
    width_ : float
        Mean distance of a row from the last of its nearest anchors; weights fall with it.
    weights_ : ndarray of shape (n_anchors, n_bits)
        What an anchor adds to each function.
    eigenvalues_ : ndarray of shape (n_bits,)
        Of the functions, falling, below 1; 0 where a bit is constant.

    References
    ----------
    .. [1] W. Liu, J. Wang, S. Kumar and S.-F. Chang, "Hashing with graphs", ICML 2011.

    Examples
    --------
    >>> row_of_points = np.linspace(0, 1, 40)[:, np.newaxis]
    >>> hashed = AnchorGraphHashing(n_anchors=10).fit(row_of_points)
    >>> hashed.distances([[0.02]], hashed.transform([[0.03], [0.98]])).astype(int)
    array([[0, 4]])
    """

    anchors_: NDArray[np.float32]
    width_: float
    weights_: NDArray[np.float64]
    eigenvalues_: NDArray[np.float64]

    def __init__(
        self,
        n_bits: int = 8,
        *,
        n_anchors: int = 300,
        n_nearest: int = 3,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.n_bits = n_bits
        self.n_anchors = n_anchors
        self.n_nearest = n_nearest
        self.random_state = random_state

    def _fit(self, X: NDArray[np.float32], _y: ArrayLike | None, /) -> None:
        if self.n_anchors < 1 or self.n_nearest < 1:
            raise ValueError(
                f"n_anchors={self.n_anchors} and n_nearest={self.n_nearest} must be at least 1"
            )
        n_anchors = max(1, min(self.n_anchors, len(X) // 2))
        self.anchors_ = centroids(X, n_anchors, seed=self._seed())
        places, squares = self._nearest(X)
        self.width_ = float(np.sqrt(squares[:, -1]).mean())
        belonging = shares(squares, self.width_)
        self.weights_, self.eigenvalues_ = smoothest(places, belonging, n_anchors, self.n_bits)

    def _encode(self, X: NDArray[np.float32]) -> NDArray[np.uint8]:
        return np.concatenate([pack_signs(self._smooth(X[block])) for block in row_blocks(len(X))])

    def _smooth(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Evaluate the function of every bit, (n, n_bits)."""
        places, squares = self._nearest(X)
        belonging = shares(squares, self.width_)
        smooth = np.zeros((len(X), self.n_bits))
        for column in range(places.shape[1]):
            smooth += belonging[:, column, None] * self.weights_[places[:, column]]
        return smooth

    def _nearest(self, X: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Find the nearest anchors of rows and their squared distances, nearest first."""
        n_nearest = min(self.n_nearest, len(self.anchors_))
        faiss = engine()
        places = np.empty((len(X), n_nearest), np.int64)
        squares = np.empty((len(X), n_nearest))
        for block in row_blocks(len(X)):
            places[block] = faiss.knn(X[block], self.anchors_, n_nearest)[1]
            for column in range(n_nearest):  # FAISS rounds by the size of the batch
                apart = X[block].astype(np.float64) - self.anchors_[places[block, column]]
                squares[block, column] = np.vecdot(apart, apart)
        return places, squares


def shares(squares: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Turn squared distances into weights that sum to 1, ``exp(-squares / width**2)`` in ratio.

    Parameters
    ----------
    squares : ndarray of shape (n, n_nearest)
        Squared distances; however large they are, the nearest keeps a weight.
    width : float
        0 if all rows lie on their anchors: the nearest then share alike.

    Returns
    -------
    ndarray of shape (n, n_nearest)
        Rows sum to 1.

    Examples
    --------
    >>> shares(np.array([[10_000.0, 10_000.0, 90_000.0]]), width=1.0)
    array([[0.5, 0.5, 0. ]])
    """
    beyond = squares - squares.min(axis=1, keepdims=True)
    scale = width**2 if width > 0 else 1.0
    weights = np.exp(-beyond / scale)
    summing_to_one: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return summing_to_one


def smoothest(
    places: NDArray[np.int64], belonging: NDArray[np.float64], n_anchors: int, n_bits: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the smoothest functions on the graph, as what each anchor adds to them.

    Parameters
    ----------
    places, belonging : ndarray of shape (n, n_nearest)
        Of each row the anchors and the weights, which sum to 1.
    n_anchors, n_bits : int
        Numbers of anchors and of functions.

    Returns
    -------
    weights : ndarray of shape (n_anchors, n_bits)
        A row's function values are its weights times these; columns of zeros where the graph has
        no further function.
    eigenvalues : ndarray of shape (n_bits,)
        Falling, below 1.
    """
    from scipy.sparse import csr_array

    n = len(places)
    firsts = np.arange(0, places.size + 1, places.shape[1])
    z = csr_array((belonging.ravel(), places.ravel(), firsts), shape=(n, n_anchors))
    mass: NDArray[np.float64] = z.sum(axis=0)
    scale = np.divide(1.0, np.sqrt(mass), where=mass > 0, out=np.zeros(n_anchors))
    meeting = scale[:, None] * (z.T @ z).toarray() * scale
    ascending, columns = np.linalg.eigh(meeting)
    kept = np.flatnonzero((ascending < 1 - _TRIVIAL) & (ascending > _VANISHING))[::-1][:n_bits]
    weights, eigenvalues = np.zeros((n_anchors, n_bits)), np.zeros(n_bits)
    eigenvalues[: len(kept)] = ascending[kept]
    weights[:, : len(kept)] = np.sqrt(n / ascending[kept]) * scale[:, None] * columns[:, kept]
    return weights, eigenvalues
