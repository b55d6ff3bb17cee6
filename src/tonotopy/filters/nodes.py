"""What a filter is made of: frozen nodes that cannot hold nonsense."""

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import isfinite
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

__all__ = [
    "FIELDS",
    "And",
    "Comparison",
    "FieldKind",
    "Filter",
    "In",
    "Not",
    "Op",
    "Or",
    "Unlabelled",
    "Value",
    "is_time",
    "name_complaint",
    "op_complaint",
    "value_complaint",
]

Op = Literal["=", "!=", "<", "<=", ">", ">=", "~"]
Value: TypeAlias = str | int | float | bool

_ORDER = ("<", "<=", ">", ">=")
_LARGEST_INTEGER = 2**63 - 1  # what a database column holds


class FieldKind(StrEnum):
    """What a built-in field holds, and so what it may be compared with."""

    TEXT = "text"  #: ``=``, ``!=``, ``~`` and ``in``, with text
    NUMBER = "number"  #: everything but ``~``, with numbers
    TIME = "time"  #: everything but ``~``, with ISO 8601 text
    FLAG = "flag"  #: stands alone, as in ``unlabelled`` or ``not unlabelled``


#: The built-in fields; any other name is a metadata key, which holds text, numbers or true/false.
FIELDS: Mapping[str, FieldKind] = MappingProxyType(
    {
        "label": FieldKind.TEXT,
        "predicted": FieldKind.TEXT,
        "tag": FieldKind.TEXT,
        "path": FieldKind.TEXT,
        "device": FieldKind.TEXT,
        "duration_s": FieldKind.NUMBER,
        "loudness_db": FieldKind.NUMBER,
        "pitch_hz": FieldKind.NUMBER,
        "brightness_hz": FieldKind.NUMBER,
        "onsets_per_s": FieldKind.NUMBER,
        "attack_s": FieldKind.NUMBER,
        "decay_s": FieldKind.NUMBER,
        "recorded_at": FieldKind.TIME,
        "added_at": FieldKind.TIME,
        "unlabelled": FieldKind.FLAG,
    }
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field against one value, as in ``duration_s < 2``."""

    field: str
    op: Op
    value: Value

    def __post_init__(self) -> None:
        _refuse(
            name_complaint(self.field)
            or op_complaint(self.field, self.op)
            or value_complaint(self.field, self.op, self.value)
        )


@dataclass(frozen=True, slots=True)
class In:
    """A field against a list of values, as in ``label in ('door', 'bell')``."""

    field: str
    values: tuple[Value, ...]
    negated: bool = False  #: ``not in``

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError(f"values of {self.field!r} are empty; give at least one")
        _refuse(name_complaint(self.field))
        for value in self.values:
            _refuse(value_complaint(self.field, "=", value))


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """Recordings that nobody, no folder and no file name has given a label."""


@dataclass(frozen=True, slots=True)
class Not:
    """What the term leaves out."""

    term: "Filter"


@dataclass(frozen=True, slots=True)
class And:
    """What fits all of two or more terms."""

    terms: tuple["Filter", ...]

    def __post_init__(self) -> None:
        _need_two("And", self.terms)


@dataclass(frozen=True, slots=True)
class Or:
    """What fits any of two or more terms."""

    terms: tuple["Filter", ...]

    def __post_init__(self) -> None:
        _need_two("Or", self.terms)


Filter: TypeAlias = And | Or | Not | Comparison | In | Unlabelled


def name_complaint(field: str) -> str | None:
    """Say why a name cannot be compared with anything, or None if it can."""
    if not field:
        return "a field needs a name"
    if FIELDS.get(field) is FieldKind.FLAG:
        return f"{field} stands alone; write {field} or not {field}"
    return None


def op_complaint(field: str, op: str) -> str | None:
    """Say why a field has no such comparison, or None if it has.

    Examples
    --------
    >>> op_complaint("duration_s", "~")
    'duration_s is a number; ~ is for text'
    """
    kind = FIELDS.get(field)
    if op not in get_args(Op):
        return f"{op!r} is no comparison; use one of {' '.join(get_args(Op))}"
    if kind is FieldKind.TEXT and op in _ORDER:
        return f"{field} is text and has no order; use = != ~ or in, not {op}"
    if kind in (FieldKind.NUMBER, FieldKind.TIME) and op == "~":
        return f"{field} is a {kind}; ~ is for text"
    return None


def value_complaint(field: str, op: str, value: Value) -> str | None:
    """Say why a field cannot be compared with this value, or None if it can.

    Examples
    --------
    >>> value_complaint("duration_s", "<", "long")
    "duration_s is a number, not 'long'"
    """
    kind = FIELDS.get(field)
    shown = reprlib.repr(value)
    is_number = not isinstance(value, str | bool)
    if not isinstance(value, str) and not _fits(value):
        return f"{shown} is too large a number"
    if op == "~" and not isinstance(value, str):
        return f"~ compares with a glob in quotes, such as '*.wav', not {shown}"
    if op in _ORDER and isinstance(value, bool):
        return f"true and false have no order; use = or !=, not {op}"
    if kind is FieldKind.TEXT and not isinstance(value, str):
        return f"{field} is text, in quotes, not {shown}"
    if kind is FieldKind.NUMBER and not is_number:
        return f"{field} is a number, not {shown}"
    if kind is FieldKind.TIME and not (isinstance(value, str) and is_time(value)):
        return f"{field} is a time such as '2024-05-31' or '2024-05-31T18:00:00+02:00', not {shown}"
    return None


def is_time(text: str) -> bool:
    """Tell whether text is an ISO 8601 date, or date and time.

    Examples
    --------
    >>> is_time("2024-05-31"), is_time("2024-05-31T18:00:00+02:00"), is_time("yesterday")
    (True, True, False)
    """
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _fits(number: int | float) -> bool:
    if isinstance(number, int):
        return -_LARGEST_INTEGER - 1 <= number <= _LARGEST_INTEGER
    return isfinite(number)


def _refuse(problem: str | None) -> None:
    if problem is not None:
        raise ValueError(problem)


def _need_two(name: str, terms: tuple[Filter, ...]) -> None:
    if len(terms) < 2:
        raise ValueError(f"{name} needs at least two terms, not {len(terms)}; use the term itself")
