"""Index files: a cache beside the library that may vanish, and is checked before it is believed.

For each space and kind there is a stamp, a small JSON file that says what the index was built from,
and the index itself, under a name that holds its checksum. Writers take turns by a lock file,
write under a temporary name, and replace the stamp last: a reader never waits and sees either the
old pair or the new one. Whatever is missing, damaged or of another library is passed over, and
the log says why.
"""

import hashlib
import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

import platformdirs

from tonotopy.distance import Metric
from tonotopy.errors import TonotopyError
from tonotopy.index import index_class
from tonotopy.index.protocol import Index

__all__ = [
    "Source",
    "Stamp",
    "forget",
    "index_directories",
    "load_cached",
    "needs_rebuild",
    "stamps",
    "store",
]

_FORMAT = 1
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """What an index is built from: one space of one library."""

    library_id: str  #: drawn at random when the library was made: a path may be used twice
    space_id: int
    fingerprint: str  #: of the embedder's weights and settings
    metric: Metric
    dim: int


@dataclass(frozen=True)
class Stamp:
    """What an index file was built from, and how it turned out."""

    format: int
    kind: str
    library_id: str
    space_id: int
    fingerprint: str
    metric: str
    dim: int
    generation: int  #: of the space when the index was built
    n: int  #: vectors in it
    max_id: int  #: the highest window id in it, -1 if empty
    recall: float  #: as the self-test found it
    file: str  #: name of the index file, beside the stamp
    checksum: str  #: SHA-256 of that file, hexadecimal

    def is_from(self, source: Source, kind: str) -> bool:
        """Tell whether it belongs to a space and kind."""
        expected = {**asdict(source), "kind": kind, "format": _FORMAT}
        return all(getattr(self, name) == value for name, value in expected.items())


def index_directories(library: Path) -> tuple[Path, Path]:
    """Say where the indexes of a library may be, in the order of preference.

    Parameters
    ----------
    library : Path
        The library's file.

    Returns
    -------
    tuple of Path
        ``LIBRARY.index`` beside it, and a directory in the user's cache for where that cannot be
        written. Nothing is created.
    """
    library = library.expanduser().resolve()
    key = hashlib.sha256(os.fsencode(library)).hexdigest()[:24]
    cache = platformdirs.user_cache_path("tonotopy", appauthor=False)
    return library.with_name(f"{library.name}.index"), cache / "indexes" / key


def load_cached(
    directories: Sequence[Path], source: Source, kind: str, *, generation: int
) -> tuple[Index, Stamp] | None:
    """Read the newest usable index of a space.

    Parameters
    ----------
    directories : sequence of Path
        Where to look, as `index_directories` says.
    source : Source
        What the index must have been built from.
    kind : str
        What it must be.
    generation : int
        Of the space now; an index from a later one is of a library that was since restored from
        a backup, and may hold ids that mean other windows.

    Returns
    -------
    tuple of (Index, Stamp), or None
        Perhaps older than ``generation``: `view.View` makes up for that. None if there is no
        index that can be trusted; the log says why at level INFO, or WARNING for a damaged one.
    """
    found = []
    for directory in directories:
        stamp = _read_stamp(directory / _stamp_name(source.space_id, kind))
        if stamp is None:
            continue
        if not stamp.is_from(source, kind) or stamp.generation > generation:
            _LOG.info("passing over the index %s: it is of something else", directory / stamp.file)
            continue
        found.append((stamp.generation, directory, stamp))
    for _, directory, stamp in sorted(found, key=lambda candidate: -candidate[0]):
        index = _read_index(directory, stamp)
        if index is not None:
            return index, stamp
        if _read_stamp(directory / _stamp_name(source.space_id, kind)) != stamp:
            # replaced while it was read
            return load_cached(directories, source, kind, generation=generation)
    return None


def store(
    directories: Sequence[Path], source: Source, kind: str, index: Index, *, generation: int
) -> Stamp | None:
    """Write an index into the first directory that can be written.

    Parameters
    ----------
    directories : sequence of Path
        Where to try, as `index_directories` says; created if missing.
    source : Source
        What the index was built from.
    kind : str
        What it is.
    index : Index
        The index.
    generation : int
        Of the space when its vectors were read.

    Returns
    -------
    Stamp or None
        None if it could not be written anywhere; the log says why. The index itself is as good
        as before, only the next process has to build it again.
    """
    for directory in directories:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            with _lock(directory):
                return _write(directory, source, kind, index, generation)
        except OSError as error:
            _LOG.warning("cannot keep an index in %s: %s", directory, error)
    return None


