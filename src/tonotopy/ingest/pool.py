"""Worker processes, each fed by a thread that knows which file it is hearing."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict
from queue import SimpleQueue
from typing import IO

from tonotopy.hearing.worker import Heard, Task

__all__ = ["hear_all"]

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


class Worker:
    """One worker process; it is started when first needed, and again if it crashed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def hear(self, task: Task) -> Heard:
        """Have a file heard; a crash of the decoder is that file's failure and no other's."""
        process = self._process or self._start()
        try:
            pipe(process.stdin).write(json.dumps(asdict(task)) + "\n")
            pipe(process.stdin).flush()
            answer = pipe(process.stdout).readline()
        except BrokenPipeError:
            answer = ""
        if answer:
            return Heard(**json.loads(answer))
        self._process = None
        return Heard(failure=f"the decoder crashed on it ({how_it_ended(process)})")

    def _start(self) -> subprocess.Popen[str]:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tonotopy.hearing.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # decoders chatter; what matters comes back as a failure
            text=True,
            env={**os.environ, **ONE_THREAD},
        )
        return self._process

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def pipe(end: IO[str] | None) -> IO[str]:
    """Give the end of a pipe that was asked for."""
    if end is None:
        raise RuntimeError("the worker was started without pipes")
    return end


def how_it_ended(process: subprocess.Popen[str]) -> str:
    """Say how a process ended."""
    code = process.wait()
    return signal.Signals(-code).name if code < 0 else f"exit status {code}"


def hear_all(tasks: Sequence[Task], *, jobs: int) -> Iterator[tuple[Task, Heard]]:
    """Have files heard by `jobs` processes; yield them as they are done.

    A few more than `jobs` are under way at a time, so results never pile up. Leaving the iterator
    ends the processes.
    """
    workers = [Worker() for _ in range(min(jobs, len(tasks)))]
    idle: SimpleQueue[Worker] = SimpleQueue()
    for worker in workers:
        idle.put(worker)

    def hear_one(task: Task) -> tuple[Task, Heard]:
        worker = idle.get()
        try:
            return task, worker.hear(task)
        finally:
            idle.put(worker)

    waiting = iter(tasks)
    under_way: set[Future[tuple[Task, Heard]]] = set()
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
