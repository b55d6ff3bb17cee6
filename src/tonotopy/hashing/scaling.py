"""Features made ready for learning: loudness taken off, every column as large as the others."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tonotopy.hashing.base import row_blocks

__all__ = ["Scale", "learn_scale", "standardize", "unit_rows"]

_FARTHEST = 5.0  #: spreads from the mean; what lies beyond is one outlier like another
_FLOOR = 0.25  #: of the median spread, so that columns that hardly vary are not blown up


class Scale(NamedTuple):
    """What is taken off and divided by."""

    takes_root: bool  #: no value was negative: activations, whose square roots are less skewed
    mean: NDArray[np.float64]  #: (dim,)
    spread: NDArray[np.float64]  #: (dim,), positive


def learn_scale(X: NDArray[np.float32]) -> Scale:
    """Measure mean and spread of the columns of unit rows, (n, dim), n >= 1.

    Labels are not needed: all rows at hand are better than the labelled ones alone.
    """
    takes_root = bool(X.min() >= 0)
    total, squares = np.zeros(X.shape[1]), np.zeros(X.shape[1])
    for block in row_blocks(len(X)):
        rows = _directions(X[block], takes_root=takes_root)
        total += rows.sum(axis=0)
        squares += (rows**2).sum(axis=0)
    mean = total / len(X)
    deviation = np.sqrt(np.maximum(squares / len(X) - mean**2, 0.0))
    deviation[deviation < np.sqrt(np.finfo(np.float64).eps)] = 0.0  # rounding of a constant column
    varying = deviation[deviation > 0]
    floor = _FLOOR * float(np.median(varying)) if len(varying) else 1.0
    return Scale(takes_root, mean, deviation + floor)


def standardize(X: NDArray[np.float32], scale: Scale) -> NDArray[np.float32]:
    """Make rows ready: (signed root,) unit norm, mean off, over spread, within 5 spreads."""
    rows = np.empty(X.shape, np.float32)
    for block in row_blocks(len(X)):
        centred = _directions(X[block], takes_root=scale.takes_root) - scale.mean
        rows[block] = np.clip(centred / scale.spread, -_FARTHEST, _FARTHEST)
    return rows


def unit_rows(rows: NDArray[np.floating]) -> NDArray[np.float32]:
    """Divide rows by their length; a row of zeros stays one."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)


def _directions(X: NDArray[np.float32], *, takes_root: bool) -> NDArray[np.float64]:
    rows = X.astype(np.float64)
    if takes_root:
        rows = np.sign(rows) * np.sqrt(np.abs(rows))
    largest = np.abs(rows).max(axis=1, keepdims=True)
    rows /= np.where(largest > 0, largest, 1.0)  # squares of huge values would overflow
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    directions: NDArray[np.float64] = rows / np.where(lengths > 0, lengths, 1.0)
    return directions
