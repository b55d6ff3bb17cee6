"""Sound: exact windows, whole recordings by range, waveforms."""

import os
import struct
from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Header, Query
from fastapi.responses import FileResponse, Response, StreamingResponse
from numpy.typing import NDArray

from tonotopy import audio, catalog
from tonotopy.catalog import Catalog, Recording
from tonotopy.errors import DecodeError, NotInLibrary, QueryError
from tonotopy.server.library_routes import Library

__all__ = ["router"]

WAV_HEADER = 44  # bytes
RANGE_S = 20.0  # seconds of re-encoded sound in one answer
MIN_RATE, MAX_RATE, PLAYED_RATE = 8_000, 96_000, 48_000  # Hz
MAX_STRETCH_S = 60.0
PRIVATE = {"Cache-Control": "private, max-age=86400"}

router = APIRouter(tags=["sound"])


@router.get("/windows/{window_id}/audio", response_class=Response)
def window_audio(
    library: Library,
    window_id: int,
    format: Annotated[Literal["wav", "ogg"], Query(description="what to encode as")] = "wav",
) -> Response:
    """Give exactly the stretch of a window, decoded and encoded again."""
    with library.read() as connection:
        window = catalog.get_windows(connection, [window_id])[window_id]
        recording = catalog.get_recordings(connection, [window.recording_id])[window.recording_id]
    return stretch(recording, window.start_s, window.end_s, format, window.channel)


@router.get("/recordings/{recording_id}/stretch", response_class=Response)
def recording_stretch(
    library: Library,
    recording_id: int,
    start_s: Annotated[float, Query(ge=0)],
    end_s: Annotated[float, Query(gt=0)],
    format: Literal["wav", "ogg"] = "wav",
) -> Response:
    """Give any stretch of a recording, a minute at most."""
    if not start_s < end_s <= start_s + MAX_STRETCH_S:
        raise QueryError(
            f"a stretch from {start_s:g} to {end_s:g} s is not between 0 and {MAX_STRETCH_S:g} s"
        )
    return stretch(recording_of(library, recording_id), start_s, end_s, format, None)


def stretch(
    recording: Recording, start_s: float, end_s: float, format: str, channel: int | None
) -> Response:
    """Cut and encode a stretch."""
    check_there(recording)
    samples, sample_rate = audio.clip(recording.file, start_s, end_s, longest_s=MAX_STRETCH_S)
    if channel is not None:
        samples = samples[channel : channel + 1]
    content = audio.encode(samples, sample_rate, format)
    return Response(content, media_type=audio.media_type(format), headers=PRIVATE)


@router.get("/recordings/{recording_id}/audio", response_class=Response)
def recording_audio(
    library: Library, recording_id: int, range: Annotated[str | None, Header()] = None
) -> Response:
    """Give a recording as its file, or as WAV where browsers cannot play it, by range."""
    recording = recording_of(library, recording_id)
    check_there(recording)
    if audio.playable_in_browser(
        recording.format, sample_rate=recording.sample_rate, channels=recording.channels
    ):
        return FileResponse(
            recording.file, media_type=audio.media_type(recording.format), headers=PRIVATE
        )
    return as_wav(recording, range)


@router.get("/recordings/{recording_id}/peaks", response_class=Response)
def recording_peaks(library: Library, recording_id: int) -> Response:
    """Give the waveform: pairs of int8, lowest and highest; X-Bucket-S seconds a pair."""
    with library.read() as connection:
        packed = catalog.get_peaks(connection, recording_id)
    overview = audio.Overview.from_bytes(packed)
    return Response(
        overview.pairs.tobytes(),
        media_type="application/octet-stream",
        headers={"X-Bucket-S": repr(overview.bucket_s), **PRIVATE},
    )


def recording_of(library: Catalog, recording_id: int) -> Recording:
    """Find a recording."""
    with library.read() as connection:
        return catalog.get_recordings(connection, [recording_id])[recording_id]


def check_there(recording: Recording) -> None:
    """Refuse to play a file that is gone."""
    if not os.path.exists(recording.file):
        raise NotInLibrary(f"{recording.path} is gone; if it moved: tonotopy relocate OLD NEW")


