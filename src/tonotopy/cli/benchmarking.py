"""``tonotopy benchmark``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from tonotopy.cli.app import Json, LibraryOption, app, open_library
from tonotopy.cli.output import bar, say, show_json, show_table
from tonotopy.cli.searching import By
from tonotopy.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tonotopy.benchmark import Features

__all__ = ["hashing", "retrieval"]

Number = TypeVar("Number", int, float)

benchmark = typer.Typer(no_args_is_help=True, help="Honest tables on your own sounds.")
app.add_typer(benchmark, name="benchmark")


@benchmark.callback()
def benchmarks() -> None:
    """Honest tables on your own sounds."""


@benchmark.command()
def retrieval(
    library: LibraryOption = None,
    by: Annotated[By, typer.Option(help="Search with, and for, these.")] = "recording",
    labels: Annotated[
        Literal["folder", "annotations"], typer.Option(help="What belongs together.")
    ] = "folder",
    group: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Also leave out what shares this metadata value."),
    ] = None,
    space: Annotated[str | None, typer.Option(metavar="NAME", help="One space only.")] = None,
    as_json: Json = False,
) -> None:
    """Search with every recording for those with its label, in each space."""
    from tonotopy.benchmark import benchmark_retrieval

    results = []
    with open_library(library) as opened, bar(quiet=as_json) as progress:
        task = progress.add_task("searching", total=None, note="")
        for grouped_by in [None, group] if group else [None]:
            results += benchmark_retrieval(
                opened,
                by=by,
                labels=labels,
                group=grouped_by,
                space=space,
                on_progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
    if as_json:
        show_json(results)
        return
    measures = list(results[0].scores)
    rows = [
        (
            result.space,
            f"without the query's {result.grouped_by}" if result.grouped_by else "plain",
            *(f"{result.scores[measure]:.3f}" for measure in measures),
            str(result.n_queries),
        )
        for result in results
    ]
    show_table(["space", "kind", *(f">{measure}" for measure in measures), ">queries"], rows)
    say(f"leave-one-out over {results[0].n_labels} labels; ties count by expectation")


Protocol = Literal["fsdkaggle2018", "esc50", "esc10", "fsdd"]


@benchmark.command()
def hashing(
    features: Annotated[
        Path | None,
        typer.Option(metavar="FILE.npz", help="Labelled vectors, X and y; else a library's."),
    ] = None,
    library: LibraryOption = None,
    labels: Annotated[
        Literal["folder", "annotations"], typer.Option(help="What a library's labels are.")
    ] = "folder",
    space: Annotated[str | None, typer.Option(metavar="NAME", help="Of a library.")] = None,
    group: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="Metadata key, or array of the file: also leave out what shares its value.",
        ),
    ] = None,
    protocol: Annotated[
        Protocol | None, typer.Option(help="Clips, labels and queries of a published set.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="The lists of the published set (.csv)."),
    ] = None,
    methods: Annotated[
        str, typer.Option(help="'all', or names, settings in parentheses: PQ,DQN(loss=literal).")
    ] = "all",
    bits: Annotated[str, typer.Option(help="Lengths of codes.")] = "8,16,24,32,64",
    labelled: Annotated[
        str, typer.Option(help="Shares with labels, or how many a class.")
    ] = "0.1,1",
    seeds: Annotated[int, typer.Option(min=1, help="How many; they are 0, 1, ...")] = 5,
    baseline: Annotated[
        str, typer.Option(help="What others are compared with, seed by seed; measured too.")
    ] = "PQ",
    unseen: Annotated[
        bool, typer.Option("--unseen", help="Again with half of the classes unlabelled.")
    ] = False,
    redraw: Annotated[
        bool, typer.Option("--redraw", help="Draw queries anew even if the set names them.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keep cells, tables, JSON; a killed run goes on."),
    ] = None,
    plots: Annotated[
        bool, typer.Option("--plots", help="Draw figures and a map into --out (extra: plots).")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare codes of all methods and lengths on labelled vectors.

    Of every class 70 % are the database and 30 % queries, drawn for every seed, unless the file or
    the protocol says which. Tables are Markdown: mAP over the whole database, gains over the
    baseline paired by seed, other measures, costs.
    """
    from tonotopy.benchmark import benchmark_hashing, read_features, with_baseline
    from tonotopy.benchmark.hashing_plots import draw_figures
    from tonotopy.benchmark.hashing_protocols import apply_protocol
    from tonotopy.benchmark.hashing_tables import document, markdown, write_tables

    if plots:
        check_plots(out)
    chosen, baseline = with_baseline(methods, baseline)
    if features is not None:
        measured = read_features(features, group=group)
    else:
        measured = library_features(library, labels, group, space)
    if protocol is not None:
        measured = apply_protocol(protocol, measured, data)
    with bar(quiet=as_json) as progress:
        task = progress.add_task("measuring", total=None, note="")
        results = benchmark_hashing(
            measured,
            methods=chosen,
            bits=numbers("--bits", bits, int),
            labelled=numbers("--labelled", labelled, float),
            seeds=seeds,
            unseen=unseen,
            redraw=redraw,
            folder=out,
            on_progress=lambda done, total, note: progress.update(
                task, completed=done, total=total, note=note
            ),
        )
    if out is not None:
        write_tables(results, baseline, out)
        if plots:
            draw_figures(measured, results, out, methods=chosen, baseline=baseline, redraw=redraw)
    if as_json:
        show_json(document(results, baseline))
    else:
        typer.echo(markdown(results, baseline))


def check_plots(out: Path | None) -> None:
    """Find out before hours of measuring whether figures can be drawn."""
    from tonotopy.benchmark.hashing_plots import figure_class

    if out is None:
        raise QueryError("--plots needs a folder to draw into; name one with --out FOLDER")
    figure_class()


def library_features(
    library: str | None,
    labels: Literal["folder", "annotations"],
    group: str | None,
    space: str | None,
) -> "Features":
    """Average a library's vectors, recording by recording."""
    from tonotopy.benchmark import features_of_library

    with open_library(library) as opened:
        return features_of_library(opened, labels=labels, group=group, space=space)


def numbers(option: str, text: str, kind: "Callable[[str], Number]") -> "list[Number]":
    """Read numbers separated by commas."""
    try:
        return [kind(each) for each in text.split(",")]
    except ValueError:
        what = "whole numbers" if kind is int else "numbers"
        raise QueryError(f"{option} {text!r} must be {what} separated by commas") from None
