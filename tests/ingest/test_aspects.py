"""Adding measures pitch, loudness and rhythm too, and completes what an older version heard."""

import numpy as np
import pytest
import soundfile

from tonotopy import catalog
from tonotopy.catalog import aspects as stored_aspects

RATE = 16_000


@pytest.fixture
def tones(folder):
    """Two seconds at 220 Hz, and at 880 Hz twenty decibels below, in one of two channels."""
    time = np.arange(2 * RATE) / RATE
    soundfile.write(folder / "low.wav", 0.5 * np.sin(2 * np.pi * 220 * time), RATE)
    high = 0.1 * np.sin(2 * np.pi * 880 * time)
    soundfile.write(folder / "high.wav", np.stack([high, 0 * high], 1), RATE)
    return folder


def aspects(library):
    """Read what is stored, by file name, and the revision."""
    with library.read() as connection:
        ids = catalog.recording_ids(connection)
        names = {each.id: each.name for each in catalog.get_recordings(connection, ids).values()}
        found = catalog.aspects_of_recordings(connection, ids)
    return {names[each]: heard for each, heard in found.items()}


def window_ids(library):
    with library.read() as connection:
        return catalog.window_ids(connection, catalog.find_space(connection)).tolist()


@pytest.mark.parametrize("channels", ["mix", "each"])
def test_pitch_and_loudness_are_those_of_the_mix(library, add, tones, channels):
    add(tones, channels=channels)
    heard = aspects(library)
    assert heard["low.wav"].pitch_hz == pytest.approx(220, rel=0.003)
    assert heard["high.wav"].pitch_hz == pytest.approx(880, rel=0.003)
    difference = heard["low.wav"].loudness_db - heard["high.wav"].loudness_db
    assert difference == pytest.approx(20, abs=1.5)  # the mix halves it, the K curve adds a little


def test_what_has_no_aspects_is_measured_and_its_windows_stay(library, add, tones, heard):
    add(tones)
    before, windows = aspects(library), window_ids(library)
    with library.write() as connection:
        connection.exec_driver_sql("DELETE FROM recording_aspects WHERE recording_id = 1")
    report = add(tones)
    assert (report.measured, report.unchanged, report.added, report.windows) == (1, 2, 0, 0)
    assert len(heard) == 1
    assert aspects(library) == before
    assert window_ids(library) == windows
    assert add(tones).measured == 0


def test_another_revision_is_measured_again(library, add, tones, monkeypatch):
    add(tones)
    monkeypatch.setattr(stored_aspects, "REVISION", stored_aspects.REVISION + 1)
    assert add(tones).measured == 2
    assert add(tones).measured == 0


def test_a_changed_file_has_the_aspects_of_its_new_content(library, add, tones):
    add(tones)
    time = np.arange(RATE) / RATE
    soundfile.write(tones / "low.wav", 0.5 * np.sin(2 * np.pi * 330 * time), RATE)
    add(tones)
    assert aspects(library)["low.wav"].pitch_hz == pytest.approx(330, rel=0.003)
    assert len(aspects(library)) == 2


def test_a_file_that_cannot_be_measured_any_more_is_a_failure(library, add, tones, failures):
    add(tones)
    with library.write() as connection:
        connection.exec_driver_sql("DELETE FROM recording_aspects")
    content = (tones / "low.wav").read_bytes()
    (tones / "low.wav").write_bytes(bytes(len(content)))
    report = add(tones)
    assert str(tones / "low.wav") in failures()
    assert report.measured == 1


def test_aspects_go_with_their_recording(library, add, tones):
    add(tones)
    with library.write() as connection:
        state = catalog.aspect_state(connection)
        catalog.delete_recordings(connection, [1])
    with library.read() as connection:
        assert catalog.load_aspects(connection).recording_ids.tolist() == [2]
        assert catalog.aspect_state(connection) == state == 2
