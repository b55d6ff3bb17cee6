"""Work in the background, with progress: one job at a time, the rest wait.

A job runs in a process of its own, see `tonotopy.server.worker`: it may keep a core busy for
minutes without letting go of Python's lock, and the server must answer meanwhile, and stop at once
when it is told to.
"""

import json
import logging
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from itertools import count
from threading import Event, Lock

from tonotopy.errors import NotInLibrary
from tonotopy.server.models import Items, Job
from tonotopy.server.worker import Order

__all__ = ["Jobs"]

KEPT = 100  # jobs remembered
WORKER = (sys.executable, "-P", "-m", "tonotopy.server.worker")  # -P: no modules of this folder

log = logging.getLogger(__name__)


class Jobs:
    """Runs jobs and remembers how they stand.

    Parameters
    ----------
    worker : sequence of str, optional
        Command that takes an order as its last argument and reports on standard output.
    """

    def __init__(self, worker: Sequence[str] = WORKER) -> None:
        self._worker = tuple(worker)
        self._jobs: dict[int, Job] = {}
        self._ids = count(1)
        self._lock = Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="job")
        self._process: subprocess.Popen[str] | None = None
        self._closed = Event()

    def start(self, library: str, kind: str, space: str, of: Items) -> Job:
        """Start a job, or give the one that does the same already.

        Parameters
        ----------
        library : str
            Path of the library.
        kind : str
            What to do, of `tonotopy.server.worker.KINDS`.
        space : str
            Name of the space.
        of : {"recordings", "windows"}
            What the job is about.
        """
        with self._lock:
            running = self._find(kind, space, of)
            if running is not None:
                return running
            number = next(self._ids)
            job = Job(id=number, kind=kind, space=space, of=of, state="running", progress=0)
            self._jobs[number] = job
            for old in list(self._jobs)[:-KEPT]:
                if self._jobs[old].state != "running":
                    del self._jobs[old]
            order = Order(kind=kind, library=library, space=space, of=of)
            self._thread.submit(self._run, job, order)
        return job

    def get(self, job_id: int) -> Job:
        """Tell how a job stands.

        Raises
        ------
        NotInLibrary
            If there is no such job.
        """
        try:
            return self._jobs[job_id]
        except KeyError:
            raise NotInLibrary(f"there is no job {job_id}; the server may have restarted") from None

    def running(self, kind: str, space: str, of: Items) -> Job | None:
        """Find the job that does something, if it runs or waits."""
        with self._lock:
            return self._find(kind, space, of)

    def close(self) -> None:
        """Stop the job that runs, and those that wait."""
        with self._lock:
            self._closed.set()
            if self._process is not None:
                self._process.kill()
        self._thread.shutdown(cancel_futures=True)

    def _find(self, kind: str, space: str, of: Items) -> Job | None:
        for job in self._jobs.values():
            if (job.kind, job.space, job.of, job.state) == (kind, space, of, "running"):
                return job
        return None

    def _run(self, job: Job, order: Order) -> None:
        try:
            problem = self._follow(job, order)
        except Exception as error:
            log.exception("the job %s failed", job.kind)
            problem = f"a bug in tonotopy, please report it: {error!r}"
        if problem is None:
            job.progress, job.state = 1.0, "done"
        else:
            job.error, job.state = problem, "failed"

    def _follow(self, job: Job, order: Order) -> str | None:
        """Have the work done, and note its progress; return what went wrong."""
        with self._lock:
            if self._closed.is_set():
                return "the server was stopped"
            self._process = process = subprocess.Popen(
                [*self._worker, json.dumps(asdict(order))],
                stdin=subprocess.PIPE,  # its end tells the worker that the server is gone
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,  # Ctrl-C in the terminal is for the server
            )
        with process:
            for line in process.stdout or ():
                report = json.loads(line)
                if "progress" in report:
                    job.progress = min(1.0, max(job.progress, report["progress"]))
                else:
                    problem: str | None = report["error"]
                    return problem
        if self._closed.is_set():
            return "the server was stopped"
        return f"the process that computed it ended with status {process.returncode}"
