"""Waveform overviews: the lowest and the highest sample of every bucket of time."""

import math
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Overview", "Peaks"]

_BUCKETS_PER_S = 100
_MOST_BUCKETS = 16_384
_FULL_SCALE = 127
_HEADER = struct.Struct("<d")


@dataclass(frozen=True)
class Overview:
    """A waveform as it is drawn.

    Attributes
    ----------
    bucket_s : float > 0
        Seconds that a pair stands for; the last pair may stand for less.
    pairs : ndarray of shape (n, 2), int8
        Lowest and highest sample of each bucket in steps of 1/127, rounded outward, so that
        ``low / 127 <= sample <= high / 127`` for every sample within [-1, 1].

    Examples
    --------
    >>> overview = Overview(0.01, np.array([[-3, 4]], np.int8))
    >>> Overview.from_bytes(overview.to_bytes()).pairs
    array([[-3,  4]], dtype=int8)
    """

    bucket_s: float
    pairs: NDArray[np.int8]

    def to_bytes(self) -> bytes:
        """Pack as a little-endian float64 (bucket_s) followed by the pairs."""
        return _HEADER.pack(self.bucket_s) + self.pairs.tobytes()

    @classmethod
    def from_bytes(cls, packed: bytes) -> "Overview":
        """Read what `to_bytes` packed; ValueError if it is no such thing."""
        if len(packed) < _HEADER.size or (len(packed) - _HEADER.size) % 2:
            raise ValueError(f"{len(packed)} bytes are no packed overview: 8 + 2 n were expected")
        (bucket_s,) = _HEADER.unpack_from(packed)
        return cls(bucket_s, np.frombuffer(packed, np.int8, offset=_HEADER.size).reshape(-1, 2))


class Peaks:
    """Collects the overview of a sound of any length, in at most 16,384 pairs.

    Buckets begin at 10 ms (100 a second); whenever there are more than 16,384 of them, their
    length is doubled. Lengths are whole numbers of samples.

    Parameters
    ----------
    sample_rate : int > 0
        Hz.

    Examples
    --------
    >>> peaks = Peaks(1000)
    >>> peaks.add(np.linspace(0, 1, 25, dtype=np.float32))
    >>> peaks.overview().pairs
    array([[  0,  48],
           [ 52, 101],
           [105, 127]], dtype=int8)
    """

    def __init__(self, sample_rate: int) -> None:
        if sample_rate <= 0:
            raise ValueError(f"sample_rate={sample_rate} Hz must be positive")
        self._sample_rate = sample_rate
        self._shortest = max(1, round(sample_rate / _BUCKETS_PER_S))  # samples
        self._merged = 1  # how many of the shortest buckets make one pair
        self._pairs: NDArray[np.int8] = np.empty((_MOST_BUCKETS, 2), np.int8)
        self._n_pairs = 0
        self._fresh: NDArray[np.int8] = np.empty((0, 2), np.int8)  # too few for a merged pair
        self._tail: NDArray[np.float32] = np.empty(0, np.float32)  # too few for a bucket

    def add(self, samples: NDArray[np.float32]) -> None:
        """Take the next samples, shape (n,); those beyond [-1, 1] count as -1 or 1."""
        waiting = np.concatenate([self._tail, samples])
        whole = len(waiting) - len(waiting) % self._shortest
        self._tail = waiting[whole:].copy()
        rows = waiting[:whole].reshape(-1, self._shortest)
        self._fresh = np.concatenate([self._fresh, _outward(rows.min(axis=1), rows.max(axis=1))])
        while len(self._fresh) >= self._merged:
            self._settle()

    def _settle(self) -> None:
        """Move as many fresh pairs as fit to the others; if none fits, make room first."""
        room = _MOST_BUCKETS - self._n_pairs
        if room == 0:
            self._pairs[: _MOST_BUCKETS // 2] = _merge(self._pairs, 2)
            self._n_pairs, self._merged = _MOST_BUCKETS // 2, self._merged * 2
            return
        n_new = min(room, len(self._fresh) // self._merged)
        taken = n_new * self._merged
        self._pairs[self._n_pairs : self._n_pairs + n_new] = _merge(
            self._fresh[:taken], self._merged
        )
        self._n_pairs += n_new
        self._fresh = self._fresh[taken:]

    def overview(self) -> Overview:
        """Return the overview of what was added so far."""
        bucket_s = self._shortest * self._merged / self._sample_rate
        pairs = self._pairs[: self._n_pairs]
        last = self._fresh
        if len(self._tail):
            last = np.concatenate([last, _outward(self._tail.min(), self._tail.max())])
        if len(last):
            pairs = np.concatenate([pairs, _merge(last, len(last))])
        if len(pairs) > _MOST_BUCKETS:
            return Overview(2 * bucket_s, _merge(pairs, 2))
        return Overview(bucket_s, pairs.copy())

    def to_bytes(self) -> bytes:
        """Pack the overview of what was added so far, for `Overview.from_bytes`."""
        return self.overview().to_bytes()


def _outward(low: NDArray[np.float32], high: NDArray[np.float32]) -> NDArray[np.int8]:
    scaled = np.stack([low, high], axis=-1).astype(np.float64).reshape(-1, 2) * _FULL_SCALE
    steps = np.stack([np.floor(scaled[:, 0]), np.ceil(scaled[:, 1])], axis=1, dtype=np.float64)
    return steps.clip(-_FULL_SCALE, _FULL_SCALE).astype(np.int8)


def _merge(pairs: NDArray[np.int8], n: int) -> NDArray[np.int8]:
    """Merge every n pairs into one; the last may be merged of fewer."""
    short = math.ceil(len(pairs) / n) * n - len(pairs)
    if short:
        pairs = np.concatenate([pairs, np.repeat(pairs[-1:], short, axis=0)])
    groups = pairs.reshape(-1, n, 2)
    return np.stack([groups[:, :, 0].min(axis=1), groups[:, :, 1].max(axis=1)], axis=1)
