"""The process that does a job: it takes an order as its argument and reports on standard output.

A report is a line of JSON: ``{"progress": 0.5}`` any number of times, then ``{"error": null}``, or
what went wrong in its place. The process ends when its standard input does, so that it does not
outlive a server that was killed.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import Any, TextIO

from tonotopy.catalog import Catalog, open_catalog
from tonotopy.errors import TonotopyError
from tonotopy.explore import Items, compute_umap

__all__ = ["KINDS", "Order", "main"]

KINDS: dict[str, Callable[..., object]] = {"umap": compute_umap}


@dataclass(frozen=True, slots=True)
class Order:
    """What to do."""

    kind: str  #: of `KINDS`
    library: str  #: path
    space: str
    of: Items


def carry_out(order: Order, report: Callable[[dict[str, Any]], None]) -> str | None:
    """Do what was ordered; return what went wrong, if something did."""
    try:
        with open_catalog(order.library, create=False) as library:
            work(library, order, lambda share: report({"progress": share}))
    except TonotopyError as error:
        return str(error)
    except Exception as error:
        traceback.print_exc()
        return f"a bug in tonotopy, please report it: {error!r}"
    return None


def work(library: Catalog, order: Order, on_progress: Callable[[float], None]) -> None:
    """Call the verb of an order."""
    KINDS[order.kind](library, items=order.of, space=order.space, on_progress=on_progress)


def put(answers: TextIO, report: dict[str, Any]) -> None:
    """Write a report, at once."""
    answers.write(json.dumps(report) + "\n")
    answers.flush()


def main() -> None:
    """Carry out one order."""
    report = partial(put, os.fdopen(os.dup(1), "w"))
    os.dup2(2, 1)  # what a library prints must not get between the reports
    order = Order(**json.loads(sys.argv[1]))

    def watch() -> None:
        sys.stdin.read()
        os._exit(1)  # the server is gone

    Thread(target=watch, daemon=True).start()
    report({"error": carry_out(order, report)})


if __name__ == "__main__":
    main()
