"""Recordings: the files a library knows and where they are."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, select, update

from tonotopy.catalog import tables
from tonotopy.catalog.paths import escape, unescape
from tonotopy.catalog.spaces import raise_generation
from tonotopy.catalog.types import new_id, now
from tonotopy.errors import NotInLibrary

__all__ = [
    "Known",
    "NewRecording",
    "Recording",
    "delete_recordings",
    "find_by_path",
    "get_peaks",
    "get_recordings",
    "is_below",
    "known_below",
    "known_of_size",
    "known_sizes",
    "list_roots",
    "mark_missing",
    "missing_recordings",
    "move_recording",
    "move_recordings",
    "put_recording",
    "recording_ids",
    "root_for",
    "touch_recording",
    "update_details",
]

IN_CHUNK = 10_000  # ids in one IN (...): SQLite takes 32,766 parameters at most

SELECT_KNOWN = select(
    tables.recordings.c.id,
    tables.roots.c.path,
    tables.recordings.c.path,
    tables.recordings.c.size,
    tables.recordings.c.mtime_ns,
    tables.recordings.c.content_hash,
    tables.recordings.c.missing_since.is_not(None),
).join_from(tables.recordings, tables.roots)
KNOWN_AT = SELECT_KNOWN.where(
    tables.recordings.c.root_id == bindparam("root"), tables.recordings.c.path == bindparam("here")
)
LIST_ROOTS = select(tables.roots.c.id, tables.roots.c.path)


@dataclass(frozen=True, slots=True)
class Known:
    """What `add` needs to know of a recording to tell whether its file changed."""

    id: int
    path: str  #: on this machine, as the operating system spells it
    size: int
    mtime_ns: int
    content_hash: str
    missing: bool


@dataclass(frozen=True, slots=True)
class NewRecording:
    """A file that was heard, ready to be stored."""

    path: str  #: absolute, as the operating system spells it
    size: int
    mtime_ns: int
    content_hash: str
    duration_s: float
    sample_rate: int
    channels: int
    format: str
    peaks: bytes
    problem: str | None  #: what of it could not be decoded


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording as it is shown."""

    id: int
    path: str  #: absolute; bytes that are not UTF-8 as %XX
    duration_s: float
    sample_rate: int
    channels: int
    format: str
    problem: str | None
    device: str | None
    recorded_at: datetime | None  #: with the offset from UTC that was told; UTC if none was
    metadata: dict[str, Any]
    added_at: datetime
    missing: bool

    @property
    def name(self) -> str:
        """The file's name."""
        return os.path.basename(self.path)

    @property
    def folder(self) -> str:
        """The name of the folder that holds the file."""
        return os.path.basename(os.path.dirname(self.path))

    @property
    def file(self) -> str:
        """The path as the operating system spells it, to open the file with."""
        return unescape(self.path)


def list_roots(connection: Connection) -> list[tuple[int, str]]:
    """List the roots, (id, path on this machine), the longest path first."""
    rows = connection.execute(LIST_ROOTS)
    return sorted(
        ((row[0], unescape(row[1])) for row in rows), key=lambda root: (-len(root[1]), root[1])
    )


