"""``tonotopy benchmark``."""

from typing import Annotated, Literal

import typer

from tonotopy.cli.app import Json, LibraryOption, app, open_library
from tonotopy.cli.output import bar, say, show_json, show_table
from tonotopy.cli.searching import By

__all__ = ["retrieval"]

benchmark = typer.Typer(no_args_is_help=True, help="Honest tables on your own library.")
app.add_typer(benchmark, name="benchmark")


@benchmark.callback()
def benchmarks() -> None:
    """Honest tables on your own library."""


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
