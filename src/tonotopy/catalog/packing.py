"""How scores are stored: 3 bytes a class, the class and its score on a scale of logits.

A probability of 0.002 and one of 0.004 differ as much as 0.5 and 0.67 do, so scores are rounded in
logits, ``log(p / (1 - p))``, in 255 steps from -7 to 7. A score comes back within 2.8 % of itself
where it is small, and its distance to 1 within 2.8 % where it is large. What is below `FLOOR` is
not stored and comes back as 0.

A window keeps its best classes only, at most `MOST` of `WINDOW_FLOOR` and more: 48 bytes or fewer.
A recording keeps all of `RECORDING_FLOOR` and more.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["FLOOR", "MOST", "RECORDING_FLOOR", "WINDOW_FLOOR", "pack_scores", "unpack_scores"]

FLOOR = 0.001  #: smaller scores are never stored
WINDOW_FLOOR = 0.01  #: of a window
RECORDING_FLOOR = 0.005  #: of a recording, all of whose classes are kept
MOST = 16  #: classes of a window

_LOWEST, _HIGHEST = -7.0, 7.0  # logits
_STEP = (_HIGHEST - _LOWEST) / 255
_ENTRY = np.dtype([("class", "<u2"), ("code", "u1")])
_SCORES = (1 / (1 + np.exp(-(_LOWEST + _STEP * np.arange(256))))).astype(np.float32)


def pack_scores(
    classes: NDArray[np.integer], scores: NDArray[np.floating], *, floor: float = FLOOR
) -> list[bytes]:
    """Pack the scores of some classes, row by row.

    Parameters
    ----------
    classes : ndarray of shape (n, n_kept)
        Indices of classes, below 65,536.
    scores : ndarray of shape (n, n_kept)
        Their scores, from 0 to 1, the largest of a row first.
    floor : float, default FLOOR
        What is below is left out.

    Returns
    -------
    list of bytes
        One for each row, 3 bytes for each score.

    Raises
    ------
    ValueError
        If a score is NaN or outside 0 to 1, or the scores of a row are not in order.

    Examples
    --------
    >>> [len(row) for row in pack_scores(np.array([[7, 3, 1]]), np.array([[0.5, 0.1, 0.0]]))]
    [6]
    """
    if not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError("a score is NaN or outside 0 to 1")
    if (np.diff(scores, axis=1) > 0).any():
        raise ValueError("the scores of a row must come with the largest first")
    entries = np.empty(scores.shape, _ENTRY)
    entries["class"] = classes
    kept = np.clip(scores.astype(np.float64), 1e-9, 1 - 1e-9)
    codes = (np.log(kept / (1 - kept)) - _LOWEST) / _STEP
    entries["code"] = np.clip(np.rint(codes), 0, 255)
    lengths = (scores >= floor).sum(axis=1) * _ENTRY.itemsize
    packed, stride = entries.tobytes(), scores.shape[1] * _ENTRY.itemsize
    return [
        packed[row * stride : row * stride + length] for row, length in enumerate(lengths.tolist())
    ]


def unpack_scores(
    packed: Sequence[bytes],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Unpack rows of scores, all of them at once.

    Returns
    -------
    rows, classes : ndarray of shape (n_scores,)
        Which of `packed`, in order, and which class of it.
    scores : ndarray of shape (n_scores,), float32
        The largest of each row first.

    Examples
    --------
    >>> packed = pack_scores(np.array([[7, 3, 1]]), np.array([[0.5, 0.1, 0.0]]))
    >>> rows, classes, scores = unpack_scores([b"", *packed])
    >>> rows.tolist(), classes.tolist(), [round(score, 2) for score in scores.tolist()]
    ([1, 1], [7, 3], [0.51, 0.1])
    """
    entries = np.frombuffer(b"".join(packed), _ENTRY)
    lengths = [len(row) // _ENTRY.itemsize for row in packed]
    rows = np.repeat(np.arange(len(packed)), lengths)
    return rows, entries["class"].astype(np.int64), _SCORES[entries["code"]]
