"""Listening to a file: its sound at the rate an embedder wants, and its waveform on the way."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tonotopy.audio.mixing import mix
from tonotopy.audio.peaks import Peaks
from tonotopy.audio.reader import Reader, open_audio
from tonotopy.audio.resampling import Resampler

__all__ = ["Info", "Listening", "listen"]


@dataclass(frozen=True)
class Info:
    """What was heard in a file."""

    duration_s: float  #: decoded, at the file's own sample rate
    sample_rate: int  #: Hz, the file's own
    channels: int  #: of the file
    format: str  #: as in `Reader.format`
    problem: str | None  #: as in `Reader.problem`


class Listening:
    """One pass over a file, made by `listen`; iterate over `blocks`, then ask for the rest.

    Attributes
    ----------
    peaks : Peaks
        Overview of the mix of all channels at the file's own rate; once `blocks` has begun.
    info : Info
        What was decoded; complete once `blocks` has ended.
    """

    peaks: Peaks
    info: Info

    def __init__(
        self,
        path: Path,
        sample_rate: int,
        *,
        channels: str,
        start_s: float,
        end_s: float | None,
        overhear: Callable[[NDArray[np.float32], int], object] | None,
    ) -> None:
        self._path, self._sample_rate, self._channels = path, sample_rate, channels
        self._start_s, self._end_s = start_s, end_s
        self._overhear = overhear

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Decode, mix and resample.

        Yields
        ------
        ndarray of shape (n_channels_out, n), float32
            One channel for ``"mix"``, the file's for ``"each"``; about a second each, never empty.

        Raises
        ------
        DecodeError
            If the file cannot be decoded.
        """
        with open_audio(self._path) as reader:
            n_out = 1 if self._channels == "mix" else reader.channels
            resamplers = [Resampler(reader.sample_rate, self._sample_rate) for _ in range(n_out)]
            self.peaks = Peaks(reader.sample_rate)
            n_samples = 0
            self.info = _info(reader, n_samples)
            for block in reader.blocks(self._start_s, self._end_s):
                mixed = mix(block)
                self.peaks.add(mixed)
                if self._overhear is not None:
                    self._overhear(mixed, reader.sample_rate)
                heard = [mixed] if self._channels == "mix" else block
                pairs = zip(resamplers, heard, strict=True)
                resampled = np.stack([resampler.push(samples) for resampler, samples in pairs])
                n_samples += block.shape[1]
                self.info = _info(reader, n_samples)
                if resampled.shape[1]:
                    yield resampled
            rest = np.stack([resampler.finish() for resampler in resamplers])
            self.info = _info(reader, n_samples)
            if rest.shape[1]:
                yield rest


def _info(reader: Reader, n_samples: int) -> Info:
    return Info(
        n_samples / reader.sample_rate,
        reader.sample_rate,
        reader.channels,
        reader.format,
        reader.problem,
    )


def listen(
    path: str | os.PathLike[str],
    sample_rate: int,
    *,
    channels: str = "mix",
    start_s: float = 0.0,
    end_s: float | None = None,
    overhear: Callable[[NDArray[np.float32], int], object] | None = None,
) -> Listening:
    """Listen to a file, or an interval of it, at a sample rate, in memory that does not grow.

    Parameters
    ----------
    path : path-like
        The file; it is opened when `Listening.blocks` begins, and closed when that ends.
    sample_rate : int > 0
        Hz of the blocks.
    channels : {"mix", "each"}
        All channels as one (see `mix`), or each by itself.
    start_s, end_s : float, optional
        The interval, all of the file by default.
    overhear : callable, optional
        Is given the mix of all channels as it is decoded, shape (n,), and the file's sample rate.

    Returns
    -------
    Listening
        To be iterated once.

    Raises
    ------
    ValueError
        If ``channels`` is neither, or a number is out of range.
    """
    if channels not in {"mix", "each"}:
        raise ValueError(f"channels={channels!r} must be 'mix' or 'each'")
    if sample_rate <= 0:
        raise ValueError(f"sample_rate={sample_rate} Hz must be positive")
    if not 0 <= start_s < (np.inf if end_s is None else end_s):
        raise ValueError(f"start_s={start_s} must be at least 0 and less than end_s={end_s}")
    return Listening(
        Path(path),
        sample_rate,
        channels=channels,
        start_s=start_s,
        end_s=end_s,
        overhear=overhear,
    )
