"""Searching over HTTP: words, what is in the library, uploads."""

import io
import json
import os

import numpy as np
import psutil
import pytest
import soundfile

HIT = {
    "rank": int,
    "score": float,
    "recording_id": int,
    "window_id": int,
    "path": str,
    "name": str,
    "folder": str,
    "start_s": float,
    "end_s": float,
    "labels": list,
    "tags": list,
    "missing": bool,
}


def search(client, **asked):
    return client.post("/api/v1/search", json=asked)


def upload(client, content, name="query.wav", **fields):
    return client.post("/api/v1/search/upload", files={"file": (name, content)}, data=fields)


def first_window(client, recording_id):
    return client.get(f"/api/v1/recordings/{recording_id}").json()["window_id"]


def test_words_find_recordings_and_say_why(client, sounds):
    found = search(client, words="kick", k=5).json()
    assert (found["query"], found["space"]) == ("kick", None)
    (hit,) = found["hits"]
    assert (hit["rank"], hit["recording_id"]) == (1, sounds.ids["kick.aiff"])
    assert hit["why"] == "name: kick"
    assert (hit["name"], hit["folder"], hit["labels"]) == ("kick.aiff", "drums", ["drums"])
    assert search(client, words="nothing like it").json()["hits"] == []
    assert search(client, words="").json()["hits"] == []
    assert search(client, words="").json()["notes"] == ["there is no word in the query"]


def test_words_are_looked_for_only_where_asked(client, sounds):
    assert len(search(client, words="kick", text_from=["names"]).json()["hits"]) == 1
    assert search(client, words="kick", text_from=["labels"]).json()["hits"] == []
    refused = search(client, words="kick", text_from=["tags"])
    assert refused.status_code == 400
    assert "has no tags" in refused.text
    assert search(client, words="kick", text_from=["smells"]).status_code == 422


def test_a_recording_finds_others_and_not_itself(client, sounds):
    found = search(client, recording_id=sounds.ids["spoken.ogg"], k=3).json()
    assert found["score_name"] == "cosine similarity"
    assert found["space"] == "mfcc"
    assert len(found["hits"]) == 3
    for rank, hit in enumerate(found["hits"], start=1):
        assert {name: type(hit[name]) for name in HIT} == HIT
        assert hit["rank"] == rank
        assert hit["recording_id"] != sounds.ids["spoken.ogg"]
    scores = [hit["score"] for hit in found["hits"]]
    assert scores == sorted(scores, reverse=True)


def test_a_window_finds_windows(client, sounds):
    first = client.get(f"/api/v1/recordings/{sounds.ids['mono.wav']}").json()["window_id"]
    found = search(client, window_id=first, by="window", k=8).json()
    assert len(found["hits"]) == 8
    window = client.get(f"/api/v1/windows/{found['hits'][0]['window_id']}").json()
    assert window["start_s"] == found["hits"][0]["start_s"]
    assert first not in {hit["window_id"] for hit in found["hits"]}


def test_several_examples_are_averaged_and_others_taken_off(client, sounds):
    def first_window(name):
        return client.get(f"/api/v1/recordings/{sounds.ids[name]}").json()["window_id"]

    like = [first_window("mono.wav"), first_window("spoken.ogg")]
    found = search(client, like=like, unlike=[first_window("kick.aiff")]).json()
    assert found["score_name"].endswith("less half of what it should not be like")
    assert found["query"] == f"window {like[0]}, window {like[1]}"
    assert not {sounds.ids["mono.wav"], sounds.ids["spoken.ogg"]} & {
        hit["recording_id"] for hit in found["hits"]
    }


def test_recordings_are_examples_too(client, sounds):
    like, unlike = sounds.ids["mono.wav"], sounds.ids["kick.aiff"]
    found = search(client, like_recordings=[like], unlike_recordings=[unlike], k=50).json()
    alone = search(client, recording_id=like, k=50).json()
    assert found["score_name"].endswith("less half of what it should not be like")
    assert not {like, unlike} & {hit["recording_id"] for hit in found["hits"]}
    scores = {hit["recording_id"]: hit["score"] for hit in alone["hits"]}
    taken = {
        hit["recording_id"]: hit["score"]
        for hit in search(client, recording_id=unlike, k=50).json()["hits"]
    }
    for hit in found["hits"]:
        each = hit["recording_id"]
        assert hit["score"] == pytest.approx(scores[each] - taken[each] / 2, abs=1e-4)


def test_a_part_of_a_recording_is_searched_with(client, sounds):
    asked = {"recording_id": sounds.ids["spoken.ogg"], "start_s": 0.25, "end_s": 0.75}
    found = search(client, **asked, k=3).json()
    assert found["query"] == f"recording {asked['recording_id']} from 0.25 s to 0.75 s"
    assert asked["recording_id"] not in {hit["recording_id"] for hit in found["hits"]}
    windows = search(client, **asked, by="window", k=50).json()["hits"]
    own = [hit for hit in windows if hit["recording_id"] == asked["recording_id"]]
    assert all(hit["start_s"] >= 0.75 or hit["end_s"] <= 0.25 for hit in own)


