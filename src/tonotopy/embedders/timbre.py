"""How a sound sounds, by statistics of its spectrum and of its movement: the default embedder.

A second of sound at 16 kHz is heard in frames of 32 ms, 125 a second. Its loudness is taken away:
all levels are relative to the loudest moment of the window. Frames count by their loudness, and
those 60 dB below the loudest not at all, so that the zeros behind a short sound, or the silence
around it, leave the timbre as it is and show only in the statistics of the envelope.

What is measured: cepstra and their changes, the contrast and the tone of spectra, levels of mel
bands (percentiles and skewness), the rates at which bands rise and fall, how much they do it
together, periodicity and the envelope. The groups of features are standardized, weighted so that
large groups do not rule, and turned by principal components whose deviations are evened out half
way (half-whitening: division by the fourth root of the eigenvalue). Similar ideas: [1]_, [2]_.

References
----------
.. [1] G. Tzanetakis and P. Cook, "Musical genre classification of audio signals", IEEE
   Transactions on Speech and Audio Processing, 2002.
.. [2] K. Seyerlehner, M. Schedl, T. Pohle and P. Knees, "Using block-level features for genre
   classification, tag classification and music similarity estimation", MIREX 2010.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tonotopy.embedders.standardized import StandardizedEmbedder
from tonotopy.features.cepstra import cosine_basis, deltas, mel_filters
from tonotopy.features.pitch import periodicity
from tonotopy.features.shape import bandwidth, centroid, contrast, crest, flatness
from tonotopy.features.spectra import fft_frequencies, magnitudes
from tonotopy.features.statistics import modulation, moments, percentiles, skewness

__all__ = ["Timbre", "measure"]

_SAMPLE_RATE = 16_000
_FRAME, _HOP = 512, 128
_FRAME_RATE = _SAMPLE_RATE / _HOP
_FREQUENCIES = fft_frequencies(_FRAME, sample_rate=_SAMPLE_RATE)
_N_MELS, _N_CEPSTRA = 32, 20
_LOW_HZ, _HIGH_HZ = 50.0, 8000.0  # below there is little but rumble and offset
_FIRST_BIN = int(np.searchsorted(_FREQUENCIES, _LOW_HZ))
_CONTRAST_HZ = (0, 200, 400, 800, 1600, 3200, 6400)
_PERIOD_LAGS = range(16, 192)  # 1 to 12 ms: 83 to 1000 Hz
_VOICE_HZ = 4000  # periodicity is sought below: above, even voices are noisy
_VOICE = (_FREQUENCIES[_FREQUENCIES < _VOICE_HZ] > _LOW_HZ).astype(np.float32)
_MODULATION_HZ = (0.8, 1.8, 3.0, 4.5, 6.5, 9.0, 13.0, 18.0, 26.0, 40.0, 62.0)

_QUIETEST_PEAK = 1e-4  # 80 dB below full scale: the last bits are silence, not quiet sound
_QUIETEST_FRAME = 1e-6  # mel power of a tone some 80 dB below the peak: all else is offset
_RANGE_DB = 80.0  # levels further below the loudest band count as this far
_PRESENT_DB = 60.0  # frames further below the loudest frame are absent
_LOUDNESS_EXPONENT = 0.3  # of power in the weight of a frame: about loudness in sones


class _Heard(NamedTuple):
    """What all groups of features start from; n windows in T frames."""

    spectra: NDArray[np.float32]  #: (n, T, bins) magnitudes from `_FIRST_BIN` on
    power: NDArray[np.float32]  #: (n, T, bins) their squares, within `_RANGE_DB` of the largest
    voice: NDArray[np.float32]  #: (n, T, lower bins) power from 0 Hz up, 0 outside the voice
    mel: NDArray[np.float32]  #: (n, T, mels) power
    levels: NDArray[np.float32]  #: (n, T, mels) dB above the floor, 0 to `_RANGE_DB`
    loudness: NDArray[np.float32]  #: (n, T) power relative to the loudest frame
    present: NDArray[np.bool_]  #: (n, T)
    weights: NDArray[np.float32]  #: (n, T) summing to 1, or to 0 for silence


def measure(windows: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Measure the groups of features that describe timbre.

    Parameters
    ----------
    windows : ndarray of shape (n, 16000)
        Sound at 16 kHz.

    Returns
    -------
    dict of str to ndarray of shape (n, n_features of the group)
        The groups by name. They do not depend on the gain of the sound; in silence, all features
        that count frames are 0.
    """
    heard = _hear(windows)
    return {
        "cepstra": _cepstra(heard),
        "contrast": _contrast(heard),
        "tone": _tone(heard),
        "period": _period(heard),
        "levels": percentiles(_paired(heard.levels), heard.present, (10, 50, 90)),
        "tails": skewness(_paired(heard.levels), heard.weights, softening=1.0),
        "level_rates": _level_rates(heard),
        "amplitude_rates": _amplitude_rates(heard),
        "togetherness": _togetherness(heard),
        "envelope": _envelope(heard),
    }


