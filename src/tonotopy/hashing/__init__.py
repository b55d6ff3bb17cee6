"""Short codes for vectors: quantizers and hashes, learned with labels or without.

Every method is an estimator in scikit-learn's manners, see `tonotopy.hashing.base`.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tonotopy.hashing.base import BinaryHash, CodebookHash, Hash, read_head

__all__ = ["METHODS", "BinaryHash", "CodebookHash", "Hash", "from_state", "method"]

#: name of a method -> where its class is
METHODS: Mapping[str, str] = {}


def method(name: str) -> type[Hash]:
    """Find the class of a method.

    Parameters
    ----------
    name : str
        A key of `METHODS`.

    Returns
    -------
    type
        The class, a `Hash`.

    Raises
    ------
    ValueError
        Naming the methods that exist.
    """
    if name not in METHODS:
        raise ValueError(f"method {name!r} must be one of {', '.join(METHODS)}")
    found: type[Hash] = getattr(import_module(METHODS[name]), name)
    return found


def from_state(state: Mapping[str, NDArray[np.generic]]) -> Hash:
    """Restore whichever method a state is of, see `Hash.state`."""
    return method(read_head(state)["method"]).from_state(state)


def __getattr__(name: str) -> Any:
    """Load the class of a method when it is first asked for."""
    if name not in METHODS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return method(name)
