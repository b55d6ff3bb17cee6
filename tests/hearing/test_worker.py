"""The worker: what it answers, and that it is gone when nobody asks."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tonotopy.hearing import row_type
from tonotopy.hearing.worker import Heard, Task, hear, read_answer, read_hello, write_task

COMMAND = [sys.executable, "-P", "-m", "tonotopy.hearing.process"]


@pytest.fixture
def path(tmp_path) -> Path:
    """A short sound."""
    path = tmp_path / "née.wav"
    tone = np.sin(np.arange(8000) / 5) / 2
    soundfile.write(path, np.stack([tone, tone], 1), 16_000)
    return path


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[bytes]]:
    """A worker that is ready."""
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert read_hello(process.stdout)
        yield process
        process.kill()


def task(path: Path | str) -> Task:
    return Task(str(path), "mfcc", 0.25, "mix")


def test_what_was_heard_is_all_that_a_recording_needs(path):
    rows = io.BytesIO()
    heard = hear(task(path), rows.write)
    status = path.stat()
    assert heard.failure is None
    assert (heard.size, heard.mtime_ns) == (status.st_size, status.st_mtime_ns)
    assert (heard.duration_s, heard.sample_rate, heard.channels) == (0.5, 16_000, 2)
    assert (heard.format, heard.problem, len(heard.content_hash)) == ("wav", None, 32)
    assert len(heard.packed_peaks) == 8 + 2 * 50
    vectors = np.frombuffer(rows.getvalue(), row_type(720))["vector"]
    np.testing.assert_allclose(np.linalg.norm(vectors.astype(float), axis=1), 1, atol=1e-3)


def test_a_worker_answers_as_this_process_does_file_after_file(worker, path, tmp_path):
    (tmp_path / "bad\udcff.wav").write_bytes(b"")
    for each in (path, tmp_path / "bad\udcff.wav", tmp_path / "absent\n.wav", path):
        here, there = io.BytesIO(), io.BytesIO()
        write_task(worker.stdin, task(each))
        assert read_answer(worker.stdout, there.write) == hear(task(each), here.write)
        vectors = [
            np.frombuffer(rows.getvalue(), row_type(720))["vector"].astype(float)
            for rows in (here, there)
        ]
        np.testing.assert_allclose(*vectors, atol=1e-3)


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (MemoryError(), "there is not enough memory to hear it"),
        (OSError(5, "Input/output error"), "[Errno 5] Input/output error"),
        (ZeroDivisionError("x"), "a bug in tonotopy, please report it: ZeroDivisionError('x')"),
    ],
)
def test_whatever_goes_wrong_with_a_file_is_its_failure(path, problem, reason):
    def fail(_):
        raise problem

    assert hear(task(path), fail) == Heard(failure=reason)


def test_a_file_that_changes_while_it_is_heard_is_a_failure(path):
    def grow(_):
        with path.open("ab") as file:
            file.write(b"\0\0")

    heard = hear(task(path), grow)
    assert heard.failure == "it changed while it was read; add it again when it is complete"


def ended(process: subprocess.Popen[bytes], within_s: float = 2.0) -> int:
    """Wait for the end of a process; its exit status."""
    return process.wait(timeout=within_s)


def test_a_worker_ends_when_it_is_no_longer_fed(worker):
    worker.stdin.close()
    assert ended(worker) == 0


def test_a_worker_ends_even_while_it_starts():
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.close()
        ended(process)
        assert process.stdout.read() == b""  # it did not get as far as to say hello


def test_a_worker_ends_even_in_the_middle_of_a_long_file(worker, tmp_path):
    long = tmp_path / "long.wav"
    soundfile.write(long, np.zeros(3600 * 8000, np.int16), 8000)
    write_task(worker.stdin, task(long))
    assert worker.stdout.read(1)  # it has begun to answer
    worker.stdin.close()
    ended(worker)


def test_a_worker_leaves_an_interrupt_to_its_parent(worker, path):
    os.kill(worker.pid, signal.SIGINT)
    time.sleep(0.05)
    write_task(worker.stdin, task(path))
    assert read_answer(worker.stdout, lambda _: None).failure is None


def test_what_a_library_prints_is_no_part_of_an_answer(path, tmp_path):
    """A plugin or a C library that writes to standard output must not break the protocol."""
    program = (
        "import os, tonotopy.hearing.worker as worker, tonotopy.hearing.process as process\n"
        "real = worker.load_embedder\n"
        "def noisy(name):\n"
        "    print('hello'); os.write(1, b'noise'); return real(name)\n"
        "worker.load_embedder = noisy\n"
        "process.main()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert read_hello(process.stdout)
        write_task(process.stdin, task(path))
        assert read_answer(process.stdout, lambda _: None).failure is None
        process.stdin.close()
        assert b"noise" in process.stderr.read()


@pytest.mark.parametrize("n_bytes", range(0, 60, 7))
def test_an_answer_that_breaks_off_is_none(path, n_bytes):
    answer = io.BytesIO()

    def send(rows):
        answer.write(len(rows).to_bytes(4, "little") + rows)

    send(b"some rows")
    send(b"")
    answer.write(b'{"failure": null, "size": 12345, "mtime_ns": 1}\n')
    whole = answer.getvalue()
    assert n_bytes < len(whole)
    assert read_answer(io.BytesIO(whole), lambda _: None) == Heard(size=12345, mtime_ns=1)
    assert read_answer(io.BytesIO(whole[:n_bytes]), lambda _: None) is None
    assert read_answer(io.BytesIO(whole[:-1]), lambda _: None) is None
