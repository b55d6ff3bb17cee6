"""Labels: given, taken back, counted, in bulk and all or nothing."""

import json
import os
import sqlite3

import numpy as np
import pytest

from tonotopy import catalog

LIBRARY_BUSY = "tonotopy.catalog.library.BUSY_S"


@pytest.fixture
def library(make_library):
    """Four recordings of 2 s, each with three windows of 1 s, half a second apart."""
    return make_library({f"{number}.wav": np.eye(3, 8) for number in range(1, 5)})


@pytest.fixture
def client(library, serve_library):
    return serve_library(library)


def give(client, label, ids, **more):
    answer = client.post("/api/v1/labels", json={"label": label, "ids": ids, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def change(client, add=(), remove=()):
    return client.post("/api/v1/annotations", json={"add": [*add], "remove": [*remove]})


def labels(client, recording_id):
    return client.get(f"/api/v1/recordings/{recording_id}").json()["labels"]


def said(client, recording_id):
    listed = client.get(f"/api/v1/annotations?recording_id={recording_id}").json()
    return [(each["label"], each["start_s"], each["end_s"], each["polarity"]) for each in listed]


def test_a_label_is_given_to_many_recordings_at_once(client):
    done = give(client, "  distant  rain ", [1, 3, 3])
    assert (len(done["added"]), done["removed"], done["unchanged"]) == (2, [], 0)
    assert [labels(client, n) for n in range(1, 5)] == [["distant rain"], [], ["distant rain"], []]
    [annotation] = client.get("/api/v1/annotations?recording_id=3").json()
    assert annotation["provenance"] == "person"
    assert annotation["start_s"] is annotation["low_hz"] is annotation["confidence"] is None


def test_giving_it_again_changes_nothing_and_undo_then_takes_nothing(client):
    give(client, "rain", [1])
    again = give(client, "rain", [1, 2])
    assert (len(again["added"]), again["unchanged"]) == (1, 1)
    change(client, remove=again["added"])
    assert [labels(client, 1), labels(client, 2)] == [["rain"], []]


def test_windows_are_labelled_as_their_stretches(client):
    give(client, "rain", [4], of="windows")  # the first of the second recording
    assert said(client, 2) == [("rain", 0.0, 1.0, "positive")]
    assert client.get("/api/v1/windows/4").json()["labels"] == ["rain"]
    assert client.get("/api/v1/windows/6").json()["labels"] == []


def test_what_was_said_to_the_contrary_is_replaced_and_comes_back_by_undo(client):
    give(client, "rain", [1], polarity="negative")
    done = give(client, "rain", [1])
    assert said(client, 1) == [("rain", None, None, "positive")]
    assert [each["polarity"] for each in done["removed"]] == ["negative"]
    undone = change(client, add=done["removed"], remove=done["added"])
    assert undone.status_code == 200
    assert said(client, 1) == [("rain", None, None, "negative")]
    assert labels(client, 1) == []


def test_a_label_is_taken_away_only_where_a_person_gave_it(client, library):
    with library.write() as connection:
        catalog.set_labels(connection, {1: "rain"}, provenance="folder")
    give(client, "rain", [1, 2])
    taken = give(client, "rain", [1, 2, 3], polarity=None)
    assert (len(taken["removed"]), taken["unchanged"]) == (2, 1)
    assert [labels(client, n) for n in (1, 2)] == [["rain"], []]


def test_labels_are_counted_by_recordings_and_by_what_was_said(client):
    give(client, "rain", [1, 2, 3])
    give(client, "rain", [1, 2], of="windows")
    give(client, "rain", [4], polarity="negative")
    give(client, "dog", [4], polarity="unsure")
    assert client.get("/api/v1/labels").json() == [
        {"label": "rain", "n": 3, "positive": 5, "negative": 1, "unsure": 0},
        {"label": "dog", "n": 0, "positive": 0, "negative": 0, "unsure": 1},
    ]


def test_words_find_what_was_just_labelled_and_no_longer_what_was_unlabelled(client):
    def found():
        hits = client.post("/api/v1/search", json={"words": "helicopter"}).json()["hits"]
        return [hit["recording_id"] for hit in hits]

    done = give(client, "helicopter", [2])
    assert found() == [2]
    change(client, remove=done["added"])
    assert found() == []


def test_a_box_is_kept_and_moved(client):
    box = {"recording_id": 1, "label": "chirp", "start_s": 0.5, "end_s": 1.5}
    band = {"low_hz": 1000.0, "high_hz": 2000.0}
    [first] = change(client, add=[{**box, **band}]).json()["added"]
    moved = {**box, **band, "start_s": 0.75}
    [second] = change(client, add=[moved], remove=[first]).json()["added"]
    [kept] = client.get("/api/v1/annotations?recording_id=1").json()
    assert (kept["id"], kept["start_s"], kept["low_hz"]) == (second, 0.75, 1000.0)


def test_a_stretch_and_a_band_are_cut_to_what_the_recording_holds(client):
    wide = {"start_s": -3.0, "end_s": 99.0, "low_hz": -5.0, "high_hz": 1e6}
    change(client, add=[{"recording_id": 1, "label": "all", **wide}])
    [kept] = client.get("/api/v1/annotations?recording_id=1").json()
    duration = client.get("/api/v1/recordings/1").json()["duration_s"]
    assert (kept["start_s"], kept["end_s"]) == (0.0, duration)
    assert kept["low_hz"] is kept["high_hz"] is None


@pytest.mark.parametrize(
    ("wrong", "status", "named"),
    [
        ({"recording_id": 77, "label": "x"}, 404, "77"),
        ({"recording_id": 1, "label": "  "}, 400, "1 to 200"),
        ({"recording_id": 1, "label": "x" * 201}, 400, "201"),
        ({"recording_id": 1, "label": "\ud800"}, 400, "shown"),
        ({"recording_id": 1, "label": "x", "start_s": 1.0}, 400, "both"),
        ({"recording_id": 1, "label": "x", "start_s": 9.0, "end_s": 10.0}, 400, "9 to 10 s"),
        ({"recording_id": 1, "label": "x", "low_hz": 9e9, "high_hz": 1e10}, 400, "4000 Hz"),
        ({"recording_id": 1, "label": "x", "polarity": "maybe"}, 422, "polarity"),
        ({"recording_id": 1, "label": "x", "start_s": "soon"}, 422, "start_s"),
    ],
)
def test_one_wrong_annotation_among_many_changes_nothing(client, wrong, status, named):
    before = give(client, "rain", [2])["added"]
    right = {"recording_id": 1, "label": "right"}
    answer = client.post(
        "/api/v1/annotations",
        content=json.dumps({"add": [right, wrong], "remove": before}),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == status
    assert named in answer.json()["error"]
    assert (said(client, 1), labels(client, 2)) == ([], ["rain"])


def test_removing_what_is_gone_says_so_and_changes_nothing(client):
    [kept] = give(client, "rain", [1])["added"]
    answer = change(client, remove=[kept, 999])
    assert answer.status_code == 404
    assert "999" in answer.json()["error"]
    assert labels(client, 1) == ["rain"]


def test_a_library_that_another_program_writes_to_is_said_to_be_busy(
    make_library, serve_library, monkeypatch
):
    monkeypatch.setattr(LIBRARY_BUSY, 0.2)
    library = make_library({"1.wav": np.eye(3, 8)})
    client = serve_library(library)
    writer = sqlite3.connect(library.path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    answer = client.post("/api/v1/labels", json={"label": "rain", "ids": [1]})
    assert answer.status_code == 503
    assert "busy" in answer.json()["error"]
    assert "wait" in answer.json()["error"]
    writer.execute("ROLLBACK")
    writer.close()
    give(client, "rain", [1])


def test_a_read_only_library_says_so(library, serve_library, monkeypatch):
    access = os.access
    monkeypatch.setattr("os.access", lambda path, mode: mode != os.W_OK and access(path, mode))
    with catalog.open_catalog(library.path) as opened:
        client = serve_library(opened)
        assert client.get("/api/v1/library").json()["read_only"] is True
        for path, body in (
            ("labels", {"label": "rain", "ids": [1]}),
            ("annotations", {"add": [{"recording_id": 1, "label": "rain"}]}),
        ):
            answer = client.post(f"/api/v1/{path}", json=body)
            assert answer.status_code == 409
            assert "read-only" in answer.json()["error"]


def test_ten_thousand_windows_are_labelled_in_one_request(make_library, serve_library):
    n = 10_000
    library = make_library({"long.wav": np.tile(np.eye(8), (n // 8, 1))})
    client = serve_library(library)
    done = give(client, "hum", list(range(1, n + 1)), of="windows")
    assert len(done["added"]) == n
    assert client.get("/api/v1/labels").json()[0]["positive"] == n
    undone = change(client, remove=done["added"]).json()
    assert len(undone["removed"]) == n
