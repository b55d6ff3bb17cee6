"""DTQ: vectors ordered by triplets, quantized by words that are added up."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tonotopy.hashing.additive import (
    AdditiveHash,
    add_words,
    encode_additive,
    learn_books,
)
from tonotopy.hashing.networks import Batch, NetworkHash, Plan, steps, train
from tonotopy.hashing.scaling import unit_rows
from tonotopy.hashing.triplets import hinge

__all__ = ["DTQ"]

_DIM = 256
_MARGIN = 0.6
_WORDS_WEIGHT = 0.1
_WITHOUT_WORDS = 0.25  #: of the steps, before words are learned
_REFITS = 4
_BEAM_OF_REFITS = 1


class DTQ(NetworkHash, AdditiveHash):
    """Deep triplet quantization: learned vectors and words over all dimensions, together [1]_.

    A network of two layers makes unit vectors of 256 dimensions in which a row is nearer to one of
    its class than to one of another; the sum of a word of every book stands for a vector. Distances
    are negative inner products; the query is not quantized.

    The books are residual ones and codes come from a beam search. The published alternation over
    single words lands in worse codes the more books there are.

    Fitting needs the extra ``train`` (torch), encoding does not.

    Parameters
    ----------
    n_bits : int, default=8
        Length of a code, a multiple of 8.
    n_steps : int, optional
        Batches of 256 that the network sees; by default 200, or 60 for every 256 labelled rows if
        that is more.
    random_state : int, RandomState or None, default=0
        Of the network, the triplets and k-means.

    Attributes
    ----------
    classes_ : ndarray
        The classes in y.
    codebooks_ : ndarray of shape (n_bits // 8, 256, 256)
        Of each book the words.

    References
    ----------
    .. [1] B. Liu, Y. Cao, M. Long, J. Wang and J. Wang, "Deep triplet quantization", ACM MM 2018.
    """

    codebooks_: NDArray[np.float32]

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
        plan = Plan(_DIM, steps(int(labelled.sum()), self.n_steps), seed)
        loss = _TripletLoss(places[labelled], self.n_bits // 8, plan)
        self._keep(train(rows[labelled], loss, plan))
        self.codebooks_ = learn_books(self._unit_outputs(rows), self.n_bits // 8, seed=seed)

    def _encode(self, X: NDArray[np.float32]) -> NDArray[np.uint8]:
        return encode_additive(self._unit_outputs(self._standardized(X)), self.codebooks_)

    def _compared(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._unit_outputs(self._standardized(queries))

    def _unit_outputs(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        return unit_rows(self._outputs(rows))


class _TripletLoss:
    """Triplets out of order, and what words leave over."""

    def __init__(self, places: NDArray[np.int64], n_books: int, plan: Plan) -> None:
        self._places, self._n_books, self._plan = places, n_books, plan
        self._rng = np.random.default_rng(plan.seed)
        self._first_refit = int(_WITHOUT_WORDS * plan.n_steps)
        self._between = max(1, (plan.n_steps - self._first_refit) // _REFITS)
        self._targets: NDArray[np.float32] | None = None

    def __call__(self, batch: Batch) -> Any:
        since = batch.step - self._first_refit
        if since >= 0 and since % self._between == 0:
            self._refit(unit_rows(batch.outputs_of_all()))
        vectors = batch.torch.nn.functional.normalize(batch.outputs)
        classes = self._places[batch.places]
        total = hinge(batch.torch, vectors, classes, _MARGIN, self._rng)
        if self._targets is None:
            return total
        targets = batch.torch.from_numpy(self._targets[batch.places])
        return total + _WORDS_WEIGHT * ((vectors - targets) ** 2).sum(dim=1).mean()

    def _refit(self, vectors: NDArray[np.float32]) -> None:
        books = learn_books(vectors, self._n_books, seed=self._plan.seed, beam=_BEAM_OF_REFITS)
        self._targets = add_words(encode_additive(vectors, books, beam=_BEAM_OF_REFITS), books)
