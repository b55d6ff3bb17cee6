"""Finding the audio files below the paths that a user gives."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

from tonotopy.audio import is_audio_name

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


def scan(paths: Sequence[str], *, exclude: Sequence[str] = ()) -> Iterator[Found | Unreadable]:
    """Walk files and folders, each file once, in the order of their names.

    Hidden files, ``._*`` and ``__MACOSX`` are passed over below a folder; a file that is named
    itself is taken whatever its name. Links are followed; a loop of them ends where it began.

    Parameters
    ----------
    paths : sequence of str
        Absolute paths.
    exclude : sequence of str
        Globs of names or whole paths to pass over.

    Yields
    ------
    Found or Unreadable
        Each audio file, and what could not be looked at.
    """
    seen_files: set[str] = set()
    seen_folders: set[tuple[int, int]] = set()
    for path in paths:
        for each in walk(path, exclude, seen_folders):
            if each.path not in seen_files:
                seen_files.add(each.path)
                yield each


def walk(
    path: str, exclude: Sequence[str], seen: set[tuple[int, int]]
) -> Iterator[Found | Unreadable]:
    """Walk one path, a folder below its name's order, without recursion."""
    waiting = [path]
    while waiting:
        current = waiting.pop()
        try:
            status = os.stat(current)
            if not stat.S_ISDIR(status.st_mode):
                if stat.S_ISREG(status.st_mode):
                    yield Found(current, status.st_size, status.st_mtime_ns)
                elif current == path:
                    yield Unreadable(current, "neither a file nor a folder")
                continue
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            names = sorted(wanted(current, exclude), reverse=True)
        except OSError as error:
            yield Unreadable(current, reason_of(error))
            continue
        waiting.extend(os.path.join(current, name) for name in names)


def wanted(folder: str, exclude: Sequence[str]) -> Iterator[str]:
    """List the names in a folder that may be audio files or folders with some."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.startswith(".") or name == "__MACOSX":
                continue
            if any(fnmatch(name, glob) or fnmatch(entry.path, glob) for glob in exclude):
                continue
            if is_audio_name(name) or is_folder(entry):
                yield name


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is a folder; a link that leads nowhere is not."""
    check: Callable[[], bool] = entry.is_dir
    try:
        return check()
    except OSError:
        return False  # a loop of links: there is nothing behind it


def reason_of(error: OSError) -> str:
    """Say in words why a path could not be looked at."""
    if isinstance(error, PermissionError):
        return "no permission to read it"
    if isinstance(error, FileNotFoundError):
        return "it vanished while the folder was read"
    return str(error.strerror or error).lower()
