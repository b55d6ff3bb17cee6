"""Streams of decoded pieces, each of shape (channels, n): cut them and join them anew."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["dropping", "regroup", "without_padding"]


def without_padding(
    pieces: Iterator[NDArray[np.float32]], n_promised: int
) -> Iterator[NDArray[np.float32]]:
    """Cut the last piece where the promised sound ends: an encoder filled it up."""
    held, position = None, 0
    for piece in pieces:
        if held is not None:
            position += held.shape[1]
            yield held
        held = piece
    if held is not None:
        padded = position < n_promised < position + held.shape[1]
        yield held[:, : n_promised - position] if padded else held


def dropping(
    pieces: Iterator[NDArray[np.float32]], n_dropped: int
) -> Iterator[NDArray[np.float32]]:
    """Leave out the first samples."""
    for piece in pieces:
        if n_dropped < piece.shape[1]:
            yield piece[:, n_dropped:]
        n_dropped = max(0, n_dropped - piece.shape[1])


def regroup(pieces: Iterator[NDArray[np.float32]], length: int) -> Iterator[NDArray[np.float32]]:
    """Join pieces of any length to blocks of one; only the last may be shorter."""
    waiting: list[NDArray[np.float32]] = []
    n_waiting = 0
    for piece in pieces:
        waiting.append(piece)
        n_waiting += piece.shape[1]
        if n_waiting < length:
            continue
        joined = np.concatenate(waiting, axis=1)
        whole = n_waiting - n_waiting % length
        for start in range(0, whole, length):
            yield joined[:, start : start + length]
        waiting, n_waiting = [joined[:, whole:]], n_waiting - whole
    if n_waiting:
        yield np.concatenate(waiting, axis=1)
