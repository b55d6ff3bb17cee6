"""Maps: vectors laid out in the plane, near what they are like.

`pca` is linear, exact and quick; `umap` keeps neighbourhoods together and takes its time, several
seconds before the first epoch, while its code is compiled. UMAP starts from the principal
components, so that its map is the other one unfolded, with the same things left and right.
"""

import io
import re
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import Metric
from tonotopy.errors import MissingExtra

__all__ = ["Layout", "PrincipalComponents", "pca", "umap"]

_ROWS_AT_ONCE = 8192
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