def is_below(path: str, folder: str) -> bool:
    """Tell whether a path is a folder or lies in it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def root_for(connection: Connection, folder: str) -> tuple[int, str]:
    """Find the root that holds a folder, or make the folder a root."""
    for root_id, root in list_roots(connection):
        if is_below(folder, root):
            return root_id, root
    result = connection.execute(insert(tables.roots).values(path=escape(folder)))
    return new_id(result), folder


def below(folder: str, root_id: int, root: str) -> list[ColumnElement[bool]]:
    """Say in SQL which recordings of a root lie in a folder or are it, each a range of an index."""
    path, of_root = tables.recordings.c.path, tables.recordings.c.root_id == root_id
    if is_below(root, folder):
        return [of_root]
    if not is_below(folder, root):
        return []
    prefix = escape(os.path.relpath(folder, root))
    inside = (path >= prefix + os.sep) & (path < prefix + chr(ord(os.sep) + 1))
    return [of_root & (path == prefix), of_root & inside]


def known_below(connection: Connection, folder: str) -> dict[str, Known]:
    """List what the library knows below a folder (or of one file), by path."""
    return {
        each.path: each
        for root_id, root in list_roots(connection)
        for condition in below(folder, root_id, root)
        for each in select_known(connection, condition)
    }


def known_of_size(connection: Connection, size: int) -> list[Known]:
    """List the recordings whose file has a size: candidates for a file that moved."""
    return select_known(connection, tables.recordings.c.size == size)


def known_sizes(connection: Connection) -> set[int]:
    """List the sizes that files of the library have."""
    return set(connection.scalars(select(tables.recordings.c.size).distinct()))


def select_known(connection: Connection, condition: ColumnElement[bool]) -> list[Known]:
    return [known_of(row) for row in connection.execute(SELECT_KNOWN.where(condition))]


def known_of(row: Sequence[Any]) -> Known:
    """Read a row of `SELECT_KNOWN`."""
    return Known(row[0], os.path.join(unescape(row[1]), unescape(row[2])), *row[3:])


def put_recording(
    connection: Connection, new: NewRecording, known: Known | None, *, root: str | None = None
) -> int:
    """Store a recording; if its path was known, in place of what was known.

    Windows of a content that is gone go with it, in every space. Labels stay: they hang on the
    recording and its intervals.

    Parameters
    ----------
    connection : Connection
        A writing one.
    new : NewRecording
        What was heard.
    known : Known, optional
        What is known of its path.
    root : str, optional
        The folder that becomes a root if no root holds it yet; by default the file's own.

    Returns
    -------
    int
        The recording's id.
    """
    values: dict[str, Any] = {name: getattr(new, name) for name in NewRecording.__slots__}
    if known is not None:
        del values["path"]
        this = tables.recordings.c.id == known.id
        connection.execute(
            update(tables.recordings).where(this).values(**values, missing_since=None)
        )
        if known.content_hash != new.content_hash:
            delete_windows(connection, [known.id])
        return known.id
    root_id, root = root_for(connection, root or os.path.dirname(new.path))
    values["path"] = escape(os.path.relpath(new.path, root))
    result = connection.execute(
        insert(tables.recordings).values(**values, root_id=root_id, metadata={}, added_at=now())
    )
    return new_id(result)


def delete_windows(connection: Connection, recording_ids: Sequence[int]) -> int:
    """Delete the windows and tags of recordings in every space, and say so to the spaces."""
    theirs = tables.windows.c.recording_id.in_(recording_ids)
    spaces = list(connection.scalars(select(tables.windows.c.space_id).where(theirs).distinct()))
    deleted = connection.execute(delete(tables.windows).where(theirs))
    tagged = tables.recording_tags.c.recording_id.in_(recording_ids)
    connection.execute(delete(tables.recording_tags).where(tagged))
    raise_generation(connection, *spaces)
    return deleted.rowcount


def move_recording(
    connection: Connection, recording_id: int, path: str, mtime_ns: int, *, root: str | None = None
) -> None:
    """Say that a recording's file is now elsewhere, below `root` if no root holds it yet."""
    root_id, root = root_for(connection, root or os.path.dirname(path))
    connection.execute(
        update(tables.recordings)
        .where(tables.recordings.c.id == recording_id)
        .values(
            root_id=root_id,
            path=escape(os.path.relpath(path, root)),
            mtime_ns=mtime_ns,
            missing_since=None,
        )
    )


def move_recordings(connection: Connection, paths: Mapping[int, str], *, root: str) -> None:
    """Say that recordings are now below a root; those that are not there are missing."""
    root_id, root = root_for(connection, root)
    moment = now()
    for recording_id, path in paths.items():
        connection.execute(
            update(tables.recordings)
            .where(tables.recordings.c.id == recording_id)
            .values(
                root_id=root_id,
                path=escape(os.path.relpath(path, root)),
                missing_since=None if os.path.exists(path) else moment,
            )
        )
    used = select(tables.recordings.c.root_id)
    connection.execute(delete(tables.roots).where(tables.roots.c.id.not_in(used)))


def touch_recording(connection: Connection, recording_id: int, mtime_ns: int) -> None:
    """Say that a file is there and has the content we know, whatever its date."""
    connection.execute(
        update(tables.recordings)
        .where(tables.recordings.c.id == recording_id)
        .values(mtime_ns=mtime_ns, missing_since=None)
    )


