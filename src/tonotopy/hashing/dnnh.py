"""DNNH: every bit sees its own slice of the features, and triplets say what is near."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tonotopy.hashing.base import BinaryHash
from tonotopy.hashing.codes import pack_signs
from tonotopy.hashing.networks import Batch, NetworkHash, Plan, steps, train
from tonotopy.hashing.triplets import hinge

__all__ = ["DNNH"]


class DNNH(NetworkHash, BinaryHash):
    """Deep neural network hashing, on vectors: divide and encode, ranked by triplets [1]_.

    Features are cut into as many slices as there are bits; of each, a unit with a sigmoid makes a
    number from 0 to 1, and the bit says whether that is above one half. Here a slice is linear in
    the hidden units, and so is its unit: the two are learned as one layer. A row shall be nearer
    to one of its class than to one of another by a margin of a quarter of the bits.

    Fitting needs the extra ``train`` (torch), encoding does not.

    Parameters
    ----------
    n_bits : int, default=8
        Length of a code, a multiple of 8.
    n_steps : int, optional
        Batches of 256 that the network sees; by default 200, or 60 for every 256 labelled rows if
        that is more.
    random_state : int, RandomState or None, default=0
        Of the network and of the triplets.

    Attributes
    ----------
    classes_ : ndarray
        The classes in y.

    References
    ----------
    .. [1] H. Lai, Y. Pan, Y. Liu and S. Yan, "Simultaneous feature learning and hash coding with
       deep neural networks", CVPR 2015.
    """

    def __init__(
        self,
        n_bits: int = 8,
        *,
        n_steps: int | None = None,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.n_bits = n_bits
        self.n_steps = n_steps
        self.random_state = random_state

    def _learn(self, rows: NDArray[np.float32], places: NDArray[np.int64]) -> None:
        seed = self._seed()
        rng = np.random.default_rng(seed)
        labelled = places >= 0
        taught = places[labelled]
        plan = Plan(self.n_bits, steps(len(taught), self.n_steps), seed)
        margin = max(1.0, self.n_bits / 4)

        def loss(batch: Batch) -> Any:
            bits = batch.torch.sigmoid(batch.outputs)
            return hinge(batch.torch, bits, taught[batch.places], margin, rng)

        self._keep(train(rows[labelled], loss, plan))

    def _encode(self, X: NDArray[np.float32]) -> NDArray[np.uint8]:
        return pack_signs(self._outputs(self._standardized(X)))
