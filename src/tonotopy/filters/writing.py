"""From a filter back to text, and which fields it asks for."""

import reprlib
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import NamedTuple

from tonotopy.filters.nodes import FIELDS, And, Comparison, Filter, In, Not, Or, Unlabelled, Value
from tonotopy.filters.tokens import is_bare_field, pointed_error

__all__ = ["check_fields", "fields", "format_filter"]

_KEYS_LISTED = 20  # of a library that may have thousands


class _Piece(NamedTuple):
    text: str
    field: str | None = None  #: set where the piece is the name of a field


def format_filter(filter: Filter) -> str:
    """Write a filter in the language that `parse` reads.

    Examples
    --------
    >>> format_filter(Not(Or((Comparison("label", "=", "dog's"), Unlabelled()))))
    "not (label = 'dog''s' or unlabelled)"
    """
    return "".join(piece.text for piece in _pieces(filter))


def fields(filter: Filter) -> set[str]:
    """Collect the fields a filter asks for, ``unlabelled`` among them.

    Examples
    --------
    >>> sorted(fields(And((Comparison("speaker", "=", "anna"), Unlabelled()))))
    ['speaker', 'unlabelled']
    """
    return {piece.field for piece in _pieces(filter) if piece.field is not None}


def check_fields(filter: Filter, metadata_keys: Collection[str]) -> None:
    """Refuse a filter that asks for a field nobody has.

    Parameters
    ----------
    filter : Filter
        What `parse` read.
    metadata_keys : collection of str
        The metadata keys of the library, known besides the built-in `FIELDS`.

    Raises
    ------
    FilterError
        With the nearest spelling, if there is one, and the fields there are.
    """
    known = {*FIELDS, *metadata_keys}
    position = 0
    for piece in _pieces(filter):
        if piece.field is not None and piece.field not in known:
            problem = _unknown(piece.field, metadata_keys)
            raise pointed_error(problem, format_filter(filter), position)
        position += len(piece.text)


def _pieces(filter: Filter) -> Iterator[_Piece]:
    match filter:
        case Comparison(field, op, value):
            yield _field(field)
            yield _Piece(f" {op} {_value(value)}")
        case In(field, values, negated):
            yield _field(field)
            listed = ", ".join(_value(value) for value in values)
            yield _Piece(f" {'not ' * negated}in ({listed})")
        case Unlabelled():
            yield _Piece("unlabelled", "unlabelled")
        case Not(term):
            yield _Piece("not ")
            yield from _inside(term, bracketed=isinstance(term, And | Or))
        case And(terms):
            yield from _joined(terms, " and ", bracketed=(And, Or))
        case Or(terms):
            yield from _joined(terms, " or ", bracketed=(Or,))


def _joined(
    terms: tuple[Filter, ...], joint: str, *, bracketed: tuple[type, ...]
) -> Iterator[_Piece]:
    for number, term in enumerate(terms):
        if number:
            yield _Piece(joint)
        yield from _inside(term, bracketed=isinstance(term, bracketed))


def _inside(filter: Filter, *, bracketed: bool) -> Iterator[_Piece]:
    if bracketed:
        yield _Piece("(")
    yield from _pieces(filter)
    if bracketed:
        yield _Piece(")")


def _field(name: str) -> _Piece:
    text = name if is_bare_field(name) else "`" + name.replace("`", "``") + "`"
    return _Piece(text, name)


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


def _unknown(field: str, metadata_keys: Collection[str]) -> str:
    known = [*FIELDS, *sorted(set(metadata_keys) - FIELDS.keys())]
    spelled = {name.casefold(): name for name in reversed(known)}
    nearest = get_close_matches(field.casefold(), spelled, n=1)
    guess = f"; did you mean {_shown(spelled[nearest[0]])}?" if nearest else "."
    listed = ", ".join(_shown(name) for name in known[: len(FIELDS) + _KEYS_LISTED])
    left_out = len(known) - len(FIELDS) - _KEYS_LISTED
    more = f" and {left_out} more" if left_out > 0 else ""
    return f"there is no field {reprlib.repr(field)}{guess} Known are {listed}{more}"


def _shown(name: str) -> str:
    return name if name in FIELDS else _field(name).text
