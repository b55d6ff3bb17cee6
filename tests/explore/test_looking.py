"""What a recording looks like: tiles of any scale, of sounds whose picture is known."""

from itertools import pairwise

import numpy as np
import pytest
import soundfile

from tonotopy.errors import DecodeError
from tonotopy.explore import column_s, look_at

RATE = 16_000


def row_of(hz):
    """The band, of 96, that a frequency lies in; mel as HTK has it."""

    def mel(value):
        return 2595 * np.log10(1 + value / 700)

    return mel(hz) / mel(RATE / 2) * 97 - 1


@pytest.fixture
def chirps(tmp_path):
    """Eight seconds: a full-scale tone of 1 kHz in [2, 3), one of 4 kHz, a tenth, in [5, 6)."""
    time = np.arange(8 * RATE) / RATE
    samples = np.where((time >= 2) & (time < 3), np.sin(2 * np.pi * 1000 * time), 0.0)
    samples += np.where((time >= 5) & (time < 6), 0.1 * np.sin(2 * np.pi * 4000 * time), 0.0)
    path = tmp_path / "chirps.wav"
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    return path


@pytest.mark.parametrize("level", [3, 5])
def test_a_tone_is_bright_at_its_time_and_pitch(chirps, level):
    tile = look_at(chirps, level, 0)
    assert tile.levels.shape == (96, 256)
    assert tile.top_hz == RATE / 2
    middle = int(2.5 / column_s(level))
    assert tile.levels[:, middle].argmax() == pytest.approx(row_of(1000), abs=1)
    assert tile.levels[:, middle].max() >= 253  # full scale
    later = int(5.5 / column_s(level))
    assert tile.levels[:, later].argmax() == pytest.approx(row_of(4000), abs=1)
    assert tile.levels[:, later].max() == pytest.approx(255 * 0.8, abs=4)  # 20 of 100 dB less
    assert tile.levels[:, int(1 / column_s(level))].max() == 0


def test_the_waveform_reaches_as_far_as_the_sound_in_each_column(chirps):
    tile = look_at(chirps, 3, 0)
    low, high = tile.peaks
    assert (low[:48] == 0).all()
    assert (high[:48] == 0).all()  # 48 columns of 40 ms: up to 1.92 s
    assert (high[52:74] == 127).all()
    assert (low[52:74] == -127).all()
    assert (high[127:148] == 13).all()  # 0.1 * 127, rounded outward


def test_tiles_join_without_a_seam(chirps):
    """Level 2 has tiles of 5.12 s; level 3 holds both, and the louder half of each pair."""
    whole = look_at(chirps, 3, 0).peaks[1]
    halves = np.concatenate([look_at(chirps, 2, number).peaks[1] for number in (0, 1)])
    assert halves.reshape(-1, 2).max(axis=1).tolist() == whole.tolist()


def test_behind_the_end_there_is_silence(chirps):
    tile = look_at(chirps, 0, 1000)
    assert not tile.levels.any()
    assert not tile.peaks.any()
    last = look_at(chirps, 6, 0)  # 82 s, of which 8 are sound
    assert last.sampled
    assert not last.levels[:, 26:].any()


def test_a_long_tile_hears_moments_of_every_column(tmp_path):
    path = tmp_path / "long.flac"
    minute = np.repeat([0.0, 0.5], 30 * RATE) * np.sin(np.arange(60 * RATE) / 4)
    soundfile.write(path, np.tile(minute, 3), RATE)
    tile = look_at(path, 7, 0)  # 0.64 s a column, 164 s in all
    assert tile.sampled
    loud = tile.peaks[1] > 32
    edges = np.flatnonzero(np.diff(loud.astype(int))) * column_s(7)
    assert edges == pytest.approx([30, 60, 90, 120, 150], abs=2 * column_s(7))


def test_a_damaged_part_is_drawn_as_silence(tmp_path):
    path = tmp_path / "cut.flac"
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 4 * RATE)
    soundfile.write(path, noise, RATE)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    tile = look_at(path, 2, 0)
    heard = tile.peaks[1] > 0
    assert heard[:80].all()
    assert not heard[130:].any()


def test_what_is_no_sound_is_refused(tmp_path):
    (tmp_path / "no.wav").write_bytes(b"%PDF")
    with pytest.raises(DecodeError):
        look_at(tmp_path / "no.wav", 0, 0)
    with pytest.raises(ValueError, match="levels go from 0 to 15"):
        look_at(tmp_path / "no.wav", 16, 0)


def test_levels_double():
    assert all(column_s(b) == 2 * column_s(a) for a, b in pairwise(range(16)))
