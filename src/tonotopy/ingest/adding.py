"""The verb `add`: find files, hear what is new or changed, store it recording by recording."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.audio import EXTENSIONS
from tonotopy.catalog import Catalog, Known, NewRecording, Space
from tonotopy.errors import LibraryError
from tonotopy.hearing import row_type
from tonotopy.hearing.worker import Heard, Task
from tonotopy.ingest import naming, space
from tonotopy.ingest.plan import Plan, is_gone, make_plan
from tonotopy.ingest.pool import hear_all
from tonotopy.ingest.scan import Found, Unreadable, scan

__all__ = ["Progress", "Report", "add"]

READ_ROWS = 4096


@dataclass(frozen=True, slots=True)
class Progress:
    """How far `add` is."""

    done: int  #: files heard, or found unfit
    n_files: int  #: files to hear
    done_bytes: int
    n_bytes: int
    audio_s: float  #: seconds of sound heard
    path: str  #: the file that was done last, empty at the beginning


@dataclass(slots=True)
class Report:
    """What `add` did."""

    space: str = ""
    new_space: bool = False
    added: int = 0
    unchanged: int = 0
    changed: int = 0
    moved: int = 0
    missing: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)  #: path and reason
    problems: list[dict[str, str]] = field(default_factory=list)  #: added, but not all of it
    windows: int = 0
    audio_s: float = 0.0
    elapsed_s: float = 0.0


def add(
    library: Catalog,
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    exclude: Sequence[str] = (),
    embedder: str | None = None,
    hop_s: float | None = None,
    channels: Literal["mix", "each"] | None = None,
    labels_from_folders: bool = False,
    label_pattern: str | None = None,
    jobs: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Report:
    """Add audio files and folders to a library, or bring what it knows of them up to date.

    Files that did not change cost a look at their size and date. What cannot be heard is stored
    as a failure with its reason and does not stop the run. Each recording lands in a transaction
    of its own: a run that is killed loses at most those it was hearing.

    Parameters
    ----------
    library : Catalog
        An open library; a new one is created.
    paths : path-like or sequence of them
        Files, and folders to walk.
    exclude : sequence of str
        Globs of names or whole paths to pass over.
    embedder : str, optional
        What to listen with, a name from ``tonotopy models``; by default as in the library's
        default space. Another one starts a new space.
    hop_s : float, optional
        Seconds between the starts of windows; another hop starts a new space.
    channels : {"mix", "each"}, optional
        Whether channels are mixed or heard by themselves; another way starts a new space.
    labels_from_folders : bool, default False
        Whether the folder that holds a file is its label.
    label_pattern : str, optional
        How file names are made, e.g. ``"{label}_{speaker}_{take}"``.
    jobs : int, optional
        Worker processes; by default as many as there are cores.
    on_progress : callable, optional
        Is told how far the run is.

    Returns
    -------
    Report
        Counts, failures with reasons, seconds of sound.

    Raises
    ------
    LibraryError
        If there is nothing to add, or the library cannot be written.
    EmbedderError
        If the embedder is unknown or cannot take its space's vectors further.

    Examples
    --------
    >>> import tonotopy as tt
    >>> library = tt.open("sounds.db")  # doctest: +SKIP
    >>> tt.add(library, "~/Sounds", labels_from_folders=True).added  # doctest: +SKIP
    4096
    """
    began = time.monotonic()
    given = absolute([paths] if isinstance(paths, str | os.PathLike) else paths)
    found, unreadable = look(given, exclude)
    library.create()
    with library.read() as connection:
        spaces = catalog.list_spaces(connection)
        asked = space.wanted(spaces, embedder, hop_s, channels)
        target = space.find(spaces, asked)
        covered = catalog.covered_recordings(connection, target) if target else set()
        plan = make_plan(connection, found, known_below(connection, given), covered)
    with library.write() as connection:
        remember_roots(connection, given)
        if target is None:
            target = space.start(connection, asked)
    report = Report(space=target.name, new_space=target not in spaces, unchanged=plan.unchanged)
    note_failures(library, report, unreadable)
    note_changes(library, report, plan)
    hear_and_store(library, report, plan, target, jobs or os.cpu_count() or 1, on_progress)
    if labels_from_folders or label_pattern is not None:
        label(library, given, found, from_folders=labels_from_folders, pattern=label_pattern)
    report.elapsed_s = time.monotonic() - began
    return report


def absolute(paths: Sequence[str | os.PathLike[str]]) -> list[str]:
    """Spell paths absolutely, links as they are; ``~`` is the user's home."""
    return [os.path.abspath(os.path.expanduser(path)) for path in paths]


def look(given: list[str], exclude: Sequence[str]) -> tuple[list[Found], list[Unreadable]]:
    """Find the files to add.

    Raises
    ------
    LibraryError
        If there are none.
    """
    found: list[Found] = []
    unreadable: list[Unreadable] = []
    for each in scan(given, exclude=exclude):
        if isinstance(each, Found):
            found.append(each)
        else:
            unreadable.append(each)
    if found:
        return found, unreadable
    if len(unreadable) == 1 and unreadable[0].path in given and is_gone(unreadable[0].path):
        raise LibraryError(f"there is no file or folder {unreadable[0].path}")
    if unreadable:
        reasons = "; ".join(f"{each.path}: {each.reason}" for each in unreadable[:3])
        raise LibraryError(f"nothing to add: {reasons}")
    raise LibraryError(
        f"no audio files in {', '.join(given)}; looked for {' '.join(sorted(EXTENSIONS))}"
    )


