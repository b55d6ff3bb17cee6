"""Decoding with FFmpeg: mp3, flac, ogg, opus, m4a, aac, wma, and the sound of videos."""

from collections.abc import Generator, Iterator
from fractions import Fraction
from itertools import chain
from typing import BinaryIO

import av
import numpy as np
from av import AudioFrame, AudioStream, Packet
from av.audio.plane import AudioPlane
from av.container import InputContainer
from av.stream import Discard, Disposition
from numpy.typing import NDArray

from tonotopy.audio.headers import has_frame_count
from tonotopy.audio.pieces import dropping, regroup, without_padding
from tonotopy.audio.recognize import is_mp4

__all__ = ["ContainerSource", "Undecodable"]

# Only formats that hold their sound themselves: a playlist would make FFmpeg open other files and
# addresses on the network.
_FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,dts,eac3,flac,flv,iff,matroska,mov,mp3,mpc,mpc8,mpeg,"
    "mpegts,ogg,tak,tta,voc,w64,wav,webm,wv"
)
_MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
_MATROSKA = "matroska,webm"
_LENGTH_GUESSED = frozenset({"aac", "ac3", "amr", "dts", "eac3", "mpeg", "mpegts"})
_SEEK = frozenset({_MP4, "flac"})  # time stamps count samples
_SKIM = frozenset({"aac", "mp3"})  # time stamps count samples when all packets are passed
_PREROLL_S = Fraction(1, 2)  # decoders need the packets before, mp3 up to ten of them
_SLACK_S = 0.25  # encoders pad, and containers round, by a few packets
_DTYPES = {"u8": "u1", "s16": "i2", "s32": "i4", "flt": "f4", "dbl": "f8"}
_SCALES = {"u1": 2.0**-7, "i2": 2.0**-15, "i4": 2.0**-31, "f8": 1.0}


class Undecodable(Exception):
    """FFmpeg finds no sound in a file; the text is a phrase that says why."""


