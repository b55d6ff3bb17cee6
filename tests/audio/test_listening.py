import struct
import subprocess
import sys

import numpy as np
import pytest
import soxr

from tonotopy.audio import Overview, Peaks, listen
from tonotopy.errors import DecodeError

RATE = 44_100


def heard(listening):
    return np.concatenate(list(listening.blocks()), axis=1)


def test_the_mix_is_resampled_and_described(sound, write):
    original = sound(2.5)
    listening = listen(write("a.wav", original, subtype="FLOAT"), 22_050)
    samples = heard(listening)
    expected = soxr.resample(original.mean(axis=0), RATE, 22_050)
    assert samples.shape == (1, len(expected))
    assert np.abs(samples[0] - expected).max() < 1e-4
    info = listening.info
    assert (info.duration_s, info.sample_rate, info.channels) == (2.5, RATE, 2)
    assert (info.format, info.problem) == ("wav", None)


def test_each_channel_is_heard_by_itself(sound, write):
    original = sound(1.2, 3)
    samples = heard(listen(write("a.wav", original, subtype="FLOAT"), 16_000, channels="each"))
    expected = np.stack([soxr.resample(channel, RATE, 16_000) for channel in original])
    assert samples.shape == expected.shape
    assert np.abs(samples - expected).max() < 1e-4


@pytest.mark.parametrize("channels", ["mix", "each"])
def test_peaks_are_those_of_the_mix_at_the_rate_of_the_file(channels, sound, write):
    original = sound(1.5)
    listening = listen(write("a.wav", original, subtype="FLOAT"), 16_000, channels=channels)
    heard(listening)
    expected = Peaks(RATE)
    expected.add(original.mean(axis=0))
    overview = Overview.from_bytes(listening.peaks.to_bytes())
    assert overview.bucket_s == 0.01
    assert np.abs(overview.pairs - expected.overview().pairs.astype(int)).max() <= 1


def test_phase_opposed_stereo_is_heard(sound, write):
    left = sound(1.0, 1)
    path = write("opposed.wav", np.concatenate([left, -left]), subtype="FLOAT")
    np.testing.assert_array_equal(heard(listen(path, RATE)), left)


def test_an_interval_is_exact(sound, write):
    original = sound(3.0, 1)
    listening = listen(write("a.wav", original, subtype="FLOAT"), RATE, start_s=0.5, end_s=1.25)
    np.testing.assert_array_equal(heard(listening), original[:, RATE // 2 : RATE * 5 // 4])
    assert listening.info.duration_s == 0.75


def test_a_single_sample_of_a_fast_recording_is_heard(write):
    listening = listen(write("one.wav", np.full((1, 1), 0.5), 384_000), 16_000)
    assert heard(listening).tolist() == [[0.5]]
    assert listening.info.duration_s == 1 / 384_000


def test_what_is_lost_is_told(sound, write):
    path = write("cut.flac", sound(5.0))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    listening = listen(path, 22_050)
    samples = heard(listening)
    assert "of the 5.0 s that its header promises" in listening.info.problem
    assert samples.shape[1] / 22_050 == pytest.approx(listening.info.duration_s, abs=1e-4)


def test_a_file_that_is_not_sound_is_told_when_it_is_heard(tmp_path):
    path = tmp_path / "a.wav"
    path.write_text("not sound")
    with pytest.raises(DecodeError, match="it begins like text"):
        heard(listen(path, 22_050))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": "left"}, "'mix' or 'each'"),
        ({"start_s": 2.0, "end_s": 1.0}, "less than end_s"),
        ({"start_s": -1.0}, "at least 0"),
    ],
)
def test_arguments_out_of_range_are_refused_at_once(options, message):
    with pytest.raises(ValueError, match=message):
        listen("a.wav", 22_050, **options)
    with pytest.raises(ValueError, match="must be positive"):
        listen("a.wav", 0)


def sparse_wav(path, seconds, rate=16_000):
    """Write a stereo RF64 of silence that takes no room on the disk."""
    n_bytes = seconds * rate * 4
    sizes = struct.pack("<QQQI", n_bytes + 72, n_bytes, seconds * rate, 0)
    layout = struct.pack("<HHIIHH", 1, 2, rate, rate * 4, 4, 16)
    with path.open("wb") as file:
        file.write(b"RF64\xff\xff\xff\xffWAVE")
        file.write(b"ds64" + struct.pack("<I", len(sizes)) + sizes)
        file.write(b"fmt " + struct.pack("<I", len(layout)) + layout)
        file.write(b"data\xff\xff\xff\xff")
        file.truncate(file.tell() + n_bytes)
    return path


MEASURE = """
import resource, sys
from tonotopy.audio import listen
listening = listen(sys.argv[1], 22_050)
n = sum(block.shape[1] for block in listening.blocks())
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(n, peak * (1 if sys.platform == "darwin" else 1024), listening.info.problem)
"""


def measure(path):
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, path], capture_output=True, text=True, check=True
    )
    n_samples, peak_bytes, problem = done.stdout.split(maxsplit=2)
    return int(n_samples), int(peak_bytes), problem.strip()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path):
    minutes = measure(sparse_wav(tmp_path / "minutes.wav", 20 * 60))
    hours = measure(sparse_wav(tmp_path / "hours.wav", 2 * 3600))
    assert minutes[0] == 20 * 60 * 22_050
    assert hours[0] == 2 * 3600 * 22_050
    assert minutes[2] == hours[2] == "None"
    assert hours[1] - minutes[1] < 10_000_000


def test_a_cut_off_day_is_not_taken_for_a_stream(tmp_path, read):
    """Its promise exceeds what 32 bits hold, and is meant."""
    path = sparse_wav(tmp_path / "day.wav", 24 * 3600)
    with path.open("r+b") as file:
        file.truncate(80 + 2 * 16_000 * 4)
    samples, reader = read(path)
    assert reader.expected_s == 86_400
    assert samples.shape == (2, 2 * 16_000)
    assert reader.problem.startswith("only 2.0 s of the 86400.0 s")
