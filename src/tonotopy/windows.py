"""Windows: which stretches of a recording are embedded, and when two stretches overlap.

Intervals are half-open, ``[start, end)``. Windows start at 0, hop, 2 hop, ... while at least half a
hop of new sound is left; they never pass the end of the recording.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["covers_half", "overlap", "starts"]


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
