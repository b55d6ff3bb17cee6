"""The process that does a job: it reads an order and reports on standard output.

The order is the first line of its standard input, in JSON. A report is a line of JSON:
``{"progress": 0.5}``, or more that a job of its kind tells, any number of times; then
``{"error": null}``, or what went wrong in its place. The process ends when its standard input does,
so that it does not outlive a server that was killed.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from threading import Thread
from typing import Any, TextIO, TypeAlias

from tonotopy.catalog import Catalog, open_catalog
from tonotopy.errors import TonotopyError
from tonotopy.explore import Items, compute_umap
from tonotopy.server.adding_work import add_sounds

__all__ = ["KINDS", "Order", "main", "take_out"]

Report: TypeAlias = Callable[[dict[str, Any]], None]
STEP = 0.005  # of progress that is worth a report
NICER = 5  # than the server, which must answer meanwhile


@dataclass(frozen=True, slots=True)
class Order:
    """What to do."""

    kind: str  #: of `KINDS`
    library: str  #: path
    space: str | None = None
    of: Items = "recordings"
    options: dict[str, Any] = field(default_factory=dict)  #: what only its kind has


def project(library: Catalog, order: Order, report: Report) -> None:
    """Compute a UMAP."""
    compute_umap(
        library,
        items=order.of,
        space=order.space,
        on_progress=lambda share: report({"progress": share}),
    )


def add(library: Catalog, order: Order, report: Report) -> None:
    """Add the folder that the options name."""
    add_sounds(library, report=report, **order.options)


def export_with_progress(library: Catalog, order: Order, report: Report) -> None:
    """Make the file that the options name."""
    told = 0.0

    def tell(share: float) -> None:
        nonlocal told
        if share - told >= STEP:
            told = share
            report({"progress": share})

    report({"export": take_out(library, order, on_progress=tell)})


def take_out(
    library: Catalog, order: Order, *, on_progress: Callable[[float], None] | None = None
) -> dict[str, Any]:
    """Make the file that the options of an order name, and describe it as `ExportOut` does."""
    from tonotopy.exchange import export

    path = order.options["path"]
    done = export(
        library,
        path,
        format=order.options["format"],
        items=order.of,
        ids=order.options["ids"],
        space=order.space,
        on_progress=on_progress,
    )
    return {
        "id": order.options["number"],
        "name": order.options["name"],
        "bytes": os.path.getsize(path),
        "n": done.n,
        "missing": done.missing,
    }


KINDS: dict[str, Callable[[Catalog, Order, Report], None]] = {
    "umap": project,
    "add": add,
    "export": export_with_progress,
}


def carry_out(order: Order, report: Report) -> str | None:
    """Do what was ordered; return what went wrong, if something did."""
    try:
        with open_catalog(order.library, create=False) as library:
            KINDS[order.kind](library, order, report)
    except TonotopyError as error:
        return str(error)
    except Exception as error:
        traceback.print_exc()
        return f"a bug in tonotopy, please report it: {error!r}"
    return None


def put(answers: TextIO, report: dict[str, Any]) -> None:
    """Write a report, at once."""
    answers.write(json.dumps(report) + "\n")
    answers.flush()


def main() -> None:
    """Carry out one order."""
    report = partial(put, os.fdopen(os.dup(1), "w"))
    os.dup2(2, 1)  # what a library prints must not get between the reports
    order = Order(**json.loads(sys.stdin.readline()))

    def watch() -> None:
        sys.stdin.read()
        os._exit(1)  # the server is gone

    Thread(target=watch, daemon=True).start()
    if hasattr(os, "nice"):  # Windows has none
        os.nice(NICER)
    report({"error": carry_out(order, report)})


if __name__ == "__main__":
    main()
