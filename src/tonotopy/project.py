"""Maps: vectors laid out in the plane, near what they are like.

`pca` is linear, exact and quick; `umap` keeps neighbourhoods together and takes its time, several
seconds before the first epoch, while its code is compiled. UMAP starts from the principal
components, so that its map is the other one unfolded, with the same things left and right.
`trustworthiness` tells where a map lies: which of its neighbourhoods are not there in the vectors.
"""

import io
import re
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import Metric
from tonotopy.errors import MissingExtra

__all__ = ["Layout", "PrincipalComponents", "pca", "trustworthiness", "umap"]

_ROWS_AT_ONCE = 8192
_ROWS_COMPARED = 512  # of which distances to all references are held at once
_ENOUGH_FOR_UMAP = 4  # vectors; fewer have no neighbourhoods to keep together

# A map shows angles best where only dot products are known.
_UMAP_METRIC: dict[Metric, str] = {"cosine": "cosine", "dot": "cosine", "euclidean": "euclidean"}

OnProgress = Callable[[float], None]


class PrincipalComponents(NamedTuple):
    """The directions in which vectors differ most, and where they lie along them.

    More vectors come onto the same map with ``(vectors - mean) @ components.T``.
    """

    coordinates: NDArray[np.float32]  #: (n, n_components)
    mean: NDArray[np.float32]  #: (dim,)
    components: NDArray[np.float32]  #: (n_components, dim), unit rows; zeros where nothing is left
    explained_ratio: NDArray[np.float64]  #: (n_components,) share of the variance, falling


class Layout(NamedTuple):
    """A map that was asked of UMAP."""

    coordinates: NDArray[np.float32]  #: (n, 2)
    method: Literal["umap", "pca"]  #: ``"pca"`` where there was nothing for UMAP to unfold


def pca(vectors: NDArray[np.floating], n_components: int = 2) -> PrincipalComponents:
    """Project vectors on their principal components.

    Parameters
    ----------
    vectors : ndarray of shape (n, dim)
        Finite, n >= 0.
    n_components : int > 0
        May be larger than the data has dimensions: the components beyond are zeros.

    Returns
    -------
    PrincipalComponents
        The same for the same vectors; of the two signs of a component, the one that makes its
        largest entry positive.

    Raises
    ------
    ValueError
        If `vectors` is not a finite matrix or `n_components` is not positive.

    Examples
    --------
    >>> on_a_line = np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])
    >>> pca(on_a_line).coordinates
    array([[-5.,  0.],
           [ 0.,  0.],
           [ 5.,  0.]], dtype=float32)
    """
    if n_components < 1:
        raise ValueError(f"n_components={n_components} must be at least 1")
    _check_finite(vectors)
    n, dim = vectors.shape
    mean = vectors.mean(axis=0, dtype=np.float64) if n else np.zeros(dim)
    if n <= dim:
        variances, directions = _spread_of_few(vectors, mean)
    else:
        variances, directions = _spread_of_many(vectors, mean)
    components = np.zeros((n_components, dim))
    explained = np.zeros(n_components)
    # What single precision makes of equal vectors is not a direction.
    noise = n * dim * (np.finfo(np.float32).eps * np.abs(mean).max(initial=0)) ** 2
    largest = [place for place in np.argsort(-variances)[:n_components] if variances[place] > noise]
    if largest:
        components[: len(largest)] = _with_fixed_signs(directions[largest])
        explained[: len(largest)] = variances[largest] / variances.clip(0).sum()
    centre, axes = mean.astype(np.float32), components.astype(np.float32)
    coordinates = np.zeros((n, n_components), np.float32)
    for rows in _blocks(n):
        coordinates[rows] = (vectors[rows] - centre) @ axes.T
    return PrincipalComponents(coordinates, centre, axes, explained)


