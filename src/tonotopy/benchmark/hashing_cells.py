"""One cell of the table of codes: a method at a length, a share of labels and a seed."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tonotopy.benchmark.hashing_sets import Features
from tonotopy.benchmark.hashing_splits import Split, draw_split, hidden_classes, seen_labels
from tonotopy.distance import normalized
from tonotopy.hashing import Hash, method
from tonotopy.hashing.networks import LabelledHash
from tonotopy.metrics import Measure, TiedRanking, mean_scores, same_group

__all__ = ["EXACT", "Cell", "Method", "Result", "Scores", "measure_cell", "prepare"]

CUTS = (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000)  #: ranks at which curves have points
_QUERIES_AT_ONCE = 1024

Distances = Callable[[NDArray[np.float32]], NDArray[np.float32]]


class Cell(NamedTuple):
    """What is measured."""

    method: str  #: as asked for, with its settings
    bits: int  #: 0: vectors as they are
    labelled: float | None  #: share of labels shown, or how many a class; None: it does not look
    hidden: float  #: share of the classes without any label
    seed: int


@dataclass(frozen=True, slots=True)
class Method:
    """A method of `tonotopy.hashing` with settings."""

    label: str
    name: str  #: a key of ``tonotopy.hashing.METHODS``
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def needs_labels(self) -> bool:
        """Whether it learns from labels; other methods see unit vectors."""
        return issubclass(method(self.name), LabelledHash)

    def make(self, n_bits: int, seed: int) -> Hash:
        """Make an estimator.

        Raises
        ------
        TypeError
            If the method has no such setting.
        """
        return method(self.name)(n_bits=n_bits, random_state=seed, **self.settings)


@dataclass(frozen=True, slots=True)
class Scores:
    """How good the rankings of some queries are."""

    queries: str  #: "all", or of "labelled" or "unlabelled" classes
    grouped: bool  #: what shares the query's group was left out
    n_queries: int
    measures: dict[str, float]  #: in [0, 1]


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured."""

    cell: Cell
    scores: list[Scores]
    n_database: int
    bytes_per_item: int
    fit_s: float  #: CPU time
    encode_s: float  #: CPU time, of the database
    query_ms: float  #: CPU time a query: its tables or code, and the distances to the database


class Encoded(NamedTuple):
    """A database that can be compared with queries."""

    distances: Distances
    bytes_per_item: int
    fit_s: float = 0.0
    encode_s: float = 0.0


class Prepared(NamedTuple):
    """A cell before anything is scored."""

    split: Split
    classes: NDArray[np.int64]  #: (n,) of all rows
    hidden: NDArray[np.int64]  #: classes without labels
    vectors: NDArray[np.float32]  #: (n, dim) as the method sees them
    encoded: Encoded


def measure_cell(
    features: Features, cell: Cell, chosen: Method | None, *, redraw: bool = False
) -> Result:
    """Fit, encode the database, search with every query, and score.

    Parameters
    ----------
    features : Features
        Labelled rows.
    cell : Cell
        What is measured.
    chosen : Method or None
        The method; None where the cell's is one of `EXACT`.
    redraw : bool, default=False
        Draw the split even where the set has one.

    Raises
    ------
    MissingExtra
        If the method needs a package that is not installed.
    ValueError
        If the method cannot do what is asked, such as codes of another length than it has.
    """
    prepared = prepare(features, cell, chosen, redraw=redraw)
    encoded, split = prepared.encoded, prepared.split
    scores, query_s = score(prepared, features.groups)
    return Result(
        cell=cell,
        scores=scores,
        n_database=len(split.database),
        bytes_per_item=encoded.bytes_per_item,
        fit_s=encoded.fit_s,
        encode_s=encoded.encode_s,
        query_ms=1000 * query_s / len(split.queries),
    )


def prepare(
    features: Features, cell: Cell, chosen: Method | None, *, redraw: bool = False
) -> Prepared:
    """Split, fit and encode; parameters and exceptions as of `measure_cell`."""
    classes = np.unique(features.y, return_inverse=True)[1].astype(np.int64)
    split = draw_split(features, cell.seed, redraw=redraw)
    hidden = hidden_classes(int(classes.max()) + 1, cell.hidden, cell.seed)
    if chosen is None:
        vectors, encoded = EXACT[cell.method](features.vectors, split)
    else:
        vectors = features.vectors if chosen.needs_labels else normalized(features.vectors)
        share = 1.0 if cell.labelled is None else cell.labelled
        seen = seen_labels(classes[split.database], hidden, share, cell.seed)
        encoded = encode(chosen.make(cell.bits, cell.seed), vectors[split.database], seen)
    return Prepared(split, classes, hidden, vectors, encoded)


