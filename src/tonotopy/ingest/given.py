"""The paths that `add` was given, and what the library knows below them."""

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Known

__all__ = ["Given"]

MANY = 50  # files of one folder from which on all that is known of the folder is read at once


@dataclass(frozen=True, slots=True)
class Given:
    """Files and folders that are there.

    What is below a path that is not there, such as a drive that is not plugged in, is neither
    looked for nor missed.
    """

    folders: list[str]
    files: frozenset[str]

    @classmethod
    def of(cls, paths: Sequence[str]) -> "Given":
        """Look which of some absolute paths are files or folders."""
        folders = [path for path in paths if os.path.isdir(path)]
        there = (path for path in paths if os.path.exists(path))
        return cls(folders, frozenset(there).difference(folders))

    def hold(self, path: str) -> bool:
        """Tell whether a path was given, or lies in a folder that was."""
        return path in self.files or any(catalog.is_below(path, each) for each in self.folders)

    def root_of(self, path: str) -> str:
        """Choose the root of a file: the folder that was given, or the one that holds it."""
        for folder in self.folders:
            if catalog.is_below(path, folder):
                return folder
        return os.path.dirname(path)

    def known(self, connection: Connection) -> dict[str, Known]:
        """List what the library knows of these files and below these folders, by path."""
        known: dict[str, Known] = {}
        for folder in self.folders:
            known.update(catalog.known_below(connection, folder))
        by_folder: dict[str, list[str]] = defaultdict(list)
        for path in self.files:
            by_folder[os.path.dirname(path)].append(path)
        for folder, paths in by_folder.items():
            known.update(known_in(connection, folder, paths))
        return known


def known_in(connection: Connection, folder: str, paths: Sequence[str]) -> dict[str, Known]:
    """List what is known of some files of a folder."""
    if len(paths) < MANY:
        found = (catalog.find_by_path(connection, path) for path in paths)
        return {each.path: each for each in found if each is not None}
    below = catalog.known_below(connection, folder)
    return {path: below[path] for path in paths if path in below}
