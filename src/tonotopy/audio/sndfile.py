"""Decoding with libsndfile: wav, aiff and other plain formats, each seek exact to the sample."""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from tonotopy.audio.headers import data_chunk

__all__ = ["SndfileSource"]

_SAMPLE_BYTES = {
    "PCM_S8": 1,
    "PCM_U8": 1,
    "PCM_16": 2,
    "PCM_24": 3,
    "PCM_32": 4,
    "FLOAT": 4,
    "DOUBLE": 8,
    "ULAW": 1,
    "ALAW": 1,
}
_PLAIN_WAV = frozenset({"PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "ULAW", "ALAW"})
_MOST_FRAMES = 1 << 62  # libsndfile gives about 2^63 where the length is unknown


class _Forward(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file that is read from front to back.

    Without this, soundfile seeks after every read, which in a damaged stream goes astray.
    """

    def seekable(self) -> bool:
        return False


class SndfileSource:
    """Sound that libsndfile decodes.

    Parameters
    ----------
    file : binary file
        Open for reading, with a file descriptor, at its beginning; it stays the caller's to close.

    Raises
    ------
    soundfile.LibsndfileError
        If libsndfile does not know the format.
    """

    slack = 0  #: samples by which a file may miss its promise and be whole

    def __init__(self, file: BinaryIO) -> None:
        self._sound = _Forward(file.fileno(), closefd=False)
        self.sample_rate = int(self._sound.samplerate)
        self.channels = int(self._sound.channels)
        self.format = _format_name(self._sound.format, self._sound.subtype)
        self.n_samples = int(self._sound.frames)
        self.n_promised = self.n_samples if self.n_samples < _MOST_FRAMES else None
        self.n_stray = 0
        self.damage: str | None = None
        self._read_promise(file)

    def _read_promise(self, file: BinaryIO) -> None:
        width = _SAMPLE_BYTES.get(self._sound.subtype, 0) * self.channels
        if not width:
            return
        position = file.tell()
        promise = data_chunk(file)
        file.seek(position)  # the descriptor is libsndfile's too
        if promise is not None:
            self.n_promised = None if promise.n_bytes is None else promise.n_bytes // width
            self.n_stray = promise.n_stray // width

    def blocks(self, start: int, length: int) -> Iterator[NDArray[np.float32]]:
        """Decode from a sample on, in blocks of shape (channels, length), the last one shorter."""
        self.damage = None
        if start >= self.n_samples:
            return
        try:
            self._sound.seek(start)
        except soundfile.LibsndfileError as error:
            self.damage = f"{start / self.sample_rate:.3f} s cannot be reached: {_text(error)}"
            return
        while True:
            # What is still not a number after an error was never decoded.
            buffer = np.full((length, self.channels), np.nan, np.float32)
            try:
                decoded = self._sound.read(out=buffer)
            except soundfile.LibsndfileError as error:
                self.damage = f"damaged: {_text(error)}"
                decoded = buffer[: _n_written(buffer)]
            if len(decoded):
                yield decoded.T
            if len(decoded) < length:
                return

    def close(self) -> None:
        """Let go of the file."""
        self._sound.close()


def _n_written(buffer: NDArray[np.float32]) -> int:
    written = np.flatnonzero(~np.isnan(buffer[:, 0]))
    return int(written[-1]) + 1 if len(written) else 0


def _text(error: soundfile.LibsndfileError) -> str:
    return str(error.error_string).rstrip(".")


def _format_name(container: str, subtype: str) -> str:
    if container in {"WAV", "WAVEX"}:
        return "wav" if subtype in _PLAIN_WAV else f"wav-{subtype.lower()}"
    return container.lower()
