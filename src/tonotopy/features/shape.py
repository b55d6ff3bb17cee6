"""The shape of a frame in a few numbers: how loud, how bright, how tonal, how changing.

Spectra have the shape (n, n_frames, n_bins), signals (n, n_samples); each number of a frame comes
back as (n, n_frames).
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tonotopy.features.spectra import Padding, centred, frames

__all__ = [
    "bandwidth",
    "centroid",
    "contrast",
    "crest",
    "flatness",
    "flux",
    "rms",
    "rolloff",
    "zero_crossing_rate",
]


def centroid(
    spectra: NDArray[np.float32], frequencies: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Find the mean frequency of each frame, weighted by magnitude.

    Parameters
    ----------
    spectra : ndarray of shape (n, n_frames, n_bins)
        Magnitudes.
    frequencies : ndarray of shape (n_bins,)
        Frequency of each bin, in Hz.

    Returns
    -------
    ndarray of shape (n, n_frames)
        Hz; 0 where a frame is silent.

    Examples
    --------
    >>> centroid(np.float32([[[1, 1, 0], [0, 0, 0]]]), np.array([100.0, 200.0, 300.0]))
    array([[150.,   0.]], dtype=float32)
    """
    moment = spectra @ frequencies.astype(np.float32)
    return _ratio(moment, spectra.sum(axis=-1))


def rolloff(
    spectra: NDArray[np.float32], frequencies: NDArray[np.floating], *, share: float = 0.85
) -> NDArray[np.float32]:
    """Find the frequency below which a share of each frame's magnitude lies.

    Parameters
    ----------
    spectra : ndarray of shape (n, n_frames, n_bins)
        Magnitudes.
    frequencies : ndarray of shape (n_bins,)
        Frequency of each bin, in Hz.
    share : float, 0 to 1
        The share.

    Returns
    -------
    ndarray of shape (n, n_frames)
        Hz; that of the first bin where a frame is silent.

    Examples
    --------
    >>> rolloff(np.float32([[[8, 1, 1], [0, 0, 0]]]), np.array([100.0, 200.0, 300.0]))
    array([[200., 100.]], dtype=float32)
    """
    below = np.cumsum(spectra, axis=-1)
    reached = below >= np.float32(share) * below[..., -1:]
    found: NDArray[np.float32] = frequencies.astype(np.float32)[reached.argmax(axis=-1)]
    return found


