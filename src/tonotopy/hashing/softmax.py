"""Softmax regression on hard or soft classes, by L-BFGS from zero: the same every time."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Softmax", "fit_softmax", "posteriors"]


class Softmax(NamedTuple):
    """A linear layer whose softmax is the probability of each class."""

    weights: NDArray[np.float32]  #: (dim, n_classes)
    bias: NDArray[np.float32]  #: (n_classes,)


def fit_softmax(
    rows: NDArray[np.float32],
    targets: NDArray[np.float32],
    *,
    row_weights: NDArray[np.float32] | None = None,
    penalty: float,
    n_iter: int,
) -> Softmax:
    """Fit class probabilities to rows.

    Parameters
    ----------
    rows : ndarray of shape (n, dim)
        Finite.
    targets : ndarray of shape (n, n_classes)
        Probabilities, each row with sum 1.
    row_weights : ndarray of shape (n,), optional
        How much each row counts, not negative, not all 0; by default all the same.
    penalty : float
        Times half the squared weights is added to the mean cross-entropy; the bias is free.
    n_iter : int
        Most steps of L-BFGS.

    Returns
    -------
    Softmax
        The layer.

    Examples
    --------
    >>> layer = fit_softmax(np.array([[-1.0], [1.0]]), np.eye(2), penalty=1e-3, n_iter=50)
    >>> posteriors(np.array([[2.0]]), layer).round()
    array([[0., 1.]], dtype=float32)
    """
    from scipy.optimize import minimize

    shares = np.ones(len(rows)) if row_weights is None else row_weights
    share = (shares / shares.sum()).astype(np.float32)[:, None]
    inputs = np.hstack([rows, np.ones((len(rows), 1))]).astype(np.float32)
    goal = np.asarray(targets, np.float32)
    shape = (inputs.shape[1], goal.shape[1])

    def loss(flat: Any) -> tuple[float, Any]:
        layer = flat.reshape(shape).astype(np.float32)
        logits = inputs @ layer
        logits -= logits.max(axis=1, keepdims=True)
        exponentials = np.exp(logits)
        sums = exponentials.sum(axis=1, keepdims=True)
        cross_entropy = -float((share * goal * (logits - np.log(sums))).sum(dtype=np.float64))
        shrunk = layer.copy()
        shrunk[-1] = 0.0
        gradient = inputs.T @ (share * (exponentials / sums - goal)) + penalty * shrunk
        total = cross_entropy + 0.5 * penalty * float((shrunk**2).sum(dtype=np.float64))
        return total, gradient.astype(np.float64).ravel()

    start = np.zeros(shape[0] * shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": n_iter})
    layer = found.x.reshape(shape).astype(np.float32)
    return Softmax(layer[:-1].copy(), layer[-1].copy())


def posteriors(
    rows: NDArray[np.floating], layer: Softmax, precision: type[np.floating] = np.float64
) -> NDArray[np.float32]:
    """Give the probability of each class, (n, dim) -> (n, n_classes).

    In float64 inside, unless float32 is enough: a product of matrices rounds a row by where it
    stands, and equal rows must have equal codes.
    """
    logits = np.asarray(rows, precision) @ np.asarray(layer.weights, precision) + layer.bias
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.floating] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares.astype(np.float32)
