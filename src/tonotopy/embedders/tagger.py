"""What embedders can do that also name what they hear."""

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tonotopy.embedders.protocol import Embedder

__all__ = ["Tagger"]


@runtime_checkable
class Tagger(Embedder, Protocol):
    """An embedder that scores the classes of a list, such as AudioSet's 521 of YAMNet."""

    tag_classes: str  #: the name of the list; ``"audioset"`` is `tonotopy.ontology.CLASSES`
    n_tags: int  #: how many classes it has

    def tag(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score mono windows in [-1, 1], (n, window_s * sample_rate) -> (n, n_tags), 0 to 1."""
        ...

    def hear(self, windows: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Embed and score windows at once: what `embed` and `tag` say of them."""
        ...

    def tag_thresholds(self) -> NDArray[np.float32]:
        """Tell from which score on a class is usually right, (n_tags,); above 1 for never."""
        ...
