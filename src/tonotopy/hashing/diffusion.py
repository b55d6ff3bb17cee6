"""Diffused vectors: near are rows between which a walk from neighbour to neighbour is short.

Sounds of one kind often lie along a bent band, so that its ends are farther apart than either is
from other kinds. A random walk on the graph of nearest neighbours follows the band. The inner
products of diffused vectors are the entries of ``(1 - kept * graph)^-1``, which sums walks of all
lengths [1]_, as far as so few dimensions can tell them; the vectors are then made unit.

A row that was not there lies where its nearest landmarks lie.

References
----------
.. [1] D. Zhou, J. Weston, A. Gretton, O. Bousquet and B. Schölkopf, "Ranking on data manifolds",
   NeurIPS 2003.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tonotopy.hashing.propagation import neighbour_graph
from tonotopy.hashing.scaling import unit_rows

__all__ = ["Diffusion", "diffuse", "learn_diffusion"]

_KEPT = 0.97  #: share of a walk that goes on at every step
_N_NEAREST = 10  #: landmarks that say where a row lies
_N_DIMENSIONS = 256
_ROWS_AT_ONCE = 512  #: with all positions near them in memory


class Diffusion(NamedTuple):
    """Rows whose place after the walk is known."""

    landmarks: NDArray[np.float32]  #: (n_landmarks, dim), of unit norm
    positions: NDArray[np.float32]  #: (n_landmarks, n_dimensions), of unit norm


def learn_diffusion(landmarks: NDArray[np.float32]) -> Diffusion:
    """Let walks go over rows.

    Parameters
    ----------
    landmarks : ndarray of shape (n, dim)
        Of unit norm, at least one; of equal rows the first counts. Time grows with their number
        cubed: 2,048 take some seconds.

    Returns
    -------
    Diffusion
        With as many dimensions as there are distinct rows, at most 256.
    """
    firsts = np.unique(landmarks, axis=0, return_index=True)[1]
    distinct = np.ascontiguousarray(landmarks[np.sort(firsts)])
    ascending, columns = np.linalg.eigh(neighbour_graph(distinct).toarray())
    last = slice(max(0, len(distinct) - _N_DIMENSIONS), None)
    largest = np.abs(columns).argmax(axis=0)
    signs = np.sign(columns[largest, np.arange(len(distinct))])
    walks = (signs * columns / np.sqrt(1 - _KEPT * ascending))[:, last]
    return Diffusion(distinct, unit_rows(walks))


def diffuse(
    rows: NDArray[np.float32], learned: Diffusion, precision: type[np.floating] = np.float64
) -> NDArray[np.float32]:
    """Say where rows lie after the walk.

    Parameters
    ----------
    rows : ndarray of shape (n, dim)
        Of unit norm.
    learned : Diffusion
        From `learn_diffusion`.
    precision : type, default=numpy.float64
        In which it is computed. Codes take float64, as `posteriors` says; float32 is enough for
        queries.

    Returns
    -------
    ndarray of shape (n, n_dimensions)
        The mean of the nearest ten landmarks' positions, of unit norm. A landmark weighs by how
        much nearer it is than the eleventh (of fewer, than the farthest), so that none comes or
        goes with a jump. A row to which all are equally near gets zeros.

    Examples
    --------
    >>> learned = learn_diffusion(np.array([[1.0, 0.0], [0.8, 0.6], [-1.0, 0.0]], np.float32))
    >>> walked = diffuse(np.array([[1.0, 0.0], [0.6, 0.8], [-1.0, 0.0]], np.float32), learned)
    >>> (walked @ walked.T).round(1)
    array([[1. , 1. , 0.1],
           [1. , 1. , 0.1],
           [0.1, 0.1, 1. ]], dtype=float32)
    """
    landmarks, positions = (each.astype(precision, copy=False) for each in learned)
    found = np.empty((len(rows), positions.shape[1]), np.float32)
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        block = slice(start, start + _ROWS_AT_ONCE)
        nearest, weights = _nearest(rows[block].astype(precision, copy=False) @ landmarks.T)
        found[block] = unit_rows((weights[:, None] @ positions[nearest])[:, 0])
    return found


def _nearest(
    cosines: NDArray[np.floating],
) -> tuple[NDArray[np.intp], NDArray[np.floating]]:
    """Find the largest of each row and how far they stand above the next."""
    n_landmarks = cosines.shape[1]
    if n_landmarks == 1:
        return np.zeros(cosines.shape, np.intp), np.ones(cosines.shape)
    floor = min(_N_NEAREST, n_landmarks - 1)
    places = np.argpartition(cosines, n_landmarks - 1 - floor, axis=1)[:, -floor - 1 :]
    places = np.sort(places, axis=1)  # sums must not depend on how the partition went
    found = np.take_along_axis(cosines, places, axis=1)
    return places, found - found.min(axis=1, keepdims=True)
