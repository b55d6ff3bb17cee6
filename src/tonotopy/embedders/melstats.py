"""Means over time of common features, as the notebook of audio-embedding-umap computes them [1]_.

The notebook takes whole clips, at 8 kHz. Here a clip is a window of four seconds, and the zeros
behind a sound that is shorter do not count: the features are those of the sound alone.

References
----------
.. [1] N. Das, "audio-embedding-umap", https://github.com/nitishdas1517/audio-embedding-umap, 2024.
"""

import numpy as np
from numpy.typing import NDArray

from tonotopy.embedders.standardized import StandardizedEmbedder
from tonotopy.features.cepstra import cosine_basis, mel_filters
from tonotopy.features.chroma import chroma
from tonotopy.features.shape import rolloff, zero_crossing_rate
from tonotopy.features.spectra import decibels, fft_frequencies, magnitudes

__all__ = ["MelStats155", "melstats155"]

_SAMPLE_RATE = 8_000
_FRAME, _HOP = 2048, 512
_N_MELS, _N_CEPSTRA = 128, 13


def melstats155(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average over the frames of each sound, up to its last sample that is not zero.

    Parameters
    ----------
    windows : ndarray of shape (n, n_samples)
        Sound at 8 kHz.

    Returns
    -------
    ndarray of shape (n, 155)
        13 mel-frequency cepstral coefficients, 128 mel bands in decibels below the loudest,
        12 pitch classes from C, zero-crossing rate and rolloff at 85 % in Hz.
    """
    length = _lengths(windows)
    spectra = magnitudes(windows, n_fft=_FRAME, hop=_HOP, padding="zeros")
    present = np.arange(spectra.shape[1]) <= length[:, np.newaxis] // _HOP
    spectra *= present[..., np.newaxis]
    power = np.square(spectra)
    mel = power @ mel_filters(_N_MELS, n_fft=_FRAME, sample_rate=_SAMPLE_RATE)
    loudest = mel.max(axis=(1, 2), keepdims=True)
    crossings = zero_crossing_rate(_held(windows, length), length=_FRAME, hop=_HOP)
    rolled = rolloff(spectra, fft_frequencies(_FRAME, sample_rate=_SAMPLE_RATE))
    curves = np.concatenate(
        [
            decibels(mel) @ cosine_basis(_N_MELS, _N_CEPSTRA),
            decibels(mel, reference=loudest),
            chroma(power, n_fft=_FRAME, sample_rate=_SAMPLE_RATE, present=present),
            crossings[..., np.newaxis],
            rolled[..., np.newaxis],
        ],
        axis=-1,
    )
    even = present / present.sum(axis=1, keepdims=True)
    means: NDArray[np.float32] = np.matmul(even[:, np.newaxis], curves)[:, 0].astype(np.float32)
    return means


class MelStats155(StandardizedEmbedder):
    """Means over four seconds of cepstra, mel bands, chroma, crossings and rolloff (a baseline)."""

    name = "melstats155"
    settings = 1
    sample_rate = _SAMPLE_RATE
    window_s = 4.0
    hop_s = 2.0
    dim = 155
    raw = staticmethod(melstats155)


def _lengths(windows: NDArray[np.float32]) -> NDArray[np.intp]:
    """Find where each sound ends and zeros follow; 0 for silence."""
    sounding = windows != 0
    end = windows.shape[1] - sounding[:, ::-1].argmax(axis=1)
    return np.where(sounding.any(axis=1), end, 0)


def _held(windows: NDArray[np.float32], length: NDArray[np.intp]) -> NDArray[np.float32]:
    """Repeat the last sample of each sound to the end of its window, where nothing then crosses."""
    position = np.arange(windows.shape[1])
    last = np.maximum(length - 1, 0)[:, np.newaxis]
    return np.take_along_axis(windows, np.minimum(position, last), axis=1)
