"""Run the table of the paper: methods x features x lengths of codes x shares of labels, a set each.

    python benchmarks/paper/table.py --audio DIR [--sets fsdd ...] [--features yamnet ...]
        [--methods PQ,ITQ] [--bits 8 64] [--shares 0.1 1] [--seeds 20]
        [--weights vggish=FILE ...] [--unseen]

DIR is laid out as ``features.py`` says. For every set and kind of features, the rows that
``features.py`` would write are taken from ``bench-results/features``, or written there first where
sounds and weights are at hand. What is not at hand stands in its cells, "not run: data absent" or
"not run: weights absent", and nothing stands for it.

FSDKaggle2018 and ESC-50 are measured by their protocols, 20 labels a class or 10 %, and all. FSDD
and ESC-10 are split 70 / 30 in every class anew for each seed, the many-class set by its manifest.
Finished cells are kept in ``bench-results/paper/SET-FEATURES/cells.jsonl`` as they come: a run that
was killed goes on, and more seeds, lengths or methods add to it. ``bench-results/paper/SET.md`` and
``.json`` are the tables. Progress goes to standard error, with the seconds of CPU that it took.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from features import FOLDER, SETS, find_embedder, write
from layout import markdown

from tonotopy.benchmark import Features, HashingResults, benchmark_hashing, parse_methods
from tonotopy.benchmark import read_features as read
from tonotopy.benchmark.hashing_protocols import apply_protocol
from tonotopy.benchmark.hashing_tables import document
from tonotopy.errors import EmbedderError, MissingExtra

RESULTS = FOLDER.parent / "paper"
NO_DATA, NO_WEIGHTS = "not run: data absent", "not run: weights absent"
METHODS = (
    "VQ,PQ,SpectralHashing,ITQ,AnchorGraphHashing,CNNH,DNNH,"
    "DQN(loss=literal, codebook=labelled),DQN(loss=literal),DQN,DTQ,"
    "PosteriorQuantizer,PosteriorQuantizer(w_free=0.1)"
)
OURS_HERE = ("yamnet", "cochlea", "mfcc")
OF_THE_PAPER = ("tlweak", "vggish")


class Plan(NamedTuple):
    """How a set is measured."""

    title: str
    features: tuple[str, ...]
    labelled: tuple[float, ...]  #: shares, or how many a class
    lists: str | None = None  #: folder of the published lists; None: no protocol
    redraw: bool = False  #: split anew for every seed


PLANS: Mapping[str, Plan] = {
    "fsdkaggle2018": Plan(
        "FSDKaggle2018 (DCASE 2018 task 2)", OF_THE_PAPER, (20, 1), "FSDKaggle2018.meta"
    ),
    "esc50": Plan("ESC-50", OF_THE_PAPER, (0.1, 1), "ESC-50-master"),
    "fsdd": Plan("FSDD", OURS_HERE, (0.1, 1), redraw=True),
    "manyclass": Plan("Many classes", OURS_HERE, (0.1, 1)),
    "esc10": Plan("ESC-10", OURS_HERE, (0.1, 1), redraw=True),
}


@dataclass
class Spent:
    """What a run has measured."""

    cells: int = 0
    cpu_s: float = 0.0


def main() -> None:
    options = read_options()
    weights = dict(each.split("=", 1) for each in options.weights)
    spent = Spent()
    for name in options.sets:
        plan = PLANS[name]
        found: dict[str, HashingResults | str] = {}
        for kind in options.features or plan.features:
            features = find_features(name, kind, options.audio, weights.get(kind))
            if isinstance(features, Features):
                found[kind] = measure(name, kind, features, options, spent)
            else:
                found[kind] = features
        shares = options.shares or plan.labelled
        told = markdown(name, plan.title, found, options.methods, options.bits, shares)
        keep(name, told, found)
        print(told, flush=True)
    say(f"{spent.cells} cells measured in {spent.cpu_s:.0f} s of CPU")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--audio", type=Path, help="folder of the sets' sounds and lists")
    parser.add_argument("--weights", nargs="+", default=[], metavar="NAME=FILE")
    parser.add_argument("--sets", nargs="+", choices=PLANS, default=list(PLANS))
    parser.add_argument("--features", nargs="+", help="embedders; by default the set's")
    parser.add_argument("--methods", default=METHODS, help="by default those of the paper and ours")
    parser.add_argument("--bits", nargs="+", type=int, default=[8, 16, 24, 32, 64])
    parser.add_argument("--shares", nargs="+", type=float, help="of labels, or how many a class")
    parser.add_argument("--seeds", type=int, default=20, help="as many as the paper's by default")
    parser.add_argument("--unseen", action="store_true", help="also with half of the classes bare")
    return parser.parse_args()


def find_features(name: str, kind: str, audio: Path | None, weights: str | None) -> Features | str:
    """Read what there is of a set, embed it where it can be, or say what is missing."""
    plan = PLANS[name]
    lists = audio / plan.lists if audio is not None and plan.lists is not None else None
    if plan.lists is not None and (lists is None or not lists.is_dir()):
        return NO_DATA
    target = FOLDER / f"{name}-{kind}.npz"
    if not target.is_file():
        clips = list(SETS[name](audio)) if audio is not None else []
        if not clips or not clips[0].path.is_file():
            return NO_DATA
        try:
            embedder = find_embedder(kind, None if weights is None else Path(weights))
        except EmbedderError:
            return NO_WEIGHTS
        except MissingExtra as error:
            return f"not run: {error}"
        target = write(name, clips, embedder)
    features = read(target)
    return features if lists is None else apply_protocol(name, features, lists)


def measure(
    name: str, kind: str, features: Features, options: argparse.Namespace, spent: Spent
) -> HashingResults:
    """Measure all methods, going on from what is on record."""
    started = time.process_time()
    folder = RESULTS / f"{name}-{kind}"
    known = count(folder)

    def tell(done: int, total: int, note: str) -> None:
        say(f"{name}, {kind}: {done} of {total} {note}")

    results = benchmark_hashing(
        replace(features, name=f"{name}, {kind}"),
        methods=parse_methods(options.methods),
        bits=options.bits,
        labelled=options.shares or PLANS[name].labelled,
        seeds=options.seeds,
        unseen=options.unseen,
        redraw=PLANS[name].redraw,
        folder=folder,
        on_progress=tell,
    )
    spent.cells += count(folder) - known
    spent.cpu_s += time.process_time() - started
    return results


def count(folder: Path) -> int:
    """Count the cells on record."""
    record = folder / "cells.jsonl"
    return len(record.read_text().splitlines()) - 1 if record.is_file() else 0


def keep(name: str, told: str, found: Mapping[str, HashingResults | str]) -> None:
    """Write the table, and all measures with paired gains as JSON."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.md").write_text(told + "\n", encoding="utf-8")
    by_kind: dict[str, Any] = {
        kind: results if isinstance(results, str) else document(results, "DQN(loss=literal)")
        for kind, results in found.items()
    }
    text = json.dumps(by_kind, indent=1, ensure_ascii=False)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
