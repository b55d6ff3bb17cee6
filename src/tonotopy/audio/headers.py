"""What headers say, read independently of any decoder.

Decoders correct a wrong length in silence; comparing it with the file shows that a recording was
cut off, or that more follows than was announced.
"""

import struct
from dataclasses import dataclass
from typing import BinaryIO

__all__ = ["Promise", "data_chunk", "has_frame_count", "is_chained", "last_page_ticks"]

_PLACEHOLDER = 0x7FFF_0000  # streaming recorders write 0 or about 2^31 or 2^32 and never return
_MOST_CHUNKS = 10_000
_LONGEST_OGG_PAGE = 65_307


@dataclass(frozen=True)
class Promise:
    """What a header says of the sound that follows it."""

    n_bytes: int | None  #: of sound; None if the header does not say
    n_stray: int  #: bytes behind the sound that belong to nothing


@dataclass(frozen=True)
class _Layout:
    """How a family of files strings its chunks together."""

    first: int  # where the first chunk begins
    name_bytes: int
    size: struct.Struct
    counts_itself: bool  # the size includes the name and the size
    alignment: int
    data: bytes  # name of the chunk that holds the sound
    preamble: int  # bytes of it before the sound


_RIFF = _Layout(12, 4, struct.Struct("<I"), False, 2, b"data", 0)
_AIFF = _Layout(12, 4, struct.Struct(">I"), False, 2, b"SSND", 8)
_W64 = _Layout(40, 16, struct.Struct("<Q"), True, 8, b"data", 0)
_LAYOUTS = {
    b"RIFF": _RIFF,
    b"RF64": _RIFF,
    b"BW64": _RIFF,
    b"FORM": _AIFF,
    b"riff": _W64,
}


def data_chunk(file: BinaryIO) -> Promise | None:
    """Find what a WAV, RF64, W64 or AIFF header promises.

    Parameters
    ----------
    file : binary file
        Open for reading; its position is moved.

    Returns
    -------
    Promise or None
        None if the file is of another kind, or has no chunk of sound.
    """
    file.seek(0)
    layout = _LAYOUTS.get(file.read(4))
    if layout is None:
        return None
    file_bytes = file.seek(0, 2)
    at, large_size = layout.first, None
    for _ in range(_MOST_CHUNKS):
        chunk = _read_chunk(file, at, layout) if at < file_bytes else None
        if chunk is None:
            return None
        name, size = chunk
        body = at + layout.name_bytes + layout.size.size
        if name == b"ds64":
            large_size = _ds64_data_size(file)
        if name[:4] == layout.data:
            if large_size and size == 0xFFFF_FFFF:
                size = large_size
            elif layout.size.size == 4 and size >= _PLACEHOLDER and size > file_bytes - body:
                size = 0
            return _promise(file, layout, body, size, file_bytes)
        at = _aligned(body + size, layout.alignment)
    return None


def _read_chunk(file: BinaryIO, at: int, layout: _Layout) -> tuple[bytes, int] | None:
    """Read name and size of the body of the chunk at a position; None past the end."""
    file.seek(at)
    header = file.read(layout.name_bytes + layout.size.size)
    if len(header) < layout.name_bytes + layout.size.size:
        return None
    (size,) = layout.size.unpack_from(header, layout.name_bytes)
    if layout.counts_itself:
        size -= len(header)
    name = header[: layout.name_bytes]
    return None if size < 0 else (name, size)


def _ds64_data_size(file: BinaryIO) -> int | None:
    sizes = file.read(16)
    return int(struct.unpack("<QQ", sizes)[1]) if len(sizes) == 16 else None


def _promise(file: BinaryIO, layout: _Layout, body: int, size: int, file_bytes: int) -> Promise:
    if size <= layout.preamble:
        return Promise(None, 0)
    end = min(_aligned(body + size, layout.alignment), file_bytes)
    file.seek(end)
    name = file.read(layout.name_bytes)
    is_chunk = len(name) == layout.name_bytes and all(0x20 <= byte < 0x7F for byte in name[:4])
    is_padding = not name.strip(b"\x00")
    n_stray = 0 if is_chunk or is_padding else file_bytes - end
    return Promise(size - layout.preamble, n_stray)


def _aligned(position: int, alignment: int) -> int:
    return -(-position // alignment) * alignment


def has_frame_count(file: BinaryIO) -> bool:
    """Tell whether an MPEG audio file says how long it is, in a Xing, Info or VBRI frame.

    Without one its length is only guessed from its bit rate.

    Parameters
    ----------
    file : binary file
        Open for reading; its position is moved.
    """
    file.seek(0)
    tag = file.read(10)
    first_frame = 0
    if tag.startswith(b"ID3") and len(tag) == 10:
        high, upper, lower, low = (byte & 0x7F for byte in tag[6:])
        first_frame = 10 + (high << 21 | upper << 14 | lower << 7 | low)
    file.seek(first_frame)
    frame = file.read(1024)
    return any(name in frame for name in (b"Xing", b"Info", b"VBRI"))


def is_chained(file: BinaryIO) -> bool:
    """Tell whether an Ogg file holds several streams, so that its time may begin anew in it.

    Parameters
    ----------
    file : binary file
        Open for reading; its position is moved.
    """
    file.seek(0)
    first_page = file.read(18)
    if not first_page.startswith(b"OggS"):
        return False
    file.seek(max(0, file.seek(0, 2) - _LONGEST_OGG_PAGE))
    tail = file.read(_LONGEST_OGG_PAGE)
    last_page = tail[tail.rfind(b"OggS") :]
    return last_page[14:18] != first_page[14:18]  # the serial number of the stream


def last_page_ticks(file: BinaryIO) -> int:
    """Measure the last page of an Ogg file, by the granule positions of RFC 3533.

    Parameters
    ----------
    file : binary file
        Open for reading; its position is moved.

    Returns
    -------
    int
        Ticks of the codec's clock from the page before to the end; the whole length where a file
        has no page before, or damage hides it.
    """
    file.seek(max(0, file.seek(0, 2) - 2 * _LONGEST_OGG_PAGE))
    tail = file.read(2 * _LONGEST_OGG_PAGE)
    ends = [0]
    at = tail.find(b"OggS")
    while 0 <= at <= len(tail) - 14:
        (end,) = struct.unpack_from("<q", tail, at + 6)
        if end > 0:  # -1: no packet ends on this page
            ends.append(end)
        at = tail.find(b"OggS", at + 4)
    return max(0, ends[-1] - ends[-2]) if len(ends) > 1 else 0
