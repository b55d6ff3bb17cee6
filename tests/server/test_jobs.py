"""Jobs: a process each, followed, never twice, and gone with the server."""

import json
import subprocess
import sys
import time
from dataclasses import asdict

import numpy as np
import psutil
import pytest

from tonotopy import catalog
from tonotopy.errors import NotInLibrary
from tonotopy.server.jobs import WORKER, Jobs
from tonotopy.server.worker import Order

WAIT_S = 120


def worker(script):
    """Make a worker of a few lines: `order` and `say(report)` are there."""
    prelude = (
        "import json, os, sys, time\n"
        "order = json.loads(sys.stdin.readline())\n"
        "def say(**report): print(json.dumps(report), flush=True)\n"
    )
    return (sys.executable, "-c", prelude + script)


def wait_until(happened):
    """Wait until something is true, and give it."""
    end = time.monotonic() + WAIT_S
    while not (found := happened()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return found


@pytest.fixture
def jobs():
    """Make job runners with workers of our own; close them in the end."""
    made = []

    def make(script):
        made.append(Jobs(worker(script)))
        return made[-1]

    yield make
    for each in made:
        each.close()


def start(jobs, of="recordings", space="mfcc"):
    return jobs.start(Order("umap", "sounds.db", space, of))


def test_a_job_tells_its_progress_and_ends(jobs):
    runner = jobs(
        "for share in (0.0, 0.25, 0.5, 0.4):\n    say(progress=share)\n"
        "while not os.path.exists(order['library']): time.sleep(0.01)\nsay(error=None)"
    )
    job = runner.start(Order("umap", "/nowhere/sounds.db", "mfcc", "recordings"))
    assert (job.kind, job.space, job.of) == ("umap", "mfcc", "recordings")
    wait_until(lambda: job.progress == 0.5)
    time.sleep(0.1)
    assert (job.progress, job.state) == (0.5, "running")  # it never falls


def test_a_job_that_is_done_is_all_done(jobs):
    runner = jobs("say(progress=0.1)\nsay(error=None)")
    job = start(runner)
    wait_until(lambda: job.state == "done")
    assert (job.state, job.progress, job.error) == ("done", 1.0, None)
    assert runner.get(job.id) is job
    assert runner.running("umap", "mfcc", "recordings") is None


def test_the_same_job_is_not_started_twice_while_it_runs(jobs):
    runner = jobs("time.sleep(100)")
    first, again, other = start(runner), start(runner), start(runner, of="windows")
    assert again is first
    assert other.id != first.id
    assert runner.running("umap", "mfcc", "recordings") is first
    assert runner.running("umap", "other", "recordings") is None


def test_a_job_that_is_over_can_be_done_again(jobs):
    runner = jobs("say(error=None)")
    first = start(runner)
    wait_until(lambda: first.state == "done")
    again = start(runner)
    assert again.id == first.id + 1
    wait_until(lambda: again.state == "done")


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("say(error='the disk is full')", "the disk is full"),
        ("os._exit(3)", "ended with status 3"),
        ("os.kill(os.getpid(), 9)", "ended with status -9"),
        ("print('nonsense', flush=True)", "a bug in tonotopy"),
        ("say(something=1)", "a bug in tonotopy"),
    ],
)
def test_a_job_that_fails_says_why_and_the_next_one_runs(jobs, script, says):
    runner = jobs(f"if order['of'] == 'windows':\n    {script}\nelse:\n    say(error=None)")
    failed, fine = start(runner, of="windows"), start(runner)
    wait_until(lambda: fine.state == "done")
    assert failed.state == "failed"
    assert says in failed.error


def test_jobs_run_one_after_the_other(jobs, tmp_path):
    log = tmp_path / "log"
    runner = jobs(
        f"log = open({str(log)!r}, 'a', buffering=1)\n"
        "log.write('begin ' + order['space'] + ' ')\ntime.sleep(0.1)\n"
        "log.write('end ' + order['space'] + ' ')\nsay(error=None)"
    )
    last = [start(runner, space=name) for name in ("a", "b", "c")][-1]
    wait_until(lambda: last.state == "done")
    assert log.read_text() == "begin a end a begin b end b begin c end c "


