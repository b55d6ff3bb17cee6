"""Filters as SQL: the one place where a user's expression becomes a condition on rows.

Every value travels as a bound parameter; no text of the user's is ever part of a statement.
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    String,
    and_,
    false,
    func,
    not_,
    or_,
    select,
)

from tonotopy.catalog import tables
from tonotopy.catalog.annotations import carries
from tonotopy.catalog.aspects import MEASURES, has_aspects
from tonotopy.catalog.paths import storable
from tonotopy.catalog.shown import classes_like, classes_named, tagged_with
from tonotopy.errors import FilterError
from tonotopy.filters import (
    FIELDS,
    And,
    Comparison,
    Filter,
    In,
    Not,
    Or,
    Unlabelled,
    Value,
    check_fields,
    fields,
)

__all__ = ["condition", "metadata_keys"]

Column = ColumnElement[Any]

COMPARE: dict[str, Callable[[Column, Any], ColumnElement[bool]]] = {
    "=": lambda column, value: column == value,
    "!=": lambda column, value: column != value,
    "<": lambda column, value: column < value,
    "<=": lambda column, value: column <= value,
    ">": lambda column, value: column > value,
    ">=": lambda column, value: column >= value,
}

GROUP = 100  # terms joined side by side

LATER = {"predicted": "no classifier has been trained in this library"}


def metadata_keys(connection: Connection) -> set[str]:
    """List the metadata keys that the recordings of a library have."""
    rows = connection.exec_driver_sql(
        "SELECT DISTINCT json_each.key FROM recordings, json_each(recordings.metadata)"
    )
    return {row[0] for row in rows}


def has_key(connection: Connection, key: str) -> bool:
    """Tell whether any recording has a metadata key; most often the first that is looked at."""
    found = connection.exec_driver_sql(
        "SELECT 1 FROM recordings, json_each(recordings.metadata) WHERE json_each.key = ? LIMIT 1",
        (storable(key),),
    )
    return found.first() is not None


def condition(connection: Connection, where: Filter, *, windows: bool) -> ColumnElement[bool]:
    """Turn a filter into a condition on recordings, or on windows joined to recordings.

    Parameters
    ----------
    connection : Connection
        A reading one: fields are checked against the library's metadata.
    where : Filter
        What `tonotopy.filters.parse` gave.
    windows : bool
        Whether a label or tag must be that of the window, or be anywhere in the recording. Windows
        of a space without tags have those of their recording.

    Raises
    ------
    FilterError
        If a field or a tag is unknown, or nothing in the library can have it.
    """
    named = fields(where)
    there = {key for key in named - FIELDS.keys() if has_key(connection, key)}
    # All keys are listed only to say which there are: a look at every recording.
    check_fields(where, there if named <= there | FIELDS.keys() else metadata_keys(connection))
    for field, reason in LATER.items():
        if field in named:
            raise FilterError(f"{field} cannot be asked for yet: {reason}")
    asked = sorted(named & MEASURES.keys())
    if asked and not has_aspects(connection):
        raise FilterError(
            f"{asked[0]} cannot be asked for yet: no recording of this library has been measured; "
            "add the folders again with: tonotopy add PATH..."
        )
    return Translation(connection, windows).of(where)


class Translation:
    """From nodes of a filter to SQL."""

    def __init__(self, connection: Connection, windows: bool) -> None:
        self._connection = connection
        self._windows = windows

    def of(self, node: Filter) -> ColumnElement[bool]:
        """Translate a node with all below it."""
        match node:
            case And(terms):
                return joined(and_, [self.of(term) for term in terms])
            case Or(terms):
                return joined(or_, [self.of(term) for term in terms])
            case Not(term):
                return not_(self.of(term))
            case Unlabelled():
                return ~carries(None, windows=self._windows)
            case In(field, values, negated):
                any_of = self.holds(field, "in", values)
                return not_(any_of) if negated else any_of
            case Comparison(field, "!=", value):
                return not_(self.holds(field, "=", (value,)))
            case Comparison(field, op, value):
                return self.holds(field, op, (value,))

    def holds(self, field: str, op: str, values: tuple[Value, ...]) -> ColumnElement[bool]:
        """Say that a field has a value that fits; never null, so that its opposite is exact."""
        if field == "label":
            label = compare(tables.annotations.c.label, op, values)
            return carries(label, windows=self._windows)
        if field == "tag":
            return self.tagged(op, values)
        if field in COLUMNS:
            return func.coalesce(compare(COLUMNS[field], op, values), false())
        return metadata_holds(field, op, values)

    def tagged(self, op: str, values: tuple[Value, ...]) -> ColumnElement[bool]:
        """Say that a tag is one of some, or stands below one of them in the tree of sounds."""
        find = classes_like if op == "~" else classes_named
        classes = sorted({index for value in values for index in find(str(value))})
        found = tagged_with(self._connection, classes, windows=self._windows)
        anywhere = one_of(tables.recordings.c.id, found.recordings)
        if not self._windows:
            return anywhere
        here = one_of(tables.windows.c.id, found.windows)
        return and_(anywhere, or_(here, tables.windows.c.space_id.not_in(found.space_ids)))


def one_of(column: Column, ids: NDArray[np.int64]) -> ColumnElement[bool]:
    """Say that an id is one of many, as one bound value however many they are."""
    listed = func.json_each(json.dumps(ids.tolist())).table_valued("value")
    return column.in_(select(listed.c.value))


def joined(
    operator: Callable[..., ColumnElement[bool]], terms: list[ColumnElement[bool]]
) -> ColumnElement[bool]:
    """Join terms in groups of groups: SQLite reads a chain of at most 1,000."""
    while len(terms) > GROUP:
        groups = [terms[start : start + GROUP] for start in range(0, len(terms), GROUP)]
        # coalesce: without something around them, SQLAlchemy writes groups of groups as one chain
        terms = [func.coalesce(operator(*group), false()) for group in groups]
    return operator(*terms)


def full_path() -> Column:
    """Say in SQL what the absolute path of a recording is."""
    root = (
        select(func.rtrim(tables.roots.c.path, "/"))
        .where(tables.roots.c.id == tables.recordings.c.root_id)
        .correlate(tables.recordings)
        .scalar_subquery()
    )
    return root + "/" + tables.recordings.c.path


def measured(column: Column) -> Column:
    """Say in SQL what was measured of a recording."""
    return (
        select(column)
        .where(tables.recording_aspects.c.recording_id == tables.recordings.c.id)
        .correlate(tables.recordings)
        .scalar_subquery()
    )


COLUMNS: dict[str, Column] = {
    "path": full_path(),
    "device": tables.recordings.c.device,
    "duration_s": tables.recordings.c.duration_s,
    "recorded_at": tables.recordings.c.recorded_at,
    "added_at": tables.recordings.c.added_at,
    **{name: measured(column) for name, column in MEASURES.items()},
}
TIMES = ("recorded_at", "added_at")


def compare(column: Column, op: str, values: Sequence[Value]) -> ColumnElement[bool]:
    """Compare a column with a value, or with several where the operator is ``in``."""
    if any(column is COLUMNS[field] for field in TIMES):
        return or_(*(compare_time(column, op, str(value)) for value in values))
    values = [storable(value) if isinstance(value, str) else value for value in values]
    if op == "in":
        return column.in_(values)
    (value,) = values
    if op == "~":
        lowered = func.lowered(column, type_=String)
        return lowered.op("GLOB", is_comparison=True)(glob(str(value)))
    return COMPARE[op](column, value)


def glob(pattern: str) -> str:
    """Write a glob of ours, only ``*`` and ``?``, as SQLite's, which knows brackets too."""
    return pattern.lower().replace("[", "[[]")


