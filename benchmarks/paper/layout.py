"""Lay a set out as the paper does: a row a method and share of labels, a column a length."""

from collections.abc import Iterator, Mapping, Sequence

from published import BITS, PAPER

from tonotopy.benchmark import HashingResults, parse_methods
from tonotopy.benchmark.hashing_cells import Method
from tonotopy.benchmark.hashing_tables import Row, View, labels_told, sum_up

ALL = View(0.0, "all", False)
HALVES = {
    "Queries of classes with labels, half of the classes having none": View(0.5, "labelled", False),
    "Queries of classes without any label": View(0.5, "unlabelled", False),
}
RANKS = (1, 3, 10, 30, 100, 300, 1000)
TITLES = {
    "DQN(loss=literal, codebook=labelled)": "DQN, as published",
    "DQN(loss=literal)": "DQN, words of all rows",
    "DQN": "DQN, balanced, words of all rows",
    "PosteriorQuantizer": "PosteriorQuantizer (ours)",
    "PosteriorQuantizer(w_free=0.1)": "PosteriorQuantizer(w_free=0.1) (ours)",
}
ONLY_A_BYTE = "VQ"  #: 16 bits would be 65,536 words

Found = Mapping[str, HashingResults | str]


def markdown(
    name: str, title: str, found: Found, methods: str, bits: Sequence[int], shares: Sequence[float]
) -> str:
    """Write the tables of one set.

    Parameters
    ----------
    name, title : str
        Of the set, in files and for readers.
    found : mapping of str to HashingResults or str
        By features: what was measured, or why nothing was.
    methods : str
        As `parse_methods` reads them.
    bits, shares : sequence
        What was asked for.
    """
    wanted = [
        (method, share)
        for method in parse_methods(methods)
        for share in (shares if method.needs_labels else [None])
    ]
    parts = [f"## {title}", *facts(found), "mAP over the whole database:", ""]
    parts += by_bits(name, found, wanted, bits, ALL)
    for heading, view in HALVES.items():
        if any(row.view == view for results in found.values() for row in rows_of(results)):
            parts += ["", f"{heading}:", "", *by_bits(name, found, wanted, bits, view)]
    parts += ["", f"mAP over the first R ranks, {max(bits)} bits (VQ 8):", ""]
    parts += by_rank(found, wanted, max(bits))
    return "\n".join(parts)


def facts(found: Found) -> Iterator[str]:
    """Say how large the set is, once."""
    for results in found.values():
        rows = [row for row in rows_of(results) if row.view == ALL]
        if rows:
            seeds = max(row.n_seeds for row in rows)
            yield ""
            yield (
                f"{rows[0].n_database:.0f} clips in the database, {rows[0].n_queries:.0f} queries, "
                f"{seeds} {'seed' if seeds == 1 else 'seeds'}."
            )
            break
    yield ""


def by_bits(
    name: str,
    found: Found,
    wanted: Sequence[tuple[Method, float | None]],
    bits: Sequence[int],
    view: View,
) -> Iterator[str]:
    yield line(["features", "labels", "method", *map(str, bits)])
    yield line(["---"] * 3 + ["---:"] * len(bits))
    for kind, results in found.items():
        rows = {key(row): row for row in rows_of(results) if row.view == view}
        exact = rows.get(("exact cosine", None, 0))
        if exact is not None:
            yield line([kind, "none", "cosine, no code", *[percent(exact)] * len(bits)])
        for method, share in wanted:
            cells = [
                percent(rows[place])
                if (place := (method.label, share, n_bits)) in rows
                else absent(results, method, n_bits)
                for n_bits in bits
            ]
            yield line([kind, labels_told(share), TITLES.get(method.label, method.label), *cells])
        yield from published(name, kind, bits) if view == ALL else []


def by_rank(
    found: Found, wanted: Sequence[tuple[Method, float | None]], n_bits: int
) -> Iterator[str]:
    yield line(["features", "labels", "method", *[f"R = {rank}" for rank in RANKS]])
    yield line(["---"] * 3 + ["---:"] * len(RANKS))
    for kind, results in found.items():
        rows = {key(row): row for row in rows_of(results) if row.view == ALL}
        for method, share in wanted:
            at = 8 if method.label == ONLY_A_BYTE else n_bits
            row = rows.get((method.label, share, at))
            values = [
                absent(results, method, at)
                if row is None
                else f"{100 * row.mean[f'mAP@{rank}']:.1f}"
                if f"mAP@{rank}" in row.mean
                else ""
                for rank in RANKS
            ]
            yield line([kind, labels_told(share), TITLES.get(method.label, method.label), *values])


def published(name: str, kind: str, bits: Sequence[int]) -> Iterator[str]:
    """Give the paper's own lines for these features."""
    for (of, features, method), values in PAPER.items():
        if (of, features) == (name, kind):
            known = dict(zip(BITS, values, strict=True))
            cells = [f"{known[each]:.2f}" if each in known else "" for each in bits]
            labels = "20 a class" if method == "DQN" else "none"
            yield line([kind, labels, f"*{method}, in the paper*", *cells])


def absent(results: HashingResults | str, method: Method, n_bits: int) -> str:
    """Say why a cell is empty."""
    if isinstance(results, str):
        return results
    if method.label == ONLY_A_BYTE:
        return "–"
    why = results.not_run.get(method.label) or results.not_run.get(
        f"{method.label}, {n_bits} bits", "no seed"
    )
    return f"not run: {why}"


def rows_of(results: HashingResults | str) -> list[Row]:
    return [] if isinstance(results, str) else sum_up(results.cells)


def key(row: Row) -> tuple[str, float | None, int]:
    return row.line.method, row.line.labelled, row.bits


def percent(row: Row) -> str:
    spread = row.deviation["mAP"]
    told = f"{100 * row.mean['mAP']:.1f}"
    return told if row.n_seeds < 2 else f"{told} ± {100 * spread:.1f}"


def line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
