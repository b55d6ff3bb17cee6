"""Print the table of an earlier trial beside this implementation's numbers, and paired gains.

    python benchmarks/paper/trial.py fsdd [--methods DQN ...] [--bits 8 64] [--seeds 5]
        [--labelled 0.1] [--unlabelled-classes 0.5]

The sets are those that ``features.py`` wrote. Of every class 70 % are the database and 30 %
queries, anew for every seed; where a set fixes its splits, those count. At least two items a class,
and a share of ``--labelled``, of the database have a label; with ``--unlabelled-classes``, that
share of the classes has none at all. Scores are mean average precision over the whole database in
per cent, ties by expectation: of all queries, or where classes are without labels, of queries of
classes with labels and without. CPU time is that of fitting and comparing. Scores are kept in
``bench-results/trial`` as they come, and a run takes up what is there; ``--afresh`` forgets it.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from published import TRIAL

from tonotopy.distance import normalized
from tonotopy.hashing import Hash, method
from tonotopy.metrics import mean_average_precision

ROOT = Path(__file__).resolve().parents[2]
FEATURES = ROOT / "bench-results" / "features"
RESULTS = ROOT / "bench-results" / "trial"
DATABASE_SHARE = 0.7
FEWEST_LABELLED = 2  #: a class


class Split(NamedTuple):
    """One seed's view of a set."""

    database: NDArray[np.int64]  #: rows, shuffled
    queries: NDArray[np.int64]  #: rows
    y: NDArray[np.int64]  #: of the database: class, or -1
    hidden: NDArray[np.int64]  #: classes without labels


Scores = dict[str, dict[str, dict[str, float]]]  #: line -> seed -> column -> value
Make = Callable[[int], Callable[[int], Hash]]  #: bits -> seed -> estimator


def of(name: str, **settings: Any) -> Make:
    return lambda n_bits: lambda seed: method(name)(n_bits=n_bits, random_state=seed, **settings)


#: the name of a line -> what makes its estimator
METHODS: Mapping[str, Make] = {
    "PQ": of("PQ"),
    "ITQ": of("ITQ"),
    "CNNH": of("CNNH"),
    "DNNH": of("DNNH"),
    "DTQ": of("DTQ"),
    "DQN literal, labelled": of("DQN", loss="literal", codebook="labelled"),
    "DQN literal": of("DQN", loss="literal"),
    "DQN": of("DQN"),
    "Softmax w=0.1": of("PosteriorQuantizer", graph=False, w_free=0.1, free="components"),
    "Graph w=0.1": of("PosteriorQuantizer", graph=True, w_free=0.1, free="components"),
    "Softmax": of("PosteriorQuantizer", graph=False, free="components"),
    "Graph": of("PosteriorQuantizer", graph=True, free="components"),
    "Components": of("PosteriorQuantizer", free="components"),
    "Posterior": of("PosteriorQuantizer"),
}
OURS, RIVALS = "Posterior", ("DQN", "PQ", "Components")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("set")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--bits", nargs="+", type=int, default=[8, 64])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--labelled", type=float, default=0.1)
    parser.add_argument("--unlabelled-classes", type=float, default=0.0)
    parser.add_argument("--features", default="yamnet")
    parser.add_argument("--afresh", action="store_true")
    options = parser.parse_args()
    for line in table(options.set, measure(options)):
        print(line)


def measure(options: argparse.Namespace) -> Scores:
    """Run every method on every seed that is not on record."""
    setting = f"{options.set}-{options.features}-{options.labelled}-{options.unlabelled_classes}"
    record = RESULTS / f"{setting}.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    known: Scores = {}
    if record.exists() and not options.afresh:
        known = json.loads(record.read_text())
    with np.load(FEATURES / f"{options.set}-{options.features}.npz") as stored:
        X, splits = stored["X"], stored["splits"]
        y = np.unique(stored["y"], return_inverse=True)[1]
    lines = {"cosine": None} | {
        f"{name} @ {n_bits}": METHODS[name](n_bits)
        for name in options.methods
        for n_bits in options.bits
    }
    for seed in range(options.seeds):
        split = draw(y, splits, seed, options.labelled, options.unlabelled_classes)
        for line, make in lines.items():
            if str(seed) in known.setdefault(line, {}):
                continue
            started = time.process_time()
            distances = cosines(X, split) if make is None else compare(make(seed), X, split)
            spent = time.process_time() - started
            known[line][str(seed)] = {**evaluate(distances, y, split), "CPU s": spent}
            record.write_text(json.dumps(known, indent=1))
            print(f"seed {seed} {line}: {known[line][str(seed)]}", flush=True)
    seeds = [str(seed) for seed in range(options.seeds)]
    return {line: {seed: known[line][seed] for seed in seeds} for line in lines}


