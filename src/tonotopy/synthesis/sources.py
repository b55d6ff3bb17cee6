"""What sounds are made of: vibrating modes, swept tones, noise and sudden events.

All arrays are float64 at `SAMPLE_RATE`, of any level; `shaping.finished` brings them to the scale
of a recording.
"""

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "FREQUENCIES",
    "SAMPLE_RATE",
    "Samples",
    "above",
    "below",
    "events",
    "frame_times",
    "harmonics",
    "log_uniform",
    "modes",
    "moving_noise",
    "noise",
    "phase",
    "ringing",
    "seconds",
    "sparks",
    "wobble",
]

SAMPLE_RATE = 32_000  #: Hz, of every synthesized sound

Samples: TypeAlias = NDArray[np.float64]

_FRAME, _HOP = 1024, 256  # samples, of noise whose colour moves
FREQUENCIES = np.linspace(0, SAMPLE_RATE / 2, _FRAME // 2 + 1)  #: Hz, of `moving_noise`
_HIGHEST_HZ = 0.46 * SAMPLE_RATE  # harmonics above would fold back


def log_uniform(random: Generator, low: float, high: float) -> float:
    """Draw a pitch, a time or another number whose ratios matter, not its differences."""
    return float(low * (high / low) ** random.random())


def seconds(duration_s: float) -> Samples:
    """Make the time axis of a sound.

    Examples
    --------
    >>> len(seconds(0.5))
    16000
    """
    return np.arange(round(duration_s * SAMPLE_RATE)) / SAMPLE_RATE


def noise(random: Generator, time: Samples) -> Samples:
    """Make white noise of unit power, as long as the time axis."""
    return random.standard_normal(len(time))


def modes(time: Samples, frequencies: ArrayLike, t60s: ArrayLike, amplitudes: ArrayLike) -> Samples:
    """Let a struck body ring.

    Parameters
    ----------
    time : ndarray of shape (n,)
        Seconds since the stroke, from 0.
    frequencies, t60s, amplitudes : array_like of shape (n_modes,)
        Of each mode: Hz, seconds until it is 60 dB down, and level at the stroke.
    """
    rings = zip(*np.broadcast_arrays(frequencies, t60s, amplitudes), strict=True)
    sound = np.zeros_like(time)
    for frequency, t60, amplitude in rings:
        sound += amplitude * np.exp(-6.91 * time / t60) * np.sin(2 * np.pi * frequency * time)
    return sound


def phase(frequency: Samples) -> Samples:
    """Accumulate the phase, in cycles, of a tone whose frequency moves, (n,) Hz."""
    return np.cumsum(frequency) / SAMPLE_RATE


def harmonics(frequency: Samples, amplitudes: ArrayLike) -> Samples:
    """Sum the harmonics of a moving fundamental, (n,) Hz, silent where they are too high."""
    cycles = 2 * np.pi * phase(frequency)
    sound = np.zeros_like(frequency)
    for number, amplitude in enumerate(np.atleast_1d(amplitudes), 1):
        if amplitude:
            audible = number * frequency < _HIGHEST_HZ
            sound += amplitude * audible * np.sin(number * cycles)
    return sound


def wobble(random: Generator, time: Samples, *, rate_hz: float) -> Samples:
    """Draw a smooth random curve of about unit size that turns around `rate_hz` times a second."""
    from scipy.interpolate import CubicSpline

    knots = random.standard_normal(int(time[-1] * rate_hz) + 4)
    curve: Samples = CubicSpline(np.arange(len(knots)), knots)(1 + time * rate_hz)
    return curve


def frame_times(duration_s: float) -> Samples:
    """Say at which times, in seconds, `moving_noise` wants its spectra."""
    n_frames = round(duration_s * SAMPLE_RATE) // _HOP + _FRAME // _HOP
    return np.arange(n_frames) * _HOP / SAMPLE_RATE


def moving_noise(random: Generator, duration_s: float, gains: Samples) -> Samples:
    """Make noise whose spectrum moves.

    Parameters
    ----------
    random : Generator
        Where the noise comes from.
    duration_s : float
        Seconds.
    gains : ndarray of shape (n_frames, n_frequencies)
        Level at each of `frame_times` and `FREQUENCIES`.
    """
    shape = (2, *gains.shape)
    real, imaginary = random.standard_normal(shape)
    frames = np.fft.irfft(gains * (real + 1j * imaginary), axis=1) * np.hanning(_FRAME)
    per_frame = _FRAME // _HOP
    sound = np.zeros((len(frames) + per_frame - 1, _HOP))
    for part in range(per_frame):
        sound[part : part + len(frames)] += frames[:, part * _HOP : (part + 1) * _HOP]
    return sound.ravel()[_FRAME // 2 :][: round(duration_s * SAMPLE_RATE)]


def below(edge_hz: ArrayLike, steepness: float) -> Samples:
    """Make the gains of `moving_noise` that fall above an edge, or above one for each frame.

    Parameters
    ----------
    edge_hz : float or array_like of shape (n_frames,)
        Where the gain is a half.
    steepness : float > 0
        Power of frequency by which it falls.

    Returns
    -------
    ndarray of shape (n_frequencies,) or (n_frames, n_frequencies)
        From 1 well below the edge to 0 well above it.
    """
    gains: Samples = 1 / (1 + (FREQUENCIES / np.asarray(edge_hz)[..., None]) ** steepness)
    return gains


def above(edge_hz: ArrayLike, steepness: float) -> Samples:
    """Make the gains that fall below an edge, the complement of `below`."""
    return 1 - below(edge_hz, steepness)


def sparks(random: Generator, time: Samples, *, rate_hz: float, spread: float) -> Samples:
    """Strike at random moments: single samples whose levels vary by a factor of ``e ** spread``."""
    sound = np.zeros_like(time)
    n_sparks = random.poisson(rate_hz * len(time) / SAMPLE_RATE)
    levels = np.exp(spread * random.standard_normal(n_sparks)) * random.choice([-1, 1], n_sparks)
    np.add.at(sound, random.integers(0, len(time), n_sparks), levels)
    return sound


def ringing(strokes: Samples, ring: Samples) -> Samples:
    """Let every stroke, such as those of `sparks`, set off the same ring."""
    from scipy.signal import fftconvolve

    sound: Samples = fftconvolve(strokes, ring)[: len(strokes)]
    return sound


def events(duration_s: float, pieces: Iterable[tuple[float, Samples]]) -> Samples:
    """Place sounds at their start times, in seconds; what passes the end is cut."""
    sound = np.zeros(round(duration_s * SAMPLE_RATE))
    for start_s, piece in pieces:
        start = round(start_s * SAMPLE_RATE)
        fitting = piece[: max(0, len(sound) - start)]
        sound[start : start + len(fitting)] += fitting
    return sound
