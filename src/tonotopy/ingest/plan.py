"""What to do with each file found: nothing, note that it moved, or hear it."""

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from tonotopy import audio, catalog
from tonotopy.catalog import Known
from tonotopy.ingest.scan import Found

__all__ = ["Move", "Plan", "is_gone", "make_plan"]


@dataclass(frozen=True, slots=True)
class Move:
    """A known recording whose file is now elsewhere."""

    known: Known
    found: Found


@dataclass(slots=True)
class Plan:
    """What `add` will do."""

    hear: list[tuple[Found, Known | None]] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    touched: list[tuple[Known, Found]] = field(default_factory=list)  #: same content, new date
    missing: list[Known] = field(default_factory=list)
    unchanged: int = 0


def make_plan(
    connection: Connection,
    found: Collection[Found],
    known: dict[str, Known],
    covered: Collection[int],
) -> Plan:
    """Compare files with what is known.

    Parameters
    ----------
    connection : Connection
        A reading one.
    found : collection of Found
        The files below the paths that were given.
    known : dict of str to Known
        The recordings below those paths, by path.
    covered : collection of int
        The recordings that have windows in the space.
    """
    plan = Plan()
    sizes = catalog.known_sizes(connection)
    moved: set[int] = set()
    for file in found:
        recording = known.get(file.path)
        if recording is None:
            origin = where_from(connection, file, moved) if file.size in sizes else None
            if origin is None:
                plan.hear.append((file, None))
                continue
            moved.add(origin.id)
            plan.moves.append(Move(origin, file))
            if origin.id not in covered:
                plan.hear.append((file, replace(origin, path=file.path)))
        elif recording.id not in covered or not has_known_content(file, recording):
            plan.hear.append((file, recording))
        elif recording.mtime_ns != file.mtime_ns or recording.missing:
            plan.touched.append((recording, file))
        else:
            plan.unchanged += 1
    paths = {file.path for file in found}
    plan.missing = gone(each for each in known.values() if each.path not in paths | {""})
    plan.missing = [each for each in plan.missing if each.id not in moved]
    return plan


def has_known_content(file: Found, recording: Known) -> bool:
    """Tell whether a file holds what was heard; only a new date makes us read it."""
    if file.size != recording.size:
        return False
    if file.mtime_ns == recording.mtime_ns:
        return True
    return hash_of(file.path) == recording.content_hash


def where_from(connection: Connection, file: Found, moved: Collection[int]) -> Known | None:
    """Find the recording that a new file was before it moved: same content, old path gone."""
    candidates = [
        each
        for each in catalog.known_of_size(connection, file.size)
        if each.id not in moved and is_gone(each.path)
    ]
    if not candidates:
        return None
    content_hash = hash_of(file.path)
    return next((each for each in candidates if each.content_hash == content_hash), None)


def hash_of(path: str) -> str | None:
    """Hash a file; None if it cannot be read, which hearing it will report."""
    try:
        return audio.content_hash(path)
    except OSError:
        return None


def gone(recordings: Iterable[Known]) -> list[Known]:
    """Choose the recordings whose file is gone and that are not known to be missing."""
    return [each for each in recordings if not each.missing and is_gone(each.path)]


def is_gone(path: str) -> bool:
    """Tell whether a path leads nowhere; one that may not be looked at is not gone."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
