"""Cochlea: our own small neural network, shipped inside the package.

A window becomes a log-mel spectrogram here; the ONNX graph beside this module turns that into a
vector, whose first part comes from a network of convolutions and whose second, shorter part says
how the cepstrum lies and moves, which keeps apart what is too short for a network that listens
for whole scenes. One further number is 1 for silence and 0 for everything else.
"""

import hashlib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import Metric
from tonotopy.embedders.standardized import checked_windows
from tonotopy.embedders.thresholds import shown_from
from tonotopy.features.cepstra import mel_filters
from tonotopy.features.spectra import frames, hann

__all__ = ["N_FRAMES", "N_MELS", "Cochlea", "log_mel"]

_SAMPLE_RATE = 16_000
_WINDOW = 15_600  # samples: 96 frames
N_FRAMES, N_MELS = 96, 64
_FRAME, _HOP, _N_FFT = 400, 160, 512  # 25 ms every 10 ms
_LOW_HZ, _HIGH_HZ = 125.0, 7500.0
_SOFTENING = np.float32(1e-3)
_SILENT = np.float32(np.log(0.009))  # no band of 16-bit dither is louder

_HALF_HOP = N_FRAMES // 2 * _HOP  # samples between the starts of a window's halves
_HALF = _HALF_HOP - _HOP + _FRAME  # samples of a half: 48 frames
_HALVES_AT_ONCE = 8  # their spectra stay in the processor's cache
_BATCH = 64  # windows whose spectra are computed at once
_NETWORK_BATCH = 16  # of these at once through the network: maps stay in the processor's cache
_BLOCK = 16  # bands multiplied at once: most of the mel filters' matrix is zero

_ROOM = 960  # samples, 60 ms: room before a short sound, so that its onset is heard whole
_INAUDIBLE = np.float32(1e-4)


