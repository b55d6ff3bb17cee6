"""What the API says of the library, its recordings and windows."""

import pytest

from tonotopy import __version__

RECORDING = {
    "id": int,
    "path": str,
    "name": str,
    "folder": str,
    "duration_s": float,
    "sample_rate": int,
    "channels": int,
    "format": str,
    "labels": list,
    "tags": list,
    "missing": bool,
    "window_id": int,
    "n_windows": int,
}


def shape_of(value, names):
    return {name: type(value[name]) for name in names}


def test_the_library_is_described(client, sounds):
    library = client.get("/api/v1/library").json()
    assert library["name"] == "sounds"
    assert library["version"] == __version__
    assert library["n_recordings"] == 10
    assert library["n_missing"] == 1
    assert library["duration_s"] == pytest.approx(8.4, abs=0.2)
    (space,) = library["spaces"]
    assert (space["name"], space["embedder"], space["dim"]) == ("mfcc", "mfcc", 720)
    assert space["is_default"] is True
    assert space["score_name"] == "cosine similarity"
    assert space["n_windows"] == library["n_windows"] > 20
    assert library["labels"] == [
        {"label": "bells", "n": 4},
        {"label": "drums", "n": 3},
        {"label": "odd", "n": 3},
    ]
    assert library["tags"] == []


def test_a_recording_is_described(client, sounds):
    recording = client.get(f"/api/v1/recordings/{sounds.ids['mono.wav']}").json()
    assert shape_of(recording, RECORDING) == RECORDING
    assert recording["path"] == str(sounds.folder / "bells/mono.wav")
    assert (recording["name"], recording["folder"]) == ("mono.wav", "bells")
    assert recording["duration_s"] == pytest.approx(1.15)
    assert (recording["sample_rate"], recording["channels"]) == (44_100, 1)
    assert recording["format"] == "wav"
    assert recording["labels"] == ["bells"]
    assert recording["missing"] is False
    window = client.get(f"/api/v1/windows/{recording['window_id']}").json()
    assert window["recording_id"] == recording["id"]


def test_a_recording_whose_file_is_gone_is_said_to_be_missing(client, sounds):
    recording = client.get(f"/api/v1/recordings/{sounds.ids['gone.wav']}").json()
    assert recording["missing"] is True


def test_a_window_is_described(client, sounds):
    first = client.get(f"/api/v1/recordings/{sounds.ids['mono.wav']}").json()["window_id"]
    window = client.get(f"/api/v1/windows/{first + 1}").json()
    assert window == {
        "id": first + 1,
        "recording_id": sounds.ids["mono.wav"],
        "path": str(sounds.folder / "bells/mono.wav"),
        "name": "mono.wav",
        "folder": "bells",
        "start_s": 0.25,
        "end_s": 0.5,
        "labels": ["bells"],
        "tags": [],
        "missing": False,
    }


def test_recordings_are_listed_a_page_at_a_time(client, sounds):
    first = client.get("/api/v1/recordings", params={"limit": 4}).json()
    rest = client.get("/api/v1/recordings", params={"offset": 4}).json()
    assert first["total"] == rest["total"] == 10
    ids = [each["id"] for each in first["recordings"] + rest["recordings"]]
    assert ids == sorted(sounds.ids.values())
    beyond = client.get("/api/v1/recordings", params={"offset": 10**30}).json()
    assert beyond == {"total": 10, "recordings": []}


def test_a_filter_chooses_recordings(client):
    found = client.get("/api/v1/recordings", params={"where": "label = 'drums'"}).json()
    assert sorted(each["name"] for each in found["recordings"]) == [
        "gone.wav",
        "kick.aiff",
        "phone.m4a",
    ]


@pytest.mark.parametrize("where", ["label =", "colour = 'red'", "label = 'a' or", " ", "("])
def test_a_filter_that_cannot_be_read_is_explained(client, where):
    answer = client.get("/api/v1/recordings", params={"where": where})
    assert answer.status_code == 400
    assert len(answer.json()["error"]) > 20


@pytest.mark.parametrize(
    "path",
    [
        "recordings/999",
        "recordings/999/audio",
        "recordings/999/peaks",
        "recordings/999/stretch?start_s=0&end_s=1",
        "windows/99999",
        "windows/99999/audio",
        "jobs/7",
        "map?space=none",
        "map?projection=tsne",
        "map/colors?space=none",
        "map/legend?space=none",
        "map/projections?space=none",
        "nothing",
    ],
)
def test_what_is_not_there_is_404_and_explained(client, path):
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 404
    assert set(answer.json()) == {"error"}
    assert len(answer.json()["error"]) > 15


@pytest.mark.parametrize(
    "path",
    [
        "recordings/one",
        "recordings/0",
        "recordings/-1",
        "recordings/9223372036854775808",
        f"windows/{'9' * 5000}",
        "windows/1/audio?format=mp3",
        "recordings?limit=0",
        "recordings?limit=1001",
        "recordings?offset=-1",
        "recordings/1/stretch?start_s=nan&end_s=1",
        "recordings/1/stretch?start_s=-1&end_s=1",
        "recordings/1/stretch?end_s=1",
        "map?of=labels",
        "map/colors?by=",
        "map/legend?by=",
        "jobs/x",
    ],
)
def test_a_bad_parameter_is_422_and_explained(client, path):
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 422
    assert set(answer.json()) == {"error"}
    name = answer.json()["error"].partition(":")[0]
    assert name in {
        "recording_id",
        "window_id",
        "job_id",
        "format",
        "limit",
        "offset",
        "start_s",
        "of",
        "by",
    }


def test_the_largest_id_of_a_database_is_an_id(client):
    assert client.get("/api/v1/recordings/9223372036854775807").status_code == 404


def test_a_method_that_is_not_there_is_explained(client):
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        answer = client.request(method, "/api/v1/library")
        assert answer.status_code == 405
        assert set(answer.json()) == {"error"}


def test_head_is_answered_as_get_without_the_body(client, sounds):
    number = sounds.ids["mono.wav"]
    for path in (
        "library",
        "recordings",
        f"recordings/{number}",
        "map",
        f"recordings/{number}/audio",
    ):
        head, get = client.head(f"/api/v1/{path}"), client.get(f"/api/v1/{path}")
        assert head.status_code == get.status_code == 200
        assert head.content == b""
        assert head.headers["content-type"] == get.headers["content-type"]
        assert head.headers["content-length"] == get.headers["content-length"]


def test_an_empty_library_is_described(empty_client):
    library = empty_client.get("/api/v1/library").json()
    assert (library["n_recordings"], library["n_windows"], library["spaces"]) == (0, 0, [])
    assert library["duration_s"] == 0
    listed = empty_client.get("/api/v1/recordings").json()
    assert listed == {"total": 0, "recordings": []}


def test_an_empty_library_has_no_map_and_says_how_to_fill_it(empty_client):
    for path in ("map", "map/colors", "map/legend", "map/projections"):
        answer = empty_client.get(f"/api/v1/{path}")
        assert answer.status_code == 404
        assert "tonotopy add" in answer.json()["error"]
