"""The seam between sound and vectors: what every embedder is."""

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import Metric

__all__ = ["Embedder"]


@runtime_checkable
class Embedder(Protocol):
    """Turns windows of sound into vectors: each row by itself, the same every time.

    The contract, checked for every embedder by one suite of tests: a row depends on its own
    window only, whatever the batch; the same samples give the same vector; every vector is
    finite, and of unit norm where ``metric`` is ``"cosine"``; n = 0 gives shape (0, dim).
    """

    name: str  #: stored with every space, e.g. ``"timbre"``
    fingerprint: str  #: of weights and settings; changes whenever the numbers change
    sample_rate: int  #: Hz
    window_s: float  #: seconds of sound per vector
    hop_s: float  #: seconds between windows unless the user says otherwise
    dim: int  #: length of a vector
    metric: Metric  #: how vectors are compared
    licence: str  #: of the weights, an SPDX identifier

    def embed(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embed mono windows in [-1, 1], (n, window_s * sample_rate) -> (n, dim), n >= 0.

        A sound shorter than a window arrives with zeros behind it.
        """
        ...
