"""``tonotopy add``."""

import codecs
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tonotopy.cli.app import Json, LibraryOption, app, open_library
from tonotopy.cli.output import bar, duration, printable, say, show_json
from tonotopy.errors import LibraryError

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from tonotopy.ingest import Progress, Report

__all__ = ["add", "show_progress", "summarize"]

SHOWN = 20  # failures listed at the end; info --failures lists all


@app.command()
def add(
    paths: Annotated[list[str] | None, typer.Argument(help="Files and folders.")] = None,
    library: LibraryOption = None,
    from_file: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Take paths from a file too, one a line; - is stdin."),
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Names or paths to pass over.")
    ] = None,
    embedder: Annotated[
        str | None, typer.Option(metavar="NAME", help="What to listen with; see models.")
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="A file of weights, for an embedder that needs one."),
    ] = None,
    hop: Annotated[
        float | None, typer.Option(metavar="S", help="Seconds between starts of windows.")
    ] = None,
    channels: Annotated[
        Literal["mix", "each"] | None,
        typer.Option(help="Mix the channels, or hear each by itself."),
    ] = None,
    labels_from_folders: Annotated[
        bool, typer.Option("--labels-from-folders", help="Label files with their folder's name.")
    ] = False,
    label_pattern: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN", help="How names are made, such as {label}_{speaker}_{take}."
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Worker processes; as many as cores.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Index files and folders.

    What did not change since costs a look at its size and date; changed, moved and vanished files
    are noticed. What cannot be heard is listed with its reason and does not stop the rest.
    """
    from tonotopy.ingest import add as add_paths
    from tonotopy.retrieve import prepare_index

    chosen = [*(paths or []), *(listed(from_file) if from_file else [])]
    if not chosen:
        raise typer.BadParameter("name at least one file or folder, or --from-file LIST")
    with open_library(library, create=True) as opened, bar() as progress:
        report = add_paths(
            opened,
            chosen,
            exclude=exclude or (),
            embedder=embedder,
            weights=weights,
            hop_s=hop,
            channels=channels,
            labels_from_folders=labels_from_folders,
            label_pattern=label_pattern,
            jobs=jobs,
            on_progress=show_progress(progress),
        )
        prepare_index(opened, space=report.space)
    if as_json:
        show_json(report)
    else:
        summarize(report)
    if not (report.added or report.changed or report.moved or report.unchanged):
        raise LibraryError("nothing could be added")


def show_progress(bars: "Bars") -> Callable[["Progress"], None]:
    """Make what shows the progress of `add` in a bar."""
    task = bars.add_task("listening", total=None, note="")

    def show(state: "Progress") -> None:
        heard = f"{duration(state.audio_s)} of sound"
        bars.update(task, total=state.n_files, completed=state.done, note=heard)

    return show


def listed(from_file: str) -> list[str]:
    """Read paths from a file, one a line, or between zero bytes as ``find -print0`` writes them."""
    try:
        source = sys.stdin.buffer if from_file == "-" else Path(from_file).open("rb")  # noqa: SIM115
        with source:
            content = source.read().removeprefix(codecs.BOM_UTF8)
    except OSError as error:
        raise LibraryError(f"cannot read the list {from_file}: {error.strerror}") from error
    if b"\0" in content:
        names = content.split(b"\0")
    else:  # not splitlines: a name may hold what Unicode takes for the end of a line
        names = [line.removesuffix(b"\r") for line in content.split(b"\n")]
    return [os.fsdecode(name) for name in names if name.strip()]


def summarize(report: "Report") -> None:
    """Print what was done, and what could not be."""
    counts = {
        "added": report.added,
        "changed": report.changed,
        "moved": report.moved,
        "unchanged": report.unchanged,
        "missing": report.missing,
        "measured": report.measured,
        "failed": len(report.failed),
    }
    if report.new_space:
        print(f"started the space {report.space!r}")
    print(", ".join(f"{count} {what}" for what, count in counts.items() if count) + ".")
    if report.audio_s:
        print(
            f"{duration(report.audio_s)} of sound, {report.windows} windows, "
            f"in {duration(report.elapsed_s)}."
        )
    for what, entries in (("could not be added", report.failed), ("only in part", report.problems)):
        if entries:
            say(f"{what}:")
        for entry in entries[:SHOWN]:
            say(f"  {printable(entry['path'])}: {printable(entry['reason'])}")
        if len(entries) > SHOWN:
            say(f"  ... and {len(entries) - SHOWN} more: tonotopy info --failures")