class Timbre(StandardizedEmbedder):
    """How it sounds, whatever its loudness: spectrum, movement and envelope of each second."""

    name = "timbre"
    settings = 1
    sample_rate = _SAMPLE_RATE
    window_s = 1.0
    hop_s = 0.5
    dim = 96

    @staticmethod
    def raw(windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Measure all features, (n, 16000) -> (n, raw_dim), group after group."""
        return np.concatenate(list(measure(windows).values()), axis=1)


def _hear(windows: NDArray[np.float32]) -> _Heard:
    peak = np.abs(windows).max(axis=1, keepdims=True)
    gain = np.where(peak > _QUIETEST_PEAK, 1 / np.maximum(peak, _QUIETEST_PEAK), 0)
    spectra = magnitudes(windows * gain.astype(np.float32), n_fft=_FRAME, hop=_HOP)
    power = np.square(spectra)
    mel = power @ mel_filters(
        _N_MELS,
        n_fft=_FRAME,
        sample_rate=_SAMPLE_RATE,
        low_hz=_LOW_HZ,
        high_hz=_HIGH_HZ,
        scale="htk",
    )
    loudness = mel.sum(axis=-1)
    loudest = loudness.max(axis=1, keepdims=True)
    loudness /= np.where(loudest > _QUIETEST_FRAME, loudest, np.float32(np.inf))
    present = loudness > 10 ** (-_PRESENT_DB / 10)
    weights = loudness**_LOUDNESS_EXPONENT * present
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-30)
    audible = loudest[..., np.newaxis] > _QUIETEST_FRAME
    return _Heard(
        spectra=spectra[..., _FIRST_BIN:],
        power=_above_floor(power[..., _FIRST_BIN:]),
        voice=power[..., : len(_VOICE)] * _VOICE,
        mel=np.where(audible, mel, np.float32(0)),
        levels=np.where(audible, _levels(mel), np.float32(0)),
        loudness=loudness,
        present=present,
        weights=weights,
    )


def _above_floor(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Raise powers to `_RANGE_DB` below the largest of their window, and above 0."""
    largest = np.maximum(power.max(axis=(1, 2), keepdims=True), np.float32(1e-20))
    raised: NDArray[np.float32] = np.maximum(power, largest * np.float32(10 ** (-_RANGE_DB / 10)))
    return raised


def _levels(mel: NDArray[np.float32]) -> NDArray[np.float32]:
    above = _above_floor(mel)
    relative: NDArray[np.float32] = above / above.max(axis=(1, 2), keepdims=True)
    return np.float32(10) * np.log10(relative) + np.float32(_RANGE_DB)


def _paired(bands: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average neighbouring bands, (n, T, mels) -> (n, T, mels / 2)."""
    halved: NDArray[np.float32] = 0.5 * (bands[..., ::2] + bands[..., 1::2])
    return halved


def _cepstra(heard: _Heard) -> NDArray[np.float32]:
    cepstra = heard.levels @ cosine_basis(_N_MELS, _N_CEPSTRA)
    changes = moments(deltas(cepstra), heard.weights)
    return np.concatenate([*moments(cepstra, heard.weights), changes[1]], axis=1)


def _contrast(heard: _Heard) -> NDArray[np.float32]:
    edges = np.searchsorted(_FREQUENCIES[_FIRST_BIN:], _CONTRAST_HZ)
    edges = np.append(edges, heard.power.shape[-1])
    peaks, valleys = contrast(heard.power, edges, share=0.2)
    return np.concatenate(moments(10 * np.log10(peaks / valleys), heard.weights), axis=1)


def _tone(heard: _Heard) -> NDArray[np.float32]:
    frequencies = _FREQUENCIES[_FIRST_BIN:]
    curves = np.stack(
        [
            np.log(_LOW_HZ + centroid(heard.spectra, frequencies)),
            np.log(_LOW_HZ + bandwidth(heard.spectra, frequencies)),
            crest(heard.spectra),
            flatness(heard.power),
        ],
        axis=-1,
    )
    return np.concatenate(moments(curves, heard.weights), axis=1)


def _period(heard: _Heard) -> NDArray[np.float32]:
    strength, octave = periodicity(heard.voice, n_fft=_FRAME, lags=_PERIOD_LAGS)
    curves = np.stack([strength, strength * octave], axis=-1)
    return np.concatenate(moments(curves, heard.weights), axis=1)


def _level_rates(heard: _Heard) -> NDArray[np.float32]:
    """How strongly the levels of bands go up and down at each rate while there is sound."""
    count = np.maximum(heard.present.sum(axis=1), 1)
    even = (heard.present / count[:, np.newaxis]).astype(np.float32)
    bands = _paired(heard.levels)
    mean = moments(bands, even)[0]
    swings = (bands - mean[:, np.newaxis]) * heard.present[..., np.newaxis]
    power, _ = modulation(swings, frame_rate=_FRAME_RATE, edges_hz=_MODULATION_HZ)
    return np.log10(1 + power).reshape(len(bands), -1)


def _amplitude_rates(heard: _Heard) -> NDArray[np.float32]:
    """How deeply the amplitudes of bands are modulated at each rate: what pulses and what hums."""
    amplitudes = np.sqrt(_paired(heard.mel))
    power, total = modulation(amplitudes, frame_rate=_FRAME_RATE, edges_hz=_MODULATION_HZ)
    depth = np.sqrt(power) / np.maximum(total, 1e-9)[:, np.newaxis]
    return np.log10(1e-3 + depth).reshape(len(amplitudes), -1)


def _togetherness(heard: _Heard) -> NDArray[np.float32]:
    """How much the levels of all bands change at once, and how much each by itself."""
    changes = np.diff(_paired(heard.levels), axis=1) * heard.present[:, 1:, np.newaxis]
    apart = np.log1p(np.square(changes).sum(axis=-1).mean(axis=1))
    together = np.log1p(np.square(changes.sum(axis=-1)).mean(axis=1))
    return np.stack([together - apart, apart], axis=1)


def _envelope(heard: _Heard) -> NDArray[np.float32]:
    """How loudness runs through the window: how long, how spread, how lopsided, how abrupt."""
    loudness, present = heard.loudness, heard.present
    total = np.maximum(loudness.sum(axis=1, keepdims=True), np.float32(1e-30))
    when = np.linspace(0, 1, loudness.shape[1], dtype=np.float32)
    curve = np.broadcast_to(when[:, np.newaxis], (*loudness.shape, 1))
    lopsided = skewness(curve, loudness / total, softening=0.01)[:, 0]
    spread = moments(curve, loudness / total)[1][:, 0]
    height = np.float32(10) * np.log10(np.maximum(loudness, 10 ** (-_PRESENT_DB / 10)))
    height += np.float32(_PRESENT_DB)
    change = np.diff(height, axis=1)
    return np.stack(
        [
            present.mean(axis=1, dtype=np.float32),
            spread,
            lopsided,
            height.sum(axis=1) / np.maximum(present.sum(axis=1), 1),
            height.std(axis=1),
            change.max(axis=1),
            change.min(axis=1),
            change.std(axis=1),
            np.log10(1e-4 + loudness.mean(axis=1)),
        ],
        axis=1,
    ).astype(np.float32)
