"""CNNH: codes of the classes first, then a network that finds them from sounds."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tonotopy.hashing.base import BinaryHash
from tonotopy.hashing.codes import pack_signs
from tonotopy.hashing.networks import Batch, Layers, NetworkHash, Plan, steps, train

__all__ = ["CNNH", "class_codes"]

_SWEEPS = 20


class CNNH(NetworkHash, BinaryHash):
    """Convolutional neural network hashing, on vectors: hashing in two stages [1]_.

    The first stage looks for codes whose inner products say whether two rows are of one class.
    Rows of a class share theirs, so it works on classes, weighted by how many rows they have. The
    second fits a network to these codes and to the classes at once. Any number of bits will do:
    no Hadamard matrix is needed.

    Fitting needs the extra ``train`` (torch), encoding does not.

    Parameters
    ----------
    n_bits : int, default=8
        Length of a code, a multiple of 8.
    n_steps : int, optional
        Batches of 256 that the network sees; by default 200, or 60 for every 256 labelled rows if
        that is more.
    random_state : int, RandomState or None, default=0
        Of the codes that the first stage starts from, and of the network.

    Attributes
    ----------
    classes_ : ndarray
        The classes in y.
    class_codes_ : ndarray of shape (n_classes, n_bits)
        What the network was taught, 1 and -1.

    References
    ----------
    .. [1] R. Xia, Y. Pan, H. Lai, C. Liu and S. Yan, "Supervised hashing for image retrieval via
       image representation learning", AAAI 2014.
    """

    class_codes_: NDArray[np.float32]

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
        labelled = places >= 0
        taught = places[labelled]
        self.class_codes_ = class_codes(np.bincount(taught), self.n_bits, seed=seed)
        plan = Plan(self.n_bits + len(self.classes_), steps(len(taught), self.n_steps), seed)

        def loss(batch: Batch) -> Any:
            classes = taught[batch.places]
            codes = batch.torch.from_numpy(self.class_codes_[classes])
            errors = (batch.torch.tanh(batch.outputs[:, : self.n_bits]) - codes) ** 2
            named = batch.torch.nn.functional.cross_entropy(
                batch.outputs[:, self.n_bits :], batch.torch.from_numpy(classes)
            )
            return errors.mean() + named

        learned = train(rows[labelled], loss, plan)
        self._keep(
            Layers(
                learned.hidden_weights,
                learned.hidden_bias,
                learned.output_weights[: self.n_bits].copy(),
                learned.output_bias[: self.n_bits].copy(),
            )
        )

    def _encode(self, X: NDArray[np.float32]) -> NDArray[np.uint8]:
        return pack_signs(self._outputs(self._standardized(X)))


def class_codes(sizes: NDArray[np.int64], n_bits: int, *, seed: int) -> NDArray[np.float32]:
    """Find a code for each class, so that codes of different classes are far apart.

    What is made small is the sum, over pairs of rows, of ``(h_i @ h_j - n_bits * s_ij) ** 2`` with
    s = 1 for rows of one class and -1 else, entry by entry, entries kept within [-1, 1].

    Parameters
    ----------
    sizes : ndarray of shape (n_classes,)
        Rows of each class, at least one.
    n_bits : int
        Length of a code.
    seed : int
        Of the random start.

    Returns
    -------
    ndarray of shape (n_classes, n_bits)
        Of 1 and -1.
    """
    codes = np.random.default_rng(seed).uniform(-1, 1, (len(sizes), n_bits))
    wanted = n_bits * (2.0 * np.eye(len(sizes)) - 1.0)
    for _ in range(_SWEEPS):
        for place in range(len(sizes)):
            # A row's partners are all rows but itself; those of its class keep their code for now.
            partners = sizes - (np.arange(len(sizes)) == place)
            others = codes.copy()
            for bit in range(n_bits):
                along = others[:, bit]
                error = others @ codes[place] - along * codes[place, bit] - wanted[place]
                curvature = partners @ along**2
                if curvature > 0:
                    best = -(partners * along) @ error / curvature
                    codes[place, bit] = np.clip(best, -1, 1)
    return np.where(codes > 0, 1.0, -1.0).astype(np.float32)