def test_nothing_is_found_outside_of_what_was_chosen(client, sounds):
    mono = sounds.ids["mono.wav"]
    chosen = [sounds.ids["kick.aiff"], sounds.ids["spoken.mp3"], 99_999]
    within = {"of": "recordings", "ids": chosen}
    found = search(client, recording_id=mono, within=within).json()["hits"]
    assert {hit["recording_id"] for hit in found} == set(chosen[:2])
    words = search(client, words="spoken", within=within).json()["hits"]
    assert [hit["recording_id"] for hit in words] == [sounds.ids["spoken.mp3"]]
    window = first_window(client, sounds.ids["kick.aiff"])
    one = {"of": "windows", "ids": [window]}
    (hit,) = search(client, recording_id=mono, within=one, by="window").json()["hits"]
    assert hit["window_id"] == window
    assert search(client, recording_id=mono, within={"ids": []}).json()["hits"] == []


def test_a_hundred_thousand_things_may_be_chosen_and_no_more(client, sounds):
    mono = sounds.ids["mono.wav"]
    ids = [10_000_000 + number for number in range(99_999)]
    most = {"of": "recordings", "ids": [sounds.ids["kick.aiff"], *ids]}
    found = search(client, recording_id=mono, within=most).json()["hits"]
    assert [hit["name"] for hit in found] == ["kick.aiff"]
    refused = search(client, recording_id=mono, within={"ids": [*most["ids"], 1]})
    assert refused.status_code == 422
    assert "within ids: " in refused.json()["error"]


def test_a_filter_alone_lists_what_it_lets_through(client, sounds):
    found = search(client, where="label = 'drums'").json()
    assert (found["score_name"], found["query"]) == ("fits the filter", "label = 'drums'")
    assert {hit["folder"] for hit in found["hits"]} == {"drums"}
    ids = [hit["recording_id"] for hit in found["hits"]]
    assert ids == sorted(ids)
    within = {"of": "recordings", "ids": [sounds.ids["mono.wav"], sounds.ids["kick.aiff"]]}
    both = search(client, where="label = 'drums'", within=within).json()["hits"]
    assert [hit["name"] for hit in both] == ["kick.aiff"]
    windows = search(client, where="label = 'drums'", by="window", k=50).json()["hits"]
    assert len(windows) >= len(ids)
    assert [hit["window_id"] for hit in windows] == sorted(hit["window_id"] for hit in windows)


def test_a_filter_holds_inside_the_search(client, sounds):
    found = search(client, recording_id=sounds.ids["mono.wav"], where="label = 'drums'").json()
    assert {hit["folder"] for hit in found["hits"]} == {"drums"}
    words = search(client, words="spoken", where="path ~ '*.mp3'").json()
    assert [hit["name"] for hit in words["hits"]] == ["spoken.mp3"]


