"""By how much a recording is amplified so that all sound about as loud."""

import math

import numpy as np
import pytest
import soundfile

from tonotopy import catalog
from tonotopy.explore import gain_of
from tonotopy.features.loudness import gated_level, playing_gain
from tonotopy.ingest import add

RATE = 16_000


def test_silence_between_sounds_does_not_count():
    """Two windows at -10 dB, of power 0.1, and a hundred of silence."""
    assert gated_level(np.array([-10.0, -10.0] + [-90.0] * 100)) == pytest.approx(-10)


def test_what_is_ten_decibels_below_the_mean_does_not_count():
    """Powers 0.1, 0.1, 0.001: their mean is 0.067, a tenth of it is more than 0.001."""
    assert gated_level(np.array([-10.0, -10.0, -30.0])) == pytest.approx(-10)
    # Powers 0.1 and 0.025 both count: the mean of both is 0.0625.
    levels = 10 * np.log10([0.1, 0.025])
    assert gated_level(levels) == pytest.approx(10 * math.log10(0.0625))


@pytest.mark.parametrize("levels", [[], [np.nan, np.nan], [-80.0, -120.0]])
def test_what_nobody_measured_or_can_hear_has_no_level(levels):
    assert math.isnan(gated_level(np.array(levels)))


@pytest.mark.parametrize(
    ("level_db", "peak", "gain"),
    [
        (-26.0, 0.2, 6.0),  # 0.2 is -14 dBFS, 13 dB below the ceiling
        (-50.0, 0.01, 20.0),  # never more
        (-26.0, 0.8, -1 - 20 * math.log10(0.8)),  # its peaks leave room for 0.94 dB
        (-8.0, 1.0, -12.0),
        (math.nan, 0.1, 0.0),
        (math.nan, 1.0, -1.0),
        (-90.0, 0.0, 20.0),
    ],
)
def test_the_gain_by_hand(level_db, peak, gain):
    assert playing_gain(level_db, peak) == pytest.approx(gain)


def test_quiet_and_loud_recordings_of_a_library_meet(tmp_path):
    """A sine of amplitude a has a level of 20 log10(a) - 3.01 dBFS."""
    time = np.arange(3 * RATE) / RATE
    amplitudes = {"loud": 0.9, "middle": 0.1, "quiet": 0.004}
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    for name, amplitude in amplitudes.items():
        samples = amplitude * np.sin(2 * np.pi * 440 * time)
        soundfile.write(sounds / f"{name}.wav", samples, RATE, subtype="PCM_24")
    with catalog.open_catalog(tmp_path / "sounds.db") as library:
        add(library, sounds, embedder="mfcc", jobs=1)
        with library.read() as connection:
            found = catalog.get_recordings(connection, catalog.recording_ids(connection))
            gains = {each.name: gain_of(connection, each) for each in found.values()}
    assert gains["loud.wav"] == pytest.approx(-20 - 20 * math.log10(0.9) + 3.01, abs=0.2)
    assert gains["middle.wav"] == pytest.approx(-20 + 20 + 3.01, abs=0.2)
    assert gains["quiet.wav"] == 20
