"""Windows: which stretches of a recording are embedded, and when two stretches overlap.

Intervals are half-open, ``[start, end)``. Windows start at 0, hop, 2 hop, ... while at least half a
hop of new sound is left; they never pass the end of the recording.
"""

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

__all__ = ["Framer", "covers_half", "overlap", "starts"]


def starts(n_samples: int, *, window: int, hop: int) -> NDArray[np.int64]:
    """Place windows over a recording.

    Parameters
    ----------
    n_samples : int >= 0
        Length of the recording.
    window, hop : int > 0
        Length of a window and distance between their starts, in samples; ``hop <= window``.

    Returns
    -------
    ndarray of shape (n_windows,)
        First sample of each window. A recording shorter than a window has one; an empty one, none.

    Raises
    ------
    ValueError
        If a length is not positive, or ``hop > window``, which would leave sound unheard.

    Examples
    --------
    >>> starts(10, window=4, hop=2)
    array([0, 2, 4, 6])
    >>> starts(3, window=4, hop=2)
    array([0])
    """
    if not 0 < hop <= window:
        raise ValueError(f"hop={hop} must be positive and at most window={window}")
    if n_samples <= 0:
        return np.empty(0, np.int64)
    beyond_first = max(0, n_samples - window)
    return np.arange(1 + (2 * beyond_first + hop) // (2 * hop), dtype=np.int64) * hop


def overlap(start_a: float, end_a: float, start_b: float, end_b: float) -> float:
    """Measure how long two half-open intervals share, 0 if they only touch.

    Examples
    --------
    >>> overlap(0.0, 2.0, 1.5, 3.0)
    0.5
    >>> overlap(0.0, 1.0, 1.0, 2.0)
    0.0
    """
    return max(0.0, min(end_a, end_b) - max(start_a, start_b))


def covers_half(start_a: float, end_a: float, start_b: float, end_b: float) -> bool:
    """Tell whether two intervals share at least half of the shorter one.

    This is when a window has the label of an annotation.

    Examples
    --------
    >>> covers_half(0.0, 1.0, 0.5, 5.0)
    True
    >>> covers_half(0.0, 1.0, 0.6, 5.0)
    False
    """
    shared = overlap(start_a, end_a, start_b, end_b)
    return shared > 0 and 2 * shared >= min(end_a - start_a, end_b - start_b)


class Framer:
    """Cuts a stream of samples into windows, in memory that does not grow with its length.

    The windows are those of `starts`: a last one that reaches beyond the end has zeros behind the
    sound.

    Parameters
    ----------
    window, hop : int > 0
        Length of a window and distance between their starts, in samples; ``hop <= window``.
    at_once : int > 0, default 1
        How many windows are given at a time; at the end, what is left.

    Examples
    --------
    >>> framer = Framer(window=4, hop=2)
    >>> [(first, len(batch)) for first, batch in framer.push(np.arange(7, dtype=np.float32))]
    [(0, 1), (1, 1)]
    >>> [(first, batch.tolist()) for first, batch in framer.finish()]
    [(2, [[4.0, 5.0, 6.0, 0.0]])]
    """

    def __init__(self, *, window: int, hop: int, at_once: int = 1) -> None:
        if not 0 < hop <= window:
            raise ValueError(f"hop={hop} must be positive and at most window={window}")
        self._window, self._hop, self._at_once = window, hop, at_once
        self._pieces: list[NDArray[np.float32]] = []  # from the start of the next window on
        self._n_pending = 0  # samples in them
        self._position = 0
        self._n_samples = 0

    def push(self, samples: NDArray[np.float32]) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Take samples; yield (position of the first, windows), `at_once` at a time."""
        self._n_samples += len(samples)
        self._n_pending += len(samples)
        self._pieces.append(samples)
        n_ready = (self._n_pending - self._window) // self._hop + 1
        if n_ready >= self._at_once:
            yield from self._cut(np.concatenate(self._pieces), n_ready - n_ready % self._at_once)

    def finish(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield the windows that are left, the last one padded if it reaches beyond the end."""
        n_all = len(starts(self._n_samples, window=self._window, hop=self._hop))
        end = np.zeros(self._window, np.float32)
        yield from self._cut(np.concatenate([*self._pieces, end]), n_all - self._position)

    def _cut(
        self, samples: NDArray[np.float32], n_windows: int
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        frames = sliding_window_view(samples, self._window)[:: self._hop][:n_windows]
        for start in range(0, n_windows, self._at_once):
            batch = np.ascontiguousarray(frames[start : start + self._at_once])
            yield self._position + start, batch
        self._position += n_windows
        self._pieces = [samples[n_windows * self._hop :].copy()]
        self._n_pending = len(self._pieces[0])
