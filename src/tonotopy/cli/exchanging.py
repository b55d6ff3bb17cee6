"""``tonotopy export`` and ``import``."""

from typing import Annotated, Literal, TypeAlias

import typer

from tonotopy.cli.app import Json, LibraryOption, app, open_library
from tonotopy.cli.output import show_json

__all__ = ["export", "import_vectors"]


Metrics: TypeAlias = Literal["cosine", "dot", "euclidean"]


@app.command()
def export(
    format: Annotated[Literal["parquet", "csv"], typer.Argument(help="What to write.")],
    out: Annotated[str, typer.Argument(metavar="FILE", help="Where to write it.")],
    library: LibraryOption = None,
    space: Annotated[str | None, typer.Option(metavar="NAME", help="Which space.")] = None,
    where: Annotated[
        str | None, typer.Option(metavar="EXPR", help="Only windows that meet this filter.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write vectors and labels to a file."""
    from tonotopy.exchange import export as write

    with open_library(library) as opened:
        done = write(opened, out, format=format, space=space, where=where)
    if as_json:
        show_json(done)
    else:
        print(f"wrote {done.windows} windows of the space {done.space!r} to {done.path}")


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
