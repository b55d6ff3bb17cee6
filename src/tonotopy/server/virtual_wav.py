"""A stretch of a recording as the WAV file that it would be, read without being written."""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tonotopy import audio
from tonotopy.errors import DecodeError

__all__ = ["VirtualWav", "choose_channel"]

HEADER = 44  # bytes
RIFF_SIZE_AT, CHANNELS_AT, RATE_AT, DATA_SIZE_AT = 4, 22, 24, 40
LARGEST_SIZE = 2**32 - 1  # that the header can tell
BLOCK_S = 5.0
MARGIN_S = 1.0  # decoded around a block that is resampled, so that blocks join


class VirtualWav:
    """A recording, or a stretch of it, as a 16-bit WAV file that every browser plays.

    Every sample has its place in such a file, so a range of bytes is a stretch of sound, and only
    that is decoded: block by block, each always the same, whatever range it is part of. Where a
    damaged file has no sound there is silence.

    Parameters
    ----------
    file : str
        The sound file.
    start_s, end_s : float
        The stretch, ``0 <= start_s < end_s``.
    channel : int, optional
        Which channel; by default all, more than two of them mixed.
    gain_db : float
        By how much to amplify. Sound of several channels is not raised: how far the peaks of one
        of them reach is known when all of it has been decoded.

    Attributes
    ----------
    size : int
        Bytes of the whole.

    Raises
    ------
    DecodeError
        If the file cannot be opened, or has no such channel.
    """

    def __init__(
        self,
        file: str,
        start_s: float,
        end_s: float,
        *,
        channel: int | None = None,
        gain_db: float = 0.0,
    ) -> None:
        self._file, self._start_s, self._channel = file, start_s, channel
        with audio.open_audio(file) as reader:
            frame, source_rate = np.zeros((reader.channels, 1), np.float32), reader.sample_rate
        most_db = gain_db if len(frame) == 1 else min(0.0, gain_db)
        self._factor = np.float32(10 ** (most_db / 20))
        # What one frame is encoded as tells the rate and the channels of all.
        header = bytearray(audio.encode(choose_channel(frame, channel, file), source_rate)[:HEADER])
        self._rate: int = struct.unpack_from("<I", header, RATE_AT)[0]
        self._frame_bytes: int = 2 * struct.unpack_from("<H", header, CHANNELS_AT)[0]
        self._margin_s = 0.0 if self._rate == source_rate else MARGIN_S
        n_bytes = self._bytes_of(end_s - start_s)
        told = min(n_bytes, (LARGEST_SIZE - HEADER) // self._frame_bytes * self._frame_bytes)
        struct.pack_into("<I", header, RIFF_SIZE_AT, told + HEADER - 8)
        struct.pack_into("<I", header, DATA_SIZE_AT, told)
        self._header = bytes(header)
        self.size = HEADER + n_bytes

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """Read the bytes from start up to end, a block at a time."""
        if start < HEADER:
            yield self._header[start:end]
        first, stop = max(0, start - HEADER), end - HEADER
        length = self._bytes_of(BLOCK_S)
        for number in range(first // length, -(-stop // length)):
            begin = number * length
            yield self._block(number)[max(0, first - begin) : stop - begin]

    def _bytes_of(self, seconds: float) -> int:
        return self._frame_bytes * round(seconds * self._rate)

    def _block(self, number: int) -> bytes:
        """Decode a block; the last one has silence behind its end."""
        start_s = self._start_s + number * BLOCK_S
        lead_s = self._margin_s if start_s >= self._margin_s else 0.0
        end_s = start_s + BLOCK_S + self._margin_s
        length, lead = self._bytes_of(BLOCK_S), self._bytes_of(lead_s)
        try:
            heard, rate = audio.clip(self._file, start_s - lead_s, end_s)
        except DecodeError:
            return bytes(length)
        chosen = choose_channel(heard, self._channel, self._file) * self._factor
        packed = audio.encode(chosen, rate)[HEADER:]
        return packed[lead : lead + length].ljust(length, b"\0")


def choose_channel(
    samples: NDArray[np.float32], channel: int | None, file: str
) -> NDArray[np.float32]:
    """Choose a channel of samples of shape (n_channels, n), None for all.

    Raises
    ------
    DecodeError
        If there is no such channel.
    """
    if channel is None:
        return samples
    if channel >= len(samples):
        raise DecodeError(Path(file), f"it has no channel {channel + 1} any more; add it again")
    return samples[channel : channel + 1]