def umap(
    vectors: NDArray[np.floating],
    *,
    metric: Metric,
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    random_state: int = 42,
    on_progress: OnProgress | None = None,
) -> Layout:
    """Lay vectors out in the plane by UMAP [1]_, on one core, the same each time.

    Parameters
    ----------
    vectors : ndarray of shape (n, dim)
        Finite, n >= 0.
    metric : {"cosine", "dot", "euclidean"}
        How neighbours are found; ``"dot"`` is laid out by cosine.
    n_neighbors : int >= 2
        How many neighbours to keep close, fewer where there are not so many.
    min_dist : float, 0 to 1
        How close points may come in the plane.
    random_state : int
        Seed.
    on_progress : callable, optional
        Called with the share of the epochs done, 0 to 1, never falling. Finding the neighbours
        comes before the first epoch and is not counted. What it raises ends the work.

    Returns
    -------
    Layout
        By `pca` where there are fewer than 4 vectors or all are the same.

    Raises
    ------
    MissingExtra
        If umap-learn is not installed.
    ValueError
        If `vectors` is not a finite matrix.

    References
    ----------
    .. [1] L. McInnes, J. Healy, J. Melville, "UMAP: uniform manifold approximation and projection
       for dimension reduction", arXiv:1802.03426, 2018.
    """
    report = on_progress or _no_report
    report(0.0)
    linear = pca(vectors)
    n = len(vectors)
    if n < _ENOUGH_FOR_UMAP or not linear.explained_ratio.any():
        report(1.0)
        return Layout(linear.coordinates, "pca")
    mapper = _umap_class()(
        n_neighbors=min(n_neighbors, n - 1),
        min_dist=min_dist,
        metric=_UMAP_METRIC[metric],
        init=_start(linear.coordinates, random_state),
        random_state=random_state,
        n_jobs=1,
        tqdm_kwds={
            "disable": on_progress is None,
            "file": _EpochCounter(report),
            "bar_format": "{n_fmt}/{total_fmt}",
        },
    )
    coordinates = mapper.fit_transform(np.asarray(vectors, np.float32))
    report(1.0)
    return Layout(np.asarray(coordinates, np.float32), "umap")


