"""Labels spread over a graph of nearest neighbours: what is near a labelled row is likely alike."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tonotopy.hashing.kmeans import engine

__all__ = ["neighbour_graph", "spread_labels"]

N_NEIGHBOURS = 5
_POWER = 3  #: of the cosine: near neighbours weigh much more
_KEPT = 0.75  #: share of a round that comes from the neighbours
_ROUNDS = 50
_DOUBT = 1e-6  #: added to every class, so that rows that no label reaches say nothing
_LARGE = 20_000  #: rows; beyond it neighbours are sought in the nearest cells only
_CELLS_SEARCHED = 16


def neighbour_graph(rows: NDArray[np.float32]) -> Any:
    """Join every row with its 5 nearest by cosine.

    Parameters
    ----------
    rows : ndarray of shape (n, dim)
        Of unit norm.

    Returns
    -------
    scipy.sparse.csr_array of shape (n, n)
        Symmetric; entries are cubed cosines over the roots of both rows' sums.
    """
    from scipy.sparse import csr_array, diags_array

    n = len(rows)
    cosines, found = _search(np.ascontiguousarray(rows, np.float32))
    others = (found != np.arange(n)[:, None]) & (found >= 0)
    sources = np.repeat(np.arange(n), others.sum(axis=1))
    weights = np.maximum(cosines[others], 0.0).astype(np.float64) ** _POWER
    graph = csr_array((weights, (sources, found[others])), shape=(n, n))
    graph = graph.maximum(graph.T)
    degree = graph.sum(axis=1)
    scale = diags_array(1.0 / np.sqrt(np.where(degree > 0, degree, 1.0)))
    return (scale @ graph @ scale).tocsr()


def spread_labels(graph: Any, places: NDArray[np.int64], n_classes: int) -> NDArray[np.float32]:
    """Let labels flow along the graph.

    Parameters
    ----------
    graph : sparse array of shape (n, n)
        From `neighbour_graph`.
    places : ndarray of shape (n,)
        Classes of rows, -1 where unknown. A class weighs the same however many rows have it.
    n_classes : int
        Of which each is some row's.

    Returns
    -------
    ndarray of shape (n, n_classes)
        Probabilities; the same for all classes where no label arrives.

    References
    ----------
    .. [1] D. Zhou et al., "Learning with local and global consistency", NeurIPS 2003.
    """
    labelled = np.flatnonzero(places >= 0)
    given = np.zeros((len(places), n_classes))
    given[labelled, places[labelled]] = 1.0
    given /= np.maximum(given.sum(axis=0), 1.0)
    flowing: NDArray[np.float64] = given
    for _ in range(_ROUNDS):
        flowing = _KEPT * (graph @ flowing) + (1.0 - _KEPT) * given
    flowing = flowing + _DOUBT
    shares: NDArray[np.float64] = flowing / flowing.sum(axis=1, keepdims=True)
    return shares.astype(np.float32)


def _search(rows: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Find the nearest of every row, itself among them: (n, 6) cosines and places, -1 for none."""
    faiss = engine()
    n, dim = rows.shape
    k = min(N_NEIGHBOURS + 1, n)
    index = faiss.IndexFlatIP(dim)
    if n > _LARGE:
        index = faiss.IndexIVFFlat(index, dim, round(np.sqrt(n)), faiss.METRIC_INNER_PRODUCT)
        index.train(rows)
        index.nprobe = _CELLS_SEARCHED
    index.add(rows)
    cosines, found = index.search(rows, k)
    return cosines, found
