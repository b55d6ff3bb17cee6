"""A selection taken out: made by one request or a job, fetched by the next."""

import io
import time
import zipfile

import numpy as np
import pytest

from tonotopy.exchange import FORMATS
from tonotopy.server import export_routes

WAIT_S = 60


def post(client, **asked):
    answer = client.post("/api/v1/exports", json=asked)
    assert answer.status_code in (201, 202), answer.text
    return answer


def make(client, **asked):
    answer = post(client, **asked)
    assert answer.status_code == 201
    job = answer.json()
    assert (job["state"], job["kind"], job["progress"]) == ("done", "export", 1.0)
    assert client.get(f"/api/v1/jobs/{job['id']}").json() == job
    return job["export"]


def wait_for(client, job):
    end = time.monotonic() + WAIT_S
    while job["state"] in ("waiting", "running"):
        assert time.monotonic() < end, "the job did not end"
        time.sleep(0.05)
        job = client.get(f"/api/v1/jobs/{job['id']}").json()
    return job


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_made_and_fetched(client, sounds, format):
    ids = [sounds.ids["mono.wav"], sounds.ids["spoken.mp3"]]
    made = make(client, format=format, of="recordings", ids=ids)
    assert (made["n"], made["missing"]) == (2, 0)
    answer = client.get(f"/api/v1/exports/{made['id']}")
    assert len(answer.content) == made["bytes"] > 0
    assert answer.headers["content-disposition"].endswith(made["name"])
    assert made["name"].startswith("sounds-")


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_large_is_made_by_a_job_and_is_the_same(client, sounds, format, monkeypatch):
    asked = {"format": format, "of": "recordings", "ids": [*sounds.ids.values()]}
    small = make(client, **asked)
    monkeypatch.setattr(export_routes, "SMALL", 3)
    monkeypatch.setattr(export_routes, "SMALL_SOUNDS", 3)
    answer = post(client, **asked)
    assert answer.status_code == 202
    job = wait_for(client, answer.json())
    assert (job["state"], job["error"], job["progress"]) == ("done", None, 1.0)
    made = job["export"]
    assert {**made, "id": 0} == {**small, "id": 0}
    fetched = client.get(f"/api/v1/exports/{made['id']}")
    assert len(fetched.content) == made["bytes"]


@pytest.mark.parametrize(
    ("format", "of", "n", "status"),
    [
        ("table", "recordings", 3, 201),
        ("table", "windows", 9, 201),
        ("table", "recordings", 4, 202),  # of three windows each
        ("table", "windows", 10, 202),
        ("clips", "windows", 4, 201),
        ("clips", "windows", 5, 202),
        ("clips", "recordings", 2, 202),
    ],
)
def test_what_has_many_windows_is_large(
    make_library, serve_library, monkeypatch, format, of, n, status
):
    vectors = np.random.default_rng(0).standard_normal((12, 3, 8))
    client = serve_library(make_library({f"{i}.wav": each for i, each in enumerate(vectors)}))
    monkeypatch.setattr(export_routes, "SMALL", 9)
    monkeypatch.setattr(export_routes, "SMALL_SOUNDS", 4)
    answer = post(client, format=format, of=of, ids=list(range(1, n + 1)))
    assert answer.status_code == status


def test_an_export_that_is_stopped_leaves_nothing_behind(client, sounds, monkeypatch):
    monkeypatch.setattr(export_routes, "SMALL", 3)
    exports = client.app.state.exports
    asked = {"format": "csv", "of": "recordings", "ids": [*sounds.ids.values()]}
    job = post(client, **asked).json()
    client.post(f"/api/v1/jobs/{job['id']}/stop")
    assert wait_for(client, job)["state"] == "stopped"
    _, path = exports.place("next")
    assert list(path.parent.iterdir()) == []


def test_a_job_that_cannot_export_says_why(client, sounds, monkeypatch):
    monkeypatch.setattr(export_routes, "SMALL", 3)
    job = wait_for(client, post(client, format="csv", ids=[10**9 + i for i in range(4)]).json())
    assert job["state"] == "failed"
    assert "1000000000" in job["error"]


def test_a_file_that_nobody_fetches_goes(client, sounds, monkeypatch):
    monkeypatch.setattr(export_routes, "KEPT_S", 0.1)
    made = make(client, format="paths", of="recordings", ids=[sounds.ids["mono.wav"]])
    end = time.monotonic() + WAIT_S
    while client.get(f"/api/v1/exports/{made['id']}").status_code != 404:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_sounds_that_are_gone_are_counted(client, sounds):
    made = make(client, format="clips", of="recordings", ids=[*sounds.ids.values()])
    assert made["missing"] == 1
    with zipfile.ZipFile(
        io.BytesIO(client.get(f"/api/v1/exports/{made['id']}").content)
    ) as archive:
        assert "gone.wav" in archive.read("missing.txt").decode()


def test_old_files_make_room_and_are_said_to_be_gone(client, sounds, monkeypatch):
    monkeypatch.setattr(export_routes, "KEPT", 2)
    asked = {"format": "paths", "of": "recordings", "ids": [sounds.ids["mono.wav"]]}
    first, *others = [make(client, **asked)["id"] for _ in range(3)]
    answer = client.get(f"/api/v1/exports/{first}")
    assert answer.status_code == 404
    assert "make it again" in answer.json()["error"]
    assert all(client.get(f"/api/v1/exports/{each}").status_code == 200 for each in others)


@pytest.mark.parametrize(
    ("asked", "status", "named"),
    [
        ({"format": "gif", "ids": [1]}, 422, "format"),
        ({"format": "paths", "ids": []}, 422, "ids"),
        ({"format": "paths", "ids": [10**9]}, 404, "1000000000"),
        ({"format": "csv", "ids": [1], "space": "no such"}, 404, "no such"),
    ],
)
def test_what_cannot_be_exported_is_explained(client, asked, status, named):
    answer = client.post("/api/v1/exports", json=asked)
    assert answer.status_code == status
    assert named in answer.json()["error"]


def test_the_files_go_with_the_server():
    exports = export_routes.Exports()
    number, path = exports.place("x.txt")
    path.write_text("x")
    exports.settle(number, "done")
    assert exports.find(number).name == "x.txt"
    exports.close()
    assert not path.exists()
    assert not path.parent.exists()
