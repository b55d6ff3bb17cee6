"""What a benchmark of codes found, summed up: means, paired gains, Markdown."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tonotopy.benchmark.hashing import HashingResults
from tonotopy.benchmark.hashing_cells import Result, Scores

__all__ = [
    "Gain",
    "Line",
    "Row",
    "View",
    "document",
    "find_gains",
    "labels_told",
    "markdown",
    "sum_up",
    "write_tables",
]


class View(NamedTuple):
    """Which queries are scored, and how."""

    hidden: float  #: share of the classes without any label
    queries: str  #: "all", or of "labelled" or "unlabelled" classes
    grouped: bool  #: what shares the query's group is left out


class Line(NamedTuple):
    """A method with a share of labels."""

    method: str
    labelled: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """Means over seeds."""

    view: View
    line: Line
    bits: int  #: 0: vectors as they are
    n_seeds: int
    n_queries: float  #: mean over seeds
    n_database: float
    bytes_per_item: float
    mean: dict[str, float]  #: of each measure, in [0, 1]
    deviation: dict[str, float]  #: over seeds (n - 1); NaN for a single seed
    fit_s: float
    encode_s: float
    query_ms: float


@dataclass(frozen=True, slots=True)
class Gain:
    """How far a method is ahead of the baseline at the same length, seed by seed."""

    view: View
    line: Line
    bits: int
    over: str
    mean: float  #: of mAP, in [-1, 1]
    deviation: float  #: over seeds (n - 1); NaN for a single seed
    n_won: int
    n_seeds: int  #: that both were measured at


Found = list[tuple[Result, Scores]]
Place = tuple[View, Line, int]


def sum_up(results: Sequence[Result]) -> list[Row]:
    """Average every line over seeds, in the order in which lines were measured."""
    return [
        Row(
            view=view,
            line=line,
            bits=bits,
            n_seeds=len(found),
            n_queries=_mean(scores.n_queries for _, scores in found),
            n_database=_mean(result.n_database for result, _ in found),
            bytes_per_item=_mean(result.bytes_per_item for result, _ in found),
            mean={name: _mean(_values(found, name)) for name in _measures(found)},
            deviation={name: _deviation(_values(found, name)) for name in _measures(found)},
            fit_s=_mean(result.fit_s for result, _ in found),
            encode_s=_mean(result.encode_s for result, _ in found),
            query_ms=_mean(result.query_ms for result, _ in found),
        )
        for (view, line, bits), found in _by_place(results).items()
    ]


def find_gains(results: Sequence[Result], baseline: str) -> list[Gain]:
    """Compare every line with the baseline at the same length and seeds.

    A baseline that learns from labels is compared at the same share of them.

    Parameters
    ----------
    results : sequence of Result
        Of all methods.
    baseline : str
        The method that others are compared with; no gains if it was not run.
    """
    by_place = _by_place(results)
    gains = []
    for (view, line, bits), found in by_place.items():
        against = by_place.get((view, Line(baseline, None), bits)) or by_place.get(
            (view, Line(baseline, line.labelled), bits)
        )
        if line.method == baseline or against is None:
            continue
        theirs = {result.cell.seed: scores.measures["mAP"] for result, scores in against}
        ahead = [
            scores.measures["mAP"] - theirs[result.cell.seed]
            for result, scores in found
            if result.cell.seed in theirs
        ]
        if ahead:
            won = sum(each > 0 for each in ahead)
            gain = Gain(
                view, line, bits, baseline, _mean(ahead), _deviation(ahead), won, len(ahead)
            )
            gains.append(gain)
    return gains


def document(results: HashingResults, baseline: str) -> dict[str, Any]:
    """Give all of it as what JSON can hold; deviations of one seed are null."""
    rows = [_plain(each) for each in sum_up(results.cells)]
    gains = [_plain(each) for each in find_gains(results.cells, baseline)]
    return {
        "set": results.name,
        "n_rows": results.n_rows,
        "n_classes": results.n_classes,
        "dim": results.dim,
        "baseline": baseline,
        "scores": rows,
        "gains": gains,
        "not_run": results.not_run,
    }


def markdown(results: HashingResults, baseline: str) -> str:
    """Write tables: mAP by length, gains, other measures, costs, and what was not run."""
    rows = sum_up(results.cells)
    gains = find_gains(results.cells, baseline)
    views = [
        view
        for view in dict.fromkeys(row.view for row in rows)
        if not (view.hidden and view.queries == "all")  # a mean of two things that differ
    ]
    parts = [
        f"# Codes on {results.name}\n\n{results.n_rows} rows of {results.dim} dimensions, "
        f"{results.n_classes} classes. mAP is over the whole database, in per cent, mean ± "
        "deviation over seeds; ties count by expectation. Seconds are CPU time.\n"
    ]
    for view in views:
        seen = [row for row in rows if row.view == view]
        parts.append(f"## {_title(view)}\n\n{_size(seen)}\n\n" + "\n".join(_scores(seen)) + "\n")
        ahead = [gain for gain in gains if gain.view == view]
        if ahead:
            parts.append(
                f"mAP above {baseline} at the same length, paired by seed (seeds won of seeds):\n\n"
                + "\n".join(_gains(ahead))
                + "\n"
            )
    first = [row for row in rows if row.view == views[0]] if views else []
    parts.append("## Other measures\n\n" + "\n".join(_others(first)) + "\n")
    parts.append("## Costs\n\n" + "\n".join(_costs(first)) + "\n")
    nothing = _without_queries(results.cells)
    if nothing:
        told = "\n".join(f"- {_title(view)}: no query has anything to find" for view in nothing)
        parts.append(f"## Not scored\n\n{told}\n")
    if results.not_run:
        told = "\n".join(f"- {what}: not run: {why}" for what, why in results.not_run.items())
        parts.append(f"## Not run\n\n{told}\n")
    return "\n".join(parts)


def write_tables(results: HashingResults, baseline: str, folder: Path) -> None:
    """Write ``results.md`` and ``results.json`` into a folder, replacing older ones."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.md").write_text(markdown(results, baseline), encoding="utf-8")
    text = json.dumps(document(results, baseline), indent=2, ensure_ascii=False)
    (folder / "results.json").write_text(text + "\n", encoding="utf-8")


