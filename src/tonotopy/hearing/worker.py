"""The worker process: hears one file after another, and dies with the process that feeds it.

It reads a task a line from standard input and writes what it heard a line to standard output, both
as JSON. A thread watches standard input, so that a parent that is killed takes its workers along,
even from the middle of a long file.
"""

import json
import os
import signal
import sys
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from tonotopy import audio, embedders
from tonotopy.embedders import Embedder
from tonotopy.errors import DecodeError, TonotopyError
from tonotopy.hearing.stream import Hearing

__all__ = ["Heard", "Task", "hear", "main"]


@dataclass(frozen=True, slots=True)
class Task:
    """A file to hear, for one space."""

    path: str
    size: int
    mtime_ns: int
    embedder: str
    hop_s: float
    channels: str  #: "mix" or "each"
    spool: str  #: path of the files that take the result: .rows and .peaks


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard in a file, or why nothing could be."""

    failure: str | None = None
    content_hash: str = ""
    duration_s: float = 0.0
    sample_rate: int = 0
    channels: int = 0
    format: str = ""
    problem: str | None = None


@lru_cache(maxsize=1)
def load_embedder(name: str) -> Embedder:
    """Load an embedder once in a process."""
    return embedders.load(name)


def hear(task: Task) -> Heard:
    """Decode a file and spool its windows' vectors and its peaks.

    What is wrong with the file or the disk comes back as `Heard.failure`; so does a bug, which
    must not stop a run over a hundred thousand files.
    """
    try:
        return hear_or_raise(task)
    except DecodeError as error:
        return Heard(failure=error.reason)
    except (TonotopyError, OSError, MemoryError) as error:
        return Heard(failure=str(error) or type(error).__name__)
    except Exception as error:
        return Heard(failure=f"a bug in tonotopy, please report it: {error!r}")


def hear_or_raise(task: Task) -> Heard:
    """Decode a file and spool what was heard."""
    path = Path(task.path)
    content_hash = audio.content_hash(path)
    hearing = Hearing(path, load_embedder(task.embedder), hop_s=task.hop_s, channels=task.channels)
    with Path(task.spool + ".rows").open("wb") as spool:
        for rows in hearing.rows():
            rows.tofile(spool)
        if spool.tell() == 0:
            raise DecodeError(path, "it holds no sound")
    Path(task.spool + ".peaks").write_bytes(hearing.listening.peaks.to_bytes())
    status = path.stat()
    if (status.st_size, status.st_mtime_ns) != (task.size, task.mtime_ns):
        raise DecodeError(path, "it changed while it was read; add it again when it is complete")
    info = hearing.listening.info
    return Heard(
        content_hash=content_hash,
        duration_s=info.duration_s,
        sample_rate=info.sample_rate,
        channels=info.channels,
        format=info.format,
        problem=info.problem,
    )


def main() -> None:
    """Answer tasks until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    tasks: SimpleQueue[str] = SimpleQueue()

    def watch() -> None:
        for line in sys.stdin:
            tasks.put(line)
        os._exit(0)  # the parent is done, or dead

    Thread(target=watch, daemon=True).start()
    while True:
        heard = hear(Task(**json.loads(tasks.get())))
        answers.write(json.dumps(asdict(heard)) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
