"""Cochlea: our own small neural network, shipped inside the package."""

import numpy as np
from numpy.typing import NDArray

from tonotopy.features.cepstra import mel_filters
from tonotopy.features.spectra import frames, hann

__all__ = ["N_FRAMES", "N_MELS", "SAMPLE_RATE", "WINDOW", "log_mel"]

SAMPLE_RATE = 16_000
WINDOW = 15_600  # samples: 0.975 s, the 96 frames of YAMNet
N_FRAMES, N_MELS = 96, 64

_FRAME, _HOP, _N_FFT = 400, 160, 512  # 25 ms every 10 ms
_LOW_HZ, _HIGH_HZ = 125.0, 7500.0
_SOFTENING = np.float32(1e-3)
_BATCH = 8  # windows at a time: their spectra stay in the processor's cache


def log_mel(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute log-mel spectrograms: what the network sees.

    Parameters
    ----------
    windows : ndarray of shape (n, 15600)
        Sound at 16 kHz.

    Returns
    -------
    ndarray of shape (n, 96, 64)
        ``log(mel + 0.001)`` of magnitudes in 64 bands from 125 to 7500 Hz, every 10 ms.
    """
    from scipy.fft import rfft

    filters = mel_filters(
        N_MELS,
        n_fft=_N_FFT,
        sample_rate=SAMPLE_RATE,
        low_hz=_LOW_HZ,
        high_hz=_HIGH_HZ,
        scale="htk",
        equal_area=False,
    )
    bands = np.empty((len(windows), N_FRAMES, N_MELS), np.float32)
    for start in range(0, len(windows), _BATCH):
        part = slice(start, start + _BATCH)
        cut = frames(windows[part], length=_FRAME, hop=_HOP) * hann(_FRAME)
        np.matmul(np.abs(rfft(cut, _N_FFT, axis=-1)), filters, out=bands[part])
    bands += _SOFTENING
    return np.log(bands, out=bands)