def test_closing_ends_the_job_that_runs_and_those_that_wait(jobs):
    runner = jobs("say(progress=0.5)\ntime.sleep(100)")
    running = start(runner)
    start(runner, of="windows")
    wait_until(lambda: running.progress == 0.5)
    (process,) = psutil.Process().children()
    began = time.monotonic()
    runner.close()
    assert time.monotonic() - began < 5
    assert not psutil.pid_exists(process.pid)
    assert (running.state, running.error) == ("failed", "the server was stopped")


def test_only_so_many_jobs_are_remembered(jobs, monkeypatch):
    monkeypatch.setattr("tonotopy.server.jobs.KEPT", 2)
    runner = jobs("say(error=None)")
    for number in range(4):
        job = start(runner, space=str(number))
        wait_until(lambda job=job: job.state == "done")
    with pytest.raises(NotInLibrary, match="no job 1"):
        runner.get(1)
    assert runner.get(4).space == "3"


def recordings(n):
    vectors = np.random.default_rng(0).standard_normal((n, 1, 8))
    return {f"{number}.wav": vector for number, vector in enumerate(vectors)}


def test_a_umap_is_computed_beside_the_server_and_shown(make_library, serve_library):
    client = serve_library(make_library(recordings(24)))
    asked = {"kind": "umap", "space": None, "of": "recordings"}
    started = client.post("/api/v1/jobs", json=asked)
    job = started.json()
    assert started.status_code == 202
    assert job["state"] in ("waiting", "running")
    assert job["error"] is None
    by_name = client.post("/api/v1/jobs", json={**asked, "space": "made up"}).json()
    assert by_name["id"] == job["id"]
    umap = client.get("/api/v1/map/projections").json()[1]
    assert (umap["ready"], umap["job"]["id"]) == (False, job["id"])
    seen = []

    def over():
        now = client.get(f"/api/v1/jobs/{job['id']}").json()
        seen.append(now["progress"])
        return now if now["state"] not in ("waiting", "running") else None

    assert wait_until(over) == {**job, "state": "done", "progress": 1.0}
    assert seen == sorted(seen)
    umap = client.get("/api/v1/map/projections").json()[1]
    assert umap == {"name": "umap", "ready": True, "behind": 0, "job": None}
    first = client.get("/api/v1/map?projection=umap")
    assert first.headers["x-points"] == "24"
    colours = client.get("/api/v1/map/colors?projection=umap&by=folder")
    assert colours.headers["x-map-version"] == first.headers["x-map-version"]


def put_umap(library, coordinates):
    """Store a UMAP as another program does."""
    with library.write() as connection:
        catalog.put_analysis(
            connection,
            space_id=1,
            kind="projection",
            name="umap",
            item_kind="recordings",
            parameters={},
            generation=1,
            values={"ids": np.arange(1, len(coordinates) + 1), "coordinates": coordinates},
        )


def test_a_umap_that_is_computed_again_elsewhere_replaces_the_one_shown(
    make_library, serve_library
):
    library = make_library(recordings(5))
    client = serve_library(library)
    versions = set()
    for value in (0.0, 0.5, 1.0):
        put_umap(library, np.full((5, 2), value, np.float32))
        shown = client.get("/api/v1/map?projection=umap")
        assert np.frombuffer(shown.content, "<f4", 10).tolist() == [value] * 10
        versions.add(shown.headers["x-map-version"])
    assert len(versions) == 3


def test_a_umap_that_cannot_be_stored_says_why(make_library, serve_library):
    library = make_library(recordings(3))  # too few for UMAP itself, which takes long to load
    client = serve_library(library)
    with library.write() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER refuse BEFORE INSERT ON analyses "
            "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    job = client.post("/api/v1/jobs", json={"kind": "umap"}).json()
    failed = wait_until(
        lambda: (now := client.get(f"/api/v1/jobs/{job['id']}").json())["error"] and now
    )
    assert failed["state"] == "failed"
    assert "is full: free some space" in failed["error"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"kind": "umap", "space": "none"}, 404),
        ({"kind": "tsne"}, 422),
        ({"kind": "umap", "of": "labels"}, 422),
        ({}, 422),
    ],
)
def test_a_job_that_makes_no_sense_is_refused(client, asked, status):
    answer = client.post("/api/v1/jobs", json=asked)
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}


