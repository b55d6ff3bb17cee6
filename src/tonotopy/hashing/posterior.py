"""Posterior codes: what a sound probably is, and what it sounds like, in one code."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tonotopy.hashing.additive import encode_additive, inner_product_tables, learn_books
from tonotopy.hashing.base import CodebookHash, row_blocks
from tonotopy.hashing.components import principal_components
from tonotopy.hashing.networks import LabelledHash
from tonotopy.hashing.propagation import neighbour_graph, spread_labels
from tonotopy.hashing.scaling import unit_rows
from tonotopy.hashing.softmax import Softmax, fit_softmax, posteriors

__all__ = ["PosteriorQuantizer"]

_FREE_DIM = 256
_SHARPNESS = 4.0  #: length of the rows that the regressions see
_PENALTY, _STEPS = 1e-4, 150
_POSTERIOR_IN_GRAPH = 0.4  #: beside the label-free part, when neighbours are sought
_GRAPH_SHARE = 0.9  #: of the posterior; the rest is the plain regression's
_LANDMARKS, _KERNEL_WIDTH = 2048, 3.0
_STUDENT_PENALTY, _STUDENT_STEPS = 1e-5, 100
_MOST_TAUGHT = 16_384  #: rows that the student learns from; more change nothing
_MOST_COMPARED = 4096  #: rows without a label that take part when the graph is put to the test


class PosteriorQuantizer(LabelledHash, CodebookHash):
    """Quantize what a vector probably is together with what it sounds like.

    A softmax regression on the labelled rows gives the probability p of each class. The inner
    product of two independent p is the probability that two sounds are of one class: the best
    ranking there is, if p is right. Beside p stands a label-free part f, half-whitened principal
    components of unit norm, which alone can tell apart sounds of classes that have no label. What
    is quantized is ``[p, sqrt(w_free) * f]``, by residual codebooks learned on all rows; the
    distance is minus the inner product with the query, which is not quantized.

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
    w_free : float >= 0, default=1.0
        Weight of the label-free part. At 0.1 codes are best where every class has labels, and
        useless for sounds of other classes; 1 is safe for both.
    random_state : int, RandomState or None, default=0
        Of k-means, landmarks, and which labels are hidden.

    Attributes
    ----------
    classes_ : ndarray
        The classes in y.
    uses_graph_ : bool
        Whether labels were spread.
    codebooks_ : ndarray of shape (n_bits // 8, 256, n_classes + free dimensions)
        Of each book the words.

    References
    ----------
    .. [1] D. Zhou, O. Bousquet, T. N. Lal, J. Weston and B. Schölkopf, "Learning with local and
       global consistency", NeurIPS 2003.

    Examples
    --------
    >>> sounds = np.array([[0.0, 1.0], [0.1, 1.0], [1.0, 0.0], [1.0, 0.1]])
    >>> quantizer = PosteriorQuantizer(n_bits=8).fit(sounds, ["low", "-1", "high", "-1"])
    >>> distances = quantizer.distances(sounds[:1], quantizer.transform(sounds))
    >>> sorted(distances[0].argsort()[:2].tolist())
    [0, 1]
    """

    uses_graph_: bool
    free_mean_: NDArray[np.float32]
    free_directions_: NDArray[np.float32]
    class_weights_: NDArray[np.float32]
    class_bias_: NDArray[np.float32]
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
        w_free: float = 1.0,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.n_bits = n_bits
        self.graph = graph
        self.w_free = w_free
        self.random_state = random_state

    def _learn(self, rows: NDArray[np.float32], places: NDArray[np.int64]) -> None:
        if self.graph not in (True, False, "auto"):
            raise ValueError(f"graph={self.graph!r} is not True, False or 'auto'")
        if not (np.isfinite(self.w_free) and self.w_free >= 0):
            raise ValueError(f"w_free={self.w_free!r} must be a number, at least 0")
        rng = np.random.default_rng(self._seed())
        directions = unit_rows(rows)
        self._learn_free(directions)
        free = self._free(directions)
        n_classes = len(self.classes_)
        layer = _classifier(directions, places, n_classes)
        self.class_weights_, self.class_bias_ = layer
        auto = self.graph == "auto"
        self.uses_graph_ = (
            _graph_helps(directions, free, places, n_classes, rng) if auto else bool(self.graph)
        )
        if self.uses_graph_:
            plain = posteriors(_SHARPNESS * directions, layer)
            self._learn_student(free, _spread(free, plain, places), places, rng)
        joined = self._joined(rows)
        self.codebooks_ = learn_books(joined, self.n_bits // 8, seed=int(rng.integers(2**31 - 1)))

    def _encode(self, X: NDArray[np.float32]) -> NDArray[np.uint8]:
        codes = np.empty((len(X), self.n_bits // 8), np.uint8)
        for block in row_blocks(len(X)):
            joined = self._joined(self._standardized(X[block]))
            codes[block] = encode_additive(joined, self.codebooks_)
        return codes

    def _tables(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        return inner_product_tables(self._joined(self._standardized(queries)), self.codebooks_)

    def _joined(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Put posterior and label-free part side by side."""
        directions = unit_rows(rows)
        free = self._free(directions)
        plain = Softmax(self.class_weights_, self.class_bias_)
        posterior = posteriors(_SHARPNESS * directions, plain)
        if self.uses_graph_:
            student = Softmax(self.student_weights_, self.student_bias_)
            taught = posteriors(self._kernel(free), student)
            posterior = _GRAPH_SHARE * taught + (1 - _GRAPH_SHARE) * posterior
        return np.hstack([posterior, np.float32(np.sqrt(self.w_free)) * free])

    def _learn_free(self, directions: NDArray[np.float32]) -> None:
        found = principal_components(directions, min(_FREE_DIM, *directions.shape))
        varies = found.variances > 0
        scale = np.where(varies, found.variances, 1.0) ** -0.25
        self.free_mean_ = found.mean.astype(np.float32)
        self.free_directions_ = (found.directions * (scale * varies)[:, None]).astype(np.float32)

    def _free(self, directions: NDArray[np.float32]) -> NDArray[np.float32]:
        return unit_rows(
            (directions.astype(np.float64) - self.free_mean_) @ self.free_directions_.T
        )

    def _learn_student(
        self,
        free: NDArray[np.float32],
        spread: NDArray[np.float32],
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
        certainty = spread[taught].max(axis=1)
        goal = spread[taught]
        known = places[taught] >= 0
        goal[known] = np.eye(spread.shape[1], dtype=np.float32)[places[taught][known]]
        student = fit_softmax(
            self._kernel(free[taught]),
            goal,
            row_weights=certainty,
            penalty=_STUDENT_PENALTY,
            n_iter=_STUDENT_STEPS,
        )
        self.student_weights_, self.student_bias_ = student

    def _kernel(self, free: NDArray[np.float32]) -> NDArray[np.float32]:
        similarity = _similarity(free, self.landmarks_)
        return _SHARPNESS * unit_rows((similarity - self.kernel_mean_) / self.kernel_spread_)


def _similarity(free: NDArray[np.float32], landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    cosines = free.astype(np.float64) @ landmarks.T
    return np.exp(_KERNEL_WIDTH * (cosines - 1)).astype(np.float32)


def _classifier(
    directions: NDArray[np.float32], places: NDArray[np.int64], n_classes: int
) -> Softmax:
    labelled = places >= 0
    goal = np.eye(n_classes, dtype=np.float32)[places[labelled]]
    return fit_softmax(_SHARPNESS * directions[labelled], goal, penalty=_PENALTY, n_iter=_STEPS)


def _spread(
    free: NDArray[np.float32], plain: NDArray[np.float32], places: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Spread labels among rows that sound alike and are thought to be alike."""
    both = unit_rows(np.hstack([free, _POSTERIOR_IN_GRAPH * np.sqrt(plain)]))
    return spread_labels(neighbour_graph(both), places, plain.shape[1])


def _graph_helps(
    directions: NDArray[np.float32],
    free: NDArray[np.float32],
    places: NDArray[np.int64],
    n_classes: int,
    rng: np.random.Generator,
) -> bool:
    """Hide labels, and see whether more of them are named with the graph than without."""
    labelled = rng.permutation(np.flatnonzero(places >= 0))
    unlabelled = rng.permutation(np.flatnonzero(places < 0))[:_MOST_COMPARED]
    classes = places[labelled]
    kept = np.concatenate([labelled, unlabelled])
    turn = _places_in_class(classes) % 2
    several = (np.bincount(classes, minlength=n_classes) > 1)[classes]
    gain = 0
    for half in (0, 1):
        hidden = np.flatnonzero((turn == half) & several)
        shown = np.concatenate([classes, np.full(len(unlabelled), -1)])
        shown[hidden] = -1
        layer = _classifier(directions[kept], shown, n_classes)
        plain = posteriors(_SHARPNESS * directions[kept], layer)
        spread = _spread(free[kept], plain, shown)
        truth = classes[hidden]
        gain += int((spread[hidden].argmax(axis=1) == truth).sum())
        gain -= int((plain[hidden].argmax(axis=1) == truth).sum())
    return gain >= 0


def _places_in_class(classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the rows of each class from 0, in the order of their coming."""
    order = np.argsort(classes, kind="stable")
    ranked = classes[order]
    places = np.empty(len(classes), np.int64)
    places[order] = np.arange(len(classes)) - np.searchsorted(ranked, ranked)
    return places