def mark_missing(connection: Connection, recording_ids: Sequence[int]) -> None:
    """Say that the files of recordings are gone; what was heard in them is kept."""
    moment = now()
    for start in range(0, len(recording_ids), IN_CHUNK):
        chunk = recording_ids[start : start + IN_CHUNK]
        connection.execute(
            update(tables.recordings)
            .where(tables.recordings.c.id.in_(chunk))
            .values(missing_since=moment)
        )


def update_details(
    connection: Connection,
    recording_id: int,
    *,
    metadata: dict[str, Any],
    device: str | None = None,
    recorded_at: datetime | None = None,
) -> None:
    """Add what a file's name tells to what is known of a recording."""
    stored = connection.scalar(
        select(tables.recordings.c.metadata).where(tables.recordings.c.id == recording_id)
    )
    values: dict[str, Any] = {"metadata": {**(stored or {}), **metadata}}
    if device is not None:
        values["device"] = device
    if recorded_at is not None:
        offset = recorded_at.utcoffset()
        values["recorded_at"] = recorded_at
        values["utc_offset_min"] = None if offset is None else int(offset.total_seconds() // 60)
    connection.execute(
        update(tables.recordings).where(tables.recordings.c.id == recording_id).values(**values)
    )


def delete_recordings(connection: Connection, recording_ids: Sequence[int]) -> int:
    """Delete recordings with their labels and windows; tell how many windows. The files stay."""
    n_windows = 0
    for start in range(0, len(recording_ids), IN_CHUNK):
        chunk = recording_ids[start : start + IN_CHUNK]
        n_windows += delete_windows(connection, chunk)
        connection.execute(delete(tables.recordings).where(tables.recordings.c.id.in_(chunk)))
    return n_windows


def recording_ids(
    connection: Connection, condition: ColumnElement[bool] | None = None
) -> list[int]:
    """List the ids of the recordings that meet a condition, in order."""
    query = select(tables.recordings.c.id).order_by(tables.recordings.c.id)
    if condition is not None:
        query = query.where(condition)
    return list(connection.scalars(query))


def missing_recordings(connection: Connection) -> list[int]:
    """List the ids of the recordings whose files are gone, in order."""
    return recording_ids(connection, tables.recordings.c.missing_since.is_not(None))


def find_by_path(connection: Connection, path: str) -> Known | None:
    """Find what is known of a file by its absolute path."""
    for root_id, root in list_roots(connection):
        if path != root and is_below(path, root):
            relative = escape(os.path.relpath(path, root))
            row = connection.execute(KNOWN_AT, {"root": root_id, "here": relative}).first()
            if row is not None:
                return known_of(row)
    return None


def get_peaks(connection: Connection, recording_id: int) -> bytes:
    """Get the stored waveform of a recording, as the audio edge packed it."""
    packed = connection.scalar(
        select(tables.recordings.c.peaks).where(tables.recordings.c.id == recording_id)
    )
    if packed is None:
        raise NotInLibrary(f"there is no recording {recording_id} in this library")
    return bytes(packed)


def with_offset(moment: datetime | None, offset_min: int | None) -> datetime | None:
    """Tell a moment by the clock that it was noted from."""
    if moment is None or offset_min is None:
        return moment
    return moment.astimezone(timezone(timedelta(minutes=offset_min)))


def get_recordings(connection: Connection, ids: Sequence[int]) -> dict[int, Recording]:
    """Get recordings by id.

    Raises
    ------
    NotInLibrary
        If one of the ids is not in the library.
    """
    columns, root = tables.recordings.c, tables.roots.c.path.label("root")
    shown = [columns[name] for name in Recording.__slots__ if name != "missing"]
    missing = columns.missing_since.is_not(None).label("missing")
    found: dict[int, Recording] = {}
    for start in range(0, len(ids), IN_CHUNK):
        rows = connection.execute(
            select(root, columns.utc_offset_min, missing, *shown)
            .join_from(tables.recordings, tables.roots)
            .where(columns.id.in_(ids[start : start + IN_CHUNK]))
        )
        for row in rows.mappings():
            fields = dict(row)
            fields["path"] = os.path.join(fields.pop("root"), fields["path"])
            offset_min = fields.pop("utc_offset_min")
            fields["recorded_at"] = with_offset(fields["recorded_at"], offset_min)
            found[row["id"]] = Recording(**fields)
    for recording_id in ids:
        if recording_id not in found:
            raise NotInLibrary(f"there is no recording {recording_id} in this library")
    return found