def run_worker(order, **options):
    process = subprocess.Popen(
        WORKER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
    process.stdin.write(json.dumps(asdict(order)) + "\n")
    process.stdin.flush()
    return process


def test_the_worker_reports_a_library_that_is_gone(tmp_path):
    order = Order(kind="umap", library=str(tmp_path / "no.db"), space="mfcc", of="windows")
    with run_worker(order) as process:
        reports = [json.loads(line) for line in process.stdout]
        assert process.stderr.read() == ""
    assert len(reports) == 1
    assert "there is no library" in reports[0]["error"]


def test_the_worker_does_not_outlive_its_server(make_library):
    library = make_library(recordings(24))
    order = Order(kind="umap", library=str(library.path), space="made up", of="recordings")
    with run_worker(order) as process:
        assert json.loads(process.stdout.readline()) == {"progress": 0.0}
        process.stdin.close()  # as the death of the server does
        assert process.wait(WAIT_S) == 1


def test_the_worker_takes_no_modules_from_the_folder_it_runs_in(tmp_path):
    for name in ("json", "numpy", "tonotopy", "umap"):
        (tmp_path / f"{name}.py").write_text("import os\nos._exit(77)\n")
    order = Order(kind="umap", library=str(tmp_path / "no.db"), space="mfcc", of="windows")
    with run_worker(order, cwd=tmp_path) as process:
        assert "there is no library" in process.stdout.read()


def test_a_job_that_runs_is_stopped_and_the_next_one_runs(jobs):
    runner = jobs(
        "say(progress=0.5)\ntime.sleep(100 if order['of'] == 'windows' else 0)\nsay(error=None)"
    )
    told = []
    first = runner.start(Order("umap", "sounds.db", "mfcc", "windows"), finish=told.append)
    second = start(runner)
    wait_until(lambda: first.progress == 0.5)
    assert (first.state, second.state) == ("running", "waiting")
    runner.stop(first.id)
    wait_until(lambda: second.state == "done")
    assert (first.state, first.error, told) == ("stopped", None, ["stopped"])
    assert runner.stop(second.id).state == "done"  # what is over stays as it is


def test_a_job_that_waits_is_stopped_at_once_and_never_runs(jobs, tmp_path):
    log = tmp_path / "log"
    runner = jobs(
        f"open({str(log)!r}, 'a').write(order['space'])\ntime.sleep(0.5)\nsay(error=None)"
    )
    start(runner, space="a")
    told = []
    second = runner.start(Order("umap", "sounds.db", "b"), finish=told.append)
    assert runner.stop(second.id).state == "stopped"
    assert told == ["stopped"]
    last = start(runner, space="c")
    wait_until(lambda: last.state == "done")
    assert log.read_text() == "ac"


def test_an_export_does_not_wait_for_what_writes(jobs):
    runner = jobs("time.sleep(100 if order['kind'] == 'umap' else 0)\nsay(error=None)")
    umap = start(runner)
    export = runner.start(Order("export", "sounds.db", "mfcc"))
    wait_until(lambda: export.state == "done")
    assert umap.state == "running"


def test_a_long_order_reaches_its_worker(jobs):
    runner = jobs("say(error=str(sum(order['options']['ids'])))")
    job = runner.start(Order("export", "sounds.db", options={"ids": list(range(1_000_000))}))
    wait_until(lambda: job.state == "failed")
    assert job.error == str(sum(range(1_000_000)))


def test_what_follows_a_job_and_fails_is_told(jobs):
    def finish(_):
        raise OSError("no")

    job = jobs("say(error=None)").start(Order("umap", "sounds.db"), finish=finish)
    wait_until(lambda: job.state == "failed")
    assert "a bug in tonotopy" in job.error
