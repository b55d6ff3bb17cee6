"""What labels say of each other: some are hidden, and what the rest makes of their rows is judged.

Settings of posterior codes are chosen so: whether labels spread over a graph, by hiding labels of
every class; what the label-free part is and how much it weighs, by hiding whole classes too.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tonotopy.hashing.base import UNLABELLED
from tonotopy.hashing.propagation import neighbour_graph, spread_labels
from tonotopy.hashing.scaling import unit_rows
from tonotopy.hashing.softmax import Softmax, fit_softmax, posteriors

__all__ = [
    "GRAPH_SHARE",
    "SHARPNESS",
    "WEIGHTS",
    "Found",
    "Rows",
    "choose_free",
    "classifier",
    "graph_helps",
    "guess_hidden",
    "least_near_best",
    "sample",
    "spread",
    "weigh",
]

SHARPNESS = 4.0  #: length of the rows that the regressions see
GRAPH_SHARE = 0.9  #: of the posterior; the rest is the plain regression's
_PENALTY, _STEPS = 1e-4, 150
_POSTERIOR_IN_GRAPH = 0.4  #: beside the label-free part, when neighbours are sought
_MOST_COMPARED = 4096  #: rows without a label, and rows with one, that take part

#: With more, labels would count for little. The test would choose more where labels are one or two
#: a class, because it has to hide half of them.
WEIGHTS = (0.1, 0.2, 0.5, 1.0, 2.0)
_FEWEST_CLASSES = 6  #: of two rows or more; with fewer the test says too little
_NEAR_THE_BEST = 0.015  #: in the sum of two mean average precisions: what chance moves


class Rows(NamedTuple):
    """Rows as both parts of the code see them."""

    directions: NDArray[np.float32]  #: (n, dim), standardized and of unit norm
    free: NDArray[np.float32]  #: (n, free dimensions), of unit norm
    places: NDArray[np.int64]  #: (n,) classes, -1 where unknown


def classifier(
    directions: NDArray[np.float32], places: NDArray[np.int64], n_classes: int
) -> Softmax:
    """Fit a softmax regression to the labelled rows."""
    labelled = places >= 0
    goal = np.eye(n_classes, dtype=np.float32)[places[labelled]]
    return fit_softmax(SHARPNESS * directions[labelled], goal, penalty=_PENALTY, n_iter=_STEPS)


def spread(
    free: NDArray[np.float32], plain: NDArray[np.float32], places: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Spread labels among rows that sound alike and are thought to be alike."""
    both = unit_rows(np.hstack([free, _POSTERIOR_IN_GRAPH * np.sqrt(plain)]))
    return spread_labels(neighbour_graph(both), places, plain.shape[1])


def sample(rows: Rows, rng: np.random.Generator) -> Rows:
    """Draw rows that the tests can afford, the labelled ones first."""
    labelled = rng.permutation(np.flatnonzero(rows.places >= 0))[:_MOST_COMPARED]
    unlabelled = rng.permutation(np.flatnonzero(rows.places < 0))[:_MOST_COMPARED]
    chosen = np.concatenate([labelled, unlabelled])
    return Rows(rows.directions[chosen], rows.free[chosen], rows.places[chosen])


class Guesses(NamedTuple):
    """What rows are thought to be by the labels of others, (n_labelled, n_classes)."""

    plain: NDArray[np.float32]
    with_graph: NDArray[np.float32]  #: labels spread over it


def guess_hidden(rows: Rows) -> Guesses:
    """Hide every second label of each class, then the others, and guess them."""
    labelled = np.flatnonzero(rows.places >= 0)
    classes = rows.places[labelled]
    turn = _places_in_class(classes) % 2
    several = (np.bincount(classes) > 1)[classes]
    guessed = np.zeros((2, len(labelled), int(classes.max()) + 1), np.float32)
    for half in (0, 1):
        shown = rows.places.copy()
        shown[labelled[(turn == half) & several]] = UNLABELLED
        for each, posterior in zip(guessed, _both_ways(rows, shown), strict=True):
            each[turn == half] = posterior[labelled[turn == half]]
    return Guesses(*guessed)


def graph_helps(rows: Rows, guesses: Guesses) -> bool:
    """Tell whether the graph names at least as many of the hidden labels."""
    truth = rows.places[rows.places >= 0]
    plain, with_graph = (int((each.argmax(axis=1) == truth).sum()) for each in guesses)
    return with_graph >= plain


class Found(NamedTuple):
    """Mean average precision of labelled rows among all labelled ones, at several weights."""

    known: NDArray[np.float64]  #: (n_weights,) of rows whose own label was hidden
    unknown: NDArray[np.float64]  #: (n_weights,) of rows of classes that were hidden altogether


