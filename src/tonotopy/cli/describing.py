"""``tonotopy info``, ``spaces``, ``models`` and ``doctor``."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from tonotopy.cli.app import Json, LibraryOption, app, open_library
from tonotopy.cli.output import bar, duration, printable, say, show_json, show_table

if TYPE_CHECKING:
    from tonotopy.maintain import CodesInfo

__all__ = ["doctor", "info", "models", "spaces"]

MANY = 20


@app.command()
def info(
    file: Annotated[
        str | None, typer.Argument(help="A recording: say what is known of it.")
    ] = None,
    library: LibraryOption = None,
    failures: Annotated[
        bool, typer.Option("--failures", help="List all that could not be added, with reasons.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say what a library holds, or what is known of a recording."""
    from tonotopy.maintain import describe

    if file is not None:
        show_recording(file, library, as_json=as_json)
        return
    with open_library(library) as opened:
        what = describe(opened)
    if as_json:
        show_json(what)
        return
    if failures:
        parts = [(failure.path, failure.reason) for failure in what.failures]
        parts += [(path, f"in part: {reason}") for path, reason in what.problems]
        for path, reason in parts:
            print(f"{printable(path)}: {printable(reason)}")
        return
    print(f"{what.path}  {what.file_bytes / 1e6:.1f} MB")
    missing = f", {what.n_missing} of them missing" if what.n_missing else ""
    print(f"{what.n_recordings} recordings{missing}, {duration(what.duration_s)} of sound")
    print("formats: " + ", ".join(f"{count} {name}" for name, count in what.formats.items()))
    for root in what.roots[:MANY]:
        print(f"folder: {printable(root)}")
    for kind, counts in (("labels", what.labels), ("heard", what.tags)):
        if counts:
            shown = ", ".join(f"{printable(name)} ({count})" for name, count in counts[:MANY])
            more = f" and {len(counts) - MANY} more" if len(counts) > MANY else ""
            print(f"{kind}: {shown}{more}")
    if what.failures or what.problems:
        print(
            f"{len(what.failures)} files could not be added, {len(what.problems)} only in part: "
            "tonotopy info --failures"
        )
    show_spaces(library)
    for space in what.spaces:
        if space.codes is not None:
            print(f"codes of {printable(space.name)}: {codes_shown(space.codes)}")


def show_recording(file: str, library: str | None, *, as_json: bool) -> None:
    """Print what is known of a recording."""
    from tonotopy.maintain import describe_recording

    with open_library(library) as opened:
        what = describe_recording(opened, file)
    if as_json:
        show_json(what)
        return
    print(printable(what.path) + (" (missing)" if what.missing else ""))
    channels = f"{what.channels} channel{'s' if what.channels > 1 else ''}"
    print(f"{duration(what.duration_s)}, {what.sample_rate} Hz, {channels}, {what.format}")
    if what.labels:
        print("labels: " + ", ".join(map(printable, what.labels)))
    if what.aspects is None:
        say("pitch, loudness and rhythm have not been measured; add it again")
        return
    for name, value in what.aspects.items():
        print(f"{name}: " + ("none" if value is None else f"{round(value, 3):g}"))


def codes_shown(codes: "CodesInfo") -> str:
    """Write what codes take and keep in one line."""
    kept = "mAP kept unknown, for want of labels"
    if codes.map_kept is not None:
        kept = (
            f"{100 * codes.map_kept:.0f} % of exact search's mAP kept on recordings held out "
            f"({codes.map_codes:.3f} of {codes.map_exact:.3f})"
        )
    if codes.map_kept_unlabelled is not None:
        kept += f", {100 * codes.map_kept_unlabelled:.0f} % for classes without labels"
    return (
        f"{codes.bits}-bit {codes.method}, {codes.bytes_per_window} bytes a window, {kept}; "
        f"labels cover {100 * codes.coverage:.0f} % of the windows ({codes.n_classes} classes)"
    )


@app.command()
def spaces(library: LibraryOption = None, as_json: Json = False) -> None:
    """List whose vectors a library holds."""
    if as_json:
        from tonotopy.maintain import describe

        with open_library(library) as opened:
            show_json(describe(opened).spaces)
    else:
        show_spaces(library)


def show_spaces(library: str | None) -> None:
    """Print the spaces of a library as a table."""
    from tonotopy.maintain import describe

    with open_library(library) as opened:
        rows = [
            (
                space.name + (" (default)" if space.is_default else ""),
                space.embedder or "imported",
                str(space.dim),
                f"{space.window_s:g} / {space.hop_s:g}",
                space.channels,
                str(space.n_recordings),
                str(space.n_windows),
                space.licence,
            )
            for space in describe(opened).spaces
        ]
    columns = ["space", "embedder", ">dim", ">window / hop (s)", "channels"]
    show_table([*columns, ">recordings", ">windows", "licence"], rows)


@app.command()
def models(
    download: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Fetch the weights that one needs, such as yamnet."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the embedders that can listen, and what those that cannot yet are waiting for."""
    from tonotopy.embedders import available

    if download is not None:
        fetch_weights(download)
    cards = available()
    if as_json:
        show_json(cards)
        return
    rows = [
        (
            card.name,
            str(card.dim),
            str(card.sample_rate),
            f"{card.window_s:g} / {card.hop_s:g}",
            card.licence,
            card.source,
            "not ready" if card.problem else "ready",
            card.description,
        )
        for card in cards
    ]
    columns = ["name", ">dim", ">Hz", ">window / hop (s)", "licence", "source", "state", "what"]
    show_table(columns, rows)
    for card in cards:
        if card.problem:
            say(f"{card.name} is not ready: {printable(card.problem)}")


def fetch_weights(name: str) -> None:
    """Download weights, with a bar."""
    from tonotopy.embedders.model_files import download

    with bar() as progress:
        task = progress.add_task(f"downloading {name}", total=None, note="")

        def show(n_read: int, n_bytes: int) -> None:
            note = f"{n_read / 1e6:.1f} of {n_bytes / 1e6:.1f} MB"
            progress.update(task, total=n_bytes, completed=n_read, note=note)

        path = download(name, on_progress=show)
    say(f"the weights of {name} are in {path}")


@app.command()
def doctor(
    library: LibraryOption = None,
    repair: Annotated[
        bool, typer.Option(help="Mend what cannot lose anything, or only look.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Check a library, mend what is safe.

    Ends with status 1 while something is left that needs you.
    """
    from tonotopy.maintain import doctor as examine

    with open_library(library) as opened:
        diagnosis = examine(opened, repair=repair)
    if as_json:
        show_json({**asdict(diagnosis), "healthy": diagnosis.healthy})
    else:
        print(f"{diagnosis.recordings} recordings, {diagnosis.windows} windows")
        for finding in diagnosis.findings:
            print(f"{'mended: ' if finding.mended else ''}{finding.what}")
            for example in finding.examples:
                print(f"    {printable(example)}")
            if finding.advice:
                print(f"  -> {finding.advice}")
        print("nothing is wrong" if diagnosis.healthy else "something needs a look, see above")
    if not diagnosis.healthy:
        raise typer.Exit(1)
