"""From samples to spectra: frames, the short-time Fourier transform and decibels.

Everything works on a batch of signals of equal length, one per row, in float32. Frames come before
frequencies: a spectrogram has the shape (n, n_frames, n_bins).
"""

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Padding", "centred", "decibels", "fft_frequencies", "frames", "hann", "magnitudes"]

Padding = Literal["reflect", "zeros", "edge"]

_NUMPY_MODES: dict[str, Literal["reflect", "constant", "edge"]] = {
    "reflect": "reflect",
    "zeros": "constant",
    "edge": "edge",
}


@lru_cache(maxsize=16)
def hann(length: int, *, periodic: bool = True) -> NDArray[np.float32]:
    """Make a Hann window.

    Parameters
    ----------
    length : int > 1
        Number of samples.
    periodic : bool
        Whether the next sample after the last would be the first, as spectral analysis wants
        it; otherwise the window is symmetric, and both its ends are 0.

    Returns
    -------
    ndarray of shape (length,)
        Values from 0 to 1; read-only, because it is shared.

    Examples
    --------
    >>> hann(4)
    array([0. , 0.5, 1. , 0.5], dtype=float32)
    >>> hann(5, periodic=False)
    array([0. , 0.5, 1. , 0.5, 0. ], dtype=float32)
    """
    phase = np.arange(length) * (2 * np.pi / (length if periodic else length - 1))
    window: NDArray[np.float32] = (0.5 - 0.5 * np.cos(phase)).astype(np.float32)
    window.flags.writeable = False
    return window


def fft_frequencies(n_fft: int, *, sample_rate: float) -> NDArray[np.float64]:
    """Tell the frequency of each bin of a spectrum, in Hz.

    Examples
    --------
    >>> fft_frequencies(4, sample_rate=8000)
    array([   0., 2000., 4000.])
    """
    return np.arange(n_fft // 2 + 1, dtype=np.float64) * np.float64(sample_rate / n_fft)


def centred(
    signals: NDArray[np.float32], *, length: int, padding: Padding = "reflect"
) -> NDArray[np.float32]:
    """Pad signals so that frame t of ``length`` samples is centred on sample t * hop.

    Parameters
    ----------
    signals : ndarray of shape (n, n_samples)
        One signal a row; longer than half a frame if they are to be reflected.
    length : int > 0
        Length of the frames that will be cut.
    padding : {"reflect", "zeros", "edge"}
        What stands beyond the ends.

    Returns
    -------
    ndarray of shape (n, n_samples + 2 * (length // 2))
        The padded signals.

    Examples
    --------
    >>> centred(np.float32([[1, 2, 3]]), length=4, padding="reflect")
    array([[3., 2., 1., 2., 3., 2., 1.]], dtype=float32)
    """
    reach = length // 2
    return np.pad(signals, ((0, 0), (reach, reach)), mode=_NUMPY_MODES[padding])


def frames(signals: NDArray[np.float32], *, length: int, hop: int) -> NDArray[np.float32]:
    """Cut signals into overlapping frames, as a read-only view.

    Parameters
    ----------
    signals : ndarray of shape (n, n_samples)
        One signal a row, each at least ``length`` long.
    length, hop : int > 0
        Samples in a frame and between the starts of two frames.

    Returns
    -------
    ndarray of shape (n, 1 + (n_samples - length) // hop, length)
        The frames; what does not fill a last frame is left out.

    Examples
    --------
    >>> frames(np.float32([[0, 1, 2, 3, 4, 5]]), length=4, hop=2)
    array([[[0., 1., 2., 3.],
            [2., 3., 4., 5.]]], dtype=float32)
    """
    return np.lib.stride_tricks.sliding_window_view(signals, length, axis=1)[:, ::hop]


def magnitudes(
    signals: NDArray[np.float32],
    *,
    n_fft: int,
    hop: int,
    window: NDArray[np.float32] | None = None,
    padding: Padding | None = "reflect",
) -> NDArray[np.float32]:
    """Measure the magnitude of the short-time Fourier transform.

    Parameters
    ----------
    signals : ndarray of shape (n, n_samples)
        One signal a row.
    n_fft, hop : int > 0
        Samples in a frame and between two frames.
    window : ndarray of shape (n_fft,), optional
        What each frame is multiplied by; a periodic Hann window by default.
    padding : {"reflect", "zeros", "edge"} or None
        How signals are padded for frames centred on 0, hop, 2 hop, ...; None cuts the first
        frame at the first sample and pads nothing.

    Returns
    -------
    ndarray of shape (n, n_frames, n_fft // 2 + 1)
        Magnitudes, float32.

    Examples
    --------
    >>> tone = np.cos(np.pi / 4 * np.arange(16, dtype=np.float32))[np.newaxis]
    >>> magnitudes(tone, n_fft=8, hop=8, window=np.ones(8, np.float32), padding=None).round(3)
    array([[[0., 4., 0., 0., 0.],
            [0., 4., 0., 0., 0.]]], dtype=float32)
    """
    from scipy.fft import rfft  # twice as fast as numpy's on short float32 frames

    if padding is not None:
        signals = centred(signals, length=n_fft, padding=padding)
    window = hann(n_fft) if window is None else window
    spectra = rfft(frames(signals, length=n_fft, hop=hop) * window, axis=-1, overwrite_x=True)
    found: NDArray[np.float32] = np.abs(spectra)
    return found


def decibels(
    power: NDArray[np.float32],
    *,
    reference: ArrayLike = 1.0,
    floor: float = 1e-10,
    top_db: float | None = 80.0,
) -> NDArray[np.float32]:
    """Turn power into decibels, each item of the batch by itself.

    Parameters
    ----------
    power : ndarray of shape (n, ...)
        Squared magnitudes, at least 0.
    reference : float or ndarray that broadcasts against ``power``
        The power that becomes 0 dB.
    floor : float > 0
        Powers and references below it count as this much.
    top_db : float > 0 or None
        Values this far below the loudest of their item are raised to there; None leaves them.

    Returns
    -------
    ndarray of the shape of ``power``
        Decibels, float32.

    Examples
    --------
    >>> decibels(np.float32([[1, 10, 0]]))
    array([[  0.,  10., -70.]], dtype=float32)
    """
    level: NDArray[np.float32] = np.float32(10) * np.log10(np.maximum(power, np.float32(floor)))
    level -= 10 * np.log10(np.maximum(np.asarray(reference, np.float32), np.float32(floor)))
    if top_db is None or not level.size:
        return level
    loudest = level.max(axis=tuple(range(1, level.ndim)), keepdims=True)
    np.maximum(level, loudest - np.float32(top_db), out=level)
    return level
