"""Clips: an exact stretch of a file, and its bytes for a browser."""

import io
import os
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from tonotopy.audio.mixing import mix
from tonotopy.audio.reader import open_audio
from tonotopy.errors import DecodeError

__all__ = ["clip", "encode"]

_SLOWEST_HZ, _FASTEST_HZ = 8_000, 96_000  # what every browser plays
_PLAYED_HZ = 48_000
_WRITTEN_AT_ONCE = 1 << 14  # libsndfile's Vorbis encoder overflows the stack on long writes


def clip(
    path: str | os.PathLike[str], start_s: float, end_s: float, *, longest_s: float = 60.0
) -> tuple[NDArray[np.float32], int]:
    """Cut a stretch out of a file, exact to the sample.

    Parameters
    ----------
    path : path-like
        The file.
    start_s, end_s : float
        The stretch, ``0 <= start_s < end_s``; it ends earlier where the sound does.
    longest_s : float > 0
        A longer stretch is refused.

    Returns
    -------
    samples : ndarray of shape (n_channels, n), float32
        At least one sample.
    sample_rate : int
        Hz, the file's own.

    Raises
    ------
    ValueError
        If the stretch is longer than ``longest_s`` or not a stretch.
    DecodeError
        If the file cannot be decoded, or has no sound in the stretch.
    """
    if not end_s - start_s <= longest_s:
        raise ValueError(
            f"a clip from {start_s} to {end_s} s is longer than {longest_s} s; ask for less"
        )
    with open_audio(path) as reader:
        blocks = list(reader.blocks(start_s, end_s, block_s=min(1.0, end_s - start_s)))
        if not blocks:
            raise DecodeError(Path(path), f"there is no sound from {start_s:g} s to {end_s:g} s")
        return np.concatenate(blocks, axis=1), reader.sample_rate


def encode(samples: NDArray[np.float32], sample_rate: int, format: str = "wav") -> bytes:
    """Encode a clip so that every browser plays it.

    More than two channels are mixed to one. Rates below 8 kHz are raised to that, rates above
    96 kHz lowered to 48 kHz; all others stay.

    Parameters
    ----------
    samples : ndarray of shape (n_channels, n), float32
        Values beyond [-1, 1] are clipped.
    sample_rate : int > 0
        Hz.
    format : {"wav", "ogg"}
        16-bit WAV, in which 16-bit sound keeps its samples, or Ogg Vorbis.

    Returns
    -------
    bytes
        A whole file.

    Raises
    ------
    ValueError
        If the format is another, or the rate is not positive.
    """
    if format not in {"wav", "ogg"}:
        raise ValueError(f"format={format!r} must be 'wav' or 'ogg'")
    if sample_rate <= 0:
        raise ValueError(f"sample_rate={sample_rate} Hz must be positive")
    frames, rate = _playable(samples, sample_rate)
    packed = io.BytesIO()
    if format == "wav":
        steps = np.clip(np.rint(frames * 32_768.0), -32_768, 32_767).astype(np.int16)
        soundfile.write(packed, steps, rate, format="WAV", subtype="PCM_16")
        return packed.getvalue()
    with soundfile.SoundFile(
        packed, "w", rate, frames.shape[1], format="OGG", subtype="VORBIS"
    ) as ogg:
        for start in range(0, len(frames), _WRITTEN_AT_ONCE):
            ogg.write(np.clip(frames[start : start + _WRITTEN_AT_ONCE], -1.0, 1.0))
    return packed.getvalue()


def _playable(samples: NDArray[np.float32], sample_rate: int) -> tuple[NDArray[np.float32], int]:
    """Bring samples to shape (n, 1 or 2) at a rate that browsers play."""
    frames = np.ascontiguousarray((samples if len(samples) <= 2 else mix(samples)[np.newaxis]).T)
    if _SLOWEST_HZ <= sample_rate <= _FASTEST_HZ:
        return frames, sample_rate
    rate = _SLOWEST_HZ if sample_rate < _SLOWEST_HZ else _PLAYED_HZ
    return soxr.resample(frames, sample_rate, rate), rate
