"""``tonotopy remove`` and ``relocate``."""

from typing import Annotated

import typer

from tonotopy.cli.app import Json, LibraryOption, app, open_library
from tonotopy.cli.output import show_json

__all__ = ["relocate", "remove"]


@app.command()
def remove(
    paths: Annotated[list[str] | None, typer.Argument(help="Files and folders.")] = None,
    library: LibraryOption = None,
    where: Annotated[
        str | None, typer.Option(metavar="EXPR", help="Only what meets this filter.")
    ] = None,
    space: Annotated[
        str | None, typer.Option(metavar="NAME", help="Remove this space's vectors instead.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take recordings or a space out.

    The files stay where they are.
    """
    from tonotopy.maintain import remove as take_out

    with open_library(library) as opened:
        removed = take_out(opened, paths or (), where=where, space=space)
    if as_json:
        show_json(removed)
    else:
        print(f"removed {removed.recordings} recordings, {removed.windows} windows.")


@app.command()
def relocate(
    old: Annotated[str, typer.Argument(help="Where the folder was.")],
    new: Annotated[str, typer.Argument(help="Where it is now.")],
    library: LibraryOption = None,
    as_json: Json = False,
) -> None:
    """Follow a folder that moved.

    Such as a drive that has another name now; nothing is heard again.
    """
    from tonotopy.maintain import relocate as follow

    with open_library(library) as opened:
        moved = follow(opened, old, new)
    if as_json:
        show_json({"moved": moved})
    else:
        print(f"{moved} recordings are now below {new}.")
