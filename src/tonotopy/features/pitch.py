"""Pitch without notes: how periodic the frames of a sound are, and how fast they repeat.

References
----------
.. [1] P. McLeod and G. Wyvill, "A smarter way to find pitch", ICMC 2005.
.. [2] T. Tolonen and M. Karjalainen, "A computationally efficient multipitch analysis model", IEEE
   Transactions on Speech and Audio Processing 8(6), 2000.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tonotopy.features.spectra import hann

__all__ = ["LOWEST_HZ", "fundamental", "periodicity"]

LOWEST_HZ = 44.0  #: that `fundamental` finds
_HIGHEST_HZ = 4200.0
_BAND_HZ = 5000.0  # what is above tells nothing of the fundamental
_FINER = 2  # lags come this much denser than samples of such a band would
_NEARLY = 0.9  # of the highest peak: the first that is as high is the period [1]_


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


def fundamental(
    power: NDArray[np.float32], *, frame: int, n_fft: int, sample_rate: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Find the fundamental of frames: the first high peak of the autocorrelation [1]_.

    Magnitudes below 5 kHz take the place of power [2]_, so that a strong partial does not hide the
    others.

    Parameters
    ----------
    power : ndarray of shape (n_frames, n_fft // 2 + 1)
        Squared magnitudes of Hann-windowed frames.
    frame, n_fft : int > 0
        Samples in a frame, and in its transform, zeros behind the frame; four periods of the
        lowest fundamental at least.
    sample_rate : float > 0
        Hz.

    Returns
    -------
    frequency : ndarray of shape (n_frames,)
        Hz, from `LOWEST_HZ` to 4200; meaningless where the strength is low.
    strength : ndarray of shape (n_frames,)
        From 0, noise or silence, to 1, a steady tone.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 220 / 8000 * np.arange(720, dtype=np.float32)) * hann(720)
    >>> power = np.square(np.abs(np.fft.rfft(tone))).astype(np.float32)[np.newaxis]
    >>> frequency, strength = fundamental(power, frame=720, n_fft=720, sample_rate=8000)
    >>> frequency.round(), strength.round(1)
    (array([220.], dtype=float32), array([1.], dtype=float32))
    """
    from scipy.fft import irfft

    resolution = sample_rate / n_fft
    n_bins = min(power.shape[1], int(_BAND_HZ / resolution) + 1)
    n_lags = 2 * _FINER * int(_BAND_HZ / resolution)
    rate = n_lags * resolution  # lags per second
    lags = slice(int(rate / _HIGHEST_HZ) - 1, int(rate / LOWEST_HZ) + 2)
    correlation = irfft(np.sqrt(power[:, :n_bins]), n_lags, axis=1)[:, : lags.stop]
    likeness = correlation / np.maximum(correlation[:, :1], np.float32(1e-20))
    likeness = likeness[:, lags] * _lag_gains(frame, n_fft, n_lags)[lags]
    inner = likeness[:, 1:-1]
    peaks = (inner > likeness[:, :-2]) & (inner >= likeness[:, 2:])
    heights = np.where(peaks, inner, np.float32(0))
    place = (heights >= _NEARLY * heights.max(axis=1, keepdims=True)).argmax(axis=1)
    rows = np.arange(len(power))
    left, top, right = (likeness[rows, place + shift] for shift in (0, 1, 2))
    bend = np.minimum(left - 2 * top + right, np.float32(-1e-9))
    lag = lags.start + 1 + place + np.clip(0.5 * (left - right) / bend, -0.5, 0.5)
    return (rate / lag).astype(np.float32), np.clip(heights[rows, place], 0, 1)


@lru_cache(maxsize=8)
def _lag_gains(frame: int, n_fft: int, n_lags: int) -> NDArray[np.float32]:
    """Tell what makes up for the window, whose overlap with itself falls as the lag grows."""
    spectrum = np.abs(np.fft.rfft(hann(frame), n_fft))
    window = np.fft.irfft(spectrum, n_lags)[: n_lags // 2]
    gains: NDArray[np.float32] = window[0] / np.maximum(window, 0.2 * window[0])
    return gains.astype(np.float32)


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