def _scores(rows: Sequence[Row]) -> Iterator[str]:
    texts = {(row.line, row.bits): _percent(row) for row in rows}
    return _by_bits(texts, exact="no code")


def _gains(gains: Sequence[Gain]) -> Iterator[str]:
    return _by_bits(
        {
            (gain.line, gain.bits): (
                f"{100 * gain.mean:+.2f}{_spread(gain.deviation)} ({gain.n_won} of {gain.n_seeds})"
            )
            for gain in gains
        }
    )


def _costs(rows: Sequence[Row]) -> Iterator[str]:
    yield "Fitting s / encoding 1,000 items ms / a query ms:"
    yield ""
    yield from _by_bits(
        {
            (row.line, row.bits): (
                f"{row.fit_s:.2f} / {1e6 * row.encode_s / row.n_database:.1f} / {row.query_ms:.3f}"
                if row.bits
                else f"{row.query_ms:.3f} a query, {row.bytes_per_item:.0f} bytes an item"
            )
            for row in rows
        },
        exact="no code",
        heading="{bits} bits, {size} B",
    )


def _others(rows: Sequence[Row]) -> Iterator[str]:
    # at the shortest and the longest code, which is enough to see
    lengths = sorted({row.bits for row in rows if row.bits})
    names = ["mAP pessimistic", "mAP optimistic", "mAP@3", "mAP@10", "mAP@R", "recall@10"]
    names = [name for name in (*names, "R-precision") if any(name in row.mean for row in rows)]
    yield _cells(["labels", "method", "bits", *names])
    yield _cells(["---"] * (3 + len(names)))
    for row in rows:
        if row.bits in (0, *lengths[:1], *lengths[-1:]):
            values = [f"{100 * row.mean[name]:.2f}" if name in row.mean else "" for name in names]
            yield _cells(
                [labels_told(row.line.labelled), row.line.method, str(row.bits or ""), *values]
            )


