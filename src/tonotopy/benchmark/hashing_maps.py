"""What codes learned, as a map: items that queries tell apart lie apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tonotopy import project
from tonotopy.benchmark.hashing import HashingResults
from tonotopy.benchmark.hashing_cells import EXACT, Cell, Method, prepare
from tonotopy.benchmark.hashing_sets import Features

__all__ = ["CodeMap", "cells_to_map", "cluster_purity", "map_codes"]

MOST_ITEMS, MOST_QUERIES = 2000, 300
_REFERENCE = next(iter(EXACT))


@dataclass(frozen=True, slots=True, eq=False)
class CodeMap:
    """A map of the database as a method sees it."""

    cell: Cell
    coordinates: NDArray[np.float32]  #: (n, 2)
    classes: NDArray[np.int64]  #: (n,)
    purity: float  #: of as many clusters in the map as there are classes


def cells_to_map(results: HashingResults, baseline: str) -> list[Cell]:
    """Choose what is worth a map: exact vectors, the baseline, and the best method.

    Codes are the longest, labels the fewest, the seed is the first, and no class is hidden.
    """
    first = [each for each in results.cells if each.cell.seed == 0 and not each.cell.hidden]
    n_bits = max((each.cell.bits for each in first), default=0)
    fewest = min((each.cell.labelled for each in first if each.cell.labelled), default=None)
    codes = {
        each.cell: each.scores[0].measures.get("mAP", 0.0)
        for each in first
        if each.cell.bits == n_bits and each.cell.labelled in (None, fewest)
    }
    chosen = [each.cell for each in first if each.cell.method == _REFERENCE]
    chosen += [cell for cell in codes if cell.method == baseline]
    if codes:
        chosen.append(max(codes, key=lambda cell: codes[cell]))
    return list(dict.fromkeys(chosen))


def map_codes(
    features: Features, cell: Cell, methods: Sequence[Method], *, redraw: bool = False
) -> CodeMap:
    """Lay out the database by how far its codes are from queries.

    An item is described by its distances from up to 300 queries, each query's mean taken off: two
    codes that no query tells apart are one point. These descriptions are laid out by UMAP.

    Parameters
    ----------
    features : Features
        Labelled rows.
    cell : Cell
        What is fitted.
    methods : sequence of Method
        Where the cell's method is found by its label.
    redraw : bool, default=False
        As the cell was measured.
    """
    by_label = {each.label: each for each in methods}
    prepared = prepare(features, cell, by_label.get(cell.method), redraw=redraw)
    split = prepared.split
    n_queries = min(MOST_QUERIES, len(split.queries))
    spread = np.linspace(0, len(split.queries) - 1, n_queries).astype(int)  # files lie by class
    queries = prepared.vectors[split.queries[spread]]
    items = slice(0, MOST_ITEMS)  # the database is shuffled
    described = prepared.encoded.distances(queries)[:, items].astype(np.float32)
    described -= described.mean(axis=1, keepdims=True)
    layout = project.umap(described.T, metric="euclidean", random_state=cell.seed)
    classes = prepared.classes[split.database[items]]
    return CodeMap(cell, layout.coordinates, classes, cluster_purity(layout.coordinates, classes))


def cluster_purity(coordinates: NDArray[np.float32], classes: NDArray[np.int64]) -> float:
    """Cluster a map by k-means, and measure which share of points is of its cluster's main class.

    There are as many clusters as classes, or points if these are fewer.

    Parameters
    ----------
    coordinates : ndarray of shape (n, 2)
        Finite, n >= 1.
    classes : ndarray of shape (n,)
        From 0.

    Returns
    -------
    float
        1 where every cluster is of one class; the share of the largest class at least.

    Examples
    --------
    >>> points = np.array([[0, 0], [0, 1], [9, 9], [9, 8]], np.float32)
    >>> cluster_purity(points, np.array([0, 0, 1, 1]))
    1.0
    >>> cluster_purity(points, np.array([0, 1, 1, 1]))
    0.75
    """
    from sklearn.cluster import KMeans

    n_clusters = min(len(np.unique(classes)), len(np.unique(coordinates, axis=0)))
    clusters = KMeans(n_clusters, n_init=10, random_state=0).fit_predict(coordinates)
    together = np.zeros((n_clusters, int(classes.max()) + 1), np.int64)
    np.add.at(together, (clusters, classes), 1)
    return float(together.max(axis=1).sum() / len(classes))
