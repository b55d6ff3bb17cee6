"""Annotations: labels on recordings and their intervals, with who said them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select

from tonotopy.catalog import tables
from tonotopy.catalog.recordings import IN_CHUNK
from tonotopy.catalog.types import now
from tonotopy.windows import covers_half as interval_covers_half

__all__ = ["carries", "label_counts", "labels_of", "recording_labels", "set_labels"]


def set_labels(
    connection: Connection, labels: Mapping[int, str | None], *, provenance: str
) -> list[int]:
    """Make one whole-recording label of a provenance true of each recording.

    Parameters
    ----------
    connection : Connection
        A writing one.
    labels : mapping of recording id to label
        None takes a label of this provenance away.
    provenance : str
        Who says so, e.g. ``"folder"``; labels of others are left alone.

    Returns
    -------
    list of int
        The recordings whose labels changed.
    """
    rows = connection.execute(
        select(tables.annotations.c.recording_id, tables.annotations.c.label).where(
            tables.annotations.c.provenance == provenance
        )
    )
    stored = {row[0]: row[1] for row in rows}
    changed = [each for each, label in labels.items() if stored.get(each) != label]
    for start in range(0, len(changed), IN_CHUNK):
        connection.execute(
            delete(tables.annotations).where(
                tables.annotations.c.provenance == provenance,
                tables.annotations.c.recording_id.in_(changed[start : start + IN_CHUNK]),
            )
        )
    new = [
        {
            "recording_id": each,
            "label": labels[each],
            "polarity": "positive",
            "provenance": provenance,
            "created_at": now(),
        }
        for each in changed
        if labels[each]
    ]
    if new:
        connection.execute(insert(tables.annotations), new)
    return changed


def positive() -> ColumnElement[bool]:
    """Say in SQL that an annotation is a label: positive, and not a classifier's."""
    return (tables.annotations.c.polarity == "positive") & ~tables.annotations.c.provenance.like(
        "classifier:%"
    )


def covers_half() -> ColumnElement[bool]:
    """Say in SQL what `tonotopy.windows.covers_half` says of an annotation and a window."""
    start, end = tables.annotations.c.start_s, tables.annotations.c.end_s
    window_start, window_end = tables.windows.c.start_s, tables.windows.c.end_s
    shared = func.min(end, window_end) - func.max(start, window_start)
    return or_(
        start.is_(None),
        and_(shared > 0, 2 * shared >= func.min(end - start, window_end - window_start)),
    )


def carries(label: ColumnElement[bool] | None, *, windows: bool) -> ColumnElement[bool]:
    """Say in SQL that a recording, or a window, carries a label.

    Parameters
    ----------
    label : condition on ``annotations.c.label``, or None
        Which label; None for any.
    windows : bool
        Whether the window must be covered, or anything of the recording will do.
    """
    query = select(tables.annotations.c.id).where(
        tables.annotations.c.recording_id == tables.recordings.c.id, positive()
    )
    if label is not None:
        query = query.where(label)
    anywhere = query.correlate(tables.recordings).exists()
    if not windows:
        return anywhere
    here = query.where(covers_half()).correlate(tables.recordings, tables.windows).exists()
    return and_(anywhere, here)  # the one is known of a recording before its windows are looked at


def label_counts(connection: Connection) -> list[tuple[str, int]]:
    """Count the recordings of each label, the most common first."""
    count = func.count(tables.annotations.c.recording_id.distinct())
    rows = connection.execute(
        select(tables.annotations.c.label, count)
        .where(positive())
        .group_by(tables.annotations.c.label)
        .order_by(count.desc(), tables.annotations.c.label)
    )
    return [(row[0], row[1]) for row in rows]


def recording_labels(
    connection: Connection, recording_ids: Sequence[int]
) -> dict[int, list[tuple[str, float | None, float | None]]]:
    """List the labels of recordings: (label, start_s, end_s), oldest first."""
    found: dict[int, list[tuple[str, float | None, float | None]]] = defaultdict(list)
    columns = tables.annotations.c
    for start in range(0, len(recording_ids), IN_CHUNK):
        rows = connection.execute(
            select(columns.recording_id, columns.label, columns.start_s, columns.end_s)
            .where(positive(), columns.recording_id.in_(recording_ids[start : start + IN_CHUNK]))
            .order_by(columns.id)
        )
        for row in rows:
            found[row[0]].append((row[1], row[2], row[3]))
    return found


def labels_of(
    labels: Sequence[tuple[str, float | None, float | None]], start_s: float, end_s: float
) -> list[str]:
    """Choose the labels that a stretch carries, by the rule for windows, each once, in order."""
    chosen = {
        label: None
        for label, start, end in labels
        if start is None or end is None or interval_covers_half(start, end, start_s, end_s)
    }
    return list(chosen)
