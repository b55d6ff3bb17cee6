"""Rhythm: where sounds begin, how regularly, how fast they rise and how long they last.

It is read from an envelope: the power of a sound and that of its changes from sample to sample,
100 times a second. The second hears a hi-hat above a bass that goes on.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FRAME_RATE", "Rhythm", "find_onsets"]

FRAME_RATE = 100  #: frames of an envelope per second
_RANGE_DB = 60.0  # below the loudest frame: what is quieter counts as silence
_AUDIBLE_DB = 30.0  # below it: what begins lower is no onset
_RISE_DB = 6.0  # from the loudest of the 50 ms before to the loudest of the 30 ms from here on
_BEFORE, _AHEAD = 5, 3  # frames
_RISEN_DB, _BEGUN_DB = 6.0, 20.0  # below the peak: where an attack ends, and where it begins
_FULL_DB = 20.0  # of a rise: more of it makes no stronger beat
_LAGS = slice(10, 201)  # of beats: 0.1 to 2 s


def levels_of(envelope: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn power into decibels above what counts as silence, each row by itself."""
    loudest = np.maximum(envelope.max(axis=1, keepdims=True), np.float32(1e-12))
    relative = np.maximum(envelope / loudest, np.float32(10 ** (-_RANGE_DB / 10)))
    levels: NDArray[np.float32] = np.float32(10) * np.log10(relative) + np.float32(_RANGE_DB)
    return levels


def rises(levels: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Measure how far each frame, or the next two, rise above those just before.

    Parameters
    ----------
    levels : ndarray of shape (2, n)
        Decibels above silence.

    Returns
    -------
    risen : ndarray of shape (n,)
        The mean over both rows, at least 0.
    ahead : ndarray of shape (n,)
        The highest level of the frame and the next two, of both rows.
    """
    n = levels.shape[1]
    padded = np.zeros((2, n + _BEFORE + _AHEAD - 1), np.float32)
    padded[:, _BEFORE : _BEFORE + n] = levels
    before, ahead = padded[:, :n].copy(), levels.copy()
    for shift in range(1, _BEFORE):
        np.maximum(before, padded[:, shift : shift + n], out=before)
    for shift in range(1, _AHEAD):
        np.maximum(ahead, padded[:, _BEFORE + shift : _BEFORE + shift + n], out=ahead)
    risen = np.maximum(ahead - before, np.float32(0))
    return (risen[0] + risen[1]) / 2, np.maximum(ahead[0], ahead[1])


def find_onsets(levels: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Find where sounds begin.

    Parameters
    ----------
    levels : ndarray of shape (2, n)
        Decibels above silence of the sound, and of its changes from sample to sample;
        `FRAME_RATE` a second.

    Returns
    -------
    onsets : ndarray of shape (n_onsets,)
        Frames, ascending.
    strength : ndarray of shape (n,)
        How much each frame is like an onset, in decibels.

    Examples
    --------
    >>> levels = np.zeros((2, 100), np.float32)
    >>> levels[:, [20, 70]] = 60
    >>> find_onsets(levels)[0].tolist()
    [20, 70]
    """
    strength, ahead = rises(levels)
    rising = np.flatnonzero((strength >= _RISE_DB) & (ahead >= _RANGE_DB - _AUDIBLE_DB))
    if not len(rising):
        return rising, strength
    first = np.concatenate(([0], np.flatnonzero(np.diff(rising) > 1) + 1))
    highest = np.maximum.reduceat(strength[rising], first)
    is_top = strength[rising] >= np.repeat(highest, np.diff(first, append=len(rising)))
    # of equal rises the last: there the sound is
    return np.maximum.reduceat(np.where(is_top, rising, 0), first), strength


@dataclass(slots=True)
class Rhythm:
    """Sums over the parts of a sound, from which its rhythm follows.

    Examples
    --------
    >>> envelope = np.full((2, 400), 1e-9, np.float32)
    >>> envelope[:, ::50] = 1
    >>> rhythm = Rhythm()
    >>> rhythm.add(envelope)
    >>> rhythm.onsets_per_s, round(rhythm.pulse, 1), round(rhythm.attack_s, 3)
    (1.75, 0.9, 0.01)
    """

    n_frames: int = 0
    n_onsets: int = 0
    weight: float = 0.0
    attack: float = 0.0  #: weighted sum of binary logarithms of seconds
    decay: float = 0.0
    beats: NDArray[np.float64] | None = None  #: autocorrelation of onsets

    def add(self, envelope: NDArray[np.float32]) -> None:
        """Take a part of the sound; what goes on from the part before begins again with it.

        Parameters
        ----------
        envelope : ndarray of shape (2, n)
            Power of the sound, and of its changes from sample to sample; `FRAME_RATE` a second.
        """
        self.n_frames += envelope.shape[1]
        if not envelope[0].any():
            return
        levels = levels_of(envelope)
        onsets, strength = find_onsets(levels)
        self.n_onsets += len(onsets)
        if not len(onsets):
            return
        loud = levels[0]
        frame = np.arange(len(loud))
        n_members = np.diff(onsets, append=len(loud))
        peak = np.maximum.reduceat(loud, onsets)
        below = np.repeat(peak, n_members) - loud[onsets[0] :]
        here = frame[onsets[0] :]
        starts = onsets - onsets[0]
        begun, never = below <= _BEGUN_DB, len(loud)
        begin = np.minimum.reduceat(np.where(begun, here, never), starts)
        risen = np.minimum.reduceat(np.where(below <= _RISEN_DB, here, never), starts)
        last = np.maximum.reduceat(np.where(begun, here, 0), starts)
        weights = 10 ** ((peak - _RANGE_DB) / 20)
        self.weight += float(weights.sum())
        self.attack += float(weights @ np.log2((risen - begin + 1) / FRAME_RATE))
        self.decay += float(weights @ np.log2((last - risen + 1) / FRAME_RATE))
        added = autocorrelation(np.minimum(strength, _FULL_DB))
        self.beats = added if self.beats is None else self.beats + added

    @property
    def onsets_per_s(self) -> float:
        """Count onsets after the first, per second: 0 for a single sound."""
        return max(0, self.n_onsets - 1) * FRAME_RATE / max(1, self.n_frames)

    @property
    def pulse(self) -> float:
        """How regular onsets are, from 0 to 1: the highest autocorrelation at 0.1 to 2 s."""
        if self.beats is None or self.beats[0] <= 0:
            return 0.0
        return float(np.clip(self.beats[_LAGS].max() / self.beats[0], 0, 1))

    @property
    def attack_s(self) -> float:
        """How long sounds rise from 20 to 6 dB below their peak, at least a frame."""
        return 2 ** (self.attack / self.weight) if self.weight else 1 / FRAME_RATE

    @property
    def decay_s(self) -> float:
        """How long they are within 20 dB of their peak from there on, at least a frame."""
        return 2 ** (self.decay / self.weight) if self.weight else 1 / FRAME_RATE


def autocorrelation(strength: NDArray[np.float32]) -> NDArray[np.float64]:
    """Correlate a curve, less its mean, with itself at lags of up to 2 s."""
    from scipy.fft import irfft, next_fast_len, rfft

    n_fft = next_fast_len(len(strength) + _LAGS.stop, real=True)
    spectrum = rfft(strength - strength.mean(dtype=np.float64), n_fft)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    correlation: NDArray[np.float64] = irfft(power, n_fft)[: _LAGS.stop].astype(np.float64)
    return correlation
