"""The server shows the library as it is on disk, whoever changes it."""

import os
import shutil
import sqlite3
import subprocess
import sys
from threading import Event, Thread

import numpy as np
import pytest
import soundfile

from tonotopy import catalog
from tonotopy.catalog import open_catalog
from tonotopy.ingest import add

ROUTES = ["library", "recordings", "recordings/1", "windows/1/audio", "map", "map/colors"]


@pytest.fixture
def copied(tmp_path, sounds):
    """A copy of the library that a test may change."""
    path = tmp_path / "copy.db"
    shutil.copy(sounds.library, path)
    with open_catalog(path) as library:
        yield library


def statuses(client):
    return {client.get(f"/api/v1/{route}").status_code for route in ROUTES}


def point_ids(client, of="recordings"):
    answer = client.get("/api/v1/map", params={"of": of})
    n = int(answer.headers["x-points"])
    return np.frombuffer(answer.content, "<u4", n, 8 * n).tolist()


def test_a_library_that_is_deleted_and_put_back(copied, serve_library, tmp_path):
    client = serve_library(copied)
    assert statuses(client) == {200}
    copied.path.rename(tmp_path / "elsewhere.db")
    assert statuses(client) == {503}
    answer = client.get("/api/v1/library")
    assert "is gone" in answer.json()["error"]
    search = client.post("/api/v1/search", json={"words": "kick"})
    assert search.status_code == 503
    assert not copied.path.exists()  # asking makes no empty one
    (tmp_path / "elsewhere.db").rename(copied.path)
    assert statuses(client) == {200}


def test_a_library_in_place_of_another_is_the_one_that_is_shown(
    copied, make_library, serve_library
):
    client = serve_library(copied)
    assert len(point_ids(client)) == 10
    assert client.post("/api/v1/search", json={"window_id": 1}).status_code == 200
    other = make_library({f"{number}.wav": np.eye(3, 8)[[number]] for number in range(3)})
    other.close()
    for name in (copied.path.name + "-wal", copied.path.name + "-shm"):
        copied.path.with_name(name).unlink(missing_ok=True)
    os.replace(other.path, copied.path)
    assert client.get("/api/v1/library").json()["n_recordings"] == 3
    assert point_ids(client) == [1, 2, 3]
    hits = client.post("/api/v1/search", json={"window_id": 1}).json()["hits"]
    assert {hit["name"] for hit in hits} == {"1.wav", "2.wav"}


@pytest.mark.parametrize(
    ("content", "says"), [(b"not a library " * 500, "not a tonotopy library"), (b"", "is empty")]
)
def test_something_else_in_place_of_the_library_is_told(
    copied, serve_library, tmp_path, content, says
):
    client = serve_library(copied)
    assert statuses(client) == {200}
    copied.path.rename(tmp_path / "elsewhere.db")
    copied.path.write_bytes(content)
    assert statuses(client) == {503}
    assert says in client.get("/api/v1/library").json()["error"]
    os.replace(tmp_path / "elsewhere.db", copied.path)
    assert statuses(client) == {200}


def test_a_library_that_another_program_keeps_to_itself_is_told(copied, serve_library, monkeypatch):
    monkeypatch.setattr("tonotopy.catalog.library.BUSY_S", 0.1)
    client = serve_library(copied)
    greedy = sqlite3.connect(copied.path, isolation_level=None)
    greedy.execute("PRAGMA locking_mode = EXCLUSIVE")
    greedy.execute("BEGIN EXCLUSIVE")
    answer = client.get("/api/v1/library")
    assert answer.status_code == 503
    assert "busy" in answer.json()["error"]
    greedy.close()
    assert statuses(client) == {200}


def test_readers_do_not_wait_for_a_writer(copied, serve_library, monkeypatch):
    monkeypatch.setattr("tonotopy.catalog.library.BUSY_S", 0.1)
    client = serve_library(copied)
    with copied.write() as connection:
        catalog.delete_recordings(connection, [1])
        assert statuses(client) == {200}
        assert len(point_ids(client)) == 10
    assert len(point_ids(client)) == 9


