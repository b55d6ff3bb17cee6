"""Mel bands and what is computed from them: cepstra and their changes over time."""

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tonotopy.features.spectra import fft_frequencies

__all__ = ["MelScale", "cosine_basis", "deltas", "hz_to_mel", "mel_filters", "mel_to_hz"]

MelScale = Literal["slaney", "htk"]

_SLANEY_LINEAR_HZ = 200 / 3  # Hz per mel below the break
_SLANEY_BREAK_HZ = 1000.0
_SLANEY_BREAK_MEL = _SLANEY_BREAK_HZ / _SLANEY_LINEAR_HZ
_SLANEY_LOG_STEP = np.log(6.4) / 27


def hz_to_mel(hz: NDArray[np.float64], *, scale: MelScale = "slaney") -> NDArray[np.float64]:
    """Turn frequencies into mels.

    Parameters
    ----------
    hz : ndarray
        Frequencies, at least 0.
    scale : {"slaney", "htk"}
        Slaney's Auditory Toolbox, linear up to 1 kHz and logarithmic above, or HTK's formula
        ``2595 log10(1 + hz / 700)``.

    Returns
    -------
    ndarray of the shape of ``hz``
        Mels of that scale.

    Examples
    --------
    >>> hz_to_mel(np.array([0.0, 1000.0, 6400.0]))
    array([ 0., 15., 42.])
    """
    if scale == "htk":
        return 2595 * np.log10(1 + hz / 700)
    logarithmic = (
        _SLANEY_BREAK_MEL
        + np.log(np.maximum(hz, _SLANEY_BREAK_HZ) / _SLANEY_BREAK_HZ) / _SLANEY_LOG_STEP
    )
    return np.where(hz < _SLANEY_BREAK_HZ, hz / _SLANEY_LINEAR_HZ, logarithmic)


def mel_to_hz(mel: NDArray[np.float64], *, scale: MelScale = "slaney") -> NDArray[np.float64]:
    """Turn mels into frequencies; the inverse of `hz_to_mel`.

    Examples
    --------
    >>> mel_to_hz(np.array([0.0, 15.0, 42.0]))
    array([   0., 1000., 6400.])
    """
    if scale == "htk":
        return 700 * (10 ** (mel / 2595) - 1)
    logarithmic = _SLANEY_BREAK_HZ * np.exp(
        _SLANEY_LOG_STEP * (np.maximum(mel, _SLANEY_BREAK_MEL) - _SLANEY_BREAK_MEL)
    )
    return np.where(mel < _SLANEY_BREAK_MEL, mel * _SLANEY_LINEAR_HZ, logarithmic)


@lru_cache(maxsize=16)
def mel_filters(
    n_mels: int,
    *,
    n_fft: int,
    sample_rate: int,
    low_hz: float = 0.0,
    high_hz: float | None = None,
    scale: MelScale = "slaney",
    equal_area: bool = True,
) -> NDArray[np.float32]:
    """Make triangular filters that sum the bins of a spectrum into mel bands.

    Parameters
    ----------
    n_mels : int > 0
        Number of bands.
    n_fft, sample_rate : int > 0
        Of the spectrum, in samples and Hz.
    low_hz, high_hz : float >= 0
        Where the first band starts and the last ends; half the sample rate by default.
    scale : {"slaney", "htk"}
        The mel scale on which the bands are evenly spaced.
    equal_area : bool
        Whether triangles have the same area, so that wide bands do not look louder; otherwise
        each peaks at 1.

    Returns
    -------
    ndarray of shape (n_fft // 2 + 1, n_mels)
        Weights; ``spectra @ mel_filters(...)`` gives the bands. Read-only, because it is shared.

    Examples
    --------
    >>> mel_filters(2, n_fft=8, sample_rate=8000, scale="htk", equal_area=False).round(2)
    array([[0.  , 0.  ],
           [0.68, 0.32],
           [0.  , 0.91],
           [0.  , 0.45],
           [0.  , 0.  ]], dtype=float32)
    """
    high_hz = sample_rate / 2 if high_hz is None else high_hz
    limits = hz_to_mel(np.array([low_hz, high_hz]), scale=scale)
    corners = mel_to_hz(np.linspace(limits[0], limits[1], n_mels + 2), scale=scale)
    start, peak, end = corners[:-2], corners[1:-1], corners[2:]
    bins = fft_frequencies(n_fft, sample_rate=sample_rate)[:, np.newaxis]
    rising, falling = (bins - start) / (peak - start), (end - bins) / (end - peak)
    weights = np.maximum(0, np.minimum(rising, falling))
    if equal_area:
        weights *= 2 / (end - start)
    filters = weights.astype(np.float32)
    filters.flags.writeable = False
    return filters


@lru_cache(maxsize=16)
def cosine_basis(n_inputs: int, n_outputs: int) -> NDArray[np.float32]:
    """Make the first functions of the orthonormal type-II discrete cosine transform.

    Parameters
    ----------
    n_inputs : int > 0
        Length of what is transformed, e.g. the number of mel bands.
    n_outputs : int, 1 to n_inputs
        Number of coefficients wanted, from the lowest.

    Returns
    -------
    ndarray of shape (n_inputs, n_outputs)
        ``levels @ cosine_basis(...)`` gives the coefficients. Read-only, because it is shared.

    Examples
    --------
    >>> np.float32([1, 1, 1, 1]) @ cosine_basis(4, 2).round(6)
    array([2., 0.], dtype=float32)
    """
    angle = np.pi / n_inputs * np.outer(np.arange(n_inputs) + 0.5, np.arange(n_outputs))
    basis = np.cos(angle) * np.sqrt(2 / n_inputs)
    basis[:, 0] = np.sqrt(1 / n_inputs)
    shared: NDArray[np.float32] = basis.astype(np.float32)
    shared.flags.writeable = False
    return shared


def deltas(values: NDArray[np.float32], *, reach: int = 2) -> NDArray[np.float32]:
    """Measure how values change from frame to frame, as the slope of a fitted line.

    Parameters
    ----------
    values : ndarray of shape (n, n_frames, n_values)
        Any features over time.
    reach : int > 0
        Frames on each side that the line is fitted to; the ends are repeated.

    Returns
    -------
    ndarray of shape (n, n_frames, n_values)
        Change per frame.

    Examples
    --------
    >>> deltas(np.float32([[[0], [1], [2], [3], [4]]]), reach=1).ravel()
    array([0.5, 1. , 1. , 1. , 0.5], dtype=float32)
    """
    n_frames = values.shape[1]
    padded = np.pad(values, ((0, 0), (reach, reach), (0, 0)), mode="edge")
    slope = np.zeros_like(values)
    for step in range(1, reach + 1):
        ahead = padded[:, reach + step : reach + step + n_frames]
        behind = padded[:, reach - step : reach - step + n_frames]
        slope += np.float32(step) * (ahead - behind)
    return slope / np.float32(2 * sum(step * step for step in range(1, reach + 1)))
