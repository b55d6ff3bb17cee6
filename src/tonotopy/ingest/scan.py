"""Finding the audio files below the paths that a user gives."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

from tonotopy.audio import is_audio_name
from tonotopy.catalog import is_below

__all__ = ["Found", "Unreadable", "scan"]


@dataclass(frozen=True, slots=True)
class Found:
    """A file to add: where it is and what `stat` says of it."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file or folder that could not be looked at."""

    path: str
    reason: str


def scan(
    paths: Sequence[str],
    *,
    exclude: Sequence[str] = (),
    within: str | os.PathLike[str] | None = None,
) -> Iterator[Found | Unreadable]:
    """Walk files and folders, each file once, in the order of their names.

    Hidden files, ``._*`` and ``__MACOSX`` are passed over below a folder; a file that is named
    itself is taken whatever its name. Links are followed, those to folders at the end, so that a
    file is found where it really is if that is below the paths too; a loop of links ends where it
    began.

    Parameters
    ----------
    paths : sequence of str
        Absolute paths.
    exclude : sequence of str
        Globs of names or whole paths to pass over.
    within : path-like, optional
        A folder that links may not lead out of.

    Yields
    ------
    Found or Unreadable
        Each audio file, and what could not be looked at.
    """
    walk = Walk(exclude, within)
    waiting = list(paths)
    while waiting:
        for path in waiting:
            yield from walk.below(path)
        waiting, walk.links = walk.links, []


class Walk:
    """A walk through folders, each entered once."""

    def __init__(
        self, exclude: Sequence[str], within: str | os.PathLike[str] | None = None
    ) -> None:
        self._exclude = exclude
        self._within = None if within is None else os.path.realpath(within)
        self._folders: set[tuple[int, int]] = set()
        self._files: set[str] = set()
        self.links: list[str] = []  # to folders, not yet followed

    def below(self, path: str) -> Iterator[Found | Unreadable]:
        """Walk one path, a folder in the order of its names, without recursion."""
        waiting = [path]
        while waiting:
            current = waiting.pop()
            if self._leads_out(current):
                yield Unreadable(current, f"a link that leads out of {self._within}")
                continue
            try:
                status = os.stat(current)
                if stat.S_ISDIR(status.st_mode):
                    waiting.extend(reversed(self._enter(current, status)))
                elif current in self._files:
                    continue
                elif stat.S_ISREG(status.st_mode):
                    self._files.add(current)
                    yield Found(current, status.st_size, status.st_mtime_ns)
                else:
                    yield Unreadable(current, "neither a file nor a folder")
            except OSError as error:
                yield Unreadable(current, reason_of(current, error, given=current == path))

    def _enter(self, folder: str, status: os.stat_result) -> list[str]:
        """List what may be audio files or folders with some; nothing if we were here before."""
        identity = (status.st_dev, status.st_ino)
        if identity in self._folders:
            return []
        self._folders.add(identity)
        with os.scandir(folder) as entries:
            inside = sorted(filter(self._is_wanted, entries), key=lambda entry: entry.name)
        paths = []
        for entry in inside:
            if not is_folder(entry):
                paths += [entry.path] if is_audio_name(entry.name) else []
            elif entry.is_symlink():
                self.links.append(entry.path)
            else:
                paths.append(entry.path)
        return paths

    def _leads_out(self, path: str) -> bool:
        if self._within is None:
            return False
        return not is_below(os.path.realpath(path), self._within)

    def _is_wanted(self, entry: os.DirEntry[str]) -> bool:
        if entry.name.startswith(".") or entry.name == "__MACOSX":
            return False
        return not any(fnmatch(entry.name, g) or fnmatch(entry.path, g) for g in self._exclude)


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is a folder; a link that leads nowhere is not."""
    try:
        return entry.is_dir()
    except OSError:
        return False  # a loop of links: there is nothing behind it


def reason_of(path: str, error: OSError, *, given: bool) -> str:
    """Say in words why a path could not be looked at."""
    if isinstance(error, PermissionError):
        return "no permission to read it"
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        if os.path.islink(path):
            return "a link that leads nowhere"
        return "there is no such file or folder" if given else "it vanished meanwhile"
    return str(error.strerror or error).lower()