def bandwidth(
    spectra: NDArray[np.float32], frequencies: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Find how far frequencies spread around the centroid of each frame, weighted by magnitude.

    Parameters
    ----------
    spectra : ndarray of shape (n, n_frames, n_bins)
        Magnitudes.
    frequencies : ndarray of shape (n_bins,)
        Frequency of each bin, in Hz.

    Returns
    -------
    ndarray of shape (n, n_frames)
        Standard deviation in Hz; 0 where a frame is silent.

    Examples
    --------
    >>> bandwidth(np.float32([[[1, 0, 1], [0, 0, 0]]]), np.array([100.0, 200.0, 300.0]))
    array([[100.,   0.]], dtype=float32)
    """
    mean_square = _ratio(spectra @ np.square(frequencies).astype(np.float32), spectra.sum(axis=-1))
    return np.sqrt(np.maximum(mean_square - np.square(centroid(spectra, frequencies)), 0))


def flatness(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Measure how much each frame's spectrum is like noise: the geometric over the mean power.

    Parameters
    ----------
    power : ndarray of shape (n, n_frames, n_bins)
        Squared magnitudes, all above 0.

    Returns
    -------
    ndarray of shape (n, n_frames)
        Natural logarithm of the ratio: 0 for a flat spectrum, far below for a tone.

    Examples
    --------
    >>> flatness(np.float32([[[1, 1, 1], [1, 100, 1]]])).round(3)
    array([[ 0.   , -1.991]], dtype=float32)
    """
    measured: NDArray[np.float32] = np.log(power).mean(axis=-1) - np.log(power.mean(axis=-1))
    return measured


def crest(spectra: NDArray[np.float32]) -> NDArray[np.float32]:
    """Measure how much of each frame's magnitude lies in its largest bin.

    Parameters
    ----------
    spectra : ndarray of shape (n, n_frames, n_bins)
        Magnitudes.

    Returns
    -------
    ndarray of shape (n, n_frames)
        1 / n_bins for a flat spectrum to 1 for a pure tone; 0 where a frame is silent.

    Examples
    --------
    >>> crest(np.float32([[[1, 3, 0], [0, 0, 0]]]))
    array([[0.75, 0.  ]], dtype=float32)
    """
    return _ratio(spectra.max(axis=-1), spectra.sum(axis=-1))


def flux(spectra: NDArray[np.float32]) -> NDArray[np.float32]:
    """Measure how far each frame's spectrum is from the one before it.

    Parameters
    ----------
    spectra : ndarray of shape (n, n_frames, n_bins)
        Magnitudes.

    Returns
    -------
    ndarray of shape (n, n_frames)
        Euclidean distance divided by the number of bins; 0 for the first frame.

    Examples
    --------
    >>> flux(np.float32([[[0, 0], [3, 4], [3, 4]]]))
    array([[0. , 2.5, 0. ]], dtype=float32)
    """
    change = np.linalg.norm(np.diff(spectra, axis=1), axis=-1) / spectra.shape[-1]
    return np.pad(change, ((0, 0), (1, 0))).astype(np.float32)


def contrast(
    spectra: NDArray[np.float32],
    edges: NDArray[np.intp],
    *,
    share: float = 0.02,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Find the peaks and the valleys of each band of each frame [1]_.

    Parameters
    ----------
    spectra : ndarray of shape (n, n_frames, n_bins)
        Magnitudes or powers.
    edges : ndarray of shape (n_bands + 1,)
        Band b is the bins ``edges[b]`` to ``edges[b + 1] - 1``, at least one.
    share : float, 0 to 1
        How many of a band's bins, at least one, are its peaks, and how many its valleys.

    Returns
    -------
    peaks, valleys : ndarray of shape (n, n_frames, n_bands)
        Mean of the largest and of the smallest bins. Their ratio is the contrast: large for
        tones, small for noise.

    References
    ----------
    .. [1] D.-N. Jiang et al., "Music type classification by spectral contrast feature", ICME 2002.

    Examples
    --------
    >>> peaks, valleys = contrast(np.float32([[[9, 1, 5, 4, 4]]]), np.array([0, 3, 5]))
    >>> peaks, valleys
    (array([[[9., 4.]]], dtype=float32), array([[[1., 4.]]], dtype=float32))
    """
    peaks = np.empty((*spectra.shape[:2], len(edges) - 1), np.float32)
    valleys = np.empty_like(peaks)
    for band, (start, end) in enumerate(pairwise(edges)):
        count = max(1, round(share * (end - start)))
        ordered = np.sort(spectra[..., start:end], axis=-1)
        valleys[..., band] = ordered[..., :count].mean(axis=-1)
        peaks[..., band] = ordered[..., -count:].mean(axis=-1)
    return peaks, valleys


def rms(
    signals: NDArray[np.float32], *, length: int, hop: int, padding: Padding = "reflect"
) -> NDArray[np.float32]:
    """Measure the root mean square of centred frames of samples.

    Parameters
    ----------
    signals : ndarray of shape (n, n_samples)
        One signal a row.
    length, hop : int > 0
        Samples in a frame and between two frames.
    padding : {"reflect", "zeros", "edge"}
        What stands beyond the ends.

    Returns
    -------
    ndarray of shape (n, 1 + n_samples // hop)
        Root mean squares.

    Examples
    --------
    >>> rms(np.float32([[3, -3, 3, -3, 3]]), length=2, hop=2)
    array([[3., 3., 3.]], dtype=float32)
    """
    cut = frames(centred(signals, length=length, padding=padding), length=length, hop=hop)
    power: NDArray[np.float32] = np.einsum("nts,nts->nt", cut, cut) / np.float32(length)
    return np.sqrt(power)


def zero_crossing_rate(
    signals: NDArray[np.float32], *, length: int, hop: int
) -> NDArray[np.float32]:
    """Measure the share of samples of each centred frame at which the sign changes.

    Parameters
    ----------
    signals : ndarray of shape (n, n_samples)
        One signal a row; samples within 1e-10 of zero count as zero, and zero as positive. The
        first and the last sample are repeated beyond the ends.
    length, hop : int > 0
        Samples in a frame and between two frames.

    Returns
    -------
    ndarray of shape (n, 1 + n_samples // hop)
        0 for a sound that never crosses zero to nearly 1 for one that always does.

    Examples
    --------
    >>> zero_crossing_rate(np.float32([[1, -1, 1, -1, 1, 1, 1, 1]]), length=4, hop=4)
    array([[0.25, 0.5 , 0.  ]], dtype=float32)
    """
    negative = centred(signals, length=length, padding="edge") < np.float32(-1e-10)
    changes = negative[:, 1:] != negative[:, :-1]
    counts = np.cumsum(np.pad(changes, ((0, 0), (1, 0))), axis=1, dtype=np.int32)
    # a frame's first sample has no sample before it inside the frame
    first = np.arange(0, negative.shape[1] - length + 1, hop)
    crossings = counts[:, first + length - 1] - counts[:, first]
    return crossings.astype(np.float32) / np.float32(length)


def _ratio(part: NDArray[np.float32], whole: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divide, with 0 where the whole is 0."""
    quotient = np.zeros_like(whole)
    np.divide(part, whole, out=quotient, where=whole > 0)
    return quotient
