"""Sending bytes: all of them, a range of them (RFC 9110, section 14), or word that none changed."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

__all__ = ["Content", "asked_range", "content_of", "not_modified", "respond", "tag_of"]

ONE_RANGE = re.compile(r"\s*bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes that can be read in part.

    Attributes
    ----------
    size : int
        How many there are.
    media_type : str
        What they are.
    tag : str
        Changes when they do, see `tag_of`.
    read : callable
        Reads from a first byte up to an end, both within `size`, in pieces.
    """

    size: int
    media_type: str
    tag: str
    read: Callable[[int, int], Iterator[bytes]]


def content_of(data: bytes, media_type: str, tag: str) -> Content:
    """Offer bytes that are in memory."""
    return Content(len(data), media_type, tag, lambda start, end: iter((data[start:end],)))


def tag_of(*parts: object) -> str:
    """Make an entity tag of all that bytes depend on.

    Examples
    --------
    >>> tag_of("door.wav", 1024)
    '"7b5750607c6478d3d0e7"'
    """
    packed = "\0".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return f'"{hashlib.sha256(packed).hexdigest()[:20]}"'


def not_modified(request: Request, tag: str) -> Response | None:
    """Answer that nothing changed, if the client has what the tag names."""
    held = request.headers.get("if-none-match")
    if held is None:
        return None
    names = {name.strip().removeprefix("W/") for name in held.split(",")}
    if tag in names or "*" in names:
        return Response(status_code=304, headers={"ETag": tag})
    return None


def respond(request: Request, content: Content) -> Response:
    """Send content, or the range of it that the client asked for."""
    unchanged = not_modified(request, content.tag)
    if unchanged is not None:
        return unchanged
    headers = {"Accept-Ranges": "bytes", "ETag": content.tag}
    first, end, status = 0, content.size, 200
    asked = request.headers.get("range")
    if asked is not None and request.headers.get("if-range", content.tag) == content.tag:
        span = asked_range(asked, content.size)
        if span is not None:
            (first, end), status = span, 206
            headers["Content-Range"] = f"bytes {first}-{end - 1}/{content.size}"
    if first >= end and status == 206:
        headers["Content-Range"] = f"bytes */{content.size}"
        error = f"the range {asked!r} is not within the {content.size} bytes of the sound"
        return JSONResponse({"error": error}, status_code=416, headers=headers)
    headers["Content-Length"] = str(end - first)
    if request.method == "HEAD":
        return Response(status_code=status, media_type=content.media_type, headers=headers)
    pieces = content.read(first, end)
    return StreamingResponse(pieces, status, media_type=content.media_type, headers=headers)


def asked_range(asked: str, size: int) -> tuple[int, int] | None:
    """Read a Range header: the first byte and the end; an empty range if there are no such bytes.

    None where all of it is to be sent: several ranges at once, other units, or nonsense.

    Examples
    --------
    >>> asked_range("bytes=100-", 1000), asked_range("bytes=-10", 1000)
    ((100, 1000), (990, 1000))
    >>> asked_range("bytes=0-99999", 1000), asked_range("bytes=0-1, 5-6", 1000)
    ((0, 1000), None)
    >>> asked_range("bytes=1000-", 1000)
    (1000, 1000)
    """
    match = ONE_RANGE.fullmatch(asked)
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        return max(0, size - int(match[2])), size
    first, last = int(match[1]), int(match[2]) if match[2] else size - 1
    if match[2] and last < first:
        return None
    return first, max(first, min(last + 1, size))