def known_below(connection: Connection, given: list[str]) -> dict[str, Known]:
    """List what the library knows below the paths that were given."""
    known: dict[str, Known] = {}
    for path in given:
        known.update(catalog.known_below(connection, path))
    return known


def remember_roots(connection: Connection, given: list[str]) -> None:
    """Make the folders that were given roots, unless they lie in one."""
    for path in given:
        if os.path.exists(path):
            catalog.root_for(connection, path if os.path.isdir(path) else os.path.dirname(path))


def note_failures(library: Catalog, report: Report, unreadable: list[Unreadable]) -> None:
    """Store what could not be looked at, and forget failures of what is gone."""
    with library.write() as connection:
        past = [catalog.unescape(failure.path) for failure in catalog.list_failures(connection)]
        catalog.clear_failures(connection, [path for path in past if is_gone(path)])
        for each in unreadable:
            note_failure(connection, report, each.path, each.reason)


def note_failure(connection: Connection, report: Report, path: str, reason: str) -> None:
    """Store and report one failure."""
    catalog.put_failure(connection, path, reason)
    report.failed.append({"path": catalog.escape(path), "reason": reason})


def note_changes(library: Catalog, report: Report, plan: Plan) -> None:
    """Store what is known without hearing: new dates, moves, files that are gone."""
    with library.write() as connection:
        for recording, file in plan.touched:
            catalog.touch_recording(connection, recording.id, file.mtime_ns)
        for move in plan.moves:
            catalog.move_recording(connection, move.known.id, move.found.path, move.found.mtime_ns)
        catalog.index_words(connection, [move.known.id for move in plan.moves])
        catalog.mark_missing(connection, [recording.id for recording in plan.missing])
    report.unchanged += len(plan.touched)
    report.moved = len(plan.moves)
    report.missing = len(plan.missing)


def hear_and_store(
    library: Catalog,
    report: Report,
    plan: Plan,
    target: Space,
    jobs: int,
    on_progress: Callable[[Progress], None] | None,
) -> None:
    """Hear what is new or changed and store each recording as soon as it is heard."""
    n_bytes = sum(file.size for file, _ in plan.hear)
    done_bytes = 0
    known = {file.path: recording for file, recording in plan.hear}
    with tempfile.TemporaryDirectory(prefix="tonotopy-") as spool:
        tasks = [
            Task(
                path=file.path,
                size=file.size,
                mtime_ns=file.mtime_ns,
                embedder=target.embedder,
                hop_s=target.hop_s,
                channels=target.channels,
                spool=os.path.join(spool, str(number)),
            )
            for number, (file, _) in enumerate(plan.hear)
        ]
        for done, (task, heard) in enumerate(hear_all(tasks, jobs=jobs), start=1):
            if heard.failure is None:
                store(library, report, target, task, heard, known[task.path])
            else:
                with library.write() as connection:
                    note_failure(connection, report, task.path, heard.failure)
            done_bytes += task.size
            if on_progress is not None:
                on_progress(
                    Progress(done, len(tasks), done_bytes, n_bytes, report.audio_s, task.path)
                )


def store(
    library: Catalog,
    report: Report,
    target: Space,
    task: Task,
    heard: Heard,
    known: Known | None,
) -> None:
    """Store a recording with its windows in one transaction."""
    new = NewRecording(
        path=task.path,
        size=task.size,
        mtime_ns=task.mtime_ns,
        content_hash=heard.content_hash,
        duration_s=heard.duration_s,
        sample_rate=heard.sample_rate,
        channels=heard.channels,
        format=heard.format,
        peaks=Path(task.spool + ".peaks").read_bytes(),
        problem=heard.problem,
    )
    rows = Path(task.spool + ".rows")
    with library.write() as connection:
        recording_id = catalog.put_recording(connection, new, known)
        catalog.put_windows(
            connection, target, recording_id, window_rows(rows, target, heard.duration_s)
        )
        catalog.index_words(connection, [recording_id])
        catalog.clear_failures(connection, [task.path])
    report.windows += rows.stat().st_size // row_type(target.dim).itemsize
    report.audio_s += heard.duration_s
    if known is None or known.content_hash == heard.content_hash:
        report.added += 1
    else:
        report.changed += 1
    if heard.problem is not None:
        report.problems.append({"path": catalog.escape(task.path), "reason": heard.problem})
    rows.unlink()
    Path(task.spool + ".peaks").unlink()


def window_rows(
    rows: Path, target: Space, duration_s: float
) -> Iterator[tuple[int | None, int, float, float, bytes]]:
    """Read spooled windows, some at a time, as the catalog takes them."""
    with rows.open("rb") as spool:
        while len(chunk := np.fromfile(spool, row_type(target.dim), READ_ROWS)):
            for channel, position, vector in zip(
                chunk["channel"].tolist(), chunk["position"].tolist(), chunk["vector"], strict=True
            ):
                start_s = position * target.hop_s
                end_s = min(start_s + target.window_s, duration_s)
                yield (None if channel < 0 else channel), position, start_s, end_s, vector.tobytes()


def label(
    library: Catalog,
    given: list[str],
    found: list[Found],
    *,
    from_folders: bool,
    pattern: str | None,
) -> None:
    """Label the recordings of the files that were found, heard now or before."""
    paths = {file.path for file in found}
    with library.write() as connection:
        recordings = {
            path: each.id for path, each in known_below(connection, given).items() if path in paths
        }
        naming.label_by_names(connection, recordings, from_folders=from_folders, pattern=pattern)