def as_wav(recording: Recording, asked: str | None) -> Response:
    """Give what would be the recording as a 16-bit WAV file, or a range of its bytes.

    Every sample has its place in such a file, so a range of bytes is a stretch of sound, and only
    that is decoded. A player asks for the next range when it gets there.
    """
    wav = VirtualWav(recording)
    if asked is None:
        headers = {"Accept-Ranges": "bytes", "Content-Length": str(wav.size), **PRIVATE}
        return StreamingResponse(wav.pieces(), media_type="audio/wav", headers=headers)
    first, last = byte_range(asked, wav.size)
    last = min(last, first + wav.piece_bytes - 1)
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Range": f"bytes {first}-{last}/{wav.size}",
        **PRIVATE,
    }
    content = wav.read(first, last + 1)
    return Response(content, status_code=206, media_type="audio/wav", headers=headers)


class VirtualWav:
    """A recording as the 16-bit WAV file that it would be, read without being written."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._channels = recording.channels if recording.channels <= 2 else 1
        rate = recording.sample_rate
        self._rate = rate if MIN_RATE <= rate <= MAX_RATE else PLAYED_RATE
        self._frame = 2 * self._channels  # bytes
        self._n_frames = round(recording.duration_s * self._rate)
        self.size = WAV_HEADER + self._frame * self._n_frames
        self.piece_bytes = self._frame * int(RANGE_S * self._rate)

    def pieces(self) -> Iterator[bytes]:
        """Read all of it, a stretch at a time."""
        for start in range(0, self.size, self.piece_bytes):
            yield self.read(start, min(start + self.piece_bytes, self.size))

    def read(self, start: int, end: int) -> bytes:
        """Read bytes from start up to end."""
        header = self._header()[start:end]
        begin, stop = max(0, start - WAV_HEADER), end - WAV_HEADER
        if stop <= begin:
            return header
        first, last = begin // self._frame, -(-stop // self._frame)
        sound = self._decode(first, last)
        return header + sound[begin - first * self._frame : stop - first * self._frame]

    def _decode(self, first: int, last: int) -> bytes:
        """Decode frames as 16-bit samples; silence where a damaged file has none."""
        samples = np.zeros((self._channels, last - first), np.float32)
        try:
            heard, rate = audio.clip(
                self._recording.file, first / self._rate, last / self._rate, longest_s=2 * RANGE_S
            )
        except DecodeError:
            heard, rate = samples, self._rate
        if len(heard) != self._channels:
            heard = audio.mix(heard)[np.newaxis]
        if rate != self._rate:
            heard = np.stack([resampled(channel, rate, self._rate) for channel in heard])
        n_heard = min(heard.shape[1], samples.shape[1])
        samples[:, :n_heard] = heard[:, :n_heard]
        return (np.clip(samples.T, -1, 1) * 32_767).round().astype("<i2").tobytes()

    def _header(self) -> bytes:
        size = min(self.size - WAV_HEADER, 0xFFFFFFFF - WAV_HEADER)  # all that fits the field
        return struct.pack(
            "<4sI4s4sIHHIIHH4sI",
            *(b"RIFF", size + WAV_HEADER - 8, b"WAVE", b"fmt ", 16, 1, self._channels),
            *(self._rate, self._rate * self._frame, self._frame, 16, b"data", size),
        )


def resampled(samples: NDArray[np.float32], rate_in: int, rate_out: int) -> NDArray[np.float32]:
    """Resample one channel of a stretch."""
    resampler = audio.Resampler(rate_in, rate_out)
    return np.concatenate([resampler.push(samples), resampler.finish()])


def byte_range(asked: str, total: int) -> tuple[int, int]:
    """Read a Range header: first and last byte.

    Examples
    --------
    >>> byte_range("bytes=100-", 1000), byte_range("bytes=-10", 1000)
    ((100, 999), (990, 999))
    """
    unit, _, spans = asked.partition("=")
    begin, _, end = spans.partition(",")[0].strip().partition("-")
    try:
        if begin == "":
            first, last = max(0, total - int(end)), total - 1
        else:
            first, last = int(begin), min(int(end) if end else total - 1, total - 1)
    except ValueError:
        first, last = 1, 0
    if unit.strip() != "bytes" or not 0 <= first <= last:
        raise QueryError(f"the range {asked!r} is not within the {total} bytes of the sound")
    return first, last
