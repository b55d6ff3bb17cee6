"""Functions of our own inside SQL: what SQLite reads otherwise than a filter means."""

from collections.abc import Callable
from math import isfinite
from typing import Any

__all__ = ["FUNCTIONS", "lowered", "number"]


def lowered(value: Any) -> str | None:
    """Write text in lower case, of any script; SQLite's own ``lower`` knows A to Z only."""
    return value.lower() if isinstance(value, str) else None


def number(value: Any) -> float | None:
    """Read a number, or text that is one; anything else is None.

    Examples
    --------
    >>> number("03"), number(2.5), number("2024-05-31"), number("nan")
    (3.0, 2.5, None, None)
    """
    try:
        read = float(value)
    except (TypeError, ValueError):
        return None
    return read if isfinite(read) and "_" not in str(value) else None


#: By their names in SQL; each connection gets them.
FUNCTIONS: dict[str, Callable[[Any], Any]] = {"lowered": lowered, "number": number}
