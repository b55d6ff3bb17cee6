"""Annotations: labels on recordings and their intervals, with who said them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, TypeVar

from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, insert, or_, select

from tonotopy.catalog import tables
from tonotopy.catalog.recordings import IN_CHUNK
from tonotopy.catalog.types import now
from tonotopy.errors import NotInLibrary
from tonotopy.windows import covers_half as interval_covers_half

__all__ = [
    "Annotation",
    "LabelUse",
    "NewAnnotation",
    "Polarity",
    "add_annotations",
    "carries",
    "label_counts",
    "label_uses",
    "labels_of",
    "list_annotations",
    "recording_labels",
    "remove_annotations",
    "set_labels",
]

Polarity: TypeAlias = Literal["positive", "negative", "unsure"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NewAnnotation:
    """Something said of a recording, or of a stretch or a box of it.

    Attributes
    ----------
    recording_id : int
        Of what it is said.
    label : str
        What is said.
    start_s, end_s : float or None
        The stretch; both None for the whole recording.
    low_hz, high_hz : float or None
        The band; None for as far as the sound reaches.
    polarity : {"positive", "negative", "unsure"}
        Whether the label holds.
    """

    recording_id: int
    label: str
    start_s: float | None = None
    end_s: float | None = None
    low_hz: float | None = None
    high_hz: float | None = None
    polarity: Polarity = "positive"


@dataclass(frozen=True, slots=True)
class Annotation(NewAnnotation):
    """An annotation as it is stored."""

    id: int = 0
    provenance: str = ""  #: a person, a folder or file name, a classifier
    confidence: float | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LabelUse:
    """How often a label is used."""

    label: str
    recordings: int  #: that carry it
    positive: int  #: annotations
    negative: int
    unsure: int


def add_annotations(
    connection: Connection, new: Sequence[NewAnnotation], *, provenance: str = "person"
) -> tuple[list[int], list[Annotation]]:
    """Store annotations; one that is there already is left, its opposite is replaced.

    Parameters
    ----------
    connection : Connection
        A writing one.
    new : sequence of NewAnnotation
        What is said.
    provenance : str
        Who says so. What others said is left alone.

    Returns
    -------
    added : list of int
        Ids of the annotations that are new.
    removed : list of Annotation
        What the same one had said to the contrary, of the same stretch and label.
    """
    columns = tables.annotations.c
    concerned = sorted({each.recording_id for each in new})
    said: dict[tuple[object, ...], Annotation] = {}
    for chunk in chunks(concerned):
        of_these = columns.recording_id.in_(chunk) & (columns.provenance == provenance)
        for known in select_annotations(connection, of_these):
            said[place_of(known)] = known
    fresh: dict[tuple[object, ...], NewAnnotation] = {}
    replaced: dict[int, Annotation] = {}
    for each in new:
        stored = said.get(place_of(each))
        if stored is not None and stored.polarity == each.polarity:
            continue
        if stored is not None:
            replaced[stored.id] = stored
        fresh[place_of(each)] = each
    delete_annotations(connection, list(replaced))
    return insert_annotations(connection, list(fresh.values()), provenance), list(replaced.values())


def place_of(said: NewAnnotation) -> tuple[object, ...]:
    """Name what an annotation is about, whether it is so or not."""
    return said.recording_id, said.label, said.start_s, said.end_s, said.low_hz, said.high_hz


def insert_annotations(
    connection: Connection, new: Sequence[NewAnnotation], provenance: str
) -> list[int]:
    """Insert rows; give their ids, in the order of the rows."""
    moment = now()
    values = [
        {name: getattr(each, name) for name in NewAnnotation.__slots__}
        | {"provenance": provenance, "created_at": moment}
        for each in new
    ]
    if not values:
        return []
    last = connection.scalar(select(func.max(tables.annotations.c.id))) or 0
    connection.execute(insert(tables.annotations), values)
    found = connection.scalars(
        select(tables.annotations.c.id)
        .where(tables.annotations.c.id > last)
        .order_by(tables.annotations.c.id)
    )
    return list(found)


def remove_annotations(connection: Connection, ids: Sequence[int]) -> list[Annotation]:
    """Delete annotations, and give them as they were.

    Raises
    ------
    NotInLibrary
        If one of them is not there, perhaps any more.
    """
    removed = list_annotations(connection, ids=ids)
    missing = sorted(set(ids) - {each.id for each in removed})
    if missing:
        raise NotInLibrary(
            f"there is no annotation {missing[0]} in this library; somebody else may have removed "
            "it: look again"
        )
    delete_annotations(connection, ids)
    return removed


def delete_annotations(connection: Connection, ids: Sequence[int]) -> None:
    """Delete annotations that are there."""
    for chunk in chunks(ids):
        connection.execute(delete(tables.annotations).where(tables.annotations.c.id.in_(chunk)))


def list_annotations(
    connection: Connection,
    *,
    ids: Sequence[int] | None = None,
    recording_ids: Sequence[int] | None = None,
    label: str | None = None,
) -> list[Annotation]:
    """List annotations, oldest first: all, or those that meet every condition given.

    Parameters
    ----------
    connection : Connection
        A reading one.
    ids, recording_ids : sequence of int, optional
        Which annotations; of which recordings.
    label : str, optional
        Which label.
    """
    columns = tables.annotations.c
    same = columns.label == label if label is not None else columns.id.is_not(None)
    if ids is None and recording_ids is None:
        return select_annotations(connection, same)
    if ids is None:
        found = [
            each
            for chunk in chunks(recording_ids or ())
            for each in select_annotations(connection, same & columns.recording_id.in_(chunk))
        ]
        return sorted(found, key=lambda each: each.id)
    wanted = None if recording_ids is None else set(recording_ids)
    return [
        each
        for chunk in chunks(sorted(ids))
        for each in select_annotations(connection, same & columns.id.in_(chunk))
        if wanted is None or each.recording_id in wanted
    ]


def select_annotations(connection: Connection, which: ColumnElement[bool]) -> list[Annotation]:
    """Read annotations, oldest first."""
    columns = [tables.annotations.c[name] for name in (*NewAnnotation.__slots__, *EXTRA)]
    rows = connection.execute(select(*columns).where(which).order_by(tables.annotations.c.id))
    return [Annotation(**row) for row in rows.mappings()]


EXTRA = Annotation.__slots__  # the fields that only a stored one has


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut values into pieces that fit into one ``IN (...)``."""
    for start in range(0, len(values), IN_CHUNK):
        yield values[start : start + IN_CHUNK]


def label_uses(connection: Connection) -> list[LabelUse]:
    """Count how labels are used, the one that most recordings carry first."""
    columns = tables.annotations.c
    mine = ~columns.provenance.like("classifier:%")
    carriers = func.count(case((positive(), columns.recording_id)).distinct())
    polarities = [
        func.sum(case((columns.polarity == each, 1), else_=0))
        for each in ("positive", "negative", "unsure")
    ]
    rows = connection.execute(
        select(columns.label, carriers, *polarities)
        .where(mine)
        .group_by(columns.label)
        .order_by(carriers.desc(), columns.label)
    )
    return [LabelUse(*row) for row in rows]


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
