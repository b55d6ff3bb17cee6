"""Pitch without notes: how periodic the frames of a sound are, and how fast they repeat."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tonotopy.features.spectra import hann

__all__ = ["periodicity"]


def periodicity(
    power: NDArray[np.float32], *, n_fft: int, lags: range
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Measure how well each frame repeats itself within a range of lags, and at which.

    The autocorrelation comes from the power spectrum of Hann-windowed frames and is divided by
    that of the window, so that a steady tone has strength 1 at its period.

    Parameters
    ----------
    power : ndarray of shape (n, n_frames, n_bins)
        Squared magnitudes of the lowest bins; those left out count as 0.
    n_fft : int > 0
        Samples in a frame.
    lags : range
        Lags to look at, in samples, above 0 and below half a frame.

    Returns
    -------
    strength : ndarray of shape (n, n_frames)
        Largest autocorrelation at these lags, from 0 (noise, silence) to 1 (a steady tone).
    octave : ndarray of shape (n, n_frames)
        Binary logarithm of the lag, averaged over the lags near the peaks.

    Examples
    --------
    >>> tone = np.cos(2 * np.pi / 32 * np.arange(256, dtype=np.float32)) * hann(256)
    >>> power = np.square(np.abs(np.fft.rfft(tone))).astype(np.float32)[np.newaxis, np.newaxis]
    >>> strength, octave = periodicity(power, n_fft=256, lags=range(20, 50))
    >>> strength.round(2), octave.round(1)
    (array([[1.]], dtype=float32), array([[5.]], dtype=float32))
    """
    cosines, octaves = _cosines(power.shape[-1], n_fft, lags)
    correlation = power @ cosines
    energy = np.maximum(correlation[..., :1], np.float32(1e-20))
    likeness = correlation[..., 1:]
    likeness /= energy
    np.clip(likeness, 0, 1, out=likeness)
    # the eighth power follows the peak, yet lets equal peaks share instead of one winning by chance
    peaked = np.square(np.square(np.square(likeness))) + np.float32(1e-9)
    return likeness.max(axis=-1), (peaked @ octaves) / peaked.sum(axis=-1)


@lru_cache(maxsize=4)
def _cosines(
    n_bins: int, n_fft: int, lags: range
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Prepare what takes power spectra to autocorrelations at lag 0 and at ``lags``.

    Lag by lag they are divided by the autocorrelation of the window, circular as that of spectra.
    """
    window = np.fft.irfft(np.square(np.abs(np.fft.rfft(hann(n_fft)))), n=n_fft)
    wanted = np.array([0, *lags])
    parts = np.full(n_bins, 2.0)  # bins stand for themselves and their mirror image
    parts[0] = 1
    if n_bins == n_fft // 2 + 1:
        parts[-1] = 1
    cosines = parts[:, np.newaxis] * np.cos(2 * np.pi / n_fft * np.outer(np.arange(n_bins), wanted))
    cosines *= window[0] / window[wanted]
    return cosines.astype(np.float32), np.log2(wanted[1:]).astype(np.float32)
