"""Figures of a benchmark of codes; they need the extra ``plots`` (matplotlib)."""

import json
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from tonotopy.benchmark.hashing import HashingResults
from tonotopy.benchmark.hashing_cells import Method
from tonotopy.benchmark.hashing_maps import CodeMap, cells_to_map, map_codes
from tonotopy.benchmark.hashing_sets import Features
from tonotopy.benchmark.hashing_tables import Line, Row, labels_told, sum_up
from tonotopy.errors import optional

__all__ = ["draw_curves", "draw_figures", "draw_maps", "figure_class"]

_PANEL = 4.6, 3.8  #: inches
_LEGEND_WIDTH = 2.6  #: inches
_COLOURS = 20
_AXIS = "mAP, %"

Draw = Callable[[Any, list[Row]], None]


def figure_class() -> Any:
    """Find what figures are drawn with, before anything is measured.

    Raises
    ------
    MissingExtra
        If matplotlib is not installed.
    """
    optional("matplotlib", extra="plots")
    return import_module("matplotlib.figure").Figure


def draw_figures(
    features: Features,
    results: HashingResults,
    folder: Path,
    *,
    methods: Sequence[Method],
    baseline: str,
    redraw: bool = False,
) -> None:
    """Draw `draw_curves`, and the maps of `cells_to_map` into ``map.svg``.

    Parameters
    ----------
    features : Features
        What was measured.
    results : HashingResults
        What was found.
    folder : Path
        Where the figures go; ``map.json`` has the purities.
    methods : sequence of Method
        All that were measured.
    baseline : str
        The label of one of them.
    redraw : bool, default=False
        As it was measured.

    Raises
    ------
    MissingExtra
        If matplotlib is not installed.
    """
    draw_curves(results, folder)
    labelled = features.labelled()
    cells = cells_to_map(results, baseline)
    maps = [map_codes(labelled, cell, methods, redraw=redraw) for cell in cells]
    draw_maps(maps, results.name, folder / "map.svg")
    purities = [{**each.cell._asdict(), "purity": each.purity} for each in maps]
    (folder / "map.json").write_text(json.dumps(purities, indent=2) + "\n", encoding="utf-8")


def draw_curves(results: HashingResults, folder: Path) -> list[Path]:
    """Draw mAP by length, by share of labels and by depth, and precision by recall.

    Queries are all, no class is hidden, no group left out; a panel is a share of labels, beside
    which methods stand that need none.

    Parameters
    ----------
    results : HashingResults
        Of a benchmark.
    folder : Path
        Where the figures go: ``by_bits.svg``, ``by_rank.svg``, ``precision_recall.svg``, and
        ``by_labels.svg`` if there are several shares of labels.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    MissingExtra
        If matplotlib is not installed.
    """
    rows = [
        row
        for row in sum_up(results.cells)
        if row.view.queries == "all" and not row.view.hidden and not row.view.grouped
    ]
    shares = sorted({row.line.labelled for row in rows if row.line.labelled is not None})
    longest = max((row.bits for row in rows), default=0)
    at_longest = [
        row
        for row in rows
        if row.bits in (0, longest) and (row.line.labelled is None or row.line.labelled <= 1)
    ]
    panels = {
        f"{labels_told(share)} labels": [row for row in rows if row.line.labelled in (None, share)]
        for share in shares
    } or {"no labels": rows}
    long = {
        f"{title}, {longest} bits": [row for row in part if row.bits in (0, longest)]
        for title, part in panels.items()
    }
    drawn = [
        _figure(panels, _by_bits, results.name, folder / "by_bits.svg"),
        _figure(long, _by_rank, results.name, folder / "by_rank.svg"),
        _figure(long, _precision_recall, results.name, folder / "precision_recall.svg"),
    ]
    if sum(share <= 1 for share in shares) > 1:  # numbers a class have no place on its axis
        one = {f"{longest} bits": at_longest}
        drawn.append(_figure(one, _by_labels, results.name, folder / "by_labels.svg"))
    return drawn


