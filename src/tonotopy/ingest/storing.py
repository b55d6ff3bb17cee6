"""Hearing files and storing what was heard, a transaction each."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tonotopy import catalog
from tonotopy.catalog import Catalog, NewRecording, NewWindow, Space
from tonotopy.hearing import row_type
from tonotopy.hearing.worker import Task
from tonotopy.ingest.given import Given
from tonotopy.ingest.plan import Plan
from tonotopy.ingest.pool import Answer, hear_all
from tonotopy.ingest.report import Progress, Report
from tonotopy.ingest.space import Wanted

__all__ = ["hear_and_store", "note_failure"]

READ_ROWS = 4096


def hear_and_store(
    library: Catalog,
    report: Report,
    plan: Plan,
    target: Space,
    asked: Wanted,
    given: Given,
    jobs: int,
    on_progress: Callable[[Progress], None] | None,
) -> None:
    """Hear what is new or changed and store each recording as soon as it is heard.

    Raises
    ------
    LibraryError
        If the library cannot be written, or there is no room for what long files give.
    """
    sizes = {file.path: file.size for file in (*plan.hear, *plan.measure)}
    n_bytes, done_bytes = sum(sizes.values()), 0
    how = (asked.loaded_from, target.hop_s, target.channels)
    tasks = [Task(file.path, *how) for file in plan.hear]
    tasks += [Task(file.path, *how, only_aspects=True) for file in plan.measure]
    tell = on_progress or (lambda _: None)
    tell(Progress(0, len(tasks), 0, n_bytes, 0.0, ""))
    for done, answer in enumerate(hear_all(tasks, jobs=jobs), start=1):
        with answer.rows:
            path = answer.task.path
            if answer.task.only_aspects:
                store_aspects(library, report, answer)
            else:
                store(library, report, target, answer, given.root_of(path))
        done_bytes += sizes[path]
        tell(
            Progress(
                done,
                len(tasks),
                done_bytes,
                n_bytes,
                report.audio_s,
                path,
                len(report.failed),
            )
        )


def note_failure(connection: Connection, report: Report, path: str, reason: str) -> None:
    """Store and report one failure."""
    catalog.put_failure(connection, path, reason)
    report.failed.append({"path": catalog.escape(path), "reason": catalog.storable(reason)})


def store_aspects(library: Catalog, report: Report, answer: Answer) -> None:
    """Store what was measured of a recording whose windows are known."""
    with library.write() as connection:
        if answer.heard.failure is not None:
            note_failure(connection, report, answer.task.path, answer.heard.failure)
            return
        known = catalog.find_by_path(connection, answer.task.path)
        if known is not None:  # else another run took it out meanwhile
            catalog.put_aspects(connection, known.id, answer.heard.aspects)
            report.measured += 1


def store(library: Catalog, report: Report, target: Space, answer: Answer, root: str) -> None:
    """Store a recording with its windows, or why it could not be heard, in one transaction."""
    heard, path = answer.heard, answer.task.path
    if heard.failure is not None:
        with library.write() as connection:
            note_failure(connection, report, path, heard.failure)
        return
    new = NewRecording(
        path=path,
        size=heard.size,
        mtime_ns=heard.mtime_ns,
        content_hash=heard.content_hash,
        duration_s=heard.duration_s,
        sample_rate=heard.sample_rate,
        channels=heard.channels,
        format=heard.format,
        peaks=heard.packed_peaks,
        problem=heard.problem,
    )
    with library.write() as connection:
        known = catalog.find_by_path(connection, path)  # another run may have been here meanwhile
        recording_id = catalog.put_recording(connection, new, known, root=root)
        report.windows += catalog.put_windows(
            connection, target, recording_id, windows_of(answer, target)
        )
        if heard.tagged:
            scores = packed_scores(heard.class_scores)
            catalog.put_recording_scores(connection, target.id, recording_id, scores)
        catalog.put_aspects(connection, recording_id, heard.aspects)
        catalog.index_words(connection, [recording_id])
        catalog.clear_failures(connection, [path])
    report.audio_s += heard.duration_s
    if known is None or known.content_hash == heard.content_hash:
        report.added += 1
    else:
        report.changed += 1
    if heard.problem is not None:
        report.problems.append({"path": catalog.escape(path), "reason": heard.problem})


def packed_scores(scores: NDArray[np.float32]) -> bytes:
    """Pack the scores of all classes of a recording."""
    order = np.argsort(-scores, kind="stable")
    (packed,) = catalog.pack_scores(
        order[np.newaxis], scores[order][np.newaxis], floor=catalog.RECORDING_FLOOR
    )
    return packed


def windows_of(answer: Answer, target: Space) -> Iterator[NewWindow]:
    """Read spooled windows, some at a time, as the catalog takes them."""
    kind = row_type(target.dim, tagged=answer.heard.tagged)
    while block := answer.rows.read(READ_ROWS * kind.itemsize):
        chunk = np.frombuffer(block, kind)
        scores = [b""] * len(chunk)
        if answer.heard.tagged:
            scores = catalog.pack_scores(
                chunk["classes"], chunk["scores"], floor=catalog.WINDOW_FLOOR
            )
        for channel, position, vector, level_db, packed in zip(
            chunk["channel"].tolist(),
            chunk["position"].tolist(),
            chunk["vector"],
            chunk["level_db"].tolist(),
            scores,
            strict=True,
        ):
            start_s = position * target.hop_s
            end_s = min(start_s + target.window_s, answer.heard.duration_s)
            yield NewWindow(
                None if channel < 0 else channel,
                position,
                start_s,
                end_s,
                vector.tobytes(),
                level_db,
                packed,
            )
