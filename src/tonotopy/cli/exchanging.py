"""``tonotopy export`` and ``import``."""

from typing import Annotated, Literal, TypeAlias

import typer

from tonotopy.cli.app import Json, LibraryOption, app, open_library
from tonotopy.cli.output import say, show_json

__all__ = ["export", "import_vectors"]


Formats: TypeAlias = Literal[
    "parquet", "csv", "table", "paths", "clips", "audacity", "raven", "projector", "site"
]
Items: TypeAlias = Literal["recordings", "windows"]
Metrics: TypeAlias = Literal["cosine", "dot", "euclidean"]


@app.command()
def export(
    format: Annotated[Formats, typer.Argument(help="What to write, see above.")],
    out: Annotated[str, typer.Argument(metavar="FILE", help="Where to write it.")],
    library: LibraryOption = None,
    items: Annotated[
        Items | None,
        typer.Option(
            help="What a line, a sound or a point is; windows for vectors, recordings otherwise."
        ),
    ] = None,
    space: Annotated[str | None, typer.Option(metavar="NAME", help="Which space.")] = None,
    where: Annotated[
        str | None, typer.Option(metavar="EXPR", help="Only what meets this filter.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write sounds, labels, vectors or a map to a file.

    Vectors of windows: parquet, csv. What is known: table (CSV), paths. Sounds: clips (zip).
    Labels: audacity (zip of label tracks), raven (selection table). Maps: projector (zip for the
    Embedding Projector), site (zip of a page that opens without a server).
    """
    from tonotopy.exchange import export as write

    chosen = items or ("windows" if format in ("parquet", "csv") else "recordings")
    with open_library(library) as opened:
        done = write(opened, out, format=format, items=chosen, space=space, where=where)
    if as_json:
        show_json(done)
        return
    print(f"wrote {done.n} {done.items} of the space {done.space!r} to {done.path}")
    if done.missing:
        say(f"{done.missing} of them could not be read; their files may be gone")


bring = typer.Typer(no_args_is_help=True, help="Bring in what was made elsewhere.")
app.add_typer(bring, name="import")


@bring.callback()
def bring_in() -> None:
    """Bring in what was made elsewhere."""


@bring.command("vectors")
def import_vectors(
    file: Annotated[str, typer.Argument(help="An .npz or .parquet file.")],
    library: LibraryOption = None,
    space: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the new space; the file's name.")
    ] = None,
    metric: Annotated[Metrics, typer.Option(help="How the vectors are compared.")] = "cosine",
    as_json: Json = False,
) -> None:
    """Bring in vectors for recordings of the library, as a new space."""
    from tonotopy.exchange import import_vectors as store

    with open_library(library) as opened:
        done = store(opened, file, space=space, metric=metric)
    if as_json:
        show_json(done)
    else:
        print(
            f"stored {done.windows} vectors of {done.recordings} recordings "
            f"as the space {done.space!r}"
        )
