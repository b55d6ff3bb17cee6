"""Adding, within the process of a job: the verb `add`, with its rate and the time left."""

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tonotopy.catalog import Catalog

if TYPE_CHECKING:
    from tonotopy.ingest import Progress, Report

__all__ = ["add_sounds"]

SHOWN = 100  # failures with their reasons; the library holds all of them
PAUSE_S = 0.2  # between reports
SETTLED_S = 2.0  # before this long, a rate tells little


def add_sounds(
    library: Catalog,
    *,
    folder: str,
    within: str,
    labels_from_folders: bool,
    report: Callable[[dict[str, Any]], None],
) -> None:
    """Add a folder to a library and report how it goes.

    Parameters
    ----------
    library : Catalog
        An open library.
    folder : str
        What is added, with all that is below it.
    within : str
        The folder that nothing may lie outside of, wherever links lead.
    labels_from_folders : bool
        Whether the folder that holds a file is its label.
    report : callable
        Takes reports.
    """
    from tonotopy.ingest import add
    from tonotopy.ingest.adding import n_cores
    from tonotopy.retrieve import prepare_index

    began = time.monotonic()
    said = -PAUSE_S

    def tell(state: "Progress") -> None:
        nonlocal said
        elapsed_s = time.monotonic() - began
        if elapsed_s - said >= PAUSE_S or state.done == state.n_files:
            said = elapsed_s
            share = state.done_bytes / state.n_bytes if state.n_bytes else 0.0
            report({"progress": share, "adding": progress(state, elapsed_s)})

    done = add(
        library,
        folder,
        within=within,
        labels_from_folders=labels_from_folders,
        jobs=max(1, n_cores() - 1),  # one is for the server
        on_progress=tell,
    )
    prepare_index(library, space=done.space)
    report({"adding": outcome(done)})


def outcome(done: "Report") -> dict[str, Any]:
    """Say what adding did."""
    n_done = done.added + done.changed + len(done.failed)
    return {
        "n_files": n_done,
        "done": n_done,
        "audio_s": done.audio_s,
        "elapsed_s": done.elapsed_s,
        "left_s": 0.0,
        "added": done.added + done.changed,
        "unchanged": done.unchanged + done.moved,
        "n_failed": len(done.failed),
        "failed": [
            {"name": os.path.basename(each["path"]), "reason": each["reason"]}
            for each in done.failed[:SHOWN]
        ],
    }


def progress(state: "Progress", elapsed_s: float) -> dict[str, Any]:
    """Say how far adding is, and how long it will take if it goes on like this."""
    share = state.done_bytes / state.n_bytes if state.n_bytes else 0.0
    known = share > 0 and elapsed_s >= SETTLED_S
    return {
        "n_files": state.n_files,
        "done": state.done,
        "audio_s": state.audio_s,
        "elapsed_s": elapsed_s,
        "left_s": elapsed_s * (1 - share) / share if known else None,
        "n_failed": state.n_failed,
    }
