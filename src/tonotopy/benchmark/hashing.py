"""Codes of every method on one labelled set: lengths, shares of labels, seeds."""

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tonotopy import hashing
from tonotopy.benchmark.hashing_cells import EXACT, Cell, Method, Result, measure_cell
from tonotopy.benchmark.hashing_sets import Features
from tonotopy.benchmark.hashing_splits import FEWEST_LABELLED
from tonotopy.benchmark.hashing_store import CellStore
from tonotopy.errors import MissingExtra, QueryError

__all__ = ["HashingResults", "benchmark_hashing", "parse_methods", "with_baseline"]

CELLS = "cells.jsonl"
HIDDEN = 0.5  #: share of the classes without labels, where unseen classes are asked for
_SPEC = re.compile(r"\s*(?P<name>\w+)\s*(?:\((?P<settings>[^()]*)\))?\s*(?:,|$)")

OnProgress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class HashingResults:
    """All cells of a benchmark, and what could not be run."""

    name: str
    n_rows: int
    n_classes: int
    dim: int
    cells: list[Result]
    not_run: dict[str, str] = field(default_factory=dict)  #: method, or method and bits -> why


def benchmark_hashing(
    features: Features,
    *,
    methods: str | Sequence[Method] = "all",
    bits: Sequence[int] = (8, 16, 24, 32, 64),
    labelled: Sequence[float] = (0.1, 1.0),
    seeds: int = 5,
    unseen: bool = False,
    redraw: bool = False,
    folder: Path | None = None,
    on_progress: OnProgress | None = None,
) -> HashingResults:
    """Measure methods of `tonotopy.hashing` on a labelled set.

    For every seed, database and queries are drawn (or taken as the set says), and a share of the
    database's labels is shown to methods that learn from them. Rankings are of the whole database,
    ties count by their expectation.

    Parameters
    ----------
    features : Features
        Vectors with labels; rows without one are left out.
    methods : str or sequence of Method
        As `parse_methods` reads them.
    bits : sequence of int
        Lengths of codes, multiples of 8.
    labelled : sequence of float in (0, 1], or of int >= 2
        Shares of labels, at least two a class; or how many of each class.
    seeds : int >= 1
        Seeds are 0, 1, ...
    unseen : bool, default=False
        Measure all again with half of the classes without labels, and score the queries of either
        half apart.
    redraw : bool, default=False
        Draw the split even where the set has one.
    folder : Path, optional
        Where finished cells are kept; a run that was killed goes on from there.
    on_progress : callable, optional
        Is told (cells done, cells in all, which cell comes).

    Returns
    -------
    HashingResults
        A result a cell, and the methods that could not be run with the reason.

    Raises
    ------
    QueryError
        If an option makes no sense, or the folder holds the cells of other data.
    """
    chosen = parse_methods(methods) if isinstance(methods, str) else list(methods)
    check(bits, labelled, seeds)
    features = features.labelled()
    plan = dict(cells(chosen, bits, labelled, seeds, unseen=unseen))  # what is named twice is once
    about = {
        "data": features.fingerprint(),
        "split": "drawn" if redraw else "as stored or drawn",
        "tonotopy": version("tonotopy"),
    }
    store = CellStore(folder / CELLS, about) if folder is not None else None
    finished = store.finished if store is not None else {}
    results: list[Result] = []
    not_run: dict[str, str] = {}
    for number, (cell, of) in enumerate(plan.items()):
        if on_progress is not None:
            on_progress(number, len(plan), f"{cell.method} {cell.bits or ''} seed {cell.seed}")
        at_length = f"{cell.method}, {cell.bits} bits"
        if cell in finished:
            results.append(finished[cell])
        elif cell.method not in not_run and at_length not in not_run:
            try:
                result = measure_cell(features, cell, of, redraw=redraw)
            except MissingExtra as error:
                not_run[cell.method] = f"needs {str(error).rpartition('run: ')[2]}"
            except ValueError as error:  # a method says what it cannot do; the others can
                not_run[at_length] = str(error)
            else:
                results.append(result)
                if store is not None:
                    store.add(result)
    if on_progress is not None:
        on_progress(len(plan), len(plan), "")
    n_classes = len(set(features.y.tolist()))
    dim = features.vectors.shape[1]
    return HashingResults(features.name, len(features), n_classes, dim, results, not_run)


