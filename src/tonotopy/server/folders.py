"""Folders that a page may add: those below the roots that were opened, by number, not path."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from threading import Lock

from tonotopy.audio import is_audio_name
from tonotopy.catalog import escape, is_below
from tonotopy.errors import NotInLibrary, TonotopyError

__all__ = ["Folder", "Folders"]

LISTED = 1000  # folders of one folder; names are for people to choose from


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder to choose."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a folder is, and the root that it may not lead out of."""

    path: str
    root: str
    parent: int | None


@dataclass(frozen=True, slots=True)
class Listing:
    """What is in a folder."""

    id: int
    name: str
    parent: int | None
    folders: list[Folder]
    n_sounds: int  #: in the folder itself
    complete: bool  #: whether all its folders are listed


class Folders:
    """Gives numbers to the folders below some roots, as they are looked at.

    Parameters
    ----------
    roots : sequence of path-like
        Folders; each is opened with all that is below it.

    Raises
    ------
    TonotopyError
        If one of them is no folder.
    """

    def __init__(self, roots: Sequence[str | os.PathLike[str]]) -> None:
        self._places: dict[int, Place] = {}
        self._ids: dict[str, int] = {}
        self._lock = Lock()
        paths = dict.fromkeys(os.path.abspath(os.path.expanduser(root)) for root in roots)
        for path in paths:
            if not os.path.isdir(path):
                raise TonotopyError(f"--allow-add: there is no folder {path}; make it first")
        self.roots = [Folder(self._number(Place(path, path, None)), shown(path)) for path in paths]

    def look(self, folder_id: int) -> Listing:
        """List the folders in a folder.

        Raises
        ------
        NotInLibrary
            If there is no folder of this number, or it is gone.
        TonotopyError
            If it may not be read, or leads out of its root by now.
        """
        place = self.find(folder_id)
        try:
            with os.scandir(place.path) as entries:
                seen = [each for each in entries if not each.name.startswith(".")]
        except OSError as error:
            reason = error.strerror or error
            raise TonotopyError(
                f"the folder {shown(place.path)} cannot be read: {reason}"
            ) from error
        inside = [
            Place(each.path, place.root, folder_id)
            for each in sorted(seen, key=lambda each: each.name)
            if is_folder(each) and not leads_out(each.path, place.root)
        ]
        return Listing(
            id=folder_id,
            name=shown(place.path) if place.parent is None else name_of(place.path),
            parent=place.parent,
            folders=[
                Folder(self._number(each), name_of(each.path)) for each in islice(inside, LISTED)
            ],
            n_sounds=sum(is_audio_name(each.name) for each in seen),
            complete=len(inside) <= LISTED,
        )

    def find(self, folder_id: int) -> Place:
        """Tell where a folder is, checked anew each time.

        Raises
        ------
        NotInLibrary
            If there is no folder of this number, or it is gone.
        TonotopyError
            If it leads out of its root by now.
        """
        with self._lock:
            place = self._places.get(folder_id)
        if place is None:
            raise NotInLibrary(f"there is no folder {folder_id}; the server may have restarted")
        if not os.path.isdir(place.path):
            raise NotInLibrary(f"the folder {shown(place.path)} is gone")
        if leads_out(place.path, place.root):
            raise TonotopyError(f"the folder {shown(place.path)} leads out of {shown(place.root)}")
        return place

    def _number(self, place: Place) -> int:
        with self._lock:
            known = self._ids.setdefault(place.path, len(self._ids) + 1)
            self._places.setdefault(known, place)
        return known


def leads_out(path: str, root: str) -> bool:
    """Tell whether a path, all links followed, is neither a folder nor below it."""
    return not is_below(os.path.realpath(path), os.path.realpath(root))


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is a folder; a loop of links is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def name_of(path: str) -> str:
    """Give the name of a folder as text that JSON holds."""
    return escape(os.path.basename(path))


def shown(path: str) -> str:
    """Give a path as text that JSON holds."""
    return escape(path)
