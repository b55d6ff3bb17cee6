"""The application that commands are added to, and the options that they share."""

import os
from pathlib import Path
from typing import Annotated

import typer

from tonotopy.catalog import Catalog, open_catalog

__all__ = ["Json", "LibraryOption", "app", "default_library", "open_library"]

app = typer.Typer(
    name="tonotopy",
    help="Find your way in large collections of sound.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

LIBRARY_VARIABLE = "TONOTOPY_LIBRARY"

LibraryOption = Annotated[
    str | None,
    typer.Option(
        "--library",
        "-L",
        envvar=LIBRARY_VARIABLE,
        metavar="PATH",
        help="The library's file; by default one in your data folder.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def default_library() -> Path:
    """Name the library in the user's data folder, and make the folder."""
    from platformdirs import user_data_path

    return user_data_path("tonotopy", appauthor=False, ensure_exists=True) / "library.db"


def open_library(path: str | None, *, create: bool = False) -> Catalog:
    """Open the library that a command is about."""
    return open_catalog(path or default_library(), create=create)


def version(asked: bool) -> None:
    """Print the version and leave."""
    if asked:
        from tonotopy import __version__

        typer.echo(f"tonotopy {__version__}")
        raise typer.Exit


@app.callback()
def tonotopy(
    library: LibraryOption = None,
    _: Annotated[
        bool, typer.Option("--version", callback=version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Find your way in large collections of sound.

    Point it at a folder (add), search by sound or by words (search), see and hear the map (serve).
    """
    if library is not None:
        os.environ[LIBRARY_VARIABLE] = library  # what every command falls back on