def test_recordings_that_another_process_adds_appear(copied, serve_library, tmp_path):
    client = serve_library(copied)
    before = point_ids(client)
    client.get("/api/v1/map/colors")
    client.post("/api/v1/search", json={"window_id": 1})
    (tmp_path / "new").mkdir()
    time = np.arange(8000) / 16_000
    soundfile.write(tmp_path / "new/siren.wav", np.sin(5000 * time * (1 + time)), 16_000)
    command = "from tonotopy.cli import main; main()"
    given = ["-L", copied.path, "add", tmp_path / "new", "--labels-from-folders", "--jobs", "1"]
    subprocess.run([sys.executable, "-c", command, *map(str, given)], check=True, timeout=120)
    (added,) = set(point_ids(client)) - set(before)
    assert client.get("/api/v1/library").json()["n_recordings"] == 11
    assert client.get(f"/api/v1/recordings/{added}").json()["name"] == "siren.wav"
    assert {"name": "new", "n": 1} in client.get("/api/v1/map/legend").json()
    assert client.post("/api/v1/search", json={"words": "siren"}).json()["hits"]
    heard = client.post("/api/v1/search", json={"recording_id": added, "k": 3}).json()
    assert len(heard["hits"]) == 3
    others = client.post("/api/v1/search", json={"recording_id": before[0], "k": 100}).json()
    assert added in {hit["recording_id"] for hit in others["hits"]}


def test_what_is_removed_is_never_shown_again(copied, serve_library):
    client = serve_library(copied)
    first = client.get("/api/v1/recordings/1").json()
    window = first["window_id"]
    point_ids(client, "windows")
    client.post("/api/v1/search", json={"recording_id": 2, "k": 100})
    with open_catalog(copied.path) as elsewhere, elsewhere.write() as connection:
        catalog.delete_recordings(connection, [1])
    assert 1 not in point_ids(client)
    assert window not in point_ids(client, "windows")
    for path in ("recordings/1", "recordings/1/audio", f"windows/{window}/audio"):
        assert client.get(f"/api/v1/{path}").status_code == 404
    found = client.post("/api/v1/search", json={"recording_id": 2, "k": 100}).json()
    assert 1 not in {hit["recording_id"] for hit in found["hits"]}


def test_a_space_that_is_removed_takes_its_map_along(copied, serve_library, sounds):
    add(copied, sounds.folder / "bells", embedder="mfcc", hop_s=0.125, jobs=1)
    client = serve_library(copied)
    (second,) = (
        space["name"]
        for space in client.get("/api/v1/library").json()["spaces"]
        if not space["is_default"]
    )
    assert client.get("/api/v1/map", params={"space": second}).headers["x-points"] == "4"
    with copied.write() as connection:
        catalog.delete_space(connection, catalog.find_space(connection, second).id)
    assert client.get("/api/v1/map", params={"space": second}).status_code == 404
    with copied.write() as connection:
        catalog.delete_space(connection, 1)
    assert client.get("/api/v1/map").status_code == 404
    recording = client.get("/api/v1/recordings/1").json()
    assert (recording["window_id"], recording["n_windows"]) == (None, 0)


def test_map_and_colours_of_one_version_belong_together_while_the_library_changes(
    copied, serve_library
):
    client = serve_library(copied)
    done = Event()

    def change():
        for number in range(2, 9):
            with open_catalog(copied.path) as elsewhere, elsewhere.write() as connection:
                catalog.delete_recordings(connection, [number])
            done.wait(0.05)
        done.set()

    sizes = {}
    thread = Thread(target=change)
    thread.start()
    while not done.is_set():
        for path, size in (("map", 12), ("map/colors", 2)):
            answer = client.get(f"/api/v1/{path}", params={"of": "windows"})
            assert answer.status_code == 200
            n, version = int(answer.headers["x-points"]), answer.headers["x-map-version"]
            assert len(answer.content) == size * n
            assert sizes.setdefault(version, n) == n
    thread.join()
    assert len(sizes) > 1
