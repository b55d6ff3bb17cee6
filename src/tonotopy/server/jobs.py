"""Work in the background, with progress: one job at a time, the rest wait."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Lock

from tonotopy.errors import NotInLibrary, TonotopyError
from tonotopy.server.models import Items, Job

__all__ = ["Jobs"]

KEPT = 100  # finished jobs remembered

log = logging.getLogger(__name__)


class Jobs:
    """Runs jobs and remembers how they stand."""

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}
        self._ids = count(1)
        self._lock = Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="job")

    def start(
        self,
        kind: str,
        space: str | None,
        of: Items,
        work: Callable[[Callable[[float], None]], object],
    ) -> Job:
        """Start work, or give the job that does the same already."""
        with self._lock:
            running = self._find(kind, space, of)
            if running is not None:
                return running
            job = Job(
                id=next(self._ids), kind=kind, space=space, of=of, state="running", progress=0
            )
            self._jobs[job.id] = job
            for old in list(self._jobs)[:-KEPT]:
                if self._jobs[old].state != "running":
                    del self._jobs[old]
        self._thread.submit(self._run, job, work)
        return job

    def _run(self, job: Job, work: Callable[[Callable[[float], None]], object]) -> None:
        def report(share: float) -> None:
            job.progress = min(1.0, max(job.progress, share))

        try:
            work(report)
        except TonotopyError as error:
            job.error, job.state = str(error), "failed"
        except Exception as error:
            log.exception("the job %s failed", job.kind)
            job.error, job.state = f"a bug in tonotopy, please report it: {error!r}", "failed"
        else:
            job.progress, job.state = 1.0, "done"

    def get(self, job_id: int) -> Job:
        """Tell how a job stands."""
        try:
            return self._jobs[job_id]
        except KeyError:
            raise NotInLibrary(f"there is no job {job_id}; the server may have restarted") from None

    def running(self, kind: str, space: str | None, of: Items) -> Job | None:
        """Find the job that does something, if it runs."""
        with self._lock:
            return self._find(kind, space, of)

    def _find(self, kind: str, space: str | None, of: Items) -> Job | None:
        for job in self._jobs.values():
            if (job.kind, job.space, job.of, job.state) == (kind, space, of, "running"):
                return job
        return None

    def close(self) -> None:
        """Stop taking work."""
        self._thread.shutdown(wait=False, cancel_futures=True)