def cosines(X: NDArray[np.float32], split: Split) -> NDArray[np.float32]:
    """Compare without any code."""
    return -normalized(X[split.queries]) @ normalized(X[split.database]).T


def compare(estimator: Hash, X: NDArray[np.float32], split: Split) -> NDArray[np.float32]:
    """Fit, encode the database, and compare; methods without labels see unit vectors."""
    vectors = normalized(X) if type(estimator).__name__ in ("PQ", "ITQ") else X
    codes = estimator.fit(vectors[split.database], split.y).transform(vectors[split.database])
    return estimator.distances(vectors[split.queries], codes)


def draw(
    y: NDArray[np.int64], splits: NDArray[Any], seed: int, labelled: float, unlabelled: float
) -> Split:
    """Draw database, queries, labels and the classes that have none."""
    rng = np.random.default_rng(seed)
    classes = np.unique(y)
    in_database = np.zeros(len(y), bool)
    if splits[0]:
        in_database[:] = [letters[seed] == "d" for letters in splits]
    else:
        for each in classes:
            rows = rng.permutation(np.flatnonzero(y == each))
            in_database[rows[: round(DATABASE_SHARE * len(rows))]] = True
    database = rng.permutation(np.flatnonzero(in_database))
    hidden = rng.permutation(classes)[: round(unlabelled * len(classes))]
    given = np.full(len(database), -1)
    for each in np.setdiff1d(classes, hidden):
        rows = rng.permutation(np.flatnonzero(y[database] == each))
        given[rows[: max(FEWEST_LABELLED, round(labelled * len(rows)))]] = each
    return Split(database, np.flatnonzero(~in_database), given, hidden)


def evaluate(
    distances: NDArray[np.float32], y: NDArray[np.int64], split: Split
) -> dict[str, float]:
    """Score queries of classes with labels and without."""
    truth, items = y[split.queries], y[split.database]
    without = np.isin(truth, split.hidden)
    parts = {"mAP": ~without, "mAP unlabelled": without}
    return {
        name: 100 * mean_average_precision(distances[part], truth[part], items).value
        for name, part in parts.items()
        if part.any()
    }


def table(name: str, scores: Scores) -> Iterator[str]:
    """Say every line's mean and deviation, what the trial reached, and the paired gains."""
    for line, by_seed in scores.items():
        told = ", ".join(
            f"{column} {np.mean(values):.2f}±{np.std(values):.2f}"
            for column, values in columns(by_seed).items()
        )
        method_name, _, n_bits = line.partition(" @ ")
        reached = TRIAL.get((name, method_name))
        at = {"": 0, "8": 0, "64": 1}.get(n_bits)
        beside = "" if reached is None or at is None else f" (trial {reached[at]})"
        yield f"{line}: {told}{beside}"
    for line in scores:
        method_name, _, n_bits = line.partition(" @ ")
        if method_name == OURS:
            for rival in RIVALS:
                if f"{rival} @ {n_bits}" in scores:
                    yield from gains(line, f"{rival} @ {n_bits}", scores)


def gains(line: str, other: str, scores: Scores) -> Iterator[str]:
    """Say by how much one line is ahead of another, seed by seed."""
    ours, theirs = columns(scores[line]), columns(scores[other])
    for column in ours:
        if column != "CPU s":
            ahead = np.subtract(ours[column], theirs[column])
            yield (
                f"{line} over {other}, {column}: {ahead.mean():+.2f}, "
                f"ahead in {int((ahead > 0).sum())} of {len(ahead)} seeds"
            )


def columns(by_seed: dict[str, dict[str, float]]) -> dict[str, list[float]]:
    """Turn seeds' values into columns."""
    names = next(iter(by_seed.values()))
    return {name: [values[name] for values in by_seed.values()] for name in names}


if __name__ == "__main__":
    main()
