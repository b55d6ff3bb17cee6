"""Deep quantization network: unit vectors whose cosines follow the labels, product-quantized."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tonotopy.hashing.base import CodebookHash
from tonotopy.hashing.networks import Batch, NetworkHash, Plan, steps, train
from tonotopy.hashing.product import PQ
from tonotopy.hashing.scaling import unit_rows

__all__ = ["DQN"]

_DIM = 512
_STEPS_BETWEEN_REFITS, _REFIT_ROUNDS = 20, 8
_WITHOUT_WORDS = 0.25  #: of the steps, before words are learned
_SETTINGS = {"literal": (1.0, 1), "balanced": (0.1, 3)}  #: weight of the words, length of training


class DQN(NetworkHash, CodebookHash):
    """Deep quantization network: learned cosines and words, together [1]_.

    A network of two layers makes unit vectors of 512 dimensions, so that the cosine of two rows is
    1 if they are of one class, else -1; words of a product quantizer are learned alternately on
    the labelled rows. Distances are negative inner products; the query is not quantized.

    Fitting needs the extra ``train`` (torch), encoding does not.

    Parameters
    ----------
    n_bits : int, default=8
        Length of a code, a multiple of 8.
    loss : {"balanced", "literal"}, default="balanced"
        "literal" is the mean over pairs, as published. "balanced" gives pairs of one class and
        pairs of two the same weight and trains three times as long: with many classes the first
        are rare, and the literal mean nearly forgets them.
    codebook : {"all", "labelled"}, default="all"
        Which rows the final words are learned on. "labelled" is the published reading; with few
        labels every labelled row becomes a word of its own, and the others suffer.
    n_steps : int, optional
        Batches of 256 that the network sees; by default 200, or 60 for every 256 labelled rows if
        that is more; three times as many for "balanced".
    random_state : int, RandomState or None, default=0
        Of the network and of k-means.

    Attributes
    ----------
    classes_ : ndarray
        The classes in y.
    codebooks_ : ndarray of shape (n_bits // 8, 256, part)
        The words.

    References
    ----------
    .. [1] Y. Cao, M. Long, J. Wang, H. Zhu and Q. Wen, "Deep quantization network for efficient
       image retrieval", AAAI 2016.
    """

    codebooks_: NDArray[np.float32]
    n_words_: NDArray[np.int64]

    def __init__(
        self,
        n_bits: int = 8,
        *,
        loss: Literal["balanced", "literal"] = "balanced",
        codebook: Literal["all", "labelled"] = "all",
        n_steps: int | None = None,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.n_bits = n_bits
        self.loss = loss
        self.codebook = codebook
        self.n_steps = n_steps
        self.random_state = random_state

    def _learn(self, rows: NDArray[np.float32], places: NDArray[np.int64]) -> None:
        if self.loss not in _SETTINGS:
            raise ValueError(f"loss={self.loss!r} is not 'balanced' or 'literal'")
        if self.codebook not in ("all", "labelled"):
            raise ValueError(f"codebook={self.codebook!r} is not 'all' or 'labelled'")
        seed = self._seed()
        labelled = places >= 0
        weight, times = _SETTINGS[self.loss]
        plan = Plan(_DIM, steps(int(labelled.sum()), self.n_steps, times=times), seed)
        pairs = _PairLoss(places[labelled], self.n_bits, plan, weight, self.loss == "balanced")
        self._keep(train(rows[labelled], pairs, plan))
        taught = rows if self.codebook == "all" else rows[labelled]
        words = PQ(self.n_bits, random_state=seed).fit(self._unit_outputs(taught))
        self.codebooks_, self.n_words_ = words.codebooks_, words.n_words_

    def _encode(self, X: NDArray[np.float32]) -> NDArray[np.uint8]:
        words = PQ(self.n_bits)
        words.codebooks_, words.n_words_ = self.codebooks_, self.n_words_
        words.n_features_in_ = _DIM
        return words.transform(self._unit_outputs(self._standardized(X)))

    def _tables(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        vectors = self._unit_outputs(self._standardized(queries))
        n_books, _, part = self.codebooks_.shape
        padded = np.pad(vectors, ((0, 0), (0, n_books * part - _DIM)))
        parts = padded.reshape(len(queries), n_books, part)
        products: NDArray[np.float32] = np.einsum(
            "qbp,bwp->qbw", parts, self.codebooks_, optimize=True
        )
        return -products

    def _unit_outputs(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        return unit_rows(self._outputs(rows))


class _PairLoss:
    """Squared errors of cosines, and of what words stand for."""

    def __init__(
        self, places: NDArray[np.int64], n_bits: int, plan: Plan, weight: float, balanced: bool
    ) -> None:
        self._places, self._plan, self._weight = places, plan, weight
        self._balanced = balanced
        self._words = PQ(n_bits, n_iter=_REFIT_ROUNDS, random_state=plan.seed)
        self._targets: NDArray[np.float32] | None = None

    def __call__(self, batch: Batch) -> Any:
        since = batch.step - int(_WITHOUT_WORDS * self._plan.n_steps)
        if since >= 0 and since % _STEPS_BETWEEN_REFITS == 0:
            vectors = unit_rows(batch.outputs_of_all())
            self._targets = self._words.fit(vectors).inverse_transform(
                self._words.transform(vectors)
            )
        vectors = batch.torch.nn.functional.normalize(batch.outputs)
        total = self._of_pairs(batch, vectors)
        if self._targets is None:
            return total
        targets = batch.torch.from_numpy(self._targets[batch.places])
        return total + self._weight * ((vectors - targets) ** 2).sum(dim=1).mean()

    def _of_pairs(self, batch: Batch, vectors: Any) -> Any:
        places = self._places[batch.places]
        same = batch.torch.from_numpy(places[:, None] == places)
        errors = (2.0 * same - 1.0 - vectors @ vectors.T) ** 2
        if not self._balanced or bool(same.all()):
            return errors.mean()
        return (errors[same].mean() + errors[~same].mean()) / 2
