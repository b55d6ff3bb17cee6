"""Printing: tables and JSON to standard output, messages and progress to standard error."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["bar", "clock", "duration", "printable", "say", "show_json", "show_table"]


def printable(text: str) -> str:
    r"""Make text safe for a terminal: a name may hold newlines and escape sequences.

    Examples
    --------
    >>> printable("a\nb")
    'a\\nb'
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def say(text: str) -> None:
    """Print a message to standard error."""
    print(text, file=sys.stderr, flush=True)


def show_json(value: Any) -> None:
    """Print a value, a dataclass or a list of them as one JSON document."""
    json.dump(value, sys.stdout, default=as_json, ensure_ascii=False, indent=2)
    print()


def as_json(value: Any) -> Any:
    """Turn what JSON does not know into what it knows."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON")


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; columns whose name begins with ``>`` are aligned to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        right = column.startswith(">")
        table.add_column(column.lstrip(">"), justify="right" if right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else 160, highlight=False).print(table)


@contextmanager
def bar(*, quiet: bool = False) -> Iterator["Progress"]:
    """Show progress on standard error while a terminal is there to see it."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    ) as progress:
        yield progress


def duration(seconds: float) -> str:
    """Write a length of sound as people say it.

    Examples
    --------
    >>> duration(0.05), duration(75), duration(7325), duration(200_000)
    ('0.05 s', '1 min 15 s', '2 h 2 min', '55 h 33 min')
    """
    if seconds < 60:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    if hours:
        return f"{hours} h {rest // 60} min"
    return f"{rest // 60} min {rest % 60} s"


def clock(seconds: float) -> str:
    """Write a place in a recording.

    Examples
    --------
    >>> clock(3.5), clock(75.25), clock(3725)
    ('3.50', '1:15.25', '1:02:05.00')
    """
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    if hours:
        return f"{int(hours)}:{int(minutes):02d}:{rest:05.2f}"
    return f"{int(minutes)}:{rest:05.2f}" if minutes else f"{rest:.2f}"
