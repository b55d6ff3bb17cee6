"""Tiles of recordings over HTTP: laid out as told, kept, and made anew when the file changes."""

from time import process_time

import numpy as np
import pytest
import soundfile

from tonotopy import catalog, explore
from tonotopy.server import look_routes

HOUR = 3600


def tile_of(answer):
    """Read a tile as web/src/look/tiles.ts does."""
    assert answer.status_code == 200, answer.text
    assert len(answer.content) == 98 * 256
    levels = np.frombuffer(answer.content, np.uint8, 96 * 256).reshape(96, 256)
    return levels, np.frombuffer(answer.content, np.int8, 512, 96 * 256).reshape(2, 256)


def test_a_tile_is_that_of_the_file(client, sounds):
    number = sounds.ids["mono.wav"]
    answer = client.get(f"/api/v1/recordings/{number}/tiles/1/0")
    levels, peaks = tile_of(answer)
    expected = explore.look_at(sounds.folder / "bells/mono.wav", 1, 0)
    assert (levels == expected.levels).all()
    assert (peaks == expected.peaks).all()
    assert float(answer.headers["x-top-hz"]) == 22_050
    assert float(answer.headers["x-column-s"]) == 0.01
    assert answer.headers["x-sampled"] == "0"


@pytest.mark.parametrize("name", ["spoken.mp3", "spoken.ogg", "phone.m4a", "bat.wav", "slow.aiff"])
def test_every_format_can_be_looked_at(client, sounds, name):
    levels, peaks = tile_of(client.get(f"/api/v1/recordings/{sounds.ids[name]}/tiles/0/0"))
    assert levels.max() > 100
    assert peaks[1].max() > 10


def test_a_tile_is_made_once_and_not_sent_again(client, sounds, monkeypatch):
    made = []

    def look(*asked):
        made.append(asked)
        return explore.look_at(*asked)

    monkeypatch.setattr(look_routes, "look_at", look)
    path = f"/api/v1/recordings/{sounds.ids['mono.wav']}/tiles/0/0"
    first = client.get(path)
    assert client.get(path).content == first.content
    assert len(made) == 1
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


def test_the_tile_that_was_not_asked_for_the_longest_goes_first(monkeypatch):
    monkeypatch.setattr(look_routes, "KEPT", 2)
    tiles = look_routes.Tiles()
    tile = explore.Tile(np.zeros((96, 256), np.uint8), np.zeros((2, 256), np.int8), 8000.0, False)
    tiles.keep("a", tile)
    tiles.keep("b", tile)
    tiles.find("a")
    tiles.keep("c", tile)
    assert [tiles.find(tag) is None for tag in "abc"] == [False, True, False]


@pytest.mark.parametrize("place", ["16/0", "-1/0", "0/-1", "0/9999999999"])
def test_a_tile_that_cannot_be_is_refused(client, place):
    assert client.get(f"/api/v1/recordings/1/tiles/{place}").status_code == 422


def test_a_file_that_is_gone_is_said_to_be(client, sounds):
    answer = client.get(f"/api/v1/recordings/{sounds.ids['gone.wav']}/tiles/0/0")
    assert answer.status_code == 404
    assert "gone" in answer.json()["error"]


@pytest.mark.slow
def test_a_day_is_looked_at_within_two_seconds(tmp_path, serve_library):
    """The waveform and all of the overview's tiles, of a recording of 24 hours."""
    path = tmp_path / "day.wav"
    rate = 8000
    minute = (0.3 * np.sin(np.arange(60 * rate) / 3)).astype(np.float32)
    with soundfile.SoundFile(path, "w", rate, 1, subtype="PCM_16") as file:
        for _ in range(24 * 60):
            file.write(minute)
    with catalog.open_catalog(tmp_path / "day.db") as library:
        with library.write() as connection:
            new = catalog.NewRecording(
                path=str(path),
                size=path.stat().st_size,
                mtime_ns=path.stat().st_mtime_ns,
                content_hash="day",
                duration_s=24.0 * HOUR,
                sample_rate=rate,
                channels=1,
                format="wav",
                peaks=b"\0" * (8 + 2 * 16_384),
                problem=None,
            )
            catalog.put_recording(connection, new, None)
        client = serve_library(library)
        began = process_time()
        assert client.get("/api/v1/recordings/1/peaks").status_code == 200
        for number in range(5):  # 82 s a column: 5.8 h a tile
            levels, _ = tile_of(client.get(f"/api/v1/recordings/1/tiles/14/{number}"))
            if number < 4:
                assert levels.max(axis=0).all()
        assert process_time() - began < 2.0
