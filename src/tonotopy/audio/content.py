"""What a file holds, as a short text that tells it from others."""

import hashlib
import os
from pathlib import Path

from tonotopy.audio.reader import open_file
from tonotopy.errors import DecodeError

__all__ = ["content_hash"]

_DIGEST_BYTES = 16


def content_hash(path: str | os.PathLike[str]) -> str:
    """Hash all bytes of a file with BLAKE2b (RFC 7693), 128 bits.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    str
        32 hexadecimal digits; equal for equal contents, whatever the name.

    Raises
    ------
    DecodeError
        If the file cannot be read.
    """
    path = Path(path)
    with open_file(path) as file:
        try:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=_DIGEST_BYTES))
        except OSError as error:
            raise DecodeError(path, f"it cannot be read ({error.strerror or error})") from error
    return digest.hexdigest()