def trustworthiness(
    coordinates: NDArray[np.floating],
    vectors: NDArray[np.floating],
    *,
    metric: Metric,
    n_neighbors: int = 15,
    n_references: int = 1024,
    random_state: int = 42,
    on_progress: OnProgress | None = None,
) -> NDArray[np.float32]:
    """Measure for each point of a map whether its neighbours there are true neighbours [1]_.

    The mean over all points is the trustworthiness of the map as the paper defines it.

    Parameters
    ----------
    coordinates : ndarray of shape (n, 2)
        The map.
    vectors : ndarray of shape (n, dim)
        What it is of, in the same order; of unit norm where the metric is ``"cosine"``.
    metric : {"cosine", "dot", "euclidean"}
        How vectors are compared.
    n_neighbors : int > 0
        How many neighbours on the map are looked at, fewer where there are not so many.
    n_references : int > 0
        Ranks among the vectors are exact up to so many vectors; of more, they are estimated from
        a sample of this size, which is wrong by 1.6 % of n at most (one standard error).
    random_state : int
        Seed of the sample.
    on_progress : callable, optional
        Called with the share of the points done, 0 to 1, never falling.

    Returns
    -------
    ndarray of shape (n,), float32
        1 where all neighbours on the map are true ones, about 0.5 where they might as well have
        been drawn by lot, 0 where they are those farthest away. 1 where n < 3.

    Raises
    ------
    ValueError
        If there are not as many coordinates as vectors.

    References
    ----------
    .. [1] J. Venna, S. Kaski, "Neighborhood preservation in nonlinear projection methods: an
       experimental study", ICANN 2001, LNCS 2130, pp. 485-491.

    Examples
    --------
    >>> vectors = np.array([[0.0], [1.0], [2.0], [10.0], [11.0], [12.0]])
    >>> good, bad = vectors[:, [0, 0]], vectors[[0, 3, 1, 4, 2, 5]][:, [0, 0]]
    >>> trustworthiness(good, vectors, metric="euclidean", n_neighbors=2)
    array([1., 1., 1., 1., 1., 1.], dtype=float32)
    >>> trustworthiness(bad, vectors, metric="euclidean", n_neighbors=2).mean().round(2)
    np.float32(0.47)
    """
    n = len(vectors)
    if len(coordinates) != n:
        raise ValueError(f"{len(coordinates)} coordinates for {n} vectors; give one for each")
    report = on_progress or _no_report
    n_near = min(n_neighbors, (n - 1) // 2)  # beyond that the worst rank is not defined
    if n_near < 1:
        report(1.0)
        return np.ones(n, np.float32)
    nearest = _nearest_on_the_map(coordinates, n_near)
    drawn = np.random.default_rng(random_state).permutation(n)[:n_references]
    references = np.sort(drawn)
    trust = np.empty(n, np.float32)
    for start in range(0, n, _ROWS_COMPARED):
        rows = slice(start, min(n, start + _ROWS_COMPARED))
        ranks = _ranks(vectors, rows, nearest[rows], references, metric)
        worse = np.maximum(ranks - n_near, 0).sum(axis=1)
        trust[rows] = 1 - worse * 2 / (n_near * (2 * n - 3 * n_near - 1))
        report(rows.stop / n)
    return trust


def _nearest_on_the_map(coordinates: NDArray[np.floating], n_near: int) -> NDArray[np.intp]:
    """Find the nearest points of each point, without itself, (n, n_near)."""
    from scipy.spatial import KDTree

    found = np.asarray(KDTree(coordinates).query(coordinates, n_near + 1)[1])
    itself = found == np.arange(len(found))[:, np.newaxis]
    itself[~itself.any(axis=1), -1] = True  # hidden by others at the same place
    others: NDArray[np.intp] = found[~itself].reshape(-1, n_near)
    return others


def _ranks(
    vectors: NDArray[np.floating],
    rows: slice,
    nearest: NDArray[np.intp],
    references: NDArray[np.intp],
    metric: Metric,
) -> NDArray[np.float64]:
    """Tell the place of some points, (n_rows, n_near), among the neighbours of each row."""
    n = len(vectors)
    own = vectors[rows].astype(np.float32, copy=False)
    near = vectors[nearest].astype(np.float32, copy=False)
    among = vectors[references].astype(np.float32, copy=False)
    closeness = own @ among.T
    of_near = np.einsum("id,ikd->ik", own, near)
    if metric == "euclidean":  # the nearer, the larger, as of a product
        closeness -= (among**2).sum(axis=1) / 2
        of_near -= (near**2).sum(axis=2) / 2
    itself = _place_in(references, np.arange(rows.start, rows.stop))
    closeness[itself >= 0, itself[itself >= 0]] = -np.inf
    place = _place_in(references, nearest)
    row, column = np.nonzero(place >= 0)
    of_near[row, column] = closeness[row, place[row, column]]  # to the last bit
    nearer = np.stack([(closeness > each[:, np.newaxis]).sum(axis=1) for each in of_near.T], axis=1)
    compared = len(references) - (itself >= 0)[:, np.newaxis] - (place >= 0)
    ranks: NDArray[np.float64] = 1 + nearer * ((n - 2) / np.maximum(compared, 1))
    return ranks


def _place_in(ascending: NDArray[np.intp], wanted: NDArray[np.intp]) -> NDArray[np.intp]:
    """Find where numbers stand in an ascending array; -1 where they do not."""
    place = np.searchsorted(ascending, wanted).clip(max=len(ascending) - 1)
    found: NDArray[np.intp] = np.where(ascending[place] == wanted, place, -1)
    return found


def _spread_of_few(
    vectors: NDArray[np.floating], mean: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find variances (times n) and directions where vectors are fewer than dimensions."""
    _, scales, directions = np.linalg.svd(vectors - mean, full_matrices=False)
    return scales**2, directions


def _spread_of_many(
    vectors: NDArray[np.floating], mean: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the same from the scatter matrix, which is small however many vectors there are."""
    dim = vectors.shape[1]
    centre = mean.astype(np.float32)
    scatter = np.zeros((dim, dim))
    for rows in _blocks(len(vectors)):
        centred = (vectors[rows] - centre).astype(np.float32, copy=False)
        scatter += centred.T @ centred
    variances, directions = np.linalg.eigh(scatter)
    return variances, directions.T


def _with_fixed_signs(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    largest = np.abs(directions).argmax(axis=1)
    signs = np.sign(directions[np.arange(len(directions)), largest])
    fixed: NDArray[np.float64] = directions * signs[:, None]
    return fixed


def _blocks(n: int) -> list[slice]:
    return [slice(start, start + _ROWS_AT_ONCE) for start in range(0, n, _ROWS_AT_ONCE)]


def _start(coordinates: NDArray[np.float32], random_state: int) -> NDArray[np.float32]:
    """Nudge points apart: UMAP cannot part those that start at the same place, or on one line."""
    jitter = np.random.default_rng(random_state).standard_normal(coordinates.shape)
    nudged: NDArray[np.float64] = coordinates + 1e-3 * np.abs(coordinates).max() * jitter
    return nudged.astype(np.float32)


class _EpochCounter(io.TextIOBase):
    """Reads the progress bar that UMAP writes, for it offers no other way to follow it."""

    def __init__(self, report: OnProgress) -> None:
        self._report = report

    def write(self, text: str) -> int:
        for done, total in re.findall(r"(\d+)/(\d+)", text):
            self._report(int(done) / int(total))
        return len(text)


def _no_report(_share: float) -> None:
    """Follow nothing."""


def _umap_class() -> type:
    try:
        from umap import UMAP
    except ModuleNotFoundError as error:
        if error.name != "umap":
            raise  # present but broken: hiding that would send the user the wrong way
        raise MissingExtra(
            "umap-learn is not installed; run: pip install umap-learn. "
            "Without it, maps are made by PCA"
        ) from None
    umap_class: type = UMAP
    return umap_class


def _check_finite(vectors: NDArray[np.floating]) -> None:
    if vectors.ndim != 2:
        raise ValueError(f"vectors have shape {vectors.shape}; (n, dim) is needed")
    for rows in _blocks(len(vectors)):
        if not np.isfinite(vectors[rows]).all():
            row = rows.start + int(np.argmin(np.isfinite(vectors[rows]).all(axis=1)))
            raise ValueError(f"row {row} of the vectors is not finite; leave it out")