class Cochlea:
    """What a small neural network hears in each second, taught by YAMNet; no download.

    Parameters
    ----------
    weights : Path, optional
        An ONNX file that ``training/export.py`` wrote; the shipped one by default.
    """

    name = "cochlea"
    sample_rate = _SAMPLE_RATE
    window_s = _WINDOW / _SAMPLE_RATE
    hop_s = _HALF_HOP / _SAMPLE_RATE  # neighbouring windows share half of their frames
    tag_classes = "audioset"
    n_tags = 521
    metric: Metric = "cosine"
    licence = "Apache-2.0"

    def __init__(self, weights: Path | None = None) -> None:
        shipped = files("tonotopy.embedders").joinpath("weights", "cochlea.onnx")
        content = (shipped if weights is None else weights).read_bytes()
        self.fingerprint = hashlib.sha256(content).hexdigest()[:12]
        self._session = _session(content)
        self.dim = int(self._session.get_outputs()[0].shape[1]) + 1

    def embed(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embed mono windows in [-1, 1], (n, 15600) -> (n, dim), n >= 0.

        Raises
        ------
        ValueError
            If the shape is wrong, or a row holds NaN, infinity or samples too loud for float32.
        """
        vectors, _ = self._answers(windows, "vectors")
        return vectors

    def tag(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score the 521 classes of YAMNet's list, (n, 15600) -> (n, 521), from 0 to 1.

        Raises
        ------
        ValueError
            If the shape is wrong, or a row holds NaN, infinity or samples too loud for float32.
        """
        _, scores = self._answers(windows, "scores")
        return scores

    def hear(self, windows: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Embed and score windows at once, (n, 15600) -> (n, dim) and (n, 521).

        Raises
        ------
        ValueError
            If the shape is wrong, or a row holds NaN, infinity or samples too loud for float32.
        """
        return self._answers(windows, "vectors", "scores")

    def tag_thresholds(self) -> NDArray[np.float32]:
        """Tell from which score on a class is shown, (521,): calibrated on labelled sounds."""
        return shown_from("cochlea", n_tags=self.n_tags)

    def _answers(
        self, windows: NDArray[np.float32], *outputs: str
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Run the network once; what of vectors and scores is not asked for stays 0."""
        windows = checked_windows(windows, n_samples=_WINDOW)
        vectors = np.zeros((len(windows), self.dim), np.float32)
        scores = np.zeros((len(windows), self.n_tags), np.float32)
        for start in range(0, len(windows), _BATCH):
            part = slice(start, start + _BATCH)
            patches = _finite_patches(windows[part], first=start)
            silent = patches.max(axis=(1, 2)) <= _SILENT
            heard = self._heard(patches, outputs)
            if "vectors" in heard:
                vectors[part, :-1] = np.where(silent[:, np.newaxis], 0, heard["vectors"])
            vectors[part, -1] = silent
            if "scores" in heard:
                scores[part] = heard["scores"]
        return vectors, scores

    def _heard(
        self, patches: NDArray[np.float32], outputs: tuple[str, ...]
    ) -> dict[str, NDArray[np.float32]]:
        """Run patches through the network, some at a time."""
        answers = [
            self._session.run(outputs, {"log_mel": patches[start : start + _NETWORK_BATCH]})
            for start in range(0, len(patches), _NETWORK_BATCH)
        ]
        return {
            name: np.concatenate(parts)
            for name, parts in zip(outputs, zip(*answers, strict=True), strict=True)
        }


def log_mel(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute log-mel spectrograms: what the network sees.

    Parameters
    ----------
    windows : ndarray of shape (n, 15600)
        Sound at 16 kHz. Rows that begin with the second half of the row before, as those of a
        recording cut with a hop of 0.48 s do, take that half's frames over.

    Returns
    -------
    ndarray of shape (n, 96, 64)
        ``log(mel + 0.001)`` of magnitudes in 64 bands from 125 to 7500 Hz, every 10 ms. A row
        has the same bits whatever rows are beside it.
    """
    windows = np.ascontiguousarray(windows, np.float32)
    first, second = windows[:, :_HALF], windows[:, _HALF_HOP:]
    goes_on = np.zeros(len(windows), np.bool_)
    goes_on[1:] = [
        np.array_equal(now, before) for now, before in zip(first[1:], second[:-1], strict=True)
    ]
    patches = np.empty((len(windows), 2, N_FRAMES // 2, N_MELS), np.float32)
    patches[:, 1] = _half_patches(second)
    patches[~goes_on, 0] = _half_patches(first[~goes_on])
    patches[goes_on, 0] = patches[np.flatnonzero(goes_on) - 1, 1]
    return patches.reshape(len(windows), N_FRAMES, N_MELS)


def _half_patches(halves: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute the log-mel frames of half windows, (n, 7920) -> (n, 48, 64)."""
    from scipy.fft import rfft

    bands = np.empty((len(halves), N_FRAMES // 2, N_MELS), np.float32)
    padded = np.zeros((_HALVES_AT_ONCE, N_FRAMES // 2, _N_FFT), np.float32)
    for start in range(0, len(halves), _HALVES_AT_ONCE):
        part = slice(start, start + _HALVES_AT_ONCE)
        cut = frames(halves[part], length=_FRAME, hop=_HOP)
        np.multiply(cut, hann(_FRAME), out=padded[: len(cut), :, :_FRAME])
        spectra = np.abs(rfft(padded[: len(cut)], axis=-1))
        # Products per half, always of the same shapes: their rounding depends on nothing else.
        with np.errstate(over="ignore", invalid="ignore"):  # windows too loud are refused below
            for bins, mels, filters in _filter_blocks():
                np.matmul(spectra[..., bins], filters, out=bands[part, :, mels])
    bands += _SOFTENING
    return np.log(bands, out=bands)


@lru_cache(maxsize=1)
def _filter_blocks() -> list[tuple[slice, slice, NDArray[np.float32]]]:
    """Cut the mel filters into blocks of bands, each with the bins that it hears."""
    filters = mel_filters(
        N_MELS,
        n_fft=_N_FFT,
        sample_rate=_SAMPLE_RATE,
        low_hz=_LOW_HZ,
        high_hz=_HIGH_HZ,
        scale="htk",
        equal_area=False,
    )
    blocks = []
    for start in range(0, N_MELS, _BLOCK):
        mels = slice(start, start + _BLOCK)
        heard = np.flatnonzero(filters[:, mels].any(axis=1))
        bins = slice(int(heard[0]), int(heard[-1]) + 1)
        blocks.append((bins, mels, np.ascontiguousarray(filters[bins, mels])))
    return blocks


def _with_room(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Move sounds that begin at the edge and leave room at the end a little into the window."""
    begins = np.abs(windows[:, :_ROOM]).max(axis=1) > _INAUDIBLE
    ends = np.abs(windows[:, -_ROOM:]).max(axis=1) <= _INAUDIBLE
    moved = begins & ends
    if not moved.any():
        return windows
    return np.where(moved[:, np.newaxis], np.roll(windows, _ROOM, axis=1), windows)


def _finite_patches(windows: NDArray[np.float32], *, first: int) -> NDArray[np.float32]:
    patches = log_mel(_with_room(windows))
    finite = np.isfinite(patches).all(axis=(1, 2))
    if not finite.all():
        raise ValueError(f"window {first + finite.argmin()} is too loud to be measured in float32")
    return patches


@lru_cache(maxsize=1)
def _session(content: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # jobs are the parallel unit
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        content,
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=["NchwcTransformer"],  # its reordering costs more than it saves here
    )
