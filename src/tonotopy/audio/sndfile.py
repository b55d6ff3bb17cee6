"""Decoding with libsndfile: wav, aiff, ogg, opus and many more, exact to the sample.

Plain samples and Ogg are sought; rare codes are decoded from their start, since libsndfile cannot
seek in some of them and seeks to wrong places in others.
"""

import math
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from tonotopy.audio.headers import data_chunk, last_page_ticks
from tonotopy.audio.pieces import dropping, regroup

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
_SOUGHT = frozenset({"AIFF", "AU", "CAF", "RF64", "W64", "WAV", "WAVEX"})
_PLAIN_WAV = frozenset({"PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "ULAW", "ALAW"})
_LONGEST_VORBIS_BLOCK = 8_192  # samples
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
        self._file = file
        self._sound = _Forward(file.fileno(), closefd=False)
        self.sample_rate = int(self._sound.samplerate)
        self.channels = int(self._sound.channels)
        self.format = _format_name(self._sound.format, self._sound.subtype)
        self.n_samples = int(self._sound.frames)
        self.n_promised = self.n_samples if self.n_samples < _MOST_FRAMES else None
        self.n_stray = 0
        self.damage: str | None = None
        self._begun = False
        plain = self._sound.format in _SOUGHT and self._sound.subtype in _SAMPLE_BYTES
        self._last_start = self.n_samples if plain else 0
        position = file.tell()
        if self._sound.format == "OGG":
            self._read_pages(file)
        else:
            self._read_promise(file)
        file.seek(position)  # the descriptor is libsndfile's too

    def _read_pages(self, file: BinaryIO) -> None:
        """Find where libsndfile seeks to the right place: not in the last page."""
        ticks = 48_000 if self._sound.subtype == "OPUS" else self.sample_rate
        last_page = math.ceil(last_page_ticks(file) * self.sample_rate / ticks)
        self._last_start = max(0, self.n_samples - last_page - _LONGEST_VORBIS_BLOCK)

    def _read_promise(self, file: BinaryIO) -> None:
        width = _SAMPLE_BYTES.get(self._sound.subtype, 0) * self.channels
        promise = data_chunk(file) if width else None
        if promise is not None:
            self.n_promised = None if promise.n_bytes is None else promise.n_bytes // width
            self.n_stray = promise.n_stray // width

    def blocks(self, start: int, length: int) -> Iterator[NDArray[np.float32]]:
        """Decode from a sample on, in blocks of shape (channels, length), the last one shorter."""
        self.damage = None
        if start >= self.n_samples:
            return
        lead = min(start, self._last_start)
        pieces = self._pieces(lead, length)
        yield from pieces if lead == start else regroup(dropping(pieces, start - lead), length)

    def _go_to(self, start: int) -> None:
        if self._begun:
            # In Ogg, a second seek may go astray by what the first one left behind.
            self._sound.close()
            self._file.seek(0)
            self._sound = _Forward(self._file.fileno(), closefd=False)
        self._begun = True
        if start:
            self._sound.seek(start)

    def _pieces(self, start: int, length: int) -> Iterator[NDArray[np.float32]]:
        try:
            self._go_to(start)
        except soundfile.LibsndfileError as error:
            self.damage = f"{start / self.sample_rate:.3f} s cannot be reached ({_text(error)})"
            return
        while True:
            try:
                decoded = self._sound.read(length, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError as error:
                self.damage = f"reading stopped ({_text(error)})"
                return
            if len(decoded):
                yield decoded.T
            if len(decoded) < length:
                return

    def close(self) -> None:
        """Let go of the file."""
        self._sound.close()


def _text(error: soundfile.LibsndfileError) -> str:
    return str(error.error_string).rstrip(".")


def _format_name(container: str, subtype: str) -> str:
    if container in {"WAV", "WAVEX"}:
        return "wav" if subtype in _PLAIN_WAV else f"wav-{subtype.lower()}"
    if container == "OGG":
        return {"VORBIS": "ogg", "OPUS": "opus"}.get(subtype, "ogg-flac")
    return container.lower()
