"""Work in the background, with progress: one writer at a time, and beside it one reader.

A job runs in a process of its own, see `tonotopy.server.worker`: it may keep a core busy for
minutes without letting go of Python's lock, and the server must answer meanwhile, and stop at once
when it is told to.
"""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import count
from threading import Event, Lock
from typing import Any, Literal

from tonotopy.errors import NotInLibrary
from tonotopy.server.job_models import Adding, ExportOut, Job
from tonotopy.server.models import Items
from tonotopy.server.worker import Order

__all__ = ["Jobs"]

KEPT = 100  # jobs remembered
WORKER = (sys.executable, "-P", "-m", "tonotopy.server.worker")  # -P: no modules of this folder
READING = ("export",)  # kinds that change nothing, so they need not wait for those that do
UNDER_WAY = ("waiting", "running")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Entry:
    """A job with all that is needed to do it."""

    job: Job
    order: Order
    finish: Callable[[str], None] | None
    process: subprocess.Popen[str] | None = None
    stopped: bool = False


class Jobs:
    """Runs jobs and remembers how they stand.

    Parameters
    ----------
    worker : sequence of str, optional
        Command that reads an order from the first line of its standard input and reports on its
        standard output.
    """

    def __init__(self, worker: Sequence[str] = WORKER) -> None:
        self._worker = tuple(worker)
        self._entries: dict[int, Entry] = {}
        self._ids = count(1)
        self._lock = Lock()
        self._writing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writing-job")
        self._reading = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reading-job")
        self._closed = Event()

    def start(self, order: Order, *, finish: Callable[[str], None] | None = None) -> Job:
        """Start a job, or give the one that does the same already.

        Parameters
        ----------
        order : Order
            What to do.
        finish : callable, optional
            Is told how the job ended: done, failed or stopped.
        """
        with self._lock:
            same = self._find(lambda entry: entry.order == order)
            if same is not None:
                return same
            reads = order.kind in READING
            ahead = self._find(lambda entry: (entry.order.kind in READING) == reads)
            entry = self._enter(order, finish)
            entry.job.state = "running" if ahead is None else "waiting"
            (self._reading if reads else self._writing).submit(self._run, entry)
        return entry.job

    def keep_done(self, order: Order, *, export: ExportOut) -> Job:
        """Remember a job that was so small that it is done already."""
        with self._lock:
            job = self._enter(order, None).job
            job.state, job.progress, job.export = "done", 1.0, export
        return job

    def get(self, job_id: int) -> Job:
        """Tell how a job stands.

        Raises
        ------
        NotInLibrary
            If there is no such job.
        """
        return self._entry(job_id).job

    def stop(self, job_id: int) -> Job:
        """Stop a job; what it has done so far stays done.

        Raises
        ------
        NotInLibrary
            If there is no such job.
        """
        entry = self._entry(job_id)
        with self._lock:
            waits = entry.job.state == "waiting" and not entry.stopped
            entry.stopped = entry.stopped or entry.job.state in UNDER_WAY
            if entry.process is not None:
                entry.process.kill()
        if waits:
            end(entry, "stopped")
        return entry.job

    def running(self, kind: str, space: str, of: Items) -> Job | None:
        """Find the job that does something, if it runs or waits."""
        wanted = (kind, space, of)
        with self._lock:
            return self._find(
                lambda entry: (entry.order.kind, entry.order.space, entry.order.of) == wanted
            )

    def latest(self, kind: str) -> Job | None:
        """Find the job of a kind that runs, or else the first that waits."""
        with self._lock:
            return self._find(lambda entry: entry.order.kind == kind)

    def close(self) -> None:
        """Stop the jobs that run, and those that wait."""
        with self._lock:
            self._closed.set()
            for entry in self._entries.values():
                if entry.process is not None:
                    entry.process.kill()
        self._writing.shutdown(cancel_futures=True)
        self._reading.shutdown(cancel_futures=True)

    def _enter(self, order: Order, finish: Callable[[str], None] | None) -> Entry:
        job = Job(
            id=next(self._ids),
            kind=order.kind,
            space=order.space,
            of=order.of,
            state="waiting",
            progress=0,
        )
        self._entries[job.id] = Entry(job, order, finish)
        for old in list(self._entries)[:-KEPT]:
            if self._entries[old].job.state not in UNDER_WAY:
                del self._entries[old]
        return self._entries[job.id]

    def _entry(self, job_id: int) -> Entry:
        try:
            return self._entries[job_id]
        except KeyError:
            raise NotInLibrary(f"there is no job {job_id}; the server may have restarted") from None

    def _find(self, fits: Callable[[Entry], bool]) -> Job | None:
        for entry in self._entries.values():
            if entry.job.state in UNDER_WAY and not entry.stopped and fits(entry):
                return entry.job
        return None

    def _run(self, entry: Entry) -> None:
        job = entry.job
        if job.state == "stopped":  # while it waited
            return
        try:
            problem = self._follow(entry)
        except Exception as error:
            log.exception("the job %s failed", job.kind)
            problem = f"a bug in tonotopy, please report it: {error!r}"
        entry.process = None
        if problem is None:
            job.progress = 1.0
            end(entry, "done")
        elif entry.stopped:
            end(entry, "stopped")
        else:
            job.error = problem
            end(entry, "failed")

    def _follow(self, entry: Entry) -> str | None:
        """Have the work done, and note its progress; return what went wrong."""
        with self._lock:
            if self._closed.is_set():
                return "the server was stopped"
            if entry.stopped:
                return "it was stopped"  # before it began
            entry.process = process = subprocess.Popen(
                self._worker,
                stdin=subprocess.PIPE,  # its end tells the worker that the server is gone
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,  # Ctrl-C in the terminal is for the server
            )
            entry.job.state = "running"
        with process:
            hand_over(entry.order, process)
            for line in process.stdout or ():
                report = json.loads(line)
                note(entry.job, report)
                if "error" in report:
                    problem: str | None = report["error"]
                    return problem
        if self._closed.is_set():
            return "the server was stopped"
        return f"the process that computed it ended with status {process.returncode}"


def end(entry: Entry, state: Literal["done", "failed", "stopped"]) -> None:
    """Say that a job is over, when all that follows from it is done."""
    try:
        if entry.finish is not None:
            entry.finish(state)
    except Exception as error:
        log.exception("what follows the job %s failed", entry.job.kind)
        entry.job.error = f"a bug in tonotopy, please report it: {error!r}"
        state = "failed"
    entry.job.state = state


def hand_over(order: Order, process: subprocess.Popen[str]) -> None:
    """Tell a worker what to do; one that ended already tells why by its status."""
    if process.stdin is None:
        raise RuntimeError("the worker was started without a pipe")
    try:
        process.stdin.write(json.dumps(asdict(order)) + "\n")
        process.stdin.flush()
    except BrokenPipeError:
        with suppress(BrokenPipeError):
            process.stdin.close()  # what could not be written must not be tried again


def note(job: Job, report: dict[str, Any]) -> None:
    """Write down what a worker reports."""
    if not {"progress", "adding", "export", "error"} & report.keys():
        raise ValueError(f"the worker reported {sorted(report)}")
    if "progress" in report:
        job.progress = min(1.0, max(job.progress, report["progress"]))
    if "adding" in report:
        job.adding = Adding.model_validate(report["adding"])
    if "export" in report:
        job.export = ExportOut.model_validate(report["export"])
