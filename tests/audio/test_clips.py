import io
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from tonotopy.audio import clip, encode
from tonotopy.errors import DecodeError

RATE = 44_100


def decoded(packed):
    samples, rate = soundfile.read(io.BytesIO(packed), dtype="float32", always_2d=True)
    return samples.T, rate


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3", "a.aiff"])
def test_a_clip_is_the_exact_stretch(name, sound, write, read):
    path = write(name, sound(4.0))
    whole, _ = read(path)
    samples, rate = clip(path, 1.25, 2.5)
    assert rate == RATE
    expected = whole[:, round(1.25 * RATE) : round(2.5 * RATE)]
    assert samples.shape == expected.shape
    np.testing.assert_allclose(samples, expected, atol=1e-6)


def test_a_clip_ends_where_the_sound_does(sound, write):
    samples, _ = clip(write("a.wav", sound(1.0)), 0.5, 9.0)
    assert samples.shape == (2, RATE // 2)


def test_a_clip_behind_the_end_is_told(sound, write):
    with pytest.raises(DecodeError, match="there is no sound from 2 s to 3 s"):
        clip(write("a.wav", sound(1.0)), 2.0, 3.0)


def test_a_long_clip_is_refused(sound, write):
    path = write("a.wav", sound(1.0))
    with pytest.raises(ValueError, match=r"longer than 60\.0 s"):
        clip(path, 0.0, 60.5)
    with pytest.raises(ValueError, match=r"longer than 0\.2 s"):
        clip(path, 0.0, 0.5, longest_s=0.2)
    with pytest.raises(ValueError, match="longer"):
        clip(path, 0.0, float("nan"))
    with pytest.raises(ValueError, match="less than end_s"):
        clip(path, 0.5, 0.5)


def test_sixteen_bits_go_through_wav_unchanged():
    steps = np.arange(-32_768, 32_768, dtype=np.int16)
    packed = encode((steps / np.float32(32_768))[np.newaxis], RATE)
    again, rate = soundfile.read(io.BytesIO(packed), dtype="int16")
    assert rate == RATE
    np.testing.assert_array_equal(again, steps)


@pytest.mark.parametrize("format", ["wav", "ogg"])
def test_values_beyond_full_scale_are_clipped_and_do_not_wrap(format):
    loud = 3 * np.sin(np.arange(RATE) * 2 * np.pi * 50 / RATE).astype(np.float32)
    samples, _ = decoded(encode(loud[np.newaxis], RATE, format))
    assert samples.shape == (1, RATE)
    assert np.abs(samples[0] - np.clip(loud, -1, 1)).max() < (1e-4 if format == "wav" else 0.3)


def test_ogg_keeps_length_place_and_sound(sound):
    original = sound(12.0)
    samples, rate = decoded(encode(original, RATE, "ogg"))
    assert rate == RATE
    assert samples.shape == original.shape
    assert np.corrcoef(samples[0], original[0])[0, 1] > 0.97


@pytest.mark.parametrize("format", ["wav", "ogg"])
@pytest.mark.parametrize(
    ("rate_in", "rate_out"),
    [(8_000, 8_000), (96_000, 96_000), (384_000, 48_000), (192_000, 48_000), (500, 8_000)],
)
def test_rates_are_such_as_browsers_play(rate_in, rate_out, format, sound):
    samples, rate = decoded(encode(sound(0.5, 1, rate_in), rate_in, format))
    assert rate == rate_out
    assert samples.shape == (1, rate_out // 2)


def test_many_channels_become_one(sound):
    original = sound(0.2, 12)
    samples, _ = decoded(encode(original, RATE))
    assert samples.shape == (1, original.shape[1])
    assert np.abs(samples[0] - original.mean(axis=0)).max() < 1e-4


def test_ogg_is_encoded_in_the_small_stack_of_a_thread():
    code = """
import threading
import numpy as np
from tonotopy.audio import encode
threading.stack_size(512 * 1024)
samples = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 441_000)).astype(np.float32)
thread = threading.Thread(target=lambda: print(encode(samples, 44_100, "ogg")[:4]))
thread.start()
thread.join()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "b'OggS'\n")


def test_one_sample_can_be_encoded():
    for format in ("wav", "ogg"):
        samples, _ = decoded(encode(np.full((1, 1), 0.5, np.float32), RATE, format))
        assert samples.shape == (1, 1)


def test_other_formats_and_rates_are_refused():
    with pytest.raises(ValueError, match="'wav' or 'ogg'"):
        encode(np.zeros((1, 10), np.float32), RATE, "mp3")
    with pytest.raises(ValueError, match="must be positive"):
        encode(np.zeros((1, 10), np.float32), 0)
