"""From which score on a class is shown: numbers that ``training/calibrate.py`` found.

A file ``constants/NAME-tags.json`` holds, for the embedder of that name, the threshold of every
class that was measured, and one for all others::

    {"fingerprint": "5b0f...", "precision": 0.8, "otherwise": 0.5, "thresholds": {"69": 0.31}}
"""

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["calibration", "shown_from"]


@lru_cache
def calibration(name: str) -> dict[str, Any]:
    """Read what is known of an embedder's scores.

    Returns
    -------
    dict
        ``fingerprint`` of the weights that were measured, the ``precision`` that was aimed at,
        ``thresholds`` by class index, and ``otherwise`` for classes without one.
    """
    path = files("tonotopy.embedders").joinpath("constants", f"{name}-tags.json")
    read: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return read


def shown_from(name: str, *, n_tags: int) -> NDArray[np.float32]:
    """Tell from which score on each class is shown.

    Parameters
    ----------
    name : str
        Of the embedder.
    n_tags : int
        How many classes it scores.

    Returns
    -------
    ndarray of shape (n_tags,), float32
        Above 1 where no score is enough.
    """
    known = calibration(name)
    thresholds = np.full(n_tags, known["otherwise"], np.float32)
    for index, threshold in known["thresholds"].items():
        thresholds[int(index)] = threshold
    return thresholds
