"""The pool: real worker processes, the same rows whatever their number, none left behind."""

import numpy as np
import psutil
import pytest

from tonotopy import catalog
from tonotopy.errors import TonotopyError
from tonotopy.hearing.worker import Task
from tonotopy.ingest import add as really_add
from tonotopy.ingest import pool, storing


def rows(library):
    """Show what a library holds but ids and times, in order of paths; and the vectors."""
    with library.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT vector, recordings.path, size, content_hash, duration_s, peaks, "
            "windows.channel, position, start_s, end_s FROM windows "
            "JOIN recordings ON recordings.id = recording_id ORDER BY recordings.path, position"
        ).fetchall()
    return [row[1:] for row in found], np.frombuffer(b"".join(row[0] for row in found), "<f2")


def children():
    return psutil.Process().children(recursive=True)


@pytest.fixture
def many(folder, sound):
    """A dozen sounds of different lengths."""
    return [sound(folder / f"{n}.wav", n, seconds=0.3 + n / 10) for n in range(12)]


@pytest.fixture
def crash(tmp_path, monkeypatch):
    """Have workers crash on files of a name, by a module that every Python process runs first."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "if os.environ.get('CRASH_ON') and 'tonotopy.hearing.process' in sys.orig_argv:\n"
        "    import tonotopy.hearing.stream as stream\n"
        "    real = stream.audio.listen\n"
        "    def listen(path, *arguments, **options):\n"
        "        if path.name == os.environ['CRASH_ON']:\n"
        "            os.kill(os.getpid(), getattr(signal, os.environ['CRASH_BY']))\n"
        "        return real(path, *arguments, **options)\n"
        "    stream.audio.listen = listen\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(site))

    def on(name, by):
        monkeypatch.setenv("CRASH_ON", name)
        monkeypatch.setenv("CRASH_BY", by)

    return on


@pytest.mark.parametrize("jobs", [1, 2])
def test_processes_give_the_rows_of_this_one_and_are_gone_after(
    many, folder, library, tmp_path, jobs, monkeypatch, hear_here
):
    report = really_add(library, folder, embedder="mfcc", jobs=jobs)
    assert (report.added, report.failed) == (12, [])
    assert children() == []
    monkeypatch.setattr(storing, "hear_all", hear_here)
    with catalog.open_catalog(tmp_path / "other.db") as other:
        really_add(other, folder, embedder="mfcc")
        (expected, expected_vectors), (found, vectors) = rows(other), rows(library)
        assert len(expected) > 20
        assert found == expected
        np.testing.assert_allclose(vectors, expected_vectors, atol=1e-3)


@pytest.mark.parametrize(("by", "how"), [("SIGSEGV", "Segmentation fault"), ("SIGKILL", "Killed")])
def test_a_crash_of_the_decoder_is_that_files_failure_alone(many, folder, library, crash, by, how):
    crash("5.wav", by)
    report = really_add(library, folder, embedder="mfcc", jobs=1)
    assert report.added == 11
    assert report.failed == [
        {"path": str(folder / "5.wav"), "reason": f"the decoder crashed on it ({how})"}
    ]
    crash("", by)
    report = really_add(library, folder, jobs=1)
    assert (report.added, report.unchanged, report.failed) == (1, 11, [])


def test_a_worker_that_dies_while_it_waits_costs_no_file(many):
    tasks = [Task(str(path), "mfcc", 0.25, "mix") for path in many[:2]]
    worker = pool.Worker()
    assert worker.hear(tasks[0]).heard.failure is None
    (process,) = children()
    process.kill()
    psutil.wait_procs([process], timeout=5)
    assert worker.hear(tasks[1]).heard.failure is None
    worker.stop()
    assert children() == []


def test_a_worker_that_cannot_start_ends_the_run_with_what_to_do(
    many, folder, library, tmp_path, monkeypatch
):
    site = tmp_path / "broken"
    (site / "soundfile").mkdir(parents=True)
    (site / "soundfile" / "__init__.py").write_text("raise ImportError('it is broken')")
    monkeypatch.setenv("PYTHONPATH", str(site))
    with pytest.raises(
        TonotopyError, match=r"could not start \(exit status 1\); to see why, run: "
    ):
        really_add(library, folder, embedder="mfcc", jobs=2)
    assert children() == []


def test_files_beside_the_user_are_no_modules_of_ours(many, folder, library, tmp_path, monkeypatch):
    """A folder of sounds may hold a signal.py; workers must not import it."""
    (folder / "json.py").write_text("raise SystemExit('imported from the current folder')")
    monkeypatch.chdir(folder)
    assert really_add(library, folder, embedder="mfcc", jobs=1).added == 12


def test_leaving_early_ends_the_processes(many):
    answers = pool.hear_all([Task(str(path), "mfcc", 0.25, "mix") for path in many], jobs=2)
    next(answers)
    assert len(children()) == 2
    answers.close()
    assert children() == []


def test_no_room_for_temporary_files_ends_the_run(many, folder, library, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    class Full:
        write = full

        def seek(self, _):
            return 0

    monkeypatch.setattr(pool, "SpooledTemporaryFile", lambda _: Full())
    with pytest.raises(TonotopyError, match=r"no room for temporary files in .*No space left"):
        really_add(library, folder, embedder="mfcc", jobs=1)
    assert children() == []


def test_nothing_to_hear_starts_no_process(monkeypatch):
    monkeypatch.setattr(pool.subprocess, "Popen", lambda *_, **__: pytest.fail("it was started"))
    assert list(pool.hear_all([], jobs=4)) == []
