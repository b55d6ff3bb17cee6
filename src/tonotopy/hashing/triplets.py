"""Triplets of rows: one, another of its class, and one of another class."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["draw_triplets", "hinge"]

_MOST_PAIRS = 2048
_NEGATIVES = 16


def draw_triplets(
    classes: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Draw up to 2048 pairs of one class from a batch, each with 16 rows of other classes.

    Parameters
    ----------
    classes : ndarray of shape (n,)
        Of a batch.
    rng : Generator
        Draws.

    Returns
    -------
    anchors, positives, negatives : ndarrays of the same shape
        Places in the batch; empty if it has no pair of one class, or one class only.
    """
    same = classes[:, None] == classes
    anchors, positives = np.nonzero(same & ~np.eye(len(classes), dtype=bool))
    has_other = ~same.all(axis=1)
    anchors, positives = anchors[has_other[anchors]], positives[has_other[anchors]]
    if len(anchors) > _MOST_PAIRS:
        chosen = rng.choice(len(anchors), _MOST_PAIRS, replace=False)
        anchors, positives = anchors[chosen], positives[chosen]
    anchors, positives = np.repeat(anchors, _NEGATIVES), np.repeat(positives, _NEGATIVES)
    # Places of other classes lie, in the order of the classes, outside the anchor's own run.
    order = np.argsort(classes, kind="stable")
    ranked = classes[order]
    first = np.searchsorted(ranked, classes[anchors], side="left")
    behind = np.searchsorted(ranked, classes[anchors], side="right")
    place = rng.integers(0, np.maximum(len(classes) - (behind - first), 1), len(anchors))
    negatives = order[np.where(place < first, place, place + (behind - first))]
    return anchors, positives, negatives


def hinge(torch: Any, vectors: Any, classes: NDArray[np.int64], margin: float, rng: Any) -> Any:
    """Average ``max(0, margin + |a - p|^2 - |a - n|^2)`` over the triplets where it is not 0.

    The mean over all triplets would fade as soon as most of them are in order.
    """
    anchors, positives, negatives = map(torch.from_numpy, draw_triplets(classes, rng))
    squares = (vectors**2).sum(dim=1)
    apart = squares[:, None] + squares - 2.0 * vectors @ vectors.T
    violations = torch.relu(margin + apart[anchors, positives] - apart[anchors, negatives])
    return violations.sum() / (violations > 0).sum().clamp(min=1)
