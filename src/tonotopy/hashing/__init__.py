"""Short codes for vectors: quantizers and hashes, learned with labels or without.

Every method is an estimator in scikit-learn's manners, see `tonotopy.hashing.base`.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tonotopy.hashing.base import BinaryHash, CodebookHash, Hash, read_head

if TYPE_CHECKING:
    from tonotopy.hashing.anchors import AnchorGraphHashing as AnchorGraphHashing
    from tonotopy.hashing.cnnh import CNNH as CNNH
    from tonotopy.hashing.dnnh import DNNH as DNNH
    from tonotopy.hashing.dqn import DQN as DQN
    from tonotopy.hashing.dtq import DTQ as DTQ
    from tonotopy.hashing.linear import ITQ as ITQ
    from tonotopy.hashing.linear import LSH as LSH
    from tonotopy.hashing.posterior import PosteriorQuantizer as PosteriorQuantizer
    from tonotopy.hashing.product import OPQ as OPQ
    from tonotopy.hashing.product import PQ as PQ
    from tonotopy.hashing.product import VQ as VQ
    from tonotopy.hashing.residual import RQ as RQ
    from tonotopy.hashing.spectral import SpectralHashing as SpectralHashing

__all__ = [
    "CNNH",
    "DNNH",
    "DQN",
    "DTQ",
    "ITQ",
    "LSH",
    "METHODS",
    "OPQ",
    "PQ",
    "RQ",
    "VQ",
    "AnchorGraphHashing",
    "BinaryHash",
    "CodebookHash",
    "Hash",
    "PosteriorQuantizer",
    "SpectralHashing",
    "from_state",
    "method",
]

#: name of a method -> where its class is
METHODS: Mapping[str, str] = {
    "LSH": "tonotopy.hashing.linear",
    "VQ": "tonotopy.hashing.product",
    "PQ": "tonotopy.hashing.product",
    "OPQ": "tonotopy.hashing.product",
    "RQ": "tonotopy.hashing.residual",
    "SpectralHashing": "tonotopy.hashing.spectral",
    "ITQ": "tonotopy.hashing.linear",
    "AnchorGraphHashing": "tonotopy.hashing.anchors",
    "CNNH": "tonotopy.hashing.cnnh",
    "DNNH": "tonotopy.hashing.dnnh",
    "DQN": "tonotopy.hashing.dqn",
    "DTQ": "tonotopy.hashing.dtq",
    "PosteriorQuantizer": "tonotopy.hashing.posterior",
}


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