@pytest.mark.parametrize(
    ("asked", "status", "says"),
    [
        ({}, 400, "nothing to search with"),
        ({"words": "a", "window_id": 1}, 400, "not several"),
        ({"words": "a", "like": [1]}, 400, "cannot be mixed"),
        ({"unlike": [1]}, 400, "nothing to search with"),
        ({"window_id": 1, "start_s": 1}, 400, "give recording_id too"),
        ({"recording_id": 1, "start_s": 1, "end_s": 0.5}, 400, "empty or negative"),
        ({"recording_id": 1, "start_s": 1e6}, 400, "within it"),
        ({"like_recordings": [99_999]}, 404, "no recording 99999"),
        ({"within": {"of": "folders", "ids": []}, "words": "a"}, 422, "within of: "),
        ({"window_id": 99_999}, 404, "no window 99999"),
        ({"recording_id": 99_999}, 404, "no recording 99999"),
        ({"like": [99_999]}, 404, "no window 99999"),
        ({"words": "a", "where": "label ="}, 400, "expected a value"),
        ({"window_id": 1, "where": "colour = 'red'"}, 400, "colour"),
        ({"window_id": 1, "where": "x" * 10_001}, 400, "10,000"),
        ({"window_id": 1, "space": "none"}, 404, "there is no space 'none'"),
        ({"words": "a", "k": 0}, 422, "k: "),
        ({"words": "a", "k": 1001}, 422, "k: "),
        ({"words": "a", "k": 10**400}, 422, "k: "),
        ({"words": "a", "k": "many"}, 422, "k: "),
        ({"words": "a", "by": "path"}, 422, "by: "),
        ({"words": ["a"]}, 422, "words: "),
        ({"words": "a" * 1001}, 422, "words: "),
        ({"words": "\ud800"}, 422, "words: "),
        ({"window_id": 0}, 422, "window_id: "),
        ({"window_id": 2**63}, 422, "window_id: "),
        ({"window_id": 1.5}, 422, "window_id: "),
        ({"like": list(range(1, 102))}, 422, "like: "),
        ({"like": [-1]}, 422, "like 0: "),
        ([], 422, "the request: "),
        (None, 422, "the request: "),
    ],
)
def test_a_search_that_makes_no_sense_is_explained(client, asked, status, says):
    body = json.dumps(asked)
    answer = client.post(
        "/api/v1/search", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}
    assert says in answer.json()["error"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[" * 100_000, b'{"k": ' + b"9" * 5000 + b"}", b"\xff\xfe", b"{'words': 1}"],
)
def test_a_body_that_is_not_json_is_explained(client, body):
    answer = client.post(
        "/api/v1/search", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    assert set(answer.json()) == {"error"}


LONG_FILTERS = {
    "a chain": "duration_s < 9 or " * 500 + "duration_s < 9",
    "words": "label = 'a' and " * 600 + "label = 'a'",
    "a list": "label in (" + ", ".join(["'abcdef'"] * 900) + ")",
    "deep": "(" * 50 + "duration_s < 9" + ")" * 50,
    "too deep": "(" * 4000 + "duration_s < 9" + ")" * 4000,
    "not": "not " * 2000 + "unlabelled",
    "wild": "path ~ '" + "*a" * 4000 + "'",
}


@pytest.mark.parametrize("name", LONG_FILTERS)
def test_a_long_filter_is_answered_or_refused_in_words(client, name):
    where = LONG_FILTERS[name]
    assert len(where) <= 10_000
    for answer in (
        search(client, window_id=1, where=where),
        search(client, words="bell", where=where),
        client.get("/api/v1/recordings", params={"where": where}),
    ):
        assert answer.status_code == (400 if name in ("too deep", "not") else 200), answer.text


def test_many_words_are_searched(client):
    assert search(client, words="a b " * 250).status_code == 200
    assert search(client, words="\"' OR * NEAR( ) : ^ -- \x00").status_code == 200


def test_an_uploaded_file_finds_what_sounds_like_it(client, sounds):
    for name in ("mono.wav", "spoken.mp3", "phone.m4a", "kick.aiff"):
        file = next(sounds.folder.glob(f"*/{name}"))
        found = upload(client, file.read_bytes(), name=name, k=3).json()
        assert (found["query"], found["space"]) == (name, "mfcc")
        assert found["hits"][0]["recording_id"] == sounds.ids[name]
        assert found["hits"][0]["score"] == pytest.approx(1, abs=1e-3)
        assert len(found["hits"]) == 3


def test_the_fields_of_an_upload_are_heeded(client, sounds):
    content = (sounds.folder / "bells/mono.wav").read_bytes()
    found = upload(client, content, k=5, by="window", where="label = 'odd'", space="mfcc").json()
    assert len(found["hits"]) == 5
    assert {hit["folder"] for hit in found["hits"]} == {"odd"}
    for fields, status in (
        ({"k": 0}, 422),
        ({"k": 1001}, 422),
        ({"by": "path"}, 422),
        ({"where": "label ="}, 400),
        ({"space": "none"}, 404),
    ):
        answer = upload(client, content, **fields)
        assert answer.status_code == status
        assert set(answer.json()) == {"error"}


def test_an_upload_may_be_narrowed_and_joined_by_sounds_of_the_library(client, sounds):
    content = (sounds.folder / "bells/mono.wav").read_bytes()
    within = {"of": "recordings", "ids": [sounds.ids["kick.aiff"], sounds.ids["spoken.ogg"]]}
    also = {"unlike_recordings": [sounds.ids["spoken.mp3"]], "within": within}
    found = upload(client, content, also=json.dumps(also)).json()
    assert {hit["recording_id"] for hit in found["hits"]} == set(within["ids"])
    assert found["score_name"].endswith("less half of what it should not be like")
    for nonsense in ("{", '{"like": ["a"]}', "[1]"):
        answer = upload(client, content, also=nonsense)
        assert answer.status_code == 422
        assert set(answer.json()) == {"error"}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../../etc/passwd", "passwd"),
        ("/etc/shadow.wav", "shadow.wav"),
        ("..\\..\\windows\\door.wav", "..\\..\\windows\\door.wav"),
        ("..", ".."),
        ("a\r\nX-Injected: 1.wav", None),
        ("door.wav\x00.txt", None),
        ("n" * 3000 + ".wav", "n" * 200),
        ("%2e%2e%2fdoor.wav", "%2e%2e%2fdoor.wav"),
        ("Türe 🚪.wav", "Türe 🚪.wav"),
        ("'; DROP TABLE windows; --", "'; DROP TABLE windows; --"),
        ("<script>alert(1)</script>.wav", "script>.wav"),
    ],
)
def test_the_name_of_an_upload_is_shown_and_never_a_path(
    client, sounds, tmp_path, monkeypatch, name, shown
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = set(os.listdir())
    answer = upload(client, (sounds.folder / "bells/mono.wav").read_bytes(), name=name)
    assert "x-injected" not in answer.headers
    assert answer.headers["content-type"] == "application/json"
    if shown is not None:
        assert answer.json()["query"] == shown
    assert list(tmp_path.iterdir()) == []
    assert set(os.listdir()) == before


def test_an_upload_that_is_no_sound_is_named_as_the_user_named_it(client):
    for content in (b"", b"hello", b"RIFF" + bytes(40), np.random.default_rng(0).bytes(5000)):
        answer = upload(client, content, name="my song.wav")
        assert answer.status_code == 422
        assert answer.json()["error"].startswith("cannot decode my song.wav: ")
        assert "tmp" not in answer.json()["error"]


def test_of_a_long_upload_ten_minutes_are_heard(client, monkeypatch):
    heard = []
    monkeypatch.setattr(
        "tonotopy.server.search_routes.AudioFile", lambda *given: heard.append(given) or 1 / 0
    )
    content = io.BytesIO()
    soundfile.write(content, np.zeros(8000), 8000, format="WAV")
    upload(client, content.getvalue())
    assert heard[0][1:] == (0.0, 600.0)


def test_an_upload_without_a_file_is_explained(client):
    for sent in (
        {"data": {"k": "3"}},
        {"files": {"other": ("a.wav", b"x")}},
        {"content": b"nonsense", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        {"content": b"--x", "headers": {"Content-Type": "multipart/form-data"}},
        {"content": b"file=1", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"json": {"file": "a.wav"}},
    ):
        answer = client.post("/api/v1/search/upload", **sent)
        assert answer.status_code in (400, 422)
        assert set(answer.json()) == {"error"}


def test_a_form_holds_one_file_and_few_short_fields(client):
    two = [("file", ("a.wav", b"x")), ("file", ("b.wav", b"y"))]
    many = {f"field {number}": "x" for number in range(50)}
    for answer in (
        client.post("/api/v1/search/upload", files=two),
        upload(client, b"x", **many),
        upload(client, b"x", where="x" * 2_100_000),
    ):
        assert answer.status_code == 400
        assert set(answer.json()) == {"error"}


def test_a_full_disk_is_told_as_one(client, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tonotopy.server.search_routes.shutil.copyfileobj", full)
    answer = upload(client, b"x" * 10)
    assert answer.status_code == 507
    assert "No space left on device" in answer.json()["error"]


def test_a_disk_that_fills_while_an_upload_comes_is_told_as_one(client, monkeypatch):
    async def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("starlette.datastructures.UploadFile.write", full)
    answer = upload(client, b"x" * 10)
    assert answer.status_code == 507
    assert "No space left on device" in answer.json()["error"]


def test_uploads_leave_nothing_open(client, sounds, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    content = (sounds.folder / "bells/mono.wav").read_bytes() + bytes(2_000_000)
    upload(client, content)
    n_open = psutil.Process().num_fds()
    for _ in range(5):
        assert upload(client, content).status_code == 200
        upload(client, b"no sound")
    assert psutil.Process().num_fds() == n_open
    assert list(tmp_path.iterdir()) == []


def test_aspects_weigh_what_counts(client, sounds):
    asked = {"recording_id": sounds.ids["spoken.mp3"], "k": 3}
    found = search(client, aspects={"pitch": 1, "timbre": 0}, **asked).json()
    assert found["score_name"] == "likeness from 0 to 1 (weights: pitch 1)"
    assert [hit["name"] for hit in found["hits"]][:2] == ["stereo.flac", "spoken.ogg"]
    assert found["hits"][0]["aspects"].keys() == {"pitch"}
    assert all(hit["aspects"] is None for hit in search(client, **asked).json()["hits"])
    for weights in ({"smell": 1}, {"pitch": -1}, {"pitch": 1e9}):
        assert search(client, aspects=weights, **asked).status_code == 422
    assert search(client, aspects={"pitch": 0}, **asked).status_code == 400


def test_an_upload_is_searched_with_by_aspects(client, sounds):
    content = (sounds.folder / "bells/spoken.mp3").read_bytes()
    also = json.dumps({"aspects": {"pitch": 1, "loudness": 0.5}})
    found = upload(client, content, "query.mp3", also=also, k=1).json()
    (hit,) = found["hits"]
    assert hit["name"] == "spoken.mp3"
    assert hit["aspects"]["pitch"] > 0.99
    assert hit["aspects"]["loudness"] > 0.99