def weigh(
    rows: Rows,
    guesses: Guesses,
    frees: Sequence[NDArray[np.float32]],
    weights: Sequence[float],
    *,
    uses_graph: bool,
    rng: np.random.Generator,
) -> list[Found]:
    """Try label-free parts at several weights.

    Classes with labels are judged by what was guessed of rows whose label was hidden. For classes
    without, half of the classes are hidden, then the other half.

    Parameters
    ----------
    rows : Rows
        From `sample`.
    guesses : Guesses
        From `guess_hidden`.
    frees : sequence of ndarray of shape (n, free dimensions)
        What may stand beside the posterior: of `rows`, of unit norm.
    weights : sequence of float
        To be tried.
    uses_graph : bool
        Whether labels spread.
    rng : numpy.random.Generator
        Draws the classes to hide.

    Returns
    -------
    list of Found
        For each of `frees`; empty where fewer than 6 classes have two labels.
    """
    labelled = rows.places >= 0
    truth = rows.places[labelled]
    testable = rng.permutation(np.flatnonzero(np.bincount(truth) > 1))
    if len(testable) < _FEWEST_CLASSES:
        return []
    products = [free[labelled] @ free[labelled].T for free in frees]

    def tried(posterior: NDArray[np.float32], asked: NDArray[np.bool_]) -> list[Any]:
        return [_precisions(truth, posterior, each, asked, weights) for each in products]

    known = tried(_chosen(*guesses, uses_graph=uses_graph), np.isin(truth, testable))
    halves = []
    for half in (0, 1):
        hidden = np.isin(rows.places, testable[half::2])
        both = _both_ways(rows, np.where(hidden, UNLABELLED, rows.places))
        halves.append(tried(_chosen(*both, uses_graph=uses_graph)[labelled], hidden[labelled]))
    unknown = np.mean(halves, axis=0)
    return [Found(*each) for each in zip(known, unknown, strict=True)]


def least_near_best(found: Found, allowed: NDArray[np.bool_] | None = None) -> int:
    """Place the least weight that brings the sum of both precisions near the best allowed."""
    total = found.known + found.unknown
    if allowed is not None:
        total = np.where(allowed, total, -np.inf)
    return int((total >= total.max() - _NEAR_THE_BEST).argmax())


def choose_free(components: Found, diffused: Found) -> tuple[bool, int]:
    """Tell whether diffused vectors take the place of components, and place the weight.

    They do at no more weight than components would have, where both precisions are at least as
    good, and one is better.
    """
    first = least_near_best(components)
    known, unknown = components.known[first], components.unknown[first]
    no_worse = (diffused.known >= known) & (diffused.unknown >= unknown)
    better = diffused.known + diffused.unknown > known + unknown
    allowed = no_worse & better & (np.arange(len(better)) <= first)
    return (True, least_near_best(diffused, allowed)) if allowed.any() else (False, first)


def _chosen(
    plain: NDArray[np.float32], with_graph: NDArray[np.float32], *, uses_graph: bool
) -> NDArray[np.float32]:
    return GRAPH_SHARE * with_graph + (1 - GRAPH_SHARE) * plain if uses_graph else plain


def _precisions(
    truth: NDArray[np.int64],
    posterior: NDArray[np.float32],
    by_free: NDArray[np.float32],
    asked: NDArray[np.bool_],
    weights: Sequence[float],
) -> NDArray[np.float64]:
    """Measure the mean average precision of some labelled rows among all, for every weight."""
    queries = np.flatnonzero(asked)
    by_posterior, by_free = posterior[queries] @ posterior.T, by_free[queries]
    return np.array(
        [
            _mean_average_precision(by_posterior + np.float32(weight) * by_free, truth, queries)
            for weight in weights
        ]
    )


def _both_ways(
    rows: Rows, shown: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give posteriors of all rows by the labels that are shown, without the graph and with it."""
    taught, numbers = np.unique(shown[shown >= 0], return_inverse=True)
    places = np.full(len(shown), UNLABELLED)
    places[shown >= 0] = numbers
    layer = classifier(rows.directions, places, len(taught))
    learned = posteriors(SHARPNESS * rows.directions, layer)
    plain = np.zeros((len(shown), int(rows.places.max()) + 1), np.float32)
    spread_out = plain.copy()
    plain[:, taught] = learned
    spread_out[:, taught] = spread(rows.free, learned, places)
    return plain, spread_out


def _mean_average_precision(
    scores: NDArray[np.float32], truth: NDArray[np.int64], queries: NDArray[np.int64]
) -> float:
    """Average over queries, each a row among those that it is sought in; no ties are expected."""
    total = 0.0
    for query, row in zip(queries, scores, strict=True):
        order = np.argsort(-row, kind="stable")
        relevant = truth[order[order != query]] == truth[query]
        ranks = np.flatnonzero(relevant) + 1
        total += float((np.arange(1, len(ranks) + 1) / ranks).mean())
    return total / len(queries)


def _places_in_class(classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the rows of each class from 0, in the order of their coming."""
    order = np.argsort(classes, kind="stable")
    ranked = classes[order]
    places = np.empty(len(classes), np.int64)
    places[order] = np.arange(len(classes)) - np.searchsorted(ranked, ranked)
    return places
