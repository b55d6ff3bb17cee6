"""Labels and metadata that folders and file names tell."""

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.errors import TonotopyError
from tonotopy.words import label_from_pattern

__all__ = ["check_pattern", "label_by_names"]

COMPACT_TIME = re.compile(r"(\d{8})[T_ -]?(\d{6})(Z?)")  # as recorders write: 20240531_180000


def check_pattern(pattern: str) -> None:
    """Refuse a pattern that says nothing, before a long run rather than after it."""
    try:
        label_from_pattern(pattern, "")
    except ValueError as error:
        raise TonotopyError(str(error)) from error


def label_by_names(
    connection: Connection,
    recordings: Mapping[str, int],
    *,
    from_folders: bool,
    pattern: str | None,
) -> None:
    """Take labels from the folders and names of files, in place of those taken before.

    Parameters
    ----------
    connection : Connection
        A writing one.
    recordings : mapping of str to int
        Recordings by path.
    from_folders : bool
        Whether the folder that holds a file is its label.
    pattern : str, optional
        Such as ``"{label}_{speaker}_{take}"``. ``{device}`` and ``{recorded_at}`` are known as
        such, other fields become metadata. A name that does not fit says nothing.
    """
    changed: set[int] = set()
    if from_folders:
        labels = {
            each: os.path.basename(os.path.dirname(path)) or None
            for path, each in recordings.items()
        }
        changed.update(catalog.set_labels(connection, readable(labels), provenance="folder"))
    if pattern is not None:
        named = {
            each: label_from_pattern(pattern, os.path.splitext(os.path.basename(path))[0]) or {}
            for path, each in recordings.items()
        }
        labels = {each: fields.get("label") for each, fields in named.items()}
        changed.update(catalog.set_labels(connection, readable(labels), provenance="name"))
        describe(connection, named)
    catalog.index_words(connection, sorted(changed))


def readable(labels: Mapping[int, str | None]) -> dict[int, str | None]:
    """Write labels as text that can be shown, whatever the bytes of a name."""
    return {each: catalog.escape(label) if label else None for each, label in labels.items()}


def describe(connection: Connection, named: Mapping[int, dict[str, str]]) -> None:
    """Store what names tell beside a label, where it is news."""
    stored = catalog.get_recordings(connection, list(named))
    for each, fields in named.items():
        special = {"label", "device", "recorded_at"}
        metadata: dict[str, Any] = {
            key: catalog.escape(value) for key, value in fields.items() if key not in special
        }
        recorded_at = read_time(fields["recorded_at"]) if "recorded_at" in fields else None
        device = catalog.escape(fields["device"]) if "device" in fields else None
        known = stored[each]
        if (
            metadata.items() <= known.metadata.items()
            and device in (None, known.device)
            and (recorded_at is None or aware(recorded_at) == known.recorded_at)
        ):
            continue
        catalog.update_details(
            connection, each, metadata=metadata, device=device, recorded_at=recorded_at
        )


def aware(moment: datetime) -> datetime:
    """Take a time without an offset to be UTC, as the catalog does."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_time(text: str) -> datetime | None:
    """Read a time from a file name, ISO or as recorders write it; None if it is not one.

    Examples
    --------
    >>> read_time("20240531_180000")
    datetime.datetime(2024, 5, 31, 18, 0)
    """
    match = COMPACT_TIME.fullmatch(text)
    try:
        if match:
            zone = "+00:00" if match[3] else ""
            return datetime.fromisoformat(f"{match[1]}T{match[2]}{zone}")
        return datetime.fromisoformat(text)
    except ValueError:
        return None
