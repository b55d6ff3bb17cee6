"""What the API says of what was heard."""

import numpy as np
import pytest

from tonotopy import catalog
from tonotopy.catalog import NewWindow, pack_scores
from tonotopy.ontology import CLASSES, class_index


def heard_as(**scores: float) -> bytes:
    """Pack the scores of classes, the largest first."""
    classes = np.array([[class_index(name) for name in scores]])
    (row,) = pack_scores(classes, np.array([list(scores.values())]))
    return row


@pytest.fixture
def client(make_library, serve_library):
    """Three recordings of two windows: a dog and then rain, rain, and one without tags."""
    rng = np.random.default_rng(0)
    library = make_library({f"{n}.wav": rng.standard_normal((2, 4)) for n in range(3)})
    with library.write() as connection:
        space = catalog.find_space(connection)
        catalog.put_tagger(connection, space.id, "audioset", np.full(len(CLASSES), 0.5))
        for recording_id, windows in {
            1: [heard_as(Dog=0.9, Rain=0.2), heard_as(Rain=0.8)],
            2: [heard_as(Rain=0.7)] * 2,
        }.items():
            rows = [
                NewWindow(
                    None,
                    position,
                    position / 2,
                    position / 2 + 1,
                    rng.standard_normal(4).astype("<f2").tobytes(),
                    -20.0,
                    scores,
                )
                for position, scores in enumerate(windows)
            ]
            catalog.put_windows(connection, space, recording_id, rows)
        catalog.put_recording_scores(connection, space.id, 1, heard_as(Dog=0.9, Rain=0.8))
        catalog.put_recording_scores(connection, space.id, 2, heard_as(Rain=0.7))
    return serve_library(library)


def names(described):
    return [tag["name"] for tag in described["tags"]]


def test_recordings_and_windows_are_described_with_their_tags(client):
    first, second, third = client.get("/api/v1/recordings").json()["recordings"]
    assert [names(each) for each in (first, second, third)] == [["Dog", "Rain"], ["Rain"], []]
    assert first["tags"][0]["score"] == pytest.approx(0.9, abs=0.01)
    window = client.get(f"/api/v1/windows/{first['window_id']}").json()
    assert names(window) == ["Dog"]


def test_the_library_says_how_many_recordings_have_a_tag(client):
    tags = client.get("/api/v1/library").json()["tags"]
    assert tags == [{"tag": "Rain", "n": 2}, {"tag": "Dog", "n": 1}]


def test_hits_tell_the_tags_of_their_window(client):
    hits = client.post("/api/v1/search", json={"recording_id": 3, "by": "window"}).json()["hits"]
    assert {tuple(names(hit)) for hit in hits} <= {("Dog",), ("Rain",)}
    assert all(hit["tags"] for hit in hits)


def test_a_filter_finds_what_has_a_tag_or_one_below_it(client):
    def found(where):
        answer = client.get("/api/v1/recordings", params={"where": where})
        return [each["id"] for each in answer.json()["recordings"]]

    assert found("tag = 'Animal'") == [1]
    assert found("tag = 'rain' and tag != 'Dog'") == [2]
    answer = client.get("/api/v1/recordings", params={"where": "tag = 'Rian'"})
    assert answer.status_code == 400
    assert "there is no tag 'Rian'" in answer.json()["error"]


def test_the_map_is_coloured_by_tags(client):
    columns = client.get("/api/v1/map/columns").json()
    assert {"name": "tag", "kind": "groups"} in columns
    legend = client.get("/api/v1/map/legend", params={"by": "tag"}).json()
    assert legend == [{"name": "Dog", "n": 1}, {"name": "Rain", "n": 1}]
    codes = client.get("/api/v1/map/colors", params={"by": "tag"})
    assert np.frombuffer(codes.content, "<u2").tolist() == [0, 1, 65_535]
