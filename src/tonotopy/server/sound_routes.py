"""Sound: exact windows, whole recordings by range, waveforms."""

import math
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import numpy as np
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from numpy.typing import NDArray

from tonotopy import audio, catalog
from tonotopy.catalog import Catalog, Recording
from tonotopy.errors import DecodeError, NotInLibrary, QueryError
from tonotopy.explore import gain_of
from tonotopy.features.loudness import playing_gain
from tonotopy.server.describing import answers_head, binary
from tonotopy.server.ranges import Content, content_of, not_modified, respond, tag_of
from tonotopy.server.served import Library, PathId
from tonotopy.server.virtual_wav import VirtualWav, choose_channel

__all__ = ["router"]

MAX_STRETCH_S = 60.0  # that is encoded at once
PIECE_BYTES = 1 << 18

Format: TypeAlias = Literal["wav", "ogg"]
FormatQuery = Annotated[Format, Query(description="what to encode as")]
EvenQuery = Annotated[
    bool,
    Query(
        description="amplify so that all recordings sound about as loud: to -20 dBFS, by 20 dB "
        "at most, peaks below -1 dBFS"
    ),
]

router = APIRouter(tags=["sound"])


@router.get("/windows/{window_id}/audio", **binary("audio/wav", "audio/ogg"))
def window_audio(
    request: Request,
    library: Library,
    window_id: PathId,
    format: FormatQuery = "wav",
    even: EvenQuery = False,
) -> Response:
    """Give exactly the stretch of a window, decoded and encoded again."""
    with library.read() as connection:
        window = catalog.get_windows(connection, [window_id])[window_id]
        recording = catalog.get_recordings(connection, [window.recording_id])[window.recording_id]
        gain_db = gain_of(connection, recording) if even else 0.0
    interval = (window.start_s, window.end_s)
    return stretch(request, recording, interval, format, window.channel, gain_db)


@router.get("/recordings/{recording_id}/stretch", **binary("audio/wav", "audio/ogg"))
def recording_stretch(
    request: Request,
    library: Library,
    recording_id: PathId,
    start_s: Annotated[float, Query(ge=0)],
    end_s: Annotated[float, Query(gt=0)],
    format: FormatQuery = "wav",
    even: EvenQuery = False,
) -> Response:
    """Give any stretch of a recording."""
    with library.read() as connection:
        recording = catalog.get_recordings(connection, [recording_id])[recording_id]
        gain_db = gain_of(connection, recording) if even else 0.0
    if not start_s < min(end_s, recording.duration_s):
        raise QueryError(
            f"there is no stretch from {start_s:g} to {end_s:g} s in a recording of "
            f"{recording.duration_s:g} s"
        )
    interval = (start_s, min(end_s, recording.duration_s))
    return stretch(request, recording, interval, format, None, gain_db)


@router.get("/recordings/{recording_id}/audio", **binary("audio/*"))
def recording_audio(request: Request, library: Library, recording_id: PathId) -> Response:
    """Give a recording as its file, or as WAV where browsers cannot play it, by range."""
    recording = recording_of(library, recording_id)
    status = look_at(recording)
    tag = tag_of("recording", recording.path, status.st_mtime_ns, status.st_size)
    if audio.playable_in_browser(
        recording.format, sample_rate=recording.sample_rate, channels=recording.channels
    ):
        media_type = audio.media_type(recording.format)
        return respond(request, file_content(recording, status.st_size, media_type, tag))
    wav = VirtualWav(recording.file, 0.0, recording.duration_s)
    return respond(request, Content(wav.size, "audio/wav", tag, wav.read))


@router.get("/recordings/{recording_id}/peaks", **binary("application/octet-stream"))
def recording_peaks(request: Request, library: Library, recording_id: PathId) -> Response:
    """Give the waveform: pairs of int8, lowest and highest; X-Bucket-S seconds a pair."""
    with library.read() as connection:
        packed = catalog.get_peaks(connection, recording_id)
    if not packed:
        raise NotInLibrary(f"recording {recording_id} has no waveform; add its file again")
    overview = audio.Overview.from_bytes(packed)
    pairs = overview.pairs.tobytes()
    answer = respond(request, content_of(pairs, "application/octet-stream", tag_of(packed)))
    answer.headers["X-Bucket-S"] = repr(overview.bucket_s)
    return answer


answers_head(router)


def stretch(
    request: Request,
    recording: Recording,
    interval: tuple[float, float],
    format: Format,
    channel: int | None,
    gain_db: float,
) -> Response:
    """Cut, amplify and encode a stretch; a long one is decoded as it is sent."""
    start_s, end_s = interval
    status = look_at(recording)
    wanted = (*interval, format, channel, gain_db)
    tag = tag_of("stretch", recording.path, status.st_mtime_ns, status.st_size, *wanted)
    unchanged = not_modified(request, tag)
    if unchanged is not None:
        return unchanged
    if end_s - start_s > MAX_STRETCH_S:
        if format != "wav":
            raise QueryError(
                f"{end_s - start_s:g} s are too much to encode as {format} at once, "
                f"{MAX_STRETCH_S:g} s at most; ask for format=wav"
            )
        wav = VirtualWav(recording.file, start_s, end_s, channel=channel, gain_db=gain_db)
        return respond(request, Content(wav.size, "audio/wav", tag, wav.read))
    samples, rate = audio.clip(recording.file, start_s, end_s, longest_s=MAX_STRETCH_S)
    heard = amplified(choose_channel(samples, channel, recording.file), gain_db)
    data = audio.encode(heard, rate, format)
    return respond(request, content_of(data, audio.media_type(format), tag))


def amplified(samples: NDArray[np.float32], gain_db: float) -> NDArray[np.float32]:
    """Amplify samples of shape (n_channels, n), peaks staying below -1 dBFS if they are raised.

    The waveform of a library is that of all channels mixed, so one of them may be louder.
    """
    if gain_db > 0:
        peak = float(np.abs(samples).max())
        gain_db = max(0.0, min(gain_db, playing_gain(-math.inf, peak)))
    factor = np.float32(10 ** (gain_db / 20))
    return samples if factor == 1 else samples * factor


def recording_of(library: Catalog, recording_id: int) -> Recording:
    """Find a recording."""
    with library.read() as connection:
        return catalog.get_recordings(connection, [recording_id])[recording_id]


def look_at(recording: Recording) -> os.stat_result:
    """Look at the file of a recording.

    Raises
    ------
    NotInLibrary
        If it is gone.
    DecodeError
        If there is something else in its place, or it may not be read.
    """
    try:
        status = os.stat(recording.file)
    except OSError as error:
        raise NotInLibrary(
            f"{recording.path} is gone; if it moved: tonotopy relocate OLD NEW"
        ) from error
    if not stat.S_ISREG(status.st_mode):
        raise DecodeError(Path(recording.path), "it is not a file any more")
    if not os.access(recording.file, os.R_OK):
        raise DecodeError(Path(recording.path), "you may not read it")
    return status


def file_content(recording: Recording, size: int, media_type: str, tag: str) -> Content:
    """Offer the bytes of a file as it is."""

    def read(start: int, end: int) -> Iterator[bytes]:
        with open(recording.file, "rb") as file:
            file.seek(start)
            while start < end and (piece := file.read(min(PIECE_BYTES, end - start))):
                start += len(piece)
                yield piece

    return Content(size, media_type, tag, read)
