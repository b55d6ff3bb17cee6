"""Pitch classes: how much of a sound lies on each of the twelve notes of an octave.

Power spectra have the shape (n, n_frames, n_bins). This follows D. Ellis [1]_ as librosa computes
it: the tuning of each sound is estimated first, so that instruments a little sharp or flat do not
fall between notes.

References
----------
.. [1] D. P. W. Ellis, "Chroma feature analysis and synthesis", 2007,
   https://www.ee.columbia.edu/~dpwe/resources/matlab/chroma-ansyn/
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tonotopy.features.spectra import fft_frequencies

__all__ = ["chroma", "chroma_filters", "tuning"]

_NOTES = 12
_A_HZ = 440.0 / 16  # the A below which octaves are counted
_LOWEST_HZ, _HIGHEST_HZ = 150.0, 4000.0  # of the peaks that tell the tuning
_PEAK_SHARE = 0.1  # of the largest power of a frame: smaller maxima are no peaks
_TUNING_STEPS = 100  # a semitone is divided into


def chroma(
    power: NDArray[np.float32],
    *,
    n_fft: int,
    sample_rate: int,
    present: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """Sum power into pitch classes, the largest of each frame scaled to 1.

    Parameters
    ----------
    power : ndarray of shape (n, n_frames, n_fft // 2 + 1)
        Squared magnitudes.
    n_fft, sample_rate : int > 0
        Of the spectra, in samples and Hz.
    present : ndarray of shape (n, n_frames)
        Frames that tell the tuning.

    Returns
    -------
    ndarray of shape (n, n_frames, 12)
        C, C sharp, ... to B, from 0 to 1; 0 where a frame is silent.

    Examples
    --------
    >>> from tonotopy.features.spectra import magnitudes
    >>> a = np.sin(2 * np.pi * 440 / 8000 * np.arange(4096, dtype=np.float32))[np.newaxis]
    >>> power = np.square(magnitudes(a, n_fft=2048, hop=1024, padding=None))
    >>> chroma(power, n_fft=2048, sample_rate=8000, present=np.ones((1, 3), bool))[0, 1].round(1)
    array([0. , 0. , 0. , 0. , 0. , 0. , 0. , 0. , 0.1, 1. , 0.1, 0. ],
          dtype=float32)
    """
    tunings = tuning(power, n_fft=n_fft, sample_rate=sample_rate, present=present)
    classes = np.empty((*power.shape[:2], _NOTES), np.float32)
    for shared in np.unique(tunings):
        rows = tunings == shared
        classes[rows] = power[rows] @ chroma_filters(n_fft, sample_rate, float(shared))
    largest = classes.max(axis=-1, keepdims=True)
    largest[largest < np.finfo(np.float32).tiny] = 1
    classes /= largest
    return classes


@lru_cache(maxsize=2 * _TUNING_STEPS)
def chroma_filters(n_fft: int, sample_rate: int, tuning: float = 0.0) -> NDArray[np.float32]:
    """Make filters that sum the bins of a power spectrum into pitch classes.

    Parameters
    ----------
    n_fft, sample_rate : int > 0
        Of the spectrum, in samples and Hz.
    tuning : float, -0.5 to 0.5
        By what part of a semitone the notes lie above those with A at 440 Hz.

    Returns
    -------
    ndarray of shape (n_fft // 2 + 1, 12)
        Weights of C to B: bumps around each note in every octave, strongest around the fifth
        octave. Read-only, because it is shared.

    Examples
    --------
    >>> weights = chroma_filters(2048, 8000)
    >>> int(weights[round(440 * 2048 / 8000)].argmax())  # A is the tenth class from C
    9
    """
    reference = _A_HZ * 2 ** (tuning / _NOTES)
    frequencies = np.arange(1, n_fft) * (sample_rate / n_fft)
    note = _NOTES * np.log2(frequencies / reference)
    note = np.concatenate([[note[0] - 1.5 * _NOTES], note])  # 0 Hz is a made-up, far lower note
    width = np.append(np.maximum(np.diff(note), 1), 1)
    apart = np.remainder(np.subtract.outer(note, np.arange(_NOTES)) + 6, _NOTES) - 6
    weights = np.exp(-0.5 * (2 * apart / width[:, np.newaxis]) ** 2)
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    weights *= np.exp(-0.5 * ((note / _NOTES - 5) / 2) ** 2)[:, np.newaxis]
    from_c = np.roll(weights, -3, axis=1)[: n_fft // 2 + 1]
    filters: NDArray[np.float32] = from_c.astype(np.float32)
    filters.flags.writeable = False
    return filters


def tuning(
    power: NDArray[np.float32],
    *,
    n_fft: int,
    sample_rate: int,
    present: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Estimate by what part of a semitone each sound is sharp or flat of A at 440 Hz.

    The spectral peaks at least as strong as the median peak vote, each for the hundredth of a
    semitone it lies beside a note.

    Parameters
    ----------
    power : ndarray of shape (n, n_frames, n_fft // 2 + 1)
        As `chroma` takes it.
    n_fft, sample_rate : int
        As `chroma` takes them.
    present : ndarray of bool of shape (n, n_frames)
        As `chroma` takes it.

    Returns
    -------
    ndarray of shape (n,)
        -0.5 to 0.49; 0 where there is no peak.

    Examples
    --------
    >>> from tonotopy.features.spectra import magnitudes
    >>> sharp = np.sin(2 * np.pi * 446.4 / 8000 * np.arange(4096, dtype=np.float32))[np.newaxis]
    >>> power = np.square(magnitudes(sharp, n_fft=2048, hop=1024, padding=None))
    >>> tuning(power, n_fft=2048, sample_rate=8000, present=np.ones((1, 3), bool)).round(1)
    array([0.2])
    """
    owner, frequency, height = _peaks(power, n_fft, sample_rate, present)
    voting = height >= _medians(height, owner, len(power))[owner]
    owner, frequency = owner[voting], frequency[voting]
    beside = np.mod(_NOTES * np.log2(frequency / np.float32(_A_HZ)), np.float32(1))
    beside[beside >= 0.5] -= 1
    edges = np.linspace(-0.5, 0.5, _TUNING_STEPS + 1)
    step = np.minimum(np.searchsorted(edges, beside, side="right") - 1, _TUNING_STEPS - 1)
    votes = np.bincount(owner * _TUNING_STEPS + step, minlength=len(power) * _TUNING_STEPS)
    votes = votes.reshape(len(power), _TUNING_STEPS)
    return np.where(votes.any(axis=1), edges[votes.argmax(axis=1)], 0.0)


def _peaks(
    power: NDArray[np.float32], n_fft: int, sample_rate: int, present: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.float32], NDArray[np.float32]]:
    """Find the local maxima of spectra: whose, at which frequency, how high, by parabolas."""
    loud = power * (power > _PEAK_SHARE * power.max(axis=-1, keepdims=True))
    maximal = np.zeros(power.shape, bool)
    maximal[..., 1:-1] = (loud[..., 1:-1] > loud[..., :-2]) & (loud[..., 1:-1] >= loud[..., 2:])
    frequencies = fft_frequencies(n_fft, sample_rate=sample_rate)
    maximal &= (frequencies >= _LOWEST_HZ) & (frequencies < _HIGHEST_HZ)
    maximal &= present[..., np.newaxis]
    owner, frame, top = np.nonzero(maximal)
    below, at, above = (power[owner, frame, top + step] for step in (-1, 0, 1))
    bend, slope = above + below - 2 * at, np.float32(0.5) * (above - below)
    shift = np.zeros_like(at)
    np.divide(-slope, bend, out=shift, where=np.abs(slope) < np.abs(bend))
    frequency = (top.astype(np.float32) + shift) * np.float32(sample_rate / n_fft)
    height: NDArray[np.float32] = at + np.float32(0.5) * slope * shift
    return owner, frequency, height


def _medians(
    values: NDArray[np.float32], owner: NDArray[np.intp], n_owners: int
) -> NDArray[np.float32]:
    """Find the median of each owner's values; 0 for an owner without any."""
    ordered = np.append(values[np.lexsort((values, owner))], np.float32(0))
    count = np.bincount(owner, minlength=n_owners)
    first = np.cumsum(count) - count
    low, high = ordered[first + np.maximum(count - 1, 0) // 2], ordered[first + count // 2]
    medians: NDArray[np.float32] = np.where(count > 0, (low + high) / 2, 0).astype(np.float32)
    return medians
