"""From text to a filter."""

from collections.abc import Callable
from typing import cast

from tonotopy.filters.nodes import (
    And,
    Comparison,
    Filter,
    In,
    Not,
    Op,
    Or,
    Unlabelled,
    Value,
    name_complaint,
    op_complaint,
    value_complaint,
)
from tonotopy.filters.tokens import Token, brief, pointed_error, tokenize

__all__ = ["MAX_CHARACTERS", "MAX_DEPTH", "parse"]

MAX_CHARACTERS = 10_000  #: of an expression
MAX_DEPTH = 50  #: of parentheses and ``not`` inside each other

_LONGEST_INTEGER = 20  # digits and a sign; beyond, `int` may refuse, and no database holds it


def parse(text: str) -> Filter:
    """Read a filter.

    Parameters
    ----------
    text : str
        An expression in the language that `tonotopy.filters` describes, at most `MAX_CHARACTERS`
        long and `MAX_DEPTH` deep.

    Returns
    -------
    Filter
        ``parse(format_filter(f)) == f`` for every filter ``f`` within those limits.

    Raises
    ------
    FilterError
        If the text is not such an expression, or compares a built-in field with a value of
        another kind. The message points at the place and says what was expected there.

    Examples
    --------
    >>> parse("label = 'door' and duration_s < 2")
    And(terms=(Comparison(field='label', op='=', value='door'),
               Comparison(field='duration_s', op='<', value=2)))
    """
    if len(text) > MAX_CHARACTERS:
        problem = f"it has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read"
        raise pointed_error(problem, text, MAX_CHARACTERS)
    return _Reader(text).read()


class _Reader:
    """Recursive descent, one method for each rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokenize(text)
        self._next = 0

    def read(self) -> Filter:
        if self._token.kind == "end":
            raise self._error("it is empty; write for example label = 'door' and duration_s < 2")
        expression = self._or(depth=0)
        if self._token.kind != "end":
            raise self._expected("'and', 'or' or the end")
        return expression

    def _or(self, *, depth: int) -> Filter:
        terms = self._joined("or", lambda: self._and(depth=depth))
        return terms[0] if len(terms) == 1 else Or(tuple(terms))

    def _and(self, *, depth: int) -> Filter:
        terms = self._joined("and", lambda: self._not(depth=depth))
        return terms[0] if len(terms) == 1 else And(tuple(terms))

    def _joined(self, keyword: str, read_term: Callable[[], Filter]) -> list[Filter]:
        terms = [read_term()]
        while self._token.keyword == keyword:
            self._next += 1
            terms.append(read_term())
        return terms

    def _not(self, *, depth: int) -> Filter:
        if depth > MAX_DEPTH:
            raise self._error(f"it is nested more than {MAX_DEPTH} deep")
        if self._token.keyword == "not":
            self._next += 1
            return Not(self._not(depth=depth + 1))
        if self._token.text == "(":
            self._next += 1
            expression = self._or(depth=depth + 1)
            self._skip(")", "'and', 'or' or ')'")
            return expression
        return self._test()

    def _test(self) -> Filter:
        if self._token.keyword == "unlabelled":
            return self._unlabelled()
        field = self._field()
        negated = self._token.keyword == "not"
        self._next += negated
        if self._token.keyword == "in":
            self._next += 1
            return In(field, self._values(field), negated)
        if negated or self._token.kind != "op":
            raise self._expected("'in'" if negated else "one of = != < <= > >= ~ in")
        op = self._token.text
        self._refuse(op_complaint(field, op))
        self._next += 1
        return Comparison(field, cast(Op, op), self._value(field, op))

    def _unlabelled(self) -> Filter:
        self._next += 1
        if self._token.kind == "op" or self._token.keyword == "in":
            self._refuse(name_complaint("unlabelled"))
        return Unlabelled()

    def _field(self) -> str:
        token = self._token
        if token.kind == "field":
            field = token.unquoted
        elif token.kind == "word" and token.keyword is None:
            field = token.text
        else:
            raise self._expected("a field such as label or duration_s")
        self._refuse(name_complaint(field))
        self._next += 1
        return field

    def _values(self, field: str) -> tuple[Value, ...]:
        self._skip("(", "'(' and a list of values")
        values = [self._value(field, "=")]
        while self._token.text == ",":
            self._next += 1
            values.append(self._value(field, "="))
        self._skip(")", "',' or ')'")
        return tuple(values)

    def _value(self, field: str, op: str) -> Value:
        token = self._token
        if token.kind == "text":
            value: Value = token.unquoted
        elif token.kind == "number":
            value = _number(token.text)
        elif token.keyword in ("true", "false"):
            value = token.keyword == "true"
        elif token.kind == "word":
            raise self._error(f"expected a value; text stands in quotes: '{brief(token.text)}'")
        else:
            raise self._expected("a value: 'text', a number, true or false")
        self._refuse(value_complaint(field, op, value))
        self._next += 1
        return value

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _skip(self, mark: str, expected: str) -> None:
        if self._token.text != mark:
            raise self._expected(expected)
        self._next += 1

    def _refuse(self, problem: str | None) -> None:
        if problem is not None:
            raise self._error(problem)

    def _expected(self, what: str) -> Exception:
        found = "the end" if self._token.kind == "end" else brief(self._token.text)
        return self._error(f"expected {what}, found {found}")

    def _error(self, problem: str) -> Exception:
        return pointed_error(problem, self._text, self._token.start)


def _number(text: str) -> int | float:
    if set(text) & set(".eE") or len(text) > _LONGEST_INTEGER:
        return float(text)
    return int(text)