def needs_rebuild(n_built: int, n_now: int, n_deleted: int) -> bool:
    """Tell whether an index lags so far behind that it should be built anew.

    Parameters
    ----------
    n_built : int
        Vectors that it was built from.
    n_now : int
        Vectors that the space has now.
    n_deleted : int
        How many of those in the index are gone.

    Returns
    -------
    bool
        True if the space has grown to over twice its size, or over a third of the index is gone.
    """
    return n_now > 2 * n_built or 3 * n_deleted > n_built


def stamps(directories: Sequence[Path]) -> list[tuple[Path, Stamp]]:
    """List the stamps there are, with their directories, whatever they belong to."""
    found = []
    for directory in directories:
        for path in sorted(directory.glob("space-*.json")):
            stamp = _read_stamp(path)
            if stamp is not None:
                found.append((directory, stamp))
    return found


def forget(directories: Sequence[Path], space_id: int, kind: str | None = None) -> None:
    """Delete the indexes of a space, or that of one kind; what cannot be deleted is logged."""
    stem = f"space-{space_id}."
    if kind is not None:
        stem = _stamp_name(space_id, kind).removesuffix("json")
    for directory in directories:
        for path in directory.glob(f"{stem}*"):
            _delete(path)


def _stamp_name(space_id: int, kind: str) -> str:
    return f"space-{space_id}.{quote(kind, safe='')}.json"


def _read_stamp(path: Path) -> Stamp | None:
    try:
        stamp = Stamp(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        _LOG.info("no index yet: %s does not exist", path)
        return None
    except (OSError, ValueError, TypeError, RecursionError) as error:
        _LOG.warning("cannot read %s: %s", path, error)
        return None
    wrong = [
        field.name for field in fields(Stamp) if type(getattr(stamp, field.name)) is not field.type
    ]
    if wrong or Path(stamp.file).name != stamp.file:
        _LOG.warning("%s is not the stamp of an index: see %s", path, wrong or stamp.file)
        return None
    return stamp


def _read_index(directory: Path, stamp: Stamp) -> Index | None:
    path = directory / stamp.file
    try:
        with path.open("rb") as handle:
            checksum = hashlib.file_digest(handle, "sha256").hexdigest()
        if checksum != stamp.checksum:
            _LOG.warning("%s is damaged: its checksum is not that of its stamp", path)
            return None
        index = index_class(stamp.kind).load(path)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, MemoryError) as error:
        _LOG.warning("cannot read the index %s: %s", path, error)
        return None
    except TonotopyError as error:
        _LOG.warning("%s", error)
        return None
    max_id = int(index.ids[-1]) if len(index) else -1
    held = (index.metric, index.dim, len(index), max_id)
    if held != (stamp.metric, stamp.dim, stamp.n, stamp.max_id):
        _LOG.warning("%s does not hold what its stamp says: %s", path, held)
        return None
    return index


def _write(directory: Path, source: Source, kind: str, index: Index, generation: int) -> Stamp:
    stem = _stamp_name(source.space_id, kind).removesuffix(".json")
    temporary = directory / f"{stem}.index.tmp"
    try:
        index.save(temporary)
        with temporary.open("rb+") as handle:
            checksum = hashlib.file_digest(handle, "sha256").hexdigest()
            os.fsync(handle.fileno())
        stamp = Stamp(
            format=_FORMAT,
            kind=kind,
            **asdict(source),
            generation=generation,
            n=len(index),
            max_id=int(index.ids[-1]) if len(index) else -1,
            recall=float(index.recall),
            file=f"{stem}.{checksum[:16]}.index",
            checksum=checksum,
        )
        temporary.replace(directory / stamp.file)
    finally:
        temporary.unlink(missing_ok=True)
    _write_stamp(directory / f"{stem}.json", stamp)
    for path in directory.glob(f"{stem}.*.index"):
        if path.name != stamp.file:
            _delete(path)
    return stamp


def _write_stamp(path: Path, stamp: Stamp) -> None:
    temporary = path.with_suffix(".json.tmp")
    try:
        with temporary.open("w") as handle:
            json.dump(asdict(stamp), handle, indent=1)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _delete(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:  # on Windows a reader has it open; the next writer tries again
        _LOG.info("leaving %s: %s", path, error)


@contextmanager
def _lock(directory: Path) -> Iterator[None]:
    """Let one writer in at a time; the system takes the lock back when a process dies."""
    with (directory / "lock").open("ab") as handle:
        _lock_file(handle)
        try:
            yield
        finally:
            _unlock_file(handle)


if sys.platform == "win32":
    import msvcrt

    def _lock_file(handle: BinaryIO) -> None:
        msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK, 1)

    def _unlock_file(handle: BinaryIO) -> None:
        handle.seek(0)
        msvcrt.locking(handle.fileno(), msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _lock_file(handle: BinaryIO) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX)

    def _unlock_file(handle: BinaryIO) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)
