"""How sounds are shaped: envelopes, filters, the room around them, and the final recording."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tonotopy.synthesis.sources import (
    SAMPLE_RATE,
    Samples,
    log_uniform,
    noise,
    ringing,
    seconds,
)

__all__ = ["arch", "decay", "filtered", "finished", "formants", "gate", "hit", "in_air", "in_room"]

_LOUDEST_DB, _SOFTEST_DB = -1.0, -14.0  # peak level
_MOST_HISS_DB, _LEAST_HISS_DB = -62.0, -90.0  # the microphone's own
_FADE_OUT = 0.04  # share of the length


def decay(time: Samples, t60: float) -> Samples:
    """Fall by 60 dB every `t60` seconds; silent before time 0."""
    return np.where(time < 0, 0.0, np.exp(-6.91 * np.maximum(time, 0) / t60))


def hit(time: Samples, *, attack_s: float, t60: float) -> Samples:
    """Rise in `attack_s` seconds, then fall by 60 dB in `t60`."""
    return np.clip(time / attack_s, 0, 1) * decay(np.maximum(time - attack_s, 0), t60)


def arch(n: int, *, rise: float = 0.3) -> Samples:
    """Rise and fall once over `n` samples, softly at both ends; `rise` is the share before the top.

    Examples
    --------
    >>> arch(5, rise=0.5).round(2).tolist()
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    share = np.linspace(0, 1, n)
    return np.sin(np.pi / 2 * np.minimum(share / rise, (1 - share) / (1 - rise))) ** 2


def filtered(
    sound: Samples, *, low_hz: float | None = None, high_hz: float | None = None, order: int = 2
) -> Samples:
    """Keep what lies between two frequencies; None leaves that side open."""
    from scipy.signal import butter, sosfilt

    kept = sound
    if low_hz is not None:
        kept = sosfilt(butter(order, low_hz, "highpass", fs=SAMPLE_RATE, output="sos"), kept)
    if high_hz is not None:
        kept = sosfilt(butter(order, high_hz, "lowpass", fs=SAMPLE_RATE, output="sos"), kept)
    return kept


def formants(
    frequencies: Samples, centres_hz: tuple[float, ...], *, width_hz: float, tilt_db: float
) -> Samples:
    """Weigh frequencies, Hz, as a throat does: peaks over a slope of `tilt_db` an octave."""
    slope = (frequencies / 100) ** (-tilt_db / 6.02)
    peaks = [1 / (1 + ((frequencies - hz) / width_hz) ** 2) for hz in centres_hz]
    weights: Samples = slope * (0.05 + np.sum(peaks, axis=0))
    return weights


def gate(is_on: NDArray[np.bool_], *, edge_s: float = 0.004) -> Samples:
    """Switch on and off without a click: follow `is_on` with edges of `edge_s` seconds."""
    width = round(edge_s * SAMPLE_RATE)
    return np.convolve(is_on, np.hanning(width) / np.hanning(width).sum(), mode="same")


def in_air(
    sound: Samples, random: Generator, *, level: float, low_hz: float, high_hz: float
) -> Samples:
    """Add the noise of the place, band-limited, at a level below the sound's peak."""
    air = filtered(noise(random, sound), low_hz=low_hz, high_hz=high_hz, order=1)
    heard: Samples = sound + level * np.abs(sound).max() * air
    return heard


def in_room(sound: Samples, random: Generator, *, t60: float, wet: float) -> Samples:
    """Add the echoes of a room, as decaying noise that is duller than the sound.

    Parameters
    ----------
    sound : ndarray of shape (n,)
        The dry sound; the result is as long.
    random : Generator
        Where the walls are.
    t60 : float
        Seconds until the echoes are 60 dB down.
    wet : float
        Level of the echoes beside the sound, 0 to 1.
    """
    time = seconds(t60)
    echoes = filtered(noise(random, time) * decay(time, t60), high_hz=5000, order=1)
    echoes /= np.sqrt((echoes**2).sum())
    return sound + wet * ringing(sound, echoes)


def finished(sound: Samples, random: Generator, *, fade_in_s: float) -> NDArray[np.float32]:
    """Make a recording: nothing below hearing, quiet ends, a peak somewhere below full scale.

    Parameters
    ----------
    sound : ndarray of shape (n,)
        At any level.
    random : Generator
        Draws the level.
    fade_in_s : float
        Short for a stroke, longer for a sound that went on before the recording began.

    Returns
    -------
    ndarray of shape (n,)
        In [-1, 1], first and last sample 0.
    """
    time = seconds(len(sound) / SAMPLE_RATE)
    hiss = log_uniform(random, 10 ** (_LEAST_HISS_DB / 20), 10 ** (_MOST_HISS_DB / 20))
    heard = filtered(sound / np.abs(sound).max() + hiss * noise(random, time), low_hz=25)
    heard -= heard.mean()
    heard *= np.clip(time / fade_in_s, 0, 1) * np.clip(time[::-1] / (_FADE_OUT * time[-1]), 0, 1)
    peak = log_uniform(random, 10 ** (_SOFTEST_DB / 20), 10 ** (_LOUDEST_DB / 20))
    recording: NDArray[np.float32] = (heard * peak / np.abs(heard).max()).astype(np.float32)
    return recording