def _by_bits(
    texts: dict[tuple[Line, int], str], *, exact: str | None = None, heading: str = "{bits}"
) -> Iterator[str]:
    lengths = sorted({bits for _, bits in texts if bits}) + ([0] if exact else [])
    titles = [heading.format(bits=each, size=each // 8) if each else exact for each in lengths]
    yield _cells(["labels", "method", *map(str, titles)])
    yield _cells(["---"] * (2 + len(lengths)))
    for line in dict.fromkeys(line for line, _ in texts):
        values = [texts.get((line, bits), "") for bits in lengths]
        yield _cells([labels_told(line.labelled), line.method, *values])


def _title(view: View) -> str:
    title = {
        "all": "All queries",
        "labelled": "Queries of classes with labels",
        "unlabelled": "Queries of classes without labels",
    }[view.queries]
    if view.hidden:
        title += f", {100 * view.hidden:.0f} % of the classes unlabelled"
    return title + (", without the query's group" if view.grouped else "")


def _size(rows: Sequence[Row]) -> str:
    row = rows[0]
    seeds = max(each.n_seeds for each in rows)
    return (
        f"{row.n_queries:.0f} queries, {row.n_database:.0f} items, "
        f"{seeds} {'seed' if seeds == 1 else 'seeds'}."
    )


def _percent(row: Row) -> str:
    return f"{100 * row.mean['mAP']:.2f}{_spread(row.deviation['mAP'])}"


def _spread(deviation: float) -> str:
    return "" if np.isnan(deviation) else f"±{100 * deviation:.2f}"


def labels_told(labelled: float | None) -> str:
    """Say how many labels a method was shown.

    Examples
    --------
    >>> labels_told(None), labels_told(0.1), labels_told(20)
    ('none', '10 %', '20 a class')
    """
    if labelled is None:
        return "none"
    return f"{100 * labelled:g} %" if labelled <= 1 else f"{labelled:g} a class"


def _cells(texts: Sequence[str]) -> str:
    return f"| {' | '.join(texts)} |"


def _by_place(results: Sequence[Result]) -> dict[Place, Found]:
    places: dict[Place, Found] = {}
    for result in results:
        cell = result.cell
        for scores in result.scores:
            view = View(cell.hidden, scores.queries, scores.grouped)
            line = Line(cell.method, cell.labelled)
            if scores.n_queries:
                places.setdefault((view, line, cell.bits), []).append((result, scores))
    order = {view: place for place, view in enumerate(sorted({key[0] for key in places}))}
    return dict(sorted(places.items(), key=lambda item: order[item[0][0]]))


def _without_queries(results: Sequence[Result]) -> list[View]:
    """Find the views that no seed has a score of, such as a group that holds a whole class."""
    scored: dict[View, int] = {}
    for result in results:
        for scores in result.scores:
            view = View(result.cell.hidden, scores.queries, scores.grouped)
            scored[view] = scored.get(view, 0) + scores.n_queries
    return [view for view, n_queries in scored.items() if not n_queries]


def _measures(found: Found) -> list[str]:
    """Name what was measured at every seed: databases may differ in size."""
    common = set.intersection(*(set(scores.measures) for _, scores in found))
    return [name for name in found[0][1].measures if name in common]


def _values(found: Found, measure: str) -> list[float]:
    return [scores.measures[measure] for _, scores in found]


def _mean(values: Any) -> float:
    return float(np.mean(list(values)))


def _deviation(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def _plain(row: Row | Gain) -> dict[str, Any]:
    values = asdict(row)
    flat = {**row.view._asdict(), **row.line._asdict()}
    for name, value in values.items():
        if name in ("view", "line"):
            continue
        if isinstance(value, dict):
            value = {key: _number(each) for key, each in value.items()}
        flat[name] = _number(value)
    return flat


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and np.isnan(value) else value
