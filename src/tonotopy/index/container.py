"""The file of an index: a line that names the format, a JSON header, the ids, then the body.

Everything is plain data: arrays in NumPy's format without pickles, or FAISS's own bytes.
"""

import json
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from tonotopy.errors import LibraryError

__all__ = ["Header", "read_array", "read_head", "write_array", "write_head"]

_MAGIC = b"tonotopy index 1\n"
_LONGEST_HEADER = 65_536

Header = dict[str, str | int | float]


def write_head(handle: BinaryIO, header: Header, ids: NDArray[np.int64]) -> None:
    """Write everything that comes before the body."""
    handle.write(_MAGIC)
    handle.write(json.dumps(header).encode() + b"\n")
    write_array(handle, ids)


def read_head(handle: BinaryIO, *, kind: str) -> tuple[Header, NDArray[np.int64]]:
    """Read what `write_head` wrote, and leave the handle at the body.

    Raises
    ------
    LibraryError
        If the file is not an index of this kind.
    """
    path = Path(handle.name)
    if handle.read(len(_MAGIC)) != _MAGIC:
        raise LibraryError(f"{path} is not an index that this version reads; delete it")
    header = json.loads(handle.readline(_LONGEST_HEADER))
    if not isinstance(header, dict) or header.get("kind") != kind:
        raise LibraryError(f"{path} does not hold an index of kind {kind!r}; delete it")
    return header, cast(NDArray[np.int64], read_array(handle))


def write_array(handle: BinaryIO, array: NDArray[Any]) -> None:
    """Append one array."""
    np.save(handle, array, allow_pickle=False)


def read_array(handle: BinaryIO) -> NDArray[Any]:
    """Read the next array; never runs code from the file."""
    return np.lib.format.read_array(handle, allow_pickle=False)