def cells(
    methods: Sequence[Method],
    bits: Sequence[int],
    labelled: Sequence[float],
    seeds: int,
    *,
    unseen: bool,
) -> Iterator[tuple[Cell, Method | None]]:
    """List what is to be measured, seed by seed, so that a table grows evenly."""
    for seed in range(seeds):
        for hidden in (0.0, HIDDEN) if unseen else (0.0,):
            for name in EXACT:
                yield Cell(name, 0, None, hidden, seed), None
            for each in methods:
                for share in labelled if each.needs_labels else (None,):
                    for n_bits in bits:
                        yield Cell(each.label, n_bits, share, hidden, seed), each


def parse_methods(text: str) -> list[Method]:
    """Read names of methods, with settings or without.

    Parameters
    ----------
    text : str
        "all", or names separated by commas, each with settings in parentheses where wanted.

    Raises
    ------
    QueryError
        If there is no such method, or a setting cannot be read.

    Examples
    --------
    >>> [each.label for each in parse_methods("PQ, DQN(loss=literal, n_steps=200)")]
    ['PQ', 'DQN(loss=literal, n_steps=200)']
    >>> dict(parse_methods("PosteriorQuantizer(graph=False, w_free=0.1)")[0].settings)
    {'graph': False, 'w_free': 0.1}
    """
    if text.strip() == "all":
        return [Method(name, name) for name in hashing.METHODS]
    methods: list[Method] = []
    place = 0
    while place < len(text):
        found = _SPEC.match(text, place)
        if found is None:
            raise QueryError(f"cannot read the methods from {text[place:]!r}; {_HOW}")
        place = found.end()
        methods.append(_method(found["name"], found["settings"] or ""))
    if not methods:
        raise QueryError(f"no method is named; {_HOW}")
    return methods


def with_baseline(methods: str, baseline: str) -> tuple[list[Method], str]:
    """Read methods, and beside them the one that others are compared with.

    Parameters
    ----------
    methods, baseline : str
        As `parse_methods` reads them; the baseline is a single one.

    Returns
    -------
    methods : list of Method
        The baseline is one of them.
    baseline : str
        Its label.

    Raises
    ------
    QueryError
        If there is no such method, or several are named as the baseline.

    Examples
    --------
    >>> found, label = with_baseline("ITQ", "DQN( loss = literal )")
    >>> [each.label for each in found], label
    (['ITQ', 'DQN(loss=literal)'], 'DQN(loss=literal)')
    """
    chosen, named = parse_methods(methods), parse_methods(baseline)
    if len(named) > 1:
        raise QueryError(f"--baseline {baseline!r} names {len(named)} methods; name one")
    if named[0].label not in {each.label for each in chosen}:
        chosen += named
    return chosen, named[0].label


_HOW = "give 'all', or names as in: PQ,DQN(loss=literal)"


def _method(name: str, text: str) -> Method:
    if name not in hashing.METHODS:
        raise QueryError(
            f"there is no method {name!r}; there are: {', '.join(hashing.METHODS)}, or 'all'"
        )
    settings: dict[str, Any] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        setting, equals, value = map(str.strip, part.partition("="))
        known = sorted(set(hashing.method(name)().get_params()) - {"n_bits", "random_state"})
        if not equals or setting not in known:
            raise QueryError(
                f"{name} has no setting {part!r}; it has: {', '.join(known) or 'none'}, as in "
                f"{name}(setting=value)"
            )
        settings[setting] = _value(value)
    told = ", ".join(f"{setting}={value}" for setting, value in settings.items())
    return Method(f"{name}({told})" if told else name, name, settings)


def _value(text: str) -> Any:
    """Read a number, True, False or None; anything else is text."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def check(bits: Sequence[int], labelled: Sequence[float], seeds: int) -> None:
    """Refuse what cannot be measured before anything is.

    Raises
    ------
    QueryError
        Naming the value.
    """
    for each in bits:
        if each < 8 or each % 8:
            raise QueryError(f"--bits {each} must be a multiple of 8, at least 8")
    for share in labelled:
        if not 0 < share <= 1 and not (share >= FEWEST_LABELLED and share == int(share)):
            raise QueryError(
                f"--labelled {share} must be above 0 and at most 1, a share, or how many of each "
                f"class have a label, a whole number from {FEWEST_LABELLED}"
            )
    if seeds < 1 or not bits or not labelled:
        raise QueryError("--seeds, --bits and --labelled need at least one value")
