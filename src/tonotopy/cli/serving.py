"""``tonotopy serve`` and ``tonotopy demo``."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from tonotopy.catalog import Catalog
from tonotopy.cli.app import LibraryOption, app, open_library
from tonotopy.cli.output import bar, duration, printable, say

__all__ = ["demo", "serve"]

Host = Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="The next free one if it is taken.")]


@app.command()
def serve(
    library: LibraryOption = None,
    host: Host = "127.0.0.1",
    port: Port = 8765,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="TONOTOPY_TOKEN", help="What requests must show; needed beyond this machine."
        ),
    ] = None,
    max_upload: Annotated[
        int, typer.Option(min=1, metavar="MB", help="How large an upload may be.")
    ] = 200,
    allow_add: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIR",
            help="Let the page add sounds from below this folder; dropped ones are kept in it.",
        ),
    ] = None,
    max_files: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many files may be dropped at a time.")
    ] = 2000,
) -> None:
    """Serve the map and the REST API.

    To this machine alone unless told otherwise; beyond it, requests must show a token.
    """
    with open_library(library) as opened:
        run_server(
            opened,
            host,
            port,
            token,
            max_upload=max_upload * 1_000_000,
            allow_add=allow_add or (),
            max_files=max_files,
        )


def run_server(
    opened: Catalog, host: str, port: int, token: str | None = None, **limits: Any
) -> None:
    """Serve until interrupted, within limits of `tonotopy.server.serve`, and say where."""
    from tonotopy.maintain import describe
    from tonotopy.retrieve import prepare_index
    from tonotopy.server import serve as run

    def ready(address: str) -> None:
        if port and urlsplit(address).port != port:
            say(f"port {port} is taken")
        say(f"the map is at {address}  (Ctrl-C stops)")

    describe(opened)  # a foreign library is refused before anything listens
    prepare_index(opened)  # nor shall the first who searches wait for it
    with suppress(KeyboardInterrupt):  # the server raises it once more, or not, when it has closed
        run(opened, host=host, port=port, token=token, on_ready=ready, **limits)
    say("stopped")


@app.command()
def demo(
    audio: Annotated[
        str | None, typer.Argument(help="A folder of yours; sounds are synthesized without one.")
    ] = None,
    folder: Annotated[
        str | None, typer.Option(metavar="DIR", help="Where the demo's library is kept.")
    ] = None,
    serve: Annotated[bool, typer.Option(help="Serve the map afterwards.")] = True,
    host: Host = "127.0.0.1",
    port: Port = 8765,
) -> None:
    """See it work on a small collection.

    Sounds are synthesized, or taken from a folder of yours, indexed into a library of their own,
    searched, and shown on the map.
    """
    home = demo_home(folder)
    sounds = Path(audio).expanduser() if audio else home / "sounds"
    if not audio:
        synthesize(sounds)
    library = home / ("yours.db" if audio else "demo.db")
    with open_library(str(library), create=True) as opened:
        index_demo(opened, sounds)
        example_search(opened)
        say(f"the library is {library}; try: tonotopy -L {library} --help")
        if serve:
            run_server(opened, host, port)


def demo_home(folder: str | None) -> Path:
    """Make the folder of the demo, apart from the user's own library."""
    from platformdirs import user_data_path

    home = Path(folder).expanduser() if folder else user_data_path("tonotopy", appauthor=False)
    home = home.absolute() if folder else home / "demo"
    home.mkdir(parents=True, exist_ok=True)
    return home


def synthesize(sounds: Path) -> None:
    """Synthesize the collection, unless it is there: it is the same every time."""
    import soundfile

    from tonotopy import __version__
    from tonotopy.synthesis import FAMILIES, SAMPLE_RATE, collection

    complete = sounds / ".complete"
    if complete.exists() and complete.read_text() == __version__:
        return
    with bar() as progress:
        task = progress.add_task("synthesizing", total=None, note="")
        count = 0
        for count, sound in enumerate(collection(), start=1):
            path = sounds / sound.family / sound.name
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                part = path.with_suffix(".part")
                soundfile.write(part, sound.samples, SAMPLE_RATE, format="WAV", subtype="PCM_16")
                part.replace(path)
            progress.update(task, completed=count, note=sound.family)
    complete.write_text(__version__)
    say(f"{count} sounds of {len(FAMILIES)} kinds are in {sounds}")


def index_demo(opened: Catalog, sounds: Path) -> None:
    """Add the collection, with progress."""
    from tonotopy.cli.adding import show_progress, summarize
    from tonotopy.ingest import add

    with bar() as progress:
        report = add(opened, sounds, labels_from_folders=True, on_progress=show_progress(progress))
    summarize(report)


def example_search(opened: Catalog) -> None:
    """Search with one of the recordings, a plucked string if there is one."""
    from tonotopy import catalog
    from tonotopy.cli.searching import show_results
    from tonotopy.filters import parse
    from tonotopy.retrieve import StoredRecording, search

    with opened.read() as connection:
        plucked = catalog.condition(connection, parse("label = 'pluck'"), windows=False)
        ids = catalog.recording_ids(connection, plucked) or catalog.recording_ids(connection)
        chosen = ids[len(ids) // 3]
        recording = catalog.get_recordings(connection, [chosen])[chosen]
    say("")
    say(f"what sounds like {printable(recording.name)} ({duration(recording.duration_s)})?")
    show_results(search(opened, StoredRecording(chosen), k=8))
