"""Reading a sound file of any kind, block by block."""

import os
import stat
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np
import soundfile
from numpy.typing import NDArray

from tonotopy.audio.headers import is_chained
from tonotopy.audio.recognize import HEAD_BYTES, foreign_kind, is_packet_stream
from tonotopy.audio.sndfile import SndfileSource
from tonotopy.errors import DecodeError

__all__ = ["Reader", "open_audio", "open_file"]

_MOST_VALUES = 1 << 22  # of a block: 16 MiB, whatever the header says of rates and channels
_FASTEST_HZ = 10_000_000
_LOUDEST = 1e10  # full scale is 1; integers that were stored as floats reach 2^31
_STRAY_S = 1.0


class Source(Protocol):
    """What decodes: sndfile.SndfileSource or container.ContainerSource."""

    sample_rate: int
    channels: int
    format: str
    n_promised: int | None
    n_stray: int
    slack: int

    @property
    def damage(self) -> str | None: ...
    def blocks(self, start: int, length: int) -> Iterator[NDArray[np.float32]]: ...
    def close(self) -> None: ...


class Reader:
    """An open sound file; make one with `open_audio`, and close it or use it in a ``with``.

    Attributes
    ----------
    sample_rate : int
        Hz.
    channels : int
        How many.
    format : str
        Such as ``"wav"``, ``"flac"``, ``"mp3"``, ``"ogg"``, ``"opus"``, ``"m4a"``; a rare variant
        follows a hyphen, as in ``"wav-double"``.
    expected_s : float or None
        Seconds of sound that the header promises, None if it does not say.
    problem : str or None
        After iteration: what could not be decoded, a phrase without a full stop.
    """

    def __init__(self, path: Path, file: FileIO, source: Source) -> None:
        self._path, self._file, self._source = path, file, source
        self.sample_rate = source.sample_rate
        self.channels = source.channels
        self.format = source.format
        promised = source.n_promised
        self.expected_s = None if promised is None else promised / self.sample_rate
        self.problem: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; a second call does nothing."""
        self._source.close()
        self._file.close()

    def blocks(
        self, start_s: float = 0.0, end_s: float | None = None, *, block_s: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """Decode a stretch, at the file's own sample rate and exact to the sample.

        What is damaged is left out and told in `problem`. One iteration at a time.

        Parameters
        ----------
        start_s : float >= 0
            Where to begin. Behind the end of the sound nothing comes.
        end_s : float > start_s, optional
            Where to end; the end of the sound by default.
        block_s : float > 0
            Length of a block. The last is shorter, and all are where many channels or a high
            rate would make a block exceed 16 MiB.

        Yields
        ------
        ndarray of shape (n_channels, n), float32
            Nominally in [-1, 1]; only files of floats may go beyond.

        Raises
        ------
        ValueError
            If an argument is out of its range.
        DecodeError
            If no sample can be decoded, or a sample is not a number or beyond 1e10.
        """
        if not 0 <= start_s < (np.inf if end_s is None else end_s):
            raise ValueError(f"start_s={start_s} must be at least 0 and less than end_s={end_s}")
        if not block_s > 0:
            raise ValueError(f"block_s={block_s} must be positive")
        start = round(start_s * self.sample_rate)
        end = None if end_s is None else round(end_s * self.sample_rate)
        longest = max(1, _MOST_VALUES // self.channels)
        return self._blocks(start, end, max(1, min(round(block_s * self.sample_rate), longest)))

    def _blocks(self, start: int, end: int | None, length: int) -> Iterator[NDArray[np.float32]]:
        self.problem = None
        position = start
        for block in self._source.blocks(start, length):
            wanted = block if end is None else block[:, : max(0, end - position)]
            self._refuse_nonsense(wanted, position)
            position += wanted.shape[1]
            if wanted.shape[1]:
                yield wanted
            if position == end:
                self.problem = self._source.damage
                return
        if position == 0:
            raise DecodeError(self._path, self._source.damage or "it holds no sound")
        self.problem = self._whole_problem(position)

    def _refuse_nonsense(self, block: NDArray[np.float32], position: int) -> None:
        if not block.size or -_LOUDEST <= block.min() <= block.max() <= _LOUDEST:
            return
        sensible = np.abs(block) <= _LOUDEST  # false for what is not a number, as above
        at, channel = np.argwhere(~sensible.T)[0]
        value = float(block[channel, at])
        kind = "not a number" if np.isnan(value) else f"a sample of {value:.3g}"
        raise DecodeError(self._path, f"{kind} at {(position + at) / self.sample_rate:.3f} s")

    def _whole_problem(self, position: int) -> str | None:
        """Compare what was decoded up to the end of the file with what was promised."""
        source, decoded_s = self._source, position / self.sample_rate
        found = []
        if source.n_promised is not None and position < source.n_promised - source.slack:
            found.append(
                f"only {decoded_s:.1f} s of the {source.n_promised / self.sample_rate:.1f} s that "
                "its header promises could be decoded"
            )
        if source.n_stray > _STRAY_S * self.sample_rate:
            found.append(
                f"its header ends the sound at {decoded_s:.1f} s, but about "
                f"{source.n_stray / self.sample_rate:.1f} s more follow, which were left out"
            )
        if source.damage is not None:
            found.append(source.damage)
        return "; ".join(found) or None


def open_audio(path: str | os.PathLike[str]) -> Reader:
    """Open a sound file of any kind that libsndfile or FFmpeg decodes, or a video for its sound.

    Parameters
    ----------
    path : path-like
        The file. What it is called does not matter.

    Returns
    -------
    Reader
        To be closed, or used in a ``with``.

    Raises
    ------
    DecodeError
        If it cannot be opened or is not sound, with the most useful reason.
    """
    path = Path(path)
    file = open_file(path)
    try:
        return Reader(path, file, _source(path, file))
    except BaseException:
        file.close()
        raise


def open_file(path: Path) -> FileIO:
    """Open a regular file for reading bytes; DecodeError with the reason if that is impossible."""
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            raise DecodeError(path, "it is a folder")
        if not stat.S_ISREG(kind):
            raise DecodeError(path, "it is a pipe or a device, not a file")
        return path.open("rb", buffering=0)
    except FileNotFoundError as error:
        raise DecodeError(path, "there is no such file") from error
    except PermissionError as error:
        raise DecodeError(path, "no permission to read it") from error
    except OSError as error:
        raise DecodeError(path, f"it cannot be opened ({error.strerror or error})") from error


def _source(path: Path, file: FileIO) -> Source:
    try:
        head = file.read(HEAD_BYTES)
        file.seek(0)
        if not head:
            raise DecodeError(path, "empty file (0 bytes)")
        source = _decoder(path, file, head)
    except OSError as error:
        raise DecodeError(path, f"it cannot be read ({error.strerror or error})") from error
    if not 0 < source.sample_rate <= _FASTEST_HZ or source.channels < 1:
        source.close()
        raise DecodeError(
            path,
            f"its header claims {source.channels} channels at {source.sample_rate} Hz",
        )
    return source


def _decoder(path: Path, file: FileIO, head: bytes) -> Source:
    """Choose who decodes: libsndfile, and FFmpeg where that cannot or should not.

    FFmpeg alone gets MPEG audio, FLAC and chained Ogg: libsndfile complains of the first on
    standard error, gives up the second at a damaged frame, and ends the third after one link.
    """
    reason = None
    if not is_packet_stream(head) and not is_chained(file):
        file.seek(0)
        try:
            source = SndfileSource(file)
            if source.n_samples > 0:
                return source
            source.close()
        except soundfile.LibsndfileError as error:
            if error.code != 1:  # 1: a format it does not know
                text = str(error.error_string).rstrip(".")
                reason = f"its header is damaged or unsupported ({text})"
    kind = foreign_kind(head)
    if kind is not None:
        raise DecodeError(path, f"not audio: it begins like {kind}")
    from tonotopy.audio.container import ContainerSource, Undecodable  # loads all of FFmpeg

    try:
        return ContainerSource(file, head)
    except Undecodable as error:
        raise DecodeError(path, reason or str(error)) from error
