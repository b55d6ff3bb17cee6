"""The words of a filter, and how to point at one that is wrong."""

import re
import unicodedata
from typing import NamedTuple

from tonotopy.errors import FilterError

__all__ = ["KEYWORDS", "Token", "brief", "is_bare_field", "pointed_error", "tokenize"]

KEYWORDS = frozenset({"and", "or", "not", "in", "true", "false", "unlabelled"})

_SHOWN_BEFORE, _SHOWN_AFTER = 50, 30  # characters of a long expression around the caret

_LONGEST_QUOTE = 40  # characters of the expression inside a message

_FIELD = r"[^\W\d][\w.\-]*"
_TOKEN = re.compile(
    rf"""
      (?P<space>\s+)
    | (?P<op>!=|<=|>=|[=<>~])
    | (?P<mark>[(),])
    | (?P<text>'[^']*(?:''[^']*)*' | "[^"]*(?:""[^"]*)*")
    | (?P<field>`[^`]*(?:``[^`]*)*`)
    | (?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.]))
    | (?P<word>{_FIELD})
    """,
    re.VERBOSE,
)


class Token(NamedTuple):
    """A word of a filter and where it stands."""

    kind: str  #: ``op``, ``mark``, ``text``, ``field`` (back-quoted), ``number``, ``word``, ``end``
    text: str  #: as written
    start: int  #: position in the expression

    @property
    def keyword(self) -> str | None:
        """The keyword that this is, in lower case, or None."""
        lower = self.text.lower()
        return lower if self.kind == "word" and lower in KEYWORDS else None

    @property
    def unquoted(self) -> str:
        """What stands between the quotes, doubled quotes made single."""
        quote = self.text[0]
        return self.text[1:-1].replace(quote * 2, quote)


def tokenize(text: str) -> list[Token]:
    """Split a filter into its words; the last one is of kind ``end``.

    Raises
    ------
    FilterError
        If a character cannot start a word, or a quote is left open.
    """
    tokens = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise pointed_error(_lexical_problem(text, position), text, position)
        kind = match.lastgroup or ""
        if kind != "space":
            tokens.append(Token(kind, match[0], position))
        position = match.end()
    tokens.append(Token("end", "", len(text)))
    return tokens


def is_bare_field(name: str) -> bool:
    """Tell whether a field may be written without back quotes.

    Examples
    --------
    >>> is_bare_field("take-2"), is_bare_field("signal to noise"), is_bare_field("Not")
    (True, False, False)
    """
    return re.fullmatch(_FIELD, name) is not None and name.lower() not in KEYWORDS


def brief(text: str) -> str:
    """Fit text into a message: one line, and not a long one."""
    cut = text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "..."
    return _printable(cut)


def pointed_error(problem: str, text: str, position: int) -> FilterError:
    """Make an error that shows the expression with a caret under the place.

    Examples
    --------
    >>> print(pointed_error("expected a value", "label =", 7))
    cannot read the filter: expected a value
      label =
             ^
    """
    first = max(0, position - _SHOWN_BEFORE)
    last = min(len(text), position + _SHOWN_AFTER)
    before = ("..." if first else "") + _printable(text[first:position])
    after = _printable(text[position:last]) + ("..." if last < len(text) else "")
    indent = " " * sum(_columns(char) for char in before)
    return FilterError(f"cannot read the filter: {problem}\n  {before}{after}\n  {indent}^")


def _lexical_problem(text: str, position: int) -> str:
    char = text[position]
    if char in "'\"`":
        return f"the quote {char} is never closed; inside quotes, double it to mean itself"
    if char.isdigit() or char in "+-.":
        return "this is neither a number nor a field; a field that is odd stands in `back quotes`"
    return (
        f"{char!r} means nothing here; text stands in 'quotes', a field that is odd "
        "in `back quotes`"
    )


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
