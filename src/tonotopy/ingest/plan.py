"""What to do with each file found: nothing, note that it moved, or hear it."""

import os
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Connection

from tonotopy import audio, catalog
from tonotopy.catalog import Known
from tonotopy.errors import DecodeError
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

    hear: list[Found] = field(default_factory=list)
    measure: list[Found] = field(default_factory=list)  #: known, but not its pitch and the like
    moves: list[Move] = field(default_factory=list)
    touched: list[Move] = field(default_factory=list)  #: in place: same content, new date
    missing: list[Known] = field(default_factory=list)
    unchanged: int = 0


def make_plan(
    connection: Connection,
    found: Collection[Found],
    known: dict[str, Known],
    covered: Collection[int],
    unmeasured: Collection[int] = (),
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
    unmeasured : collection of int
        Those whose pitch, loudness and rhythm are not known.
    """
    plan = Plan()
    origins = Origins(connection)
    for file in found:
        recording = known.get(file.path)
        if recording is None:
            origin = origins.take(file)
            if origin is not None:
                plan.moves.append(Move(origin, file))
            if origin is None or origin.id not in covered:
                plan.hear.append(file)
            elif origin.id in unmeasured:
                plan.measure.append(file)
        elif recording.id not in covered or not has_known_content(file, recording):
            plan.hear.append(file)
        else:
            if recording.id in unmeasured:
                plan.measure.append(file)
            if recording.mtime_ns != file.mtime_ns or recording.missing:
                plan.touched.append(Move(recording, file))
            else:
                plan.unchanged += 1
    accounted = {file.path for file in found} | {move.known.path for move in plan.moves}
    plan.missing = [
        each
        for each in known.values()
        if each.path not in accounted and not each.missing and is_gone(each.path)
    ]
    return plan


def has_known_content(file: Found, recording: Known) -> bool:
    """Tell whether a file holds what was heard; only a new date makes us read it."""
    if file.size != recording.size:
        return False
    if file.mtime_ns == recording.mtime_ns:
        return True
    return hash_of(file.path) == recording.content_hash


class Origins:
    """Where new files may have been before: recordings of the same content whose path is gone."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sizes = catalog.known_sizes(connection)
        self._gone: dict[int, dict[str, list[Known]]] = {}  # by size, then by content

    def take(self, file: Found) -> Known | None:
        """Find the recording that a file was before it moved, each recording once."""
        if file.size not in self._sizes:
            return None
        if file.size not in self._gone:
            self._gone[file.size] = self._gone_of_size(file.size)
        gone = self._gone[file.size]
        alike = gone.get(hash_of(file.path) or "", []) if gone else []
        name = os.path.basename(file.path)
        alike.sort(key=lambda each: os.path.basename(each.path) != name)  # copies keep their names
        return alike.pop(0) if alike else None

    def _gone_of_size(self, size: int) -> dict[str, list[Known]]:
        gone: dict[str, list[Known]] = defaultdict(list)
        for each in catalog.known_of_size(self._connection, size):
            if is_gone(each.path):
                gone[each.content_hash].append(each)
        return gone


def hash_of(path: str) -> str | None:
    """Hash a file; None if it cannot be read, which hearing it will report."""
    try:
        return audio.content_hash(path)
    except DecodeError:
        return None


def is_gone(path: str) -> bool:
    """Tell whether a path leads nowhere; one that may not be looked at is not gone."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