def encode(estimator: Hash, database: NDArray[np.float32], seen: NDArray[np.int64]) -> Encoded:
    """Fit a method and encode the database, by the clock of the processor."""
    started = time.process_time()
    estimator.fit(database, seen)
    fitted = time.process_time()
    codes = estimator.transform(database)
    encoded = time.process_time()
    return Encoded(
        lambda queries: estimator.distances(queries, codes),
        codes.shape[1],
        fitted - started,
        encoded - fitted,
    )


def exact_cosine(vectors: NDArray[np.float32], split: Split) -> tuple[NDArray[np.float32], Encoded]:
    """Compare directions without any code."""
    units = normalized(vectors)
    items = units[split.database].T
    return units, Encoded(lambda queries: -(queries @ items), vectors.itemsize * len(items))


def exact_euclid(vectors: NDArray[np.float32], split: Split) -> tuple[NDArray[np.float32], Encoded]:
    """Compare vectors as they are, up to a constant of the query."""
    items = vectors[split.database]
    squares = np.vecdot(items, items)
    size = vectors.itemsize * items.shape[1]
    return vectors, Encoded(lambda queries: squares - 2 * (queries @ items.T), size)


Exact = Callable[[NDArray[np.float32], Split], tuple[NDArray[np.float32], Encoded]]
EXACT: Mapping[str, Exact] = {"exact cosine": exact_cosine, "exact Euclid": exact_euclid}


def score(prepared: Prepared, groups: NDArray[np.str_] | None) -> tuple[list[Scores], float]:
    """Score all queries, and where classes are hidden those of either kind; and CPU seconds."""
    split, classes, hidden, vectors, encoded = prepared
    measures = measures_for(len(split.database))
    sums: dict[tuple[str, bool], _Sum] = {}
    query_s = 0.0
    for start in range(0, len(split.queries), _QUERIES_AT_ONCE):
        rows = split.queries[start : start + _QUERIES_AT_ONCE]
        started = time.process_time()
        distances = encoded.distances(vectors[rows])
        query_s += time.process_time() - started
        unlabelled = np.isin(classes[rows], hidden)
        parts = {"all": np.ones(len(rows), bool)}
        if len(hidden):
            parts |= {"labelled": ~unlabelled, "unlabelled": unlabelled}
        for grouped in [False] if groups is None else [False, True]:
            for part, kept in parts.items():
                same = (
                    same_group(groups[rows[kept]], groups[split.database])
                    if groups is not None and grouped
                    else None
                )
                known = sums.setdefault((part, grouped), _Sum())
                truth = classes[rows[kept]], classes[split.database]
                known.add(measures, distances[kept], *truth, same)
    scores = [
        Scores(part, grouped, total.n_queries, total.means())
        for (part, grouped), total in sums.items()
    ]
    return scores, query_s


def measures_for(n_database: int) -> dict[str, Measure]:
    """Name what is measured of a ranking of so many items."""

    def at(k: int) -> dict[str, Measure]:
        return {
            f"mAP@{k}": lambda ranking: ranking.average_precision(at=k),
            f"precision@{k}": lambda ranking: ranking.precision(k),
            f"recall@{k}": lambda ranking: ranking.recall(k),
        }

    measures: dict[str, Measure] = {
        "mAP": TiedRanking.average_precision,
        "mAP@R": lambda ranking: ranking.average_precision(at="R"),
        "R-precision": TiedRanking.r_precision,
        "NDCG": TiedRanking.ndcg,
    }
    for k in CUTS:
        if k < n_database:
            measures |= at(k)
    return measures


class _Sum:
    """Adds scores of several batches of queries."""

    def __init__(self) -> None:
        self.n_queries = 0
        self._totals: dict[str, float] = {}

    def add(
        self,
        measures: Mapping[str, Measure],
        distances: NDArray[np.float32],
        truth: NDArray[np.int64],
        items: NDArray[np.int64],
        exclude: NDArray[np.bool_] | None,
    ) -> None:
        """Score a batch, with ties by expectation, and mAP with them at their best and worst."""
        found = mean_scores(measures, distances, truth, items, exclude=exclude)
        plain = {"mAP": measures["mAP"]}
        bounds = {
            "mAP optimistic": mean_scores(
                plain, distances, truth, items, ties="optimistic", exclude=exclude
            ),
            "mAP pessimistic": mean_scores(
                plain, distances, truth, items, ties="pessimistic", exclude=exclude
            ),
        }
        found |= {name: scored["mAP"] for name, scored in bounds.items()}
        scored = found["mAP"].n_queries
        if not scored:
            return
        self.n_queries += scored
        for name, score_ in found.items():
            self._totals[name] = self._totals.get(name, 0.0) + score_.value * scored

    def means(self) -> dict[str, float]:
        """Divide by the queries; empty if none had anything to find."""
        return {name: total / self.n_queries for name, total in self._totals.items()}
