"""Filters as SQL: the one place where a user's expression becomes a condition on rows.

Every value travels as a bound parameter; no text of the user's is ever part of a statement.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    and_,
    cast,
    false,
    func,
    not_,
    or_,
    select,
    true,
)

from tonotopy.catalog import tables
from tonotopy.catalog.annotations import carries
from tonotopy.errors import FilterError
from tonotopy.filters import (
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

LATER = {
    "predicted": "no classifier has been trained in this library",
    "tag": "no embedder of this library gives tags",
}


def metadata_keys(connection: Connection) -> set[str]:
    """List the metadata keys that the recordings of a library have."""
    rows = connection.exec_driver_sql(
        "SELECT DISTINCT json_each.key FROM recordings, json_each(recordings.metadata)"
    )
    return {row[0] for row in rows}


def condition(connection: Connection, where: Filter, *, windows: bool) -> ColumnElement[bool]:
    """Turn a filter into a condition on recordings, or on windows joined to recordings.

    Parameters
    ----------
    connection : Connection
        A reading one: fields are checked against the library's metadata.
    where : Filter
        What `tonotopy.filters.parse` gave.
    windows : bool
        Whether a label must cover the window, or be anywhere in the recording.

    Raises
    ------
    FilterError
        If a field is unknown, or nothing in the library can have it.
    """
    named = fields(where)
    check_fields(where, metadata_keys(connection))
    for field, reason in LATER.items():
        if field in named:
            raise FilterError(f"{field} cannot be asked for yet: {reason}")
    return Translation(windows).of(where)


class Translation:
    """From nodes of a filter to SQL."""

    def __init__(self, windows: bool) -> None:
        self._windows = windows

    def of(self, node: Filter) -> ColumnElement[bool]:
        """Translate a node with all below it."""
        match node:
            case And(terms):
                return and_(true(), *map(self.of, terms))
            case Or(terms):
                return or_(false(), *map(self.of, terms))
            case Not(term):
                return not_(self.of(term))
            case Unlabelled():
                return ~carries(None, windows=self._windows)
            case In(field, values, negated):
                any_of = or_(*(self.test(field, "=", value) for value in values))
                return not_(any_of) if negated else any_of
            case Comparison(field, "!=", value):
                return not_(self.test(field, "=", value))
            case Comparison(field, op, value):
                return self.test(field, op, value)

    def test(self, field: str, op: str, value: Value) -> ColumnElement[bool]:
        """Translate one comparison; never null, so that its opposite is exact."""
        if field == "label":
            return carries(compare(tables.annotations.c.label, op, value), windows=self._windows)
        if field in COLUMNS:
            return func.coalesce(compare(COLUMNS[field], op, value), false())
        return func.coalesce(compare_metadata(field, op, value), false())


def full_path() -> Column:
    """Say in SQL what the absolute path of a recording is."""
    root = (
        select(tables.roots.c.path)
        .where(tables.roots.c.id == tables.recordings.c.root_id)
        .correlate(tables.recordings)
        .scalar_subquery()
    )
    return root + "/" + tables.recordings.c.path


COLUMNS: dict[str, Column] = {
    "path": full_path(),
    "device": tables.recordings.c.device,
    "duration_s": tables.recordings.c.duration_s,
    "recorded_at": tables.recordings.c.recorded_at,
    "added_at": tables.recordings.c.added_at,
}


def compare(column: Column, op: str, value: Value) -> ColumnElement[bool]:
    """Compare a column with a value."""
    if op == "~":
        return func.lower(column).op("GLOB", is_comparison=True)(glob(str(value)))
    if column is COLUMNS["recorded_at"] or column is COLUMNS["added_at"]:
        return COMPARE[op](column, moment(str(value)))
    return COMPARE[op](column, value)


def glob(pattern: str) -> str:
    """Write a glob of ours, only ``*`` and ``?``, as SQLite's, which knows brackets too."""
    return pattern.lower().replace("[", "[[]")


def moment(text: str) -> datetime:
    """Read a time; one without an offset is UTC, as times are kept."""
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def compare_metadata(key: str, op: str, value: Value) -> ColumnElement[bool]:
    """Compare a metadata key: a number with what reads as a number, text with text."""
    stored = tables.recordings.c.metadata[key]
    if isinstance(value, bool):
        return COMPARE[op](stored.as_boolean(), value)
    text = stored.as_string()
    if isinstance(value, str):
        return compare(text, op, value)
    begins = text.op("GLOB", is_comparison=True)("[-+.0-9]*")
    goes_on = ~text.op("GLOB", is_comparison=True)("*[^-+.0-9eE]*")
    return and_(begins, goes_on, COMPARE[op](cast(text, Float), value))
