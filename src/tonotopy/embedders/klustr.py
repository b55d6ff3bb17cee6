"""The drum-sound features of klustr [1]_, as its notebooks compute them.

Each describes the first quarter of a second of a sound at 48 kHz, zeros behind it where it is
shorter, its peak scaled to 1. The notebooks used librosa 0.5.1, whose transform reflects the
signal at its ends; newer versions put zeros there, so that the edge frames differ.

References
----------
.. [1] L. Hantrakul and A. Sarwate, "klustr: a tool for dimensionality reduction and visualization
   of large audio datasets", 2017.
"""

import numpy as np
from numpy.typing import NDArray

from tonotopy.embedders.standardized import StandardizedEmbedder
from tonotopy.features.cepstra import cosine_basis, mel_filters
from tonotopy.features.shape import centroid, crest, flux, rms, rolloff, zero_crossing_rate
from tonotopy.features.spectra import decibels, fft_frequencies, hann, magnitudes

__all__ = ["Mfcc", "Mir", "Stft", "mfcc", "mir", "stft"]

_SAMPLE_RATE = 48_000
_FRAME, _HOP = 2048, 512
_N_MELS, _N_CEPSTRA = 128, 30
_STFT_FRAME, _STFT_HOP, _STFT_POOL, _STFT_SIDE = 1024, 256, 10, 32
_ROLLOFF_RATE = 22_050  # the notebook leaves rolloff at librosa's default; z-scores hide it


def mfcc(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute 30 mel-frequency cepstral coefficients in 24 frames.

    Parameters
    ----------
    windows : ndarray of shape (n, 12000)
        Sound at 48 kHz.

    Returns
    -------
    ndarray of shape (n, 720)
        All frames of the first coefficient, then of the second, ...
    """
    spectra = magnitudes(_peak_normalized(windows), n_fft=_FRAME, hop=_HOP)
    filters = mel_filters(_N_MELS, n_fft=_FRAME, sample_rate=_SAMPLE_RATE)
    cepstra = decibels(np.square(spectra) @ filters) @ cosine_basis(_N_MELS, _N_CEPSTRA)
    return cepstra.transpose(0, 2, 1).reshape(len(windows), -1)


def stft(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Draw a 32 x 32 picture of the spectrum up to 15 kHz over 0.17 s, from 0 to 1.

    Ten neighbouring bins of a magnitude spectrum are averaged into a row; the rows stand as on
    a screen, low frequencies last.

    Parameters
    ----------
    windows : ndarray of shape (n, 12000)
        Sound at 48 kHz.

    Returns
    -------
    ndarray of shape (n, 1024)
        All columns of the top row, then of the next, ...
    """
    spectra = magnitudes(
        _peak_normalized(windows),
        n_fft=_STFT_FRAME,
        hop=_STFT_HOP,
        window=hann(_STFT_FRAME, periodic=False),
    )
    kept = spectra[:, :_STFT_SIDE, : _STFT_SIDE * _STFT_POOL]
    picture = kept.reshape(len(windows), _STFT_SIDE, _STFT_SIDE, _STFT_POOL).mean(axis=-1)
    picture -= picture.min(axis=(1, 2), keepdims=True)
    brightest = picture.max(axis=(1, 2), keepdims=True)
    picture /= np.where(brightest > 0, brightest, np.float32(1))
    upright: NDArray[np.float32] = picture.transpose(0, 2, 1)[:, ::-1]
    return upright.reshape(len(windows), -1)


def mir(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Follow six descriptors over 24 frames, each with mean 0 and deviation 1 in every sound.

    They are root mean square, centroid, crest, flux, rolloff and zero-crossing rate.

    Parameters
    ----------
    windows : ndarray of shape (n, 12000)
        Sound at 48 kHz.

    Returns
    -------
    ndarray of shape (n, 144)
        All frames of the first descriptor, then of the second, ... A descriptor that does not
        change is all 0.
    """
    signals = _peak_normalized(windows)
    spectra = magnitudes(signals, n_fft=_FRAME, hop=_HOP)
    curves = np.stack(
        [
            rms(signals, length=_FRAME, hop=_HOP),
            centroid(spectra, fft_frequencies(_FRAME, sample_rate=_SAMPLE_RATE)),
            crest(spectra),
            flux(spectra),
            rolloff(spectra, fft_frequencies(_FRAME, sample_rate=_ROLLOFF_RATE)),
            zero_crossing_rate(signals, length=_FRAME, hop=_HOP),
        ],
        axis=1,
    )
    return _z_scored(curves).reshape(len(windows), -1)


class _Klustr(StandardizedEmbedder):
    settings = 1
    sample_rate = _SAMPLE_RATE
    window_s = 0.25
    hop_s = 0.25


class Mfcc(_Klustr):
    """Cepstra of a quarter of a second, frame by frame (klustr's MFCC): drum sounds."""

    name = "mfcc"
    dim = 720
    raw = staticmethod(mfcc)


class Stft(_Klustr):
    """A small picture of the spectrum of a quarter of a second (klustr's STFT): drum sounds."""

    name = "stft"
    dim = 1024
    raw = staticmethod(stft)


class Mir(_Klustr):
    """Six descriptors over a quarter of a second (klustr's MIR): the shape of a drum sound."""

    name = "mir"
    dim = 144
    raw = staticmethod(mir)


def _peak_normalized(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    peak = np.abs(windows).max(axis=1, keepdims=True)
    peak[peak == 0] = 1
    normalized: NDArray[np.float32] = windows / peak
    return normalized


def _z_scored(curves: NDArray[np.float32]) -> NDArray[np.float32]:
    """Standardize along the last axis; what varies by rounding only becomes 0."""
    wide = curves.astype(np.float64)
    wide -= (mean := wide.mean(axis=-1, keepdims=True))
    deviation = wide.std(axis=-1, keepdims=True)
    steady = deviation <= 1e-5 * np.maximum(1, np.abs(mean))
    wide /= np.where(steady, np.inf, deviation)
    scores: NDArray[np.float32] = wide.astype(np.float32)
    return scores