def compare_time(column: Column, op: str, text: str) -> ColumnElement[bool]:
    """Compare a time with a moment, or, where only a date is given, with that whole day.

    A time without an offset is UTC, as times are kept.
    """
    begin = datetime.fromisoformat(text)
    try:
        begin = begin.astimezone(UTC) if begin.tzinfo else begin.replace(tzinfo=UTC)
    except OverflowError:
        raise FilterError(f"{text} is before the first year, or after the last, there is") from None
    if len(text) > len("2024-05-31"):
        return COMPARE["=" if op == "in" else op](column, begin)
    last_day = begin.date() == date.max
    end = begin.replace(hour=23, minute=59, second=59) if last_day else begin + timedelta(days=1)
    match op:
        case "<" | ">=":
            return COMPARE[op](column, begin)
        case "<=":
            return column < end
        case ">":
            return column >= end
        case _:
            return and_(column >= begin, column < end)


def metadata_holds(key: str, op: str, values: tuple[Value, ...]) -> ColumnElement[bool]:
    """Say that a metadata key has a value that fits, each value compared with its own kind.

    A number is compared with numbers and with text that reads as one, as ``03`` from a file's name.
    """
    entry = func.json_each(tables.recordings.c.metadata).table_valued("key", "value", "type")
    text = [value for value in values if isinstance(value, str)]
    flags = [str(value).lower() for value in values if isinstance(value, bool)]
    numbers = [value for value in values if not isinstance(value, str | bool)]
    read_number = func.number(entry.c.value, type_=Float)
    fits = [
        is_kind & compare(column, op, wanted)
        for is_kind, column, wanted in (
            (entry.c.type == "text", entry.c.value, text),
            (entry.c.type.in_(("true", "false")), entry.c.type, flags),
            (entry.c.type.in_(("integer", "real", "text")), read_number, numbers),
        )
        if wanted
    ]
    return select(entry.c.key).where(entry.c.key == key, or_(*fits)).exists()
