"""The verbs `remove` and `relocate`: taking recordings out, following folders that moved."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from tonotopy import catalog
from tonotopy.catalog import Catalog
from tonotopy.errors import LibraryError, NotInLibrary, QueryError
from tonotopy.filters import parse

__all__ = ["Removed", "relocate", "remove"]


@dataclass(frozen=True, slots=True)
class Removed:
    """What `remove` took out."""

    recordings: int
    windows: int


def remove(
    library: Catalog,
    paths: Sequence[str | os.PathLike[str]] = (),
    *,
    where: str | None = None,
    space: str | None = None,
) -> Removed:
    """Take recordings, or a whole space, out of a library; the files stay.

    Parameters
    ----------
    library : Catalog
        An open library.
    paths : sequence of path-like
        Files, or folders with all below them.
    where : str, optional
        Filter for the recordings to take out; with `paths`, both must hold.
    space : str, optional
        Take out this space's vectors instead; recordings and labels stay.

    Raises
    ------
    NotInLibrary
        If nothing of the library is meant.
    QueryError
        If nothing is named, or a space together with recordings.
    """
    if space is not None:
        if paths or where:
            raise QueryError("remove a space, or recordings: --space goes alone")
        return remove_space(library, space)
    if not paths and not where:
        raise QueryError("nothing to remove: name paths, --where EXPR or --space NAME")
    with library.read() as connection:
        chosen = set(catalog.recording_ids(connection))
        if paths:
            chosen &= {
                known.id
                for path in paths
                for known in catalog.known_below(
                    connection, os.path.abspath(os.path.expanduser(path))
                ).values()
            }
        if where:
            met = catalog.condition(connection, parse(where), windows=False)
            chosen &= set(catalog.recording_ids(connection, met))
    if not chosen:
        raise NotInLibrary("nothing in the library is at these paths or meets this filter")
    with library.write() as connection:
        n_windows = catalog.delete_recordings(connection, sorted(chosen))
        catalog.delete_unused_roots(connection)
    return Removed(recordings=len(chosen), windows=n_windows)


def remove_space(library: Catalog, name: str) -> Removed:
    """Take out a space with its windows."""
    with library.write() as connection:
        space = catalog.find_space(connection, name)
        counts = catalog.space_counts(connection, space.id)
        catalog.delete_space(connection, space.id)
    return Removed(recordings=0, windows=counts.windows)


def relocate(library: Catalog, old: str | os.PathLike[str], new: str | os.PathLike[str]) -> int:
    """Say that a folder of recordings is now elsewhere, such as a drive with another name.

    Parameters
    ----------
    library : Catalog
        An open library.
    old, new : path-like
        Where the folder was and where it is; `new` must exist.

    Returns
    -------
    int
        How many recordings moved.

    Raises
    ------
    NotInLibrary
        If the library knows nothing below `old`.
    LibraryError
        If `new` is not a folder, or none of the files are there.
    """
    before = os.path.abspath(os.path.expanduser(old))
    after = os.path.abspath(os.path.expanduser(new))
    if not os.path.isdir(after):
        raise LibraryError(f"there is no folder {after}; name where the files are now")
    with library.read() as connection:
        known = catalog.known_below(connection, before)
    if not known:
        raise NotInLibrary(f"the library knows no recording below {before}")
    moved = {
        each.id: os.path.join(after, os.path.relpath(path, before)) for path, each in known.items()
    }
    if not any(os.path.exists(path) for path in moved.values()):
        raise LibraryError(
            f"none of the {len(moved)} recordings of {before} are in {after}, for example "
            f"{next(iter(moved.values()))}; name the folder that took the place of {before}"
        )
    with library.write() as connection:
        catalog.move_recordings(connection, moved, root=after)
    return len(moved)
