"""Principal components of many rows, without the noise of directions in which nothing varies."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tonotopy.hashing.base import row_blocks

__all__ = ["Components", "principal_components", "project"]

_NOTHING = 1e-12  # of the largest variance: what float64 leaves of linear dependence


class Components(NamedTuple):
    """Where rows vary most."""

    mean: NDArray[np.float64]  #: (dim,)
    directions: NDArray[np.float64]  #: (k, dim), unit rows; zeros where nothing varies any more
    variances: NDArray[np.float64]  #: (k,), falling


def principal_components(X: NDArray[np.float32], k: int) -> Components:
    """Find the k directions of largest variance.

    Parameters
    ----------
    X : ndarray of shape (n, dim)
        Finite, at least one row.
    k : int
        May exceed the dimension; the directions beyond are zeros.

    Returns
    -------
    Components
        In float64; of the two signs of a direction, the one that makes its largest entry positive.
    """
    dim = X.shape[1]
    mean = X.mean(axis=0, dtype=np.float64)
    scatter = np.zeros((dim, dim))
    for block in row_blocks(len(X)):
        centred = X[block] - mean
        scatter += centred.T @ centred
    ascending, columns = np.linalg.eigh(scatter / len(X))
    kept = min(k, dim)
    variances, directions = np.zeros(k), np.zeros((k, dim))
    variances[:kept] = ascending[::-1][:kept]
    directions[:kept] = columns.T[::-1][:kept]
    vary = variances > _NOTHING * max(ascending[-1], 0.0)
    largest = np.abs(directions).argmax(axis=1)
    signs = np.sign(directions[np.arange(k), largest])
    return Components(mean, directions * (signs * vary)[:, None], variances * vary)


def project(
    X: NDArray[np.float32], mean: NDArray[np.float64], directions: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Measure rows along directions from a mean, (n, k), in float64.

    The mean is taken off first: where nothing varies that leaves exact zeros, and no bit is noise.
    """
    along = np.empty((len(X), len(directions)))
    for block in row_blocks(len(X)):
        along[block] = (X[block] - mean) @ directions.T
    return along
