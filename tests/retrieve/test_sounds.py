"""Searching with real files: what is decoded, what finds itself."""

import shutil

import numpy as np
import pytest
import soundfile

from tonotopy import catalog
from tonotopy.errors import DecodeError, QueryError
from tonotopy.ingest import add
from tonotopy.retrieve import StoredRecording, query, search

RATE = 16_000


def click(rng, hz):
    """A hit of 50 ms, its pitch and noise its own."""
    seconds = np.arange(int(0.05 * RATE)) / RATE
    body = np.sin(2 * np.pi * hz * seconds) + 0.3 * rng.standard_normal(len(seconds))
    return 0.5 * body * np.exp(-60 * seconds)


@pytest.fixture
def clicks(tmp_path):
    rng = np.random.default_rng(3)
    folder = tmp_path / "clicks"
    folder.mkdir()
    for number in range(12):
        sound = click(rng, 150 * 1.4**number)
        soundfile.write(folder / f"{number:02}.wav", sound, RATE, subtype="FLOAT")
    library = catalog.open_catalog(tmp_path / "clicks.db")
    add(library, folder, embedder="timbre", jobs=1)
    yield library, folder
    library.close()


def test_a_one_shot_of_50_ms_is_found_again(clicks, tmp_path):
    library, folder = clicks
    for number in range(12):
        copy = shutil.copy(folder / f"{number:02}.wav", tmp_path / "query.wav")
        (hit,) = search(library, copy, k=1).hits
        assert hit.path.endswith(f"{number:02}.wav")
        assert hit.score == pytest.approx(1, abs=1e-3)
        assert (hit.start_s, hit.end_s) == (0, pytest.approx(0.05))


def test_a_one_shot_is_found_again_at_another_level_and_place(clicks, tmp_path):
    library, folder = clicks
    right = 0
    for number in range(12):
        sound, _ = soundfile.read(folder / f"{number:02}.wav")
        later = np.concatenate([np.zeros(RATE // 10), 0.2 * sound, np.zeros(RATE // 5)])
        soundfile.write(tmp_path / "query.wav", later, RATE, subtype="FLOAT")
        right += (
            search(library, tmp_path / "query.wav", k=1).hits[0].path.endswith(f"{number:02}.wav")
        )
    assert right >= 10


def test_a_recording_of_the_library_is_not_decoded_again(heard, tones, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("decoded a file whose vectors are stored")

    monkeypatch.setattr(query, "Hearing", refuse)
    path = tones / "low" / "low_anna_0.wav"
    found = [hit.path for hit in search(heard, path).hits]
    assert str(path) not in found
    assert found[0] == str(tones / "low" / "low_anna_1.wav")
    with pytest.raises(AssertionError, match="decoded"):
        search(heard, path, start_s=0.1)


def test_an_interval_of_a_recording_is_heard_and_does_not_return_itself(heard, tones):
    path = tones / "high" / "high_anna_0.wav"
    found = [hit.path for hit in search(heard, path, start_s=0.0, end_s=0.25).hits]
    assert found[0] == str(tones / "high" / "high_anna_1.wav")
    assert str(path) not in found
    stretches = search(heard, path, start_s=0.0, end_s=0.25, by="window").hits
    own = [hit for hit in stretches if hit.path == str(path)]
    assert all(hit.start_s >= 0.25 for hit in own)


def test_a_part_of_a_stored_recording_is_heard_as_the_part_of_its_file(heard, tones):
    path = tones / "high" / "high_anna_0.wav"
    with heard.read() as connection:
        recording_id = catalog.find_by_path(connection, str(path)).id
    part = search(heard, StoredRecording(recording_id, 0.0, 0.25)).hits
    assert part == search(heard, path, start_s=0.0, end_s=0.25).hits
    assert part[0].path == str(tones / "high" / "high_anna_1.wav")


def test_a_part_of_a_recording_whose_file_is_gone_is_that_of_its_windows(heard, tones):
    path = tones / "high" / "high_anna_0.wav"
    with heard.read() as connection:
        recording_id = catalog.find_by_path(connection, str(path)).id
    path.unlink()
    hits = search(heard, StoredRecording(recording_id, 0.0, 0.25)).hits
    assert hits[0].path == str(tones / "high" / "high_anna_1.wav")


def test_a_file_that_changed_is_heard_anew(heard, tones):
    path = tones / "low" / "low_anna_0.wav"
    shutil.copy(tones / "high" / "high_anna_0.wav", path)
    first = search(heard, path, k=1).hits[0]
    assert first.path.split("/")[-2] == "high"


def test_a_missing_file_is_found_and_marked(heard, tones):
    (tones / "low" / "low_anna_1.wav").unlink()
    add(heard, tones, jobs=1)
    hit = search(heard, tones / "low" / "low_anna_0.wav", k=1).hits[0]
    assert (hit.path, hit.missing) == (str(tones / "low" / "low_anna_1.wav"), True)


def test_a_query_that_is_not_sound_says_so(heard, tmp_path):
    (tmp_path / "text.wav").write_text("this is text")
    with pytest.raises(DecodeError, match=r"text\.wav"):
        search(heard, tmp_path / "text.wav")


@pytest.mark.parametrize("stored", [True, False])
def test_silence_around_a_query_does_not_find_other_silence(tmp_path, stored):
    """A low tone in silence, beside a high tone in silence and the low tone alone."""
    seconds = np.arange(RATE) / RATE
    low, high = (0.3 * np.sin(2 * np.pi * hz * seconds) for hz in (200, 3000))
    silence = np.zeros(4 * RATE)
    folder = tmp_path / "padded"
    folder.mkdir()
    for name, sound in (("high", np.concatenate([silence, high])), ("low", low)):
        soundfile.write(folder / f"{name}.wav", sound, RATE)
    asked = (folder if stored else tmp_path) / "query.wav"
    soundfile.write(asked, np.concatenate([low, silence]), RATE)
    with catalog.open_catalog(tmp_path / "padded.db") as library:
        add(library, folder, embedder="timbre", jobs=1)
        first, second = search(library, asked, k=2).hits
        assert first.path == str(folder / "low.wav")
        assert first.score > 0.9 > second.score
        (stretch,) = search(library, asked, k=1, by="window").hits
        assert stretch.path == str(folder / "low.wav")


@pytest.mark.parametrize(("start_s", "end_s"), [(-1, None), (2, 1), (1, 1)])
def test_an_interval_that_is_none_is_refused(heard, tones, start_s, end_s):
    with pytest.raises(QueryError, match="interval"):
        search(heard, tones / "low" / "low_anna_0.wav", start_s=start_s, end_s=end_s)


def test_an_interval_beyond_the_end_says_so(heard, tones):
    with pytest.raises(DecodeError, match="no sound"):
        search(heard, tones / "low" / "low_anna_0.wav", start_s=100)


def test_a_changed_embedder_is_not_compared_with_its_past(heard, tones, monkeypatch, tmp_path):
    from sqlalchemy import text

    copy = shutil.copy(tones / "low" / "low_anna_0.wav", tmp_path / "copy.wav")
    with heard.write() as connection:
        connection.execute(text("UPDATE spaces SET fingerprint = 'older'"))
    with pytest.raises(QueryError, match="changed since"):
        search(heard, copy)
