"""What remains of curves over time when time is summed away.

Curves have the shape (n, n_frames, n_values); a statistic of a window comes back as (n, n_values).
Weights and masks say which frames count, so that silence around a short sound does not.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["modulation", "moments", "percentiles", "skewness"]


def moments(
    curves: NDArray[np.float32], weights: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Find the weighted mean and standard deviation over the frames.

    Parameters
    ----------
    curves : ndarray of shape (n, n_frames, n_values)
        What was measured in each frame.
    weights : ndarray of shape (n, n_frames)
        How much each frame counts, at least 0; each row sums to 1, or to 0 where no frame counts.

    Returns
    -------
    mean, deviation : ndarray of shape (n, n_values)
        0 where no frame counts.

    Examples
    --------
    >>> moments(np.float32([[[1], [3], [99]]]), np.float32([[0.5, 0.5, 0]]))
    (array([[2.]], dtype=float32), array([[1.]], dtype=float32))
    """
    mean = _weighted_sum(curves, weights)
    variance = _weighted_sum(np.square(curves - mean[:, np.newaxis]), weights)
    return mean, np.sqrt(variance)


def skewness(
    curves: NDArray[np.float32], weights: NDArray[np.float32], *, softening: float
) -> NDArray[np.float32]:
    """Measure whether values over the frames have their long tail above or below the mean.

    Parameters
    ----------
    curves, weights : ndarray of shape (n, n_frames, n_values) and (n, n_frames)
        As `moments` takes them.
    softening : float > 0
        Added to the variance: deviations well below its root count for little.

    Returns
    -------
    ndarray of shape (n, n_values)
        Above 0 where rare values are large, below where they are small.

    Examples
    --------
    >>> weights = np.full((1, 4), 0.25, np.float32)
    >>> skewness(np.float32([[[0], [0], [0], [8]]]), weights, softening=1e-6).round(3)
    array([[1.155]], dtype=float32)
    """
    centred = curves - _weighted_sum(curves, weights)[:, np.newaxis]
    squared = np.square(centred)
    third = _weighted_sum(squared * centred, weights)
    return third / (_weighted_sum(squared, weights) + np.float32(softening)) ** np.float32(1.5)


def percentiles(
    curves: NDArray[np.float32], present: NDArray[np.bool_], percents: tuple[float, ...]
) -> NDArray[np.float32]:
    """Find the values that given percents of the present frames do not exceed.

    Parameters
    ----------
    curves : ndarray of shape (n, n_frames, n_values)
        What was measured in each frame.
    present : ndarray of shape (n, n_frames)
        Which frames count.
    percents : tuple of float, 0 to 100
        Nearest-rank percentiles wanted.

    Returns
    -------
    ndarray of shape (n, len(percents) * n_values)
        All values at the first percent, then at the second, ...; 0 where no frame is present.

    Examples
    --------
    >>> curves = np.float32([[[5], [1], [3], [99]]])
    >>> percentiles(curves, np.array([[True, True, True, False]]), (0, 50, 100))
    array([[1., 3., 5.]], dtype=float32)
    """
    ordered = np.sort(np.where(present[..., np.newaxis], curves, np.float32(np.inf)), axis=1)
    count = present.sum(axis=1)
    last = np.maximum(count - 1, 0)
    rows = np.arange(len(curves))
    found = [ordered[rows, np.rint(percent / 100 * last).astype(np.intp)] for percent in percents]
    joined: NDArray[np.float32] = np.concatenate(found, axis=1)
    joined[count == 0] = 0
    return joined


def modulation(
    curves: NDArray[np.float32], *, frame_rate: float, edges_hz: tuple[float, ...]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Measure how strongly and how fast curves go up and down.

    The curves are taken as they are, without a taper: what happens at the very start of a
    window counts like what happens in its middle.

    Parameters
    ----------
    curves : ndarray of shape (n, n_frames, n_values)
        What was measured in each frame.
    frame_rate : float > 0
        Frames per second.
    edges_hz : tuple of float
        Band b of modulation rates is from ``edges_hz[b]`` to below ``edges_hz[b + 1]``; each must
        hold a multiple of the resolution, ``frame_rate`` over the next power of two of n_frames.

    Returns
    -------
    power : ndarray of shape (n, n_bands, n_values)
        Mean squared magnitude of the Fourier transform over time in each band.
    total : ndarray of shape (n, n_values)
        Sum over the frames of each curve, the magnitude at rate 0.

    Examples
    --------
    >>> wobble = np.cos(np.pi / 2 * np.arange(8, dtype=np.float32))[np.newaxis, :, np.newaxis]
    >>> power, total = modulation(wobble, frame_rate=8, edges_hz=(0.5, 1.5, 2.5))
    >>> power.ravel().round(3), total.round(3)
    (array([ 0., 16.], dtype=float32), array([[0.]], dtype=float32))
    """
    from scipy.fft import rfft

    n_fft = 1 << (curves.shape[1] - 1).bit_length()
    spectra = np.abs(rfft(curves, n=n_fft, axis=1))
    rates = np.arange(n_fft // 2 + 1) * (frame_rate / n_fft)
    first = np.searchsorted(rates, edges_hz)
    power = np.square(spectra)
    bands = [power[:, start:end].mean(axis=1) for start, end in pairwise(first)]
    return np.stack(bands, axis=1), spectra[:, 0]


def _weighted_sum(curves: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    summed: NDArray[np.float32] = np.matmul(weights[:, np.newaxis], curves)[:, 0]
    return summed
