"""The verb `export`: what was chosen, in a form that others read."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from tonotopy.catalog import Catalog
from tonotopy.errors import LibraryError, QueryError
from tonotopy.exchange.choosing import Choice, Items, choose
from tonotopy.exchange.clips import write_clips
from tonotopy.exchange.labels import write_audacity, write_raven
from tonotopy.exchange.projector import write_projector
from tonotopy.exchange.site import write_site
from tonotopy.exchange.tables import write_csv, write_parquet, write_paths, write_table

__all__ = ["ENDINGS", "FORMATS", "Exported", "Format", "export"]

Format: TypeAlias = Literal[
    "parquet", "csv", "table", "paths", "clips", "audacity", "raven", "projector", "site"
]
FORMATS: tuple[Format, ...] = get_args(Format)

#: Each writes a file, and tells how many sounds it could not read.
WRITERS: dict[Format, Callable[[Path, Choice], int]] = {
    "parquet": write_parquet,
    "csv": write_csv,
    "table": write_table,
    "paths": write_paths,
    "clips": write_clips,
    "audacity": write_audacity,
    "raven": write_raven,
    "projector": write_projector,
    "site": write_site,
}
ENDINGS: dict[Format, str] = {
    "parquet": ".parquet",
    "csv": ".csv",
    "table": ".csv",
    "paths": ".txt",
    "clips": ".zip",
    "audacity": ".zip",
    "raven": ".txt",
    "projector": ".zip",
    "site": ".zip",
}


@dataclass(frozen=True, slots=True)
class Exported:
    """What `export` wrote."""

    path: str
    space: str
    items: Items
    n: int  #: recordings or windows that were chosen
    missing: int  #: whose sound could not be read


def export(
    library: Catalog,
    path: str | os.PathLike[str],
    *,
    format: Format,
    items: Items = "windows",
    ids: Sequence[int] | None = None,
    where: str | None = None,
    space: str | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> Exported:
    """Write recordings or windows to one file.

    Parameters
    ----------
    library : Catalog
        An open library.
    path : path-like
        The file to write; it appears when it is complete, in place of one that is there.
    format : str
        With vectors, window by window: ``parquet``, which ``import vectors`` reads back, with the
        vector in one column, and ``csv``, with columns ``v0``, ``v1``, ... Without: ``table``, a
        CSV of what is known, and ``paths``, one a line. Sounds: ``clips``, a zip. Labels:
        ``audacity``, a zip of label tracks, and ``raven``, a selection table. Maps:
        ``projector``, a zip for the Embedding Projector, and ``site``, a zip of a page that opens
        without a server.
    items : {"recordings", "windows"}
        What is chosen, and so what a line, a sound or a point is.
    ids : sequence of int, optional
        Which ones.
    where : str, optional
        Which ones: a filter, in place of ids. Without either, all.
    space : str, optional
        Which space; the default space by default.
    on_progress : callable, optional
        Is told which share is written, from 0 to 1.

    Raises
    ------
    NotInLibrary
        If nothing would be written.
    QueryError
        If there is no such format, or ids and a filter are given.
    LibraryError
        If the file cannot be written.
    """
    if format not in WRITERS:
        raise QueryError(f"there is no format {format!r}; choose from {', '.join(FORMATS)}")
    target = Path(path).expanduser().absolute()
    part = target.with_name(target.name + ".part")
    choice = choose(
        library, items=items, ids=ids, where=where, space=space, on_progress=on_progress
    )
    try:
        missing = WRITERS[format](part, choice)
        part.replace(target)
    except OSError as error:
        raise LibraryError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return Exported(str(target), choice.space.name, items, len(choice.ids), missing)
