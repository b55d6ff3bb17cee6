"""Worker processes, each fed by a thread that knows which file it is hearing."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from queue import SimpleQueue
from tempfile import SpooledTemporaryFile, gettempdir
from threading import Lock
from typing import IO

from tonotopy.errors import LibraryError, TonotopyError
from tonotopy.hearing.worker import Heard, Task, read_answer, read_hello, write_task

__all__ = ["Answer", "hear_all"]

IN_MEMORY = 1 << 20  # bytes of rows; what is longer goes to a nameless file of its own
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    ),
    "1",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a task."""

    task: Task
    heard: Heard
    rows: IO[bytes]  #: of `tonotopy.hearing.row_type`, at its beginning; to be closed


class Worker:
    """One worker process; it is started when first needed, and again if it crashed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self._lock = Lock()

    def hear(self, task: Task) -> Answer:
        """Have a file heard; a crash of the decoder is that file's failure and no other's."""
        rows: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  (goes with the answer)
        process = self._running()
        try:
            write_task(pipe(process.stdin), task)
            heard = read_answer(pipe(process.stdout), lambda block: keep(rows, block))
        except BrokenPipeError:
            heard = None
        except LibraryError:
            process.kill()  # in the middle of an answer: its rest is no answer to another task
            process.wait()
            raise
        if heard is None:
            heard = Heard(failure=f"the decoder crashed on it ({how_it_ended(process)})")
        rows.seek(0)
        return Answer(task, heard, rows)

    def _running(self) -> subprocess.Popen[bytes]:
        """Give the process; start one if there is none, or it ended while it had nothing to do."""
        with self._lock:
            if self._stopped:
                raise RuntimeError("this worker was stopped")
            if self._process is not None and self._process.poll() is None:
                return self._process
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tonotopy.hearing.process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # decoders chatter; what matters comes as a failure
                env={**os.environ, **ONE_THREAD},
            )
        if not read_hello(pipe(self._process.stdout)):
            raise TonotopyError(
                f"a listening process could not start ({how_it_ended(self._process)}); "
                f"to see why, run: {sys.executable} -P -m tonotopy.hearing.process < /dev/null"
            )
        return self._process

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.kill()
                self._process.wait()


def keep(rows: IO[bytes], block: bytes) -> None:
    """Put rows aside until their recording is complete."""
    try:
        rows.write(block)
    except OSError as error:
        raise LibraryError(
            f"no room for temporary files in {gettempdir()} ({error.strerror or error}); free some "
            "space, or set TMPDIR to another folder, and run the command again; "
            "what was added so far is safe"
        ) from error


def pipe(end: IO[bytes] | None) -> IO[bytes]:
    """Give the end of a pipe that was asked for."""
    if end is None:
        raise RuntimeError("the worker was started without pipes")
    return end


def how_it_ended(process: subprocess.Popen[bytes]) -> str:
    """Say how a process ended."""
    code = process.wait()
    return f"exit status {code}" if code >= 0 else signal.strsignal(-code) or f"signal {-code}"


def hear_all(tasks: Sequence[Task], *, jobs: int) -> Iterator[Answer]:
    """Have files heard by `jobs` processes; yield what was heard as it is done.

    A few more than `jobs` are under way at a time, so results never pile up. Leaving the iterator
    ends the processes.

    Raises
    ------
    TonotopyError
        If a process cannot be started, or there is no room for what was heard.
    """
    workers = [Worker() for _ in range(min(jobs, len(tasks)))]
    idle: SimpleQueue[Worker] = SimpleQueue()
    for worker in workers:
        idle.put(worker)

    def hear_one(task: Task) -> Answer:
        worker = idle.get()
        try:
            return worker.hear(task)
        finally:
            idle.put(worker)

    waiting = iter(tasks)
    under_way: set[Future[Answer]] = set()
    threads = ThreadPoolExecutor(max_workers=max(1, len(workers)))
    try:
        while True:
            while len(under_way) < 2 * len(workers) and (task := next(waiting, None)):
                under_way.add(threads.submit(hear_one, task))
            if not under_way:
                return
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    finally:
        for future in under_way:
            future.cancel()
        for worker in workers:
            worker.stop()
        threads.shutdown()
