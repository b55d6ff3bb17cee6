"""What embedders can do that also name what they hear."""

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tonotopy.embedders.protocol import Embedder

__all__ = ["Tagger"]


@runtime_checkable
class Tagger(Embedder, Protocol):
    """An embedder that scores the classes of a vocabulary, such as AudioSet's 521 of YAMNet."""

    n_tags: int  #: classes of the vocabulary, in the order of its list

    def tag(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score mono windows in [-1, 1], (n, window_s * sample_rate) -> (n, n_tags), 0 to 1."""
        ...