class _Bytes:
    """A file as PyAV reads it; PyAV prints what this would raise, so that it raises nothing."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None

    def read(self, n_bytes: int) -> bytes:
        try:
            return self._file.read(n_bytes)
        except OSError as error:
            self.error = error
            return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return self._file.seek(offset, whence)
        except OSError:  # a damaged header points out of the file
            return -1

    def tell(self) -> int:
        return self._file.tell()


class ContainerSource:
    """Sound that FFmpeg decodes: the first sound track of a file.

    Blocks that begin in the middle are exact to the sample: MP4 and FLAC are sought, mp3 and aac
    are skimmed without decoding, all others are decoded from their start. Packets that cannot
    be decoded are passed over and told in `damage`.

    Parameters
    ----------
    file : binary file
        Open for reading; it stays the caller's to close.
    head : bytes
        The first bytes of the file.

    Raises
    ------
    Undecodable
        If no sound can be decoded.
    """

    n_stray = 0  #: samples that follow those that the header promises

    def __init__(self, file: BinaryIO, head: bytes) -> None:
        self._bytes, self._head = _Bytes(file), head
        self._counted = has_frame_count(file)
        self._forget_damage()
        container, stream = self._open()
        self._first_pass = self._frames(container, container.demux(stream))
        first = next(self._first_pass, None)
        if first is None:
            raise Undecodable("no sound could be decoded from it")
        if first.format.packed.name not in _DTYPES:
            self._first_pass.close()
            raise Undecodable(f"its samples are of an unknown kind ({first.format.name})")
        self._unread: Iterator[AudioFrame] | None = chain([first], self._first_pass)
        self._origin = first.pts or 0
        self._time_base = stream.time_base or Fraction(1, first.sample_rate)
        self._demuxer = container.format.name
        self.sample_rate = first.sample_rate
        self.channels = first.layout.nb_channels
        self.format = _format_name(container, stream, head)
        self.n_promised = self._promised(container, stream)
        self.slack = 0 if self._demuxer == "flac" else round(_SLACK_S * self.sample_rate)

    @property
    def damage(self) -> str | None:
        """What could not be decoded in the last pass, a phrase."""
        if self._stopped is not None or self._n_damaged == 0:
            return self._stopped
        if self._n_damaged == 1:
            return f"damaged near {self._damaged_s:.3f} s"
        return f"damaged in {self._n_damaged} places, the first near {self._damaged_s:.3f} s"

    def blocks(self, start: int, length: int) -> Iterator[NDArray[np.float32]]:
        """Decode from a sample on, in blocks of shape (channels, length), the last one shorter.

        A second call ends the first.
        """
        if start == 0 and self._unread is not None:
            position, frames = 0, self._unread
        else:
            self._first_pass.close()
            self._forget_damage()
            position, frames = self._pass_from(start)
        self._unread = None
        pieces = self._pieces(frames, position)
        if self._demuxer == _MP4 and self.n_promised is not None:
            pieces = without_padding(pieces, self.n_promised - position)
        return regroup(dropping(pieces, start - position), length)

    def close(self) -> None:
        """Let go of the file."""
        self._first_pass.close()

    def _forget_damage(self) -> None:
        self._stopped: str | None = None
        self._n_damaged, self._damaged_s = 0, 0.0

    def _open(self) -> tuple[InputContainer, AudioStream]:
        self._bytes.seek(0)
        try:
            container = av.open(
                self._bytes,
                "r",
                options={"format_whitelist": _FORMATS},
                metadata_errors="replace",
            )
        except av.FFmpegError as error:
            raise Undecodable(self._why_not_opened(error)) from error
        if not container.streams.audio:
            container.close()
            raise Undecodable("there is no sound in it")
        stream = container.streams.audio[0]
        if getattr(stream, "codec_context", None) is None:
            container.close()
            raise Undecodable("its sound is in a code that cannot be decoded, or is encrypted")
        for other in container.streams:
            if other.index != stream.index:
                other.discard = Discard.all  # MP4 then does not even read the pictures
        _prepare(stream)
        return container, stream

    def _why_not_opened(self, error: av.FFmpegError) -> str:
        if self._bytes.error is not None:
            return _unreadable(self._bytes.error)
        if is_mp4(self._head):
            return "its index (the moov atom) is missing, as when a recording is cut off"
        if isinstance(error, av.error.InvalidDataError | av.error.ArgumentError):
            return "no known format of sound"
        return f"its header is damaged or unsupported ({error.strerror})"

    def _promised(self, container: InputContainer, stream: AudioStream) -> int | None:
        """Count the samples that the headers promise, None where they do not say."""
        guessed = self._demuxer in _LENGTH_GUESSED or (self._demuxer == "mp3" and not self._counted)
        if guessed:
            return None
        if stream.duration is not None:
            return round(stream.duration * self._time_base * self.sample_rate)
        if container.duration is not None and len(container.streams) == 1:
            return round(Fraction(container.duration, 1_000_000) * self.sample_rate)
        return None

    def _frames(
        self, container: InputContainer, packets: "Iterator[Packet[AudioStream]]"
    ) -> Generator[AudioFrame]:
        """Decode packets, passing over those that are damaged."""
        n_bad, bad_s = 0, 0.0
        with container:
            while True:
                try:
                    packet = next(packets, None)
                except av.FFmpegError as error:
                    self._stopped = f"reading stopped ({error.strerror})"
                    return
                if packet is None:
                    break
                try:
                    frames = packet.decode()
                except av.FFmpegError:
                    bad_s = bad_s if n_bad else _seconds(packet)
                    n_bad += 1
                    continue
                if frames and n_bad:
                    self._add_damage(n_bad, bad_s)
                    n_bad = 0
                yield from frames
            if self._bytes.error is not None:
                self._stopped = _unreadable(self._bytes.error)
            if n_bad and container.format.name != "mp3":  # there it is tags behind the last frame
                self._add_damage(n_bad, bad_s)

    def _add_damage(self, n_packets: int, at_s: float) -> None:
        if self._n_damaged == 0:
            self._damaged_s = at_s
        self._n_damaged += n_packets

    def _pass_from(self, start: int) -> tuple[int, Iterator[AudioFrame]]:
        """Begin to decode at or before a sample; return where, and the frames."""
        preroll = round(_PREROLL_S * self.sample_rate)
        placeable = self._demuxer in _SEEK | _SKIM
        if placeable and preroll < start < (self.n_promised or start + 1):
            self._first_pass = self._frames_near(self._time_stamp(start - preroll))
            first = next(self._first_pass, None)
            if first is not None and first.pts is not None:
                position = self._position(first.pts)
                if position <= start:
                    return position, chain([first], self._first_pass)
            self._first_pass.close()
            self._forget_damage()
        container, stream = self._open()
        self._first_pass = self._frames(container, container.demux(stream))
        return 0, self._first_pass

    def _frames_near(self, time_stamp: int) -> Generator[AudioFrame]:
        container, stream = self._open()
        if self._demuxer in _SKIM:
            packets = (
                packet
                for packet in container.demux(stream)
                if packet.pts is None or packet.pts >= time_stamp
            )
            return self._frames(container, packets)
        try:
            container.seek(time_stamp, stream=stream)
        except av.FFmpegError:
            return self._frames(container, iter(()))
        return self._frames(container, container.demux(stream))

    def _time_stamp(self, position: int) -> int:
        return self._origin + int(Fraction(position, self.sample_rate) / self._time_base)

    def _position(self, time_stamp: int) -> int:
        return round((time_stamp - self._origin) * self._time_base * self.sample_rate)

    def _pieces(self, frames: Iterator[AudioFrame], position: int) -> Iterator[NDArray[np.float32]]:
        """Turn frames into float samples, until the track changes its shape."""
        for frame in frames:
            n_channels = frame.layout.nb_channels
            if (frame.sample_rate, n_channels) != (self.sample_rate, self.channels):
                self._stopped = (
                    f"at {position / self.sample_rate:.3f} s it changes to {n_channels} channels "
                    f"at {frame.sample_rate} Hz; what follows was left out"
                )
                return
            position += frame.samples
            yield _samples(frame)


def _unreadable(error: OSError) -> str:
    return f"it cannot be read ({error.strerror or error})"


def _prepare(stream: AudioStream) -> None:
    context = stream.codec_context
    context.thread_count = 1
    # A custom order of channels would be freed twice by PyAV 18. Reading the number of channels
    # frees it once; the plain layout set here takes its place.
    n_channels = context.channels
    if n_channels:
        context.layout = f"{n_channels}C"


def _samples(frame: AudioFrame) -> NDArray[np.float32]:
    """Convert a frame to shape (channels, n), nominally in [-1, 1]."""
    n_channels = frame.layout.nb_channels
    kind = _DTYPES[frame.format.packed.name]
    # PyAV 18 reads past the planes of a frame with eight or more, so that they are taken singly.
    n_planes = n_channels if frame.format.is_planar else 1
    raw = np.empty((n_planes, frame.samples * n_channels // n_planes), kind)
    for index, row in enumerate(raw):
        row[:] = np.frombuffer(memoryview(AudioPlane(frame, index)), kind, len(row))
    if frame.format.is_packed:
        raw = raw.reshape(-1, n_channels).T
    if kind == "f4":
        return raw
    with np.errstate(over="ignore"):  # too large a float64 becomes infinite, which is refused
        samples = raw.astype(np.float32)
    if kind == "u1":
        samples -= np.float32(128)
    return samples * np.float32(_SCALES[kind])


def _seconds(packet: "Packet[AudioStream]") -> float:
    start = packet.stream.start_time or 0
    return 0.0 if packet.pts is None else float((packet.pts - start) * packet.time_base)


def _format_name(container: InputContainer, stream: AudioStream, head: bytes) -> str:
    demuxer, codec = container.format.name, stream.codec_context.name
    moving = any(
        not video.disposition & Disposition.attached_pic for video in container.streams.video
    )
    if demuxer == _MP4:
        sound = "m4a" if codec == "aac" else f"m4a-{codec}"
        return "mp4" if moving else sound
    if demuxer == _MATROSKA:
        name = "webm" if b"webm" in head[:64] else "mkv"
        return f"{name}-video" if moving else name
    if demuxer == "asf":
        return "wmv" if moving else "wma"
    if demuxer == "ogg":
        sound = {"vorbis": "ogg", "opus": "opus"}.get(codec, f"ogg-{codec}")
        return "ogv" if moving else sound
    if demuxer == "mp3":
        return "mp3" if codec.startswith("mp3") else codec
    if demuxer == "wav":
        return f"wav-{codec}"  # one that libsndfile refused
    return demuxer.partition(",")[0]
