"""Compare ideas for better codes with those that are, on sets that none of them was chosen on.

    python benchmarks/paper/ideas.py SET [--ideas NAME ...] [--bits 8 64] [--seeds 5]
        [--labelled 0.1] [--unlabelled-classes 0.5]

SET is ``fsdd``, ``esc10``, or half of the classes of the many-class set: ``tuning``, on which
settings of the ideas were chosen, or ``rest``. Protocol, scores and features are those of
``trial.py``. Scores are kept in ``bench-results/ideas`` as
they come, and a run takes up what is there; ``--afresh`` forgets it.
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from ideas_learned import Learned, Recipe
from numpy.typing import NDArray
from trial import FEATURES, METHODS, ROOT, Make, Scores, columns, compare, draw, evaluate, gains, of

RESULTS = ROOT / "bench-results" / "ideas"
RIVALS = ("Posterior", "Components", "PQ", "DQN")


def learned(**settings: Any) -> Make:
    return lambda n_bits: lambda seed: Learned(n_bits, recipe=Recipe(**settings), random_state=seed)


#: the name of a line -> what makes its estimator
IDEAS: Mapping[str, Make] = {
    **{name: METHODS[name] for name in ("PQ", "DQN", "Components", "Posterior")},
    "Diffusion": of("PosteriorQuantizer", free="diffusion"),
    "contrast": learned(),
    "contrast, longer": learned(n_steps=600),
    "contrast, keep": learned(keep=0.1),
    "contrast, keep more": learned(keep=1.0),
    "contrast, no words": learned(through="nothing"),
    "contrast, product": learned(through="product"),
    "contrast, words as trained": learned(refit=False),
    "contrast, spread": learned(labels="spread"),
    "contrast, spread, keep": learned(labels="spread", keep=0.1),
    "contrast, beside": learned(beside="posterior"),
    "contrast, keep more, beside": learned(keep=1.0, beside="posterior"),
    "contrast, spread, beside": learned(labels="spread", beside="posterior"),
    "proxy": learned(loss="proxy"),
    "proxy, spread": learned(loss="proxy", labels="spread"),
    "proxy, keep": learned(loss="proxy", keep=0.1),
    "proxy, keep more, beside": learned(loss="proxy", keep=1.0, beside="posterior"),
    "anchor": learned(loss="anchor"),
    "anchor, keep": learned(loss="anchor", keep=0.1),
    "rank, posterior": learned(loss="rank", teacher="posterior"),
    "rank, joined": learned(loss="rank"),
    "rank, joined, longer": learned(loss="rank", n_steps=600),
    "rank, joined, sharper": learned(loss="rank", temperature=0.05),
    "rank, joined, beside": learned(loss="rank", beside="posterior"),
    "rank, joined, beside, auto": learned(loss="rank", beside="posterior", free="auto"),
    "contrast, beside, auto": learned(beside="posterior", free="auto"),
    "contrast, keep more, beside, auto": learned(keep=1.0, beside="posterior", free="auto"),
    "contrast, spread, beside, auto": learned(labels="spread", beside="posterior", free="auto"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("set", choices=("fsdd", "esc10", "tuning", "rest"))
    parser.add_argument("--ideas", nargs="+", choices=IDEAS, default=list(IDEAS))
    parser.add_argument("--bits", nargs="+", type=int, default=[8, 64])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--labelled", type=float, default=0.1)
    parser.add_argument("--unlabelled-classes", type=float, default=0.0)
    parser.add_argument("--afresh", action="store_true")
    options = parser.parse_args()
    for line in table(measure(options)):
        print(line)


def measure(options: argparse.Namespace) -> Scores:
    """Run every idea on every seed that is not on record."""
    record = RESULTS / f"{options.set}-{options.labelled}-{options.unlabelled_classes}.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    known: Scores = {}
    if record.exists() and not options.afresh:
        known = json.loads(record.read_text())
    X, y, splits = load(options.set)
    lines = {
        f"{name} @ {bits}": IDEAS[name](bits) for bits in options.bits for name in options.ideas
    }
    for seed in range(options.seeds):
        split = draw(y, splits, seed, options.labelled, options.unlabelled_classes)
        for line, make in lines.items():
            if str(seed) in known.setdefault(line, {}):
                continue
            started = time.process_time()
            distances = compare(make(seed), X, split)
            spent = time.process_time() - started
            known[line][str(seed)] = {**evaluate(distances, y, split), "CPU s": spent}
            record.write_text(json.dumps(known, indent=1))
            print(f"seed {seed} {line}: {known[line][str(seed)]}", flush=True)
    seeds = [str(seed) for seed in range(options.seeds)]
    return {line: {seed: known[line][seed] for seed in seeds} for line in lines}


def load(name: str) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[Any]]:
    """Load vectors, classes and splits; ``tuning`` and ``rest`` share no class."""
    stored = name if name in ("fsdd", "esc10") else "manyclass"
    with np.load(FEATURES / f"{stored}-yamnet.npz") as arrays:
        X, splits = arrays["X"], arrays["splits"]
        y = np.unique(arrays["y"], return_inverse=True)[1]
    if stored == name:
        return X, y, splits
    classes = np.random.default_rng(0).permutation(y.max() + 1)
    half = len(classes) // 2
    of_half = np.isin(y, classes[:half] if name == "tuning" else classes[half:])
    return X[of_half], np.unique(y[of_half], return_inverse=True)[1], splits[of_half]


def table(scores: Scores) -> Iterator[str]:
    """Say every line's mean and deviation, and its paired gains over what there was."""
    for line, by_seed in scores.items():
        told = ", ".join(
            f"{column} {np.mean(values):.2f}±{np.std(values):.2f}"
            for column, values in columns(by_seed).items()
        )
        yield f"{line}: {told}"
    for line in scores:
        name, _, n_bits = line.partition(" @ ")
        for other in RIVALS:
            if name not in RIVALS and f"{other} @ {n_bits}" in scores:
                yield from gains(line, f"{other} @ {n_bits}", scores)


if __name__ == "__main__":
    main()
