"""A selection taken out: made by one request, fetched by the next."""

import io
import zipfile

import pytest

from tonotopy.exchange import FORMATS
from tonotopy.server import export_routes


def make(client, **asked):
    answer = client.post("/api/v1/exports", json=asked)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_made_and_fetched(client, sounds, format):
    ids = [sounds.ids["mono.wav"], sounds.ids["spoken.mp3"]]
    made = make(client, format=format, of="recordings", ids=ids)
    assert (made["n"], made["missing"]) == (2, 0)
    answer = client.get(f"/api/v1/exports/{made['id']}")
    assert len(answer.content) == made["bytes"] > 0
    assert answer.headers["content-disposition"].endswith(made["name"])
    assert made["name"].startswith("sounds-")


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
    number, path = exports.place()
    path.write_text("x")
    exports.keep(number, path, "x.txt")
    assert exports.find(number).name == "x.txt"
    exports.close()
    assert not path.exists()
    assert not path.parent.exists()
