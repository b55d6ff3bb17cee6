"""What a worker process is asked and answers.

A task is a line of JSON. The answer is the rows that were heard, in blocks as they are heard, and
then a line of JSON with the rest.
"""

import base64
import json
import struct
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from queue import SimpleQueue
from typing import IO

import numpy as np
from numpy.typing import NDArray

from tonotopy import audio, embedders
from tonotopy.embedders import Embedder
from tonotopy.errors import DecodeError, TonotopyError
from tonotopy.features.aspects import Aspects
from tonotopy.hearing.stream import Hearing, measure_interval

__all__ = ["Heard", "Task", "answer_all", "hear", "read_answer", "read_hello", "write_task"]

BLOCK = struct.Struct("<I")  # the length of a block of rows, 0 after the last
HELLO = b"ready\n"


@dataclass(frozen=True, slots=True)
class Task:
    """A file to hear, for one space."""

    path: str
    embedder: str
    hop_s: float
    channels: str  #: "mix" or "each"
    only_aspects: bool = False  #: pitch, loudness and rhythm: its windows are known


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard in a file, or why nothing could be."""

    failure: str | None = None
    size: int = 0  #: bytes, before it was read as after it
    mtime_ns: int = 0
    content_hash: str = ""
    duration_s: float = 0.0
    sample_rate: int = 0
    channels: int = 0
    format: str = ""
    problem: str | None = None  #: what of it could not be decoded
    peaks: str = ""  #: packed by the audio edge, in base64
    scores: str = ""  #: of all classes, float32, in base64; empty if the embedder names nothing
    measured: list[float | None] = field(default_factory=list)  #: the fields of `Aspects`

    @property
    def packed_peaks(self) -> bytes:
        """The waveform as the audio edge packed it."""
        return base64.b64decode(self.peaks)

    @property
    def tagged(self) -> bool:
        """Whether the rows tell classes and their scores, see `tonotopy.hearing.row_type`."""
        return self.scores != ""

    @property
    def aspects(self) -> Aspects:
        """Pitch, loudness and rhythm."""
        return Aspects._make(self.measured)

    @property
    def class_scores(self) -> NDArray[np.float32]:
        """The highest score that any window gave each class."""
        return np.frombuffer(base64.b64decode(self.scores), "<f4")


@lru_cache(maxsize=1)
def load_embedder(name: str) -> Embedder:
    """Load an embedder once in a process."""
    return embedders.load(name)


def hear(task: Task, take_rows: Callable[[bytes], object]) -> Heard:
    """Decode a file and embed its windows.

    What is wrong with the file comes back as `Heard.failure`; so does a bug, which must not stop a
    run over a hundred thousand files.

    Parameters
    ----------
    task : Task
        Which file, and how.
    take_rows : callable
        Is given rows of `tonotopy.hearing.row_type` as they are heard; they count only if nothing
        fails until the end.
    """
    try:
        return hear_or_raise(task, take_rows)
    except BrokenPipeError:
        raise  # nobody is there to take the rows
    except DecodeError as error:
        return Heard(failure=error.reason)
    except MemoryError:
        return Heard(failure="there is not enough memory to hear it")
    except (TonotopyError, OSError) as error:
        return Heard(failure=str(error))
    except Exception as error:
        return Heard(failure=f"a bug in tonotopy, please report it: {error!r}")


def hear_or_raise(task: Task, take_rows: Callable[[bytes], object]) -> Heard:
    """Decode a file and embed its windows, or say why not by an exception."""
    path = Path(task.path)
    before = state(path)
    if task.only_aspects:
        return Heard(size=before[0], mtime_ns=before[1], measured=[*measure_interval(path)])
    content_hash = audio.content_hash(path)
    hearing = Hearing(
        path,
        load_embedder(task.embedder),
        hop_s=task.hop_s,
        channels=task.channels,
        measured=True,
    )
    n_rows = 0
    for rows in hearing.rows():
        take_rows(rows.tobytes())
        n_rows += len(rows)
    if not n_rows:
        raise DecodeError(path, "it holds no sound")
    if state(path) != before:
        raise DecodeError(path, "it changed while it was read; add it again when it is complete")
    info = hearing.listening.info
    size, mtime_ns = before
    return Heard(
        size=size,
        mtime_ns=mtime_ns,
        content_hash=content_hash,
        duration_s=info.duration_s,
        sample_rate=info.sample_rate,
        channels=info.channels,
        format=info.format,
        problem=info.problem,
        peaks=base64.b64encode(hearing.listening.peaks.to_bytes()).decode(),
        scores=base64.b64encode(hearing.scores.astype("<f4").tobytes()).decode(),
        measured=[*(hearing.aspects or ())],
    )


def state(path: Path) -> tuple[int, int]:
    """Look at a file's size and date."""
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise DecodeError(path, "there is no such file") from error
    except OSError as error:
        raise DecodeError(path, f"it cannot be looked at ({error.strerror or error})") from error
    return status.st_size, status.st_mtime_ns


def write_task(tasks: IO[bytes], task: Task) -> None:
    """Send a task to a worker."""
    tasks.write(json.dumps(asdict(task)).encode() + b"\n")
    tasks.flush()


def write_rows(answers: IO[bytes], rows: bytes) -> None:
    answers.write(BLOCK.pack(len(rows)))
    answers.write(rows)


def read_hello(answers: IO[bytes]) -> bool:
    """Wait until a worker is there; False if it ended instead."""
    return answers.readline() == HELLO


def read_answer(answers: IO[bytes], take_rows: Callable[[bytes], object]) -> Heard | None:
    """Read what a worker answers to a task; None if it ended before it was done."""
    while len(head := answers.read(BLOCK.size)) == BLOCK.size:
        (length,) = BLOCK.unpack(head)
        if not length:
            line = answers.readline()
            return Heard(**json.loads(line)) if line.endswith(b"\n") else None
        rows = answers.read(length)
        if len(rows) < length:
            return None
        take_rows(rows)
    return None


def answer_all(tasks: SimpleQueue[bytes], answers: IO[bytes]) -> None:
    """Answer tasks as they come, without end."""
    answers.write(HELLO)
    answers.flush()
    while True:
        heard = hear(Task(**json.loads(tasks.get())), lambda rows: write_rows(answers, rows))
        write_rows(answers, b"")
        answers.write(json.dumps(asdict(heard)).encode() + b"\n")
        answers.flush()
