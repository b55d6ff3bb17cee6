"""What the first bytes of a file say about it."""

import codecs
import re

__all__ = ["HEAD_BYTES", "foreign_kind", "is_mp4", "is_packet_stream"]

HEAD_BYTES = 4096

_FOREIGN = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"MThd", "MIDI, which holds notes but no sound"),
    (b"\x00\x05\x16\x07", "a macOS resource file, which accompanies the real one"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x7fELF", "a program"),
    (b"version https://git-lfs", "a Git LFS pointer; fetch the file itself with: git lfs pull"),
)
_WEB_PAGE = re.compile(rb"\s*<(!doctype html|html|head|body)", re.IGNORECASE)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def foreign_kind(head: bytes) -> str | None:
    """Name what a file is, if its first bytes show that it is not sound.

    Parameters
    ----------
    head : bytes
        The first `HEAD_BYTES` of the file, or all of it.

    Returns
    -------
    str or None
        A noun phrase; None if it may be sound.

    Examples
    --------
    >>> foreign_kind(b"%PDF-1.7 ...")
    'a PDF document'
    >>> foreign_kind(b"Dear diary, today I recorded a door.")
    'text'
    """
    for signature, kind in _FOREIGN:
        if head.startswith(signature):
            return kind
    if _WEB_PAGE.match(head):
        return "a web page"
    if not head.strip(b"\x00"):
        return "nothing: zero bytes only, as after a failed download or copy"
    return "text" if _is_text(head) else None


def _is_text(head: bytes) -> bool:
    if _CONTROL.search(head):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last letter may be cut in two
    except UnicodeDecodeError:
        return False
    return True


def is_packet_stream(head: bytes) -> bool:
    """Tell whether a file is MPEG audio or FLAC: packets in a row, maybe after tags.

    Examples
    --------
    >>> is_packet_stream(b"ID3"), is_packet_stream(b"RIFF")
    (True, False)
    """
    return head.startswith((b"fLaC", b"ID3")) or (
        len(head) > 1 and head[0] == 0xFF and head[1] >= 0xE0
    )


def is_mp4(head: bytes) -> bool:
    """Tell whether a file is of the MP4 family: mp4, m4a, mov, 3gp.

    Examples
    --------
    >>> is_mp4(bytes(4) + b"ftypM4A ")
    True
    """
    return head[4:8] == b"ftyp"
