"""Posterior codes: what a sound probably is, and what it sounds like, in one code."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tonotopy.hashing.additive import AdditiveHash, encode_additive, learn_books
from tonotopy.hashing.base import row_blocks
from tonotopy.hashing.components import principal_components
from tonotopy.hashing.diffusion import Diffusion, diffuse, learn_diffusion
from tonotopy.hashing.hidden_labels import (
    GRAPH_SHARE,
    SHARPNESS,
    WEIGHTS,
    Rows,
    choose_free,
    classifier,
    graph_helps,
    guess_hidden,
    least_near_best,
    sample,
    spread,
    weigh,
)
from tonotopy.hashing.networks import LabelledHash
from tonotopy.hashing.scaling import unit_rows
from tonotopy.hashing.softmax import Softmax, fit_softmax, posteriors
from tonotopy.hashing.threads import on_threads

__all__ = ["PosteriorQuantizer"]

_FREE_DIM = 256
_WITHOUT_A_TEST = 1.0  #: weight of the label-free part
_LANDMARKS, _KERNEL_WIDTH = 2048, 3.0
_STUDENT_PENALTY, _STUDENT_STEPS = 1e-5, 100
_MOST_TAUGHT = 16_384  #: rows that the student learns from; more change nothing


class PosteriorQuantizer(LabelledHash, AdditiveHash):
    """Quantize what a vector probably is together with what it sounds like.

    A softmax regression on the labelled rows gives the probability p of each class. The inner
    product of two independent p is the probability that two sounds are of one class: the best
    ranking there is, if p is right. Beside p stands a label-free part f of unit norm, which alone
    can tell apart sounds of classes that have no label: half-whitened principal components, or
    vectors in which near is what walks over the nearest neighbours join [2]_. What is quantized is
    ``[p, sqrt(w_free) * f]``, by residual codebooks learned on all rows; the distance is minus the
    inner product with the query, which is not quantized.

    With a graph, labels first spread over the nearest neighbours among all rows [1]_; a kernel
    regression then learns to say the same of new sounds. That pays where clusters are finer than
    classes, or labels few.

    Parameters
    ----------
    n_bits : int, default=64
        Length of a code, a multiple of 8.
    graph : {"auto", True, False}, default="auto"
        Whether labels spread over neighbours. "auto" hides half of the labels, then the other
        half, and looks which way names more of them.
    w_free : "auto" or float >= 0, default="auto"
        Weight of the label-free part. At 0.1 codes are best where every class has labels, and may
        be useless for sounds of other classes. "auto" takes the least weight with which rows whose
        label is hidden, and rows of classes that are hidden altogether, are found about as well as
        they can be together; with fewer than 6 classes to tell by, 1.
    free : {"auto", "components", "diffusion"}, default="auto"
        What the label-free part is. "auto" takes diffused vectors where they find rows whose label
        is hidden, and rows of classes that are hidden altogether, at least as well as components
        do, at no more weight; with fewer than 6 classes to tell by, components.
    random_state : int, RandomState or None, default=0
        Of k-means, landmarks, and which classes are hidden.

    Attributes
    ----------
    classes_ : ndarray
        The classes in y.
    uses_graph_ : bool
        Whether labels were spread.
    w_free_ : float
        The weight in use.
    uses_diffusion_ : bool
        Whether the label-free part are diffused vectors.
    codebooks_ : ndarray of shape (n_bits // 8, 256, n_classes + free dimensions)
        Of each book the words.

    References
    ----------
    .. [1] D. Zhou, O. Bousquet, T. N. Lal, J. Weston and B. Schölkopf, "Learning with local and
       global consistency", NeurIPS 2003.
    .. [2] D. Zhou, J. Weston, A. Gretton, O. Bousquet and B. Schölkopf, "Ranking on data
       manifolds", NeurIPS 2003.

    Examples
    --------
    >>> sounds = np.array([[0.0, 1.0], [0.1, 1.0], [1.0, 0.0], [1.0, 0.1]])
    >>> quantizer = PosteriorQuantizer(n_bits=8).fit(sounds, ["low", "-1", "high", "-1"])
    >>> distances = quantizer.distances(sounds[:1], quantizer.transform(sounds))
    >>> sorted(distances[0].argsort()[:2].tolist())
    [0, 1]
    """

    uses_graph_: bool
    uses_diffusion_: bool = False  # what is stored from before diffusion does not say
    w_free_: float
    free_mean_: NDArray[np.float64]
    free_directions_: NDArray[np.float64]
    class_weights_: NDArray[np.float32]
    class_bias_: NDArray[np.float32]
    walked_: NDArray[np.float32]
    positions_: NDArray[np.float32]
    landmarks_: NDArray[np.float32]
    kernel_mean_: NDArray[np.float32]
    kernel_spread_: NDArray[np.float32]
    student_weights_: NDArray[np.float32]
    student_bias_: NDArray[np.float32]
    codebooks_: NDArray[np.float32]

    def __init__(
        self,
        n_bits: int = 64,
        *,
        graph: bool | Literal["auto"] = "auto",
        w_free: float | Literal["auto"] = "auto",
        free: Literal["auto", "components", "diffusion"] = "auto",
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.n_bits = n_bits
        self.graph = graph
        self.w_free = w_free
        self.free = free
        self.random_state = random_state

    def _learn(self, rows: NDArray[np.float32], places: NDArray[np.int64]) -> None:
        self._check_params()
        rng = np.random.default_rng(self._seed())
        directions = unit_rows(rows)
        self._learn_free(directions)
        free = self._free(directions)
        n_classes = len(self.classes_)
        layer = classifier(directions, places, n_classes)
        self.class_weights_, self.class_bias_ = layer
        self._choose(Rows(directions, free, places), rng)
        if self.uses_graph_:
            plain = posteriors(SHARPNESS * directions, layer)
            self._learn_student(free, spread(free, plain, places), places, rng)
        joined = self._joined(rows)
        self.codebooks_ = learn_books(joined, self.n_bits // 8, seed=int(rng.integers(2**31 - 1)))

    def _check_params(self) -> None:
        if self.graph not in (True, False, "auto"):
            raise ValueError(f"graph={self.graph!r} is not True, False or 'auto'")
        if self.w_free != "auto" and not 0 <= self.w_free < np.inf:
            raise ValueError(f"w_free={self.w_free!r} must be 'auto' or a number, at least 0")
        if self.free not in ("auto", "components", "diffusion"):
            raise ValueError(f"free={self.free!r} is not 'auto', 'components' or 'diffusion'")

    def _choose(self, rows: Rows, rng: np.random.Generator) -> None:
        """Settle what is left open, by hiding labels."""
        walks = None
        if self.free != "components":
            chosen = rng.spawn(1)[0].permutation(len(rows.free))[:_LANDMARKS]
            walks = learn_diffusion(rows.free[chosen])
        self.uses_graph_ = bool(self.graph)
        self.uses_diffusion_ = self.free == "diffusion"
        self.w_free_ = _WITHOUT_A_TEST if self.w_free == "auto" else float(self.w_free)
        if "auto" in (self.graph, self.w_free, self.free):
            self._choose_by_hiding(sample(rows, rng), walks, rng)
        if walks is not None and self.uses_diffusion_:
            self.walked_, self.positions_ = walks

    def _choose_by_hiding(
        self, tested: Rows, walks: Diffusion | None, rng: np.random.Generator
    ) -> None:
        guesses = guess_hidden(tested)
        if self.graph == "auto":
            self.uses_graph_ = graph_helps(tested, guesses)
        if "auto" not in (self.w_free, self.free):
            return
        frees = [tested.free] if self.free != "diffusion" else []
        if walks is not None:
            frees.append(diffuse(tested.free, walks))
        weights = WEIGHTS if self.w_free == "auto" else (self.w_free_,)
        found = weigh(tested, guesses, frees, weights, uses_graph=self.uses_graph_, rng=rng)
        if not found:
            return
        if len(found) == 2:
            self.uses_diffusion_, place = choose_free(found[0], found[1])
        else:
            place = least_near_best(found[0])
        self.w_free_ = weights[place]

    def _encode(self, X: NDArray[np.float32]) -> NDArray[np.uint8]:
        codes = np.empty((len(X), self.n_bits // 8), np.uint8)

        def encode(block: slice) -> None:
            joined = self._joined(self._standardized(X[block]))
            codes[block] = encode_additive(joined, self.codebooks_)

        on_threads(encode, row_blocks(len(X)))
        return codes

    def _compared(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._joined(self._standardized(queries), np.float32)

    def _joined(
        self, rows: NDArray[np.float32], precision: type[np.floating] = np.float64
    ) -> NDArray[np.float32]:
        """Put posterior and label-free part side by side.

        Codes take float64, see `posteriors`; a query is not quantized, and float32 halves the
        memory that it waits for.
        """
        directions = unit_rows(rows)
        free = self._free(directions)
        plain = Softmax(self.class_weights_, self.class_bias_)
        posterior = posteriors(SHARPNESS * directions, plain, precision)
        if self.uses_graph_:
            student = Softmax(self.student_weights_, self.student_bias_)
            taught = posteriors(self._kernel(free, precision), student, precision)
            posterior = GRAPH_SHARE * taught + (1 - GRAPH_SHARE) * posterior
        beside = self._beside(free, precision)
        return np.hstack([posterior, np.float32(np.sqrt(self.w_free_)) * beside])

    def _beside(
        self, free: NDArray[np.float32], precision: type[np.floating]
    ) -> NDArray[np.float32]:
        """Give the label-free part in use, made of components."""
        if not self.uses_diffusion_:
            return free
        return diffuse(free, Diffusion(self.walked_, self.positions_), precision)

    def _learn_free(self, directions: NDArray[np.float32]) -> None:
        found = principal_components(directions, min(_FREE_DIM, *directions.shape))
        varies = found.variances > 0
        scale = np.where(varies, found.variances, 1.0) ** -0.25
        self.free_mean_ = found.mean
        self.free_directions_ = found.directions * (scale * varies)[:, None]

    def _free(self, directions: NDArray[np.float32]) -> NDArray[np.float32]:
        return unit_rows(
            (directions.astype(np.float64) - self.free_mean_) @ self.free_directions_.T
        )

    def _learn_student(
        self,
        free: NDArray[np.float32],
        likely: NDArray[np.float32],
        places: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> None:
        """Learn to say of a new row what the graph says of the rows at hand."""
        n = len(free)
        self.landmarks_ = free[rng.permutation(n)[:_LANDMARKS]]
        taught = np.arange(n) if n <= _MOST_TAUGHT else rng.choice(n, _MOST_TAUGHT, replace=False)
        similarity = _similarity(free[taught], self.landmarks_)
        self.kernel_mean_ = similarity.mean(axis=0)
        deviation = similarity.std(axis=0)
        self.kernel_spread_ = np.where(deviation > 0, deviation, np.float32(1))
        certainty = likely[taught].max(axis=1)
        goal = likely[taught]
        known = places[taught] >= 0
        goal[known] = np.eye(likely.shape[1], dtype=np.float32)[places[taught][known]]
        student = fit_softmax(
            self._kernel(free[taught]),
            goal,
            row_weights=certainty,
            penalty=_STUDENT_PENALTY,
            n_iter=_STUDENT_STEPS,
        )
        self.student_weights_, self.student_bias_ = student

    def _kernel(
        self, free: NDArray[np.float32], precision: type[np.floating] = np.float64
    ) -> NDArray[np.float32]:
        similarity = _similarity(free, self.landmarks_, precision)
        similarity -= self.kernel_mean_
        similarity /= self.kernel_spread_
        lengths = np.linalg.norm(similarity, axis=1, keepdims=True)
        similarity /= np.where(lengths > 0, lengths, 1)
        similarity *= SHARPNESS
        return similarity


def _similarity(
    free: NDArray[np.float32],
    landmarks: NDArray[np.float32],
    precision: type[np.floating] = np.float64,
) -> NDArray[np.float32]:
    similarity = free.astype(precision) @ landmarks.astype(precision, copy=False).T
    similarity -= 1
    similarity *= _KERNEL_WIDTH
    np.exp(similarity, out=similarity)
    return similarity.astype(np.float32, copy=False)