def draw_maps(maps: Sequence[CodeMap], name: str, target: Path) -> Path:
    """Draw maps side by side, a colour a class, with the purity of their clusters.

    Raises
    ------
    MissingExtra
        If matplotlib is not installed.
    """
    width, height = _PANEL
    figure = figure_class()(figsize=(width * len(maps), height), layout="constrained")
    for axes, each in zip(figure.subplots(1, len(maps), squeeze=False)[0], maps, strict=True):
        x, y = each.coordinates.T
        axes.scatter(x, y, c=each.classes % _COLOURS, cmap="tab20", s=5, linewidths=0)
        length = f", {each.cell.bits} bits" if each.cell.bits else ""
        axes.set_title(f"{each.cell.method}{length}\nclusters are {100 * each.purity:.0f} % pure")
        axes.set_xticks([])
        axes.set_yticks([])
    figure.suptitle(name)
    return _saved(figure, target)


def _figure(panels: dict[str, list[Row]], draw: Draw, name: str, target: Path) -> Path:
    width, height = _PANEL
    size = width * len(panels) + _LEGEND_WIDTH, height
    figure = figure_class()(figsize=size, layout="constrained")
    panes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axes, (title, rows) in zip(panes, panels.items(), strict=True):
        draw(axes, rows)
        axes.set_title(title)
        axes.grid(alpha=0.3)
    handles, labels = panes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", fontsize="small")
    figure.suptitle(name)
    return _saved(figure, target)


def _by_bits(axes: Any, rows: list[Row]) -> None:
    lengths = sorted({row.bits for row in rows if row.bits})
    for number, line in enumerate(_lines(rows)):
        own = sorted((row for row in rows if row.line == line), key=lambda row: row.bits)
        if own[0].bits:
            _with_deviation(axes, [row.bits for row in own], own, line.method, number)
        else:
            _level(axes, own[0], number)
    axes.set_xticks(lengths)
    axes.set_xlabel("bits")
    axes.set_ylabel(_AXIS)


def _by_labels(axes: Any, rows: list[Row]) -> None:
    for number, method in enumerate(dict.fromkeys(row.line.method for row in rows)):
        own = [row for row in rows if row.line.method == method]
        shares = [100 * row.line.labelled for row in own if row.line.labelled is not None]
        if shares:
            _with_deviation(axes, shares, own, method, number)
        else:
            _level(axes, own[0], number)
    axes.set_xscale("log")
    axes.set_xlabel("labels, % of the database")
    axes.set_ylabel(_AXIS)


def _by_rank(axes: Any, rows: list[Row]) -> None:
    for number, row in enumerate(rows):
        depths = _depths(row, "mAP@")
        values = [100 * row.mean[f"mAP@{depth}"] for depth in depths] + [100 * row.mean["mAP"]]
        axes.plot([*depths, row.n_database], values, **_style(row.line.method, number))
    axes.set_xscale("log")
    axes.set_xlabel("R, ranks looked at")
    axes.set_ylabel("mAP@R, %")


def _precision_recall(axes: Any, rows: list[Row]) -> None:
    for number, row in enumerate(rows):
        depths = _depths(row, "recall@")
        recalls = [100 * row.mean[f"recall@{depth}"] for depth in depths]
        precisions = [100 * row.mean[f"precision@{depth}"] for depth in depths]
        axes.plot(recalls, precisions, **_style(row.line.method, number))
    axes.set_xlabel("recall, %")
    axes.set_ylabel("precision, %")


def _with_deviation(
    axes: Any, x: Sequence[float], rows: Sequence[Row], label: str, number: int
) -> None:
    means = [100 * row.mean["mAP"] for row in rows]
    spread = [100 * row.deviation["mAP"] for row in rows]
    axes.errorbar(x, means, yerr=spread, capsize=2, **_style(label, number))


def _level(axes: Any, row: Row, number: int) -> None:
    style = {**_style(row.line.method, number), "marker": "", "linestyle": "--"}
    axes.axhline(100 * row.mean["mAP"], **style)


def _style(label: str, number: int) -> dict[str, str]:
    """Tell twenty lines apart: ten colours, then again with another mark."""
    return {"label": label, "color": f"C{number % 10}", "marker": ".x"[number // 10 % 2]}


def _lines(rows: Sequence[Row]) -> list[Line]:
    return list(dict.fromkeys(row.line for row in rows))


def _depths(row: Row, measure: str) -> list[int]:
    found = [name.removeprefix(measure) for name in row.mean if name.startswith(measure)]
    return sorted(int(each) for each in found if each.isdecimal())


def _saved(figure: Any, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, metadata={"Date": None})
    return target
