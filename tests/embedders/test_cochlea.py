"""Cochlea: its front end is librosa's, and what it must hear alike, apart, and always the same."""

import os
import subprocess
import sys

import numpy as np
import pytest

from tonotopy.embedders.cochlea import Cochlea, log_mel
from tonotopy.embedders.tagger import Tagger
from tonotopy.embedders.thresholds import calibration

WINDOW, HALF_HOP = 15_600, 7_680
SAMPLE_RATE = 16_000
N_OVERLAPPING = 70


@pytest.fixture(scope="module")
def cochlea() -> Cochlea:
    return Cochlea()


@pytest.fixture(scope="module")
def windows() -> np.ndarray:
    """Overlapping windows of one recording, then ten that have nothing to do with it."""
    rng = np.random.default_rng(21)
    length = WINDOW + (N_OVERLAPPING - 1) * HALF_HOP
    time = np.arange(length) / SAMPLE_RATE
    swelling = 0.3 * np.sin(2 * np.pi * 0.4 * time) ** 2
    recording = swelling * np.sin(2 * np.pi * (300 + 40 * time) * time)
    recording += rng.normal(0, 0.02, length)
    overlapping = np.lib.stride_tricks.sliding_window_view(recording, WINDOW)[::HALF_HOP]
    return np.concatenate([overlapping, rng.normal(0, 0.1, (10, WINDOW))]).astype(np.float32)


def cosine(first: np.ndarray, second: np.ndarray) -> float:
    return float(first.reshape(-1) @ second.reshape(-1))


def tone(hz: float, *, seconds: float = 1.0) -> np.ndarray:
    time = np.arange(WINDOW) / SAMPLE_RATE
    return np.where(time < seconds, 0.4 * np.sin(2 * np.pi * hz * time), 0).astype(np.float32)


def click(start_s: float = 0.0, *, decay_s: float = 0.012, seed: int = 2) -> np.ndarray:
    """Make a click of 60 ms: noise that dies away, with silence behind it."""
    length = round(0.06 * SAMPLE_RATE)
    shape = np.exp(-np.arange(length) / (decay_s * SAMPLE_RATE))
    window = np.zeros(WINDOW, np.float32)
    start = round(start_s * SAMPLE_RATE)
    window[start : start + length] = 0.5 * shape * np.random.default_rng(seed).normal(0, 1, length)
    return window


def test_the_front_end_is_librosas_log_mel_spectrogram(windows):
    librosa = pytest.importorskip("librosa")
    filters = librosa.filters.mel(
        sr=SAMPLE_RATE, n_fft=512, n_mels=64, fmin=125, fmax=7500, htk=True, norm=None
    )
    for window, patch in zip(windows[::7], log_mel(windows[::7]), strict=True):
        frames = librosa.util.frame(window, frame_length=400, hop_length=160)
        hann = librosa.filters.get_window("hann", 400)[:, np.newaxis]
        spectra = np.abs(np.fft.rfft(frames * hann, 512, axis=0))
        expected = np.log(filters @ spectra + 1e-3).T
        np.testing.assert_allclose(patch, expected, rtol=1e-4, atol=1e-4)


def test_frames_shared_with_the_window_before_are_the_same_bits(windows):
    together = log_mel(windows)
    apart = np.concatenate([log_mel(window[np.newaxis]) for window in windows])
    np.testing.assert_array_equal(together, apart)
    np.testing.assert_array_equal(
        together[1:N_OVERLAPPING, :48], together[: N_OVERLAPPING - 1, 48:]
    )


def test_vectors_are_the_same_in_batches_of_any_size(cochlea, windows):
    expected = cochlea.embed(windows)
    for size in (1, 3, 64, 65):
        parts = [
            cochlea.embed(windows[start : start + size]) for start in range(0, len(windows), size)
        ]
        np.testing.assert_allclose(np.concatenate(parts), expected, atol=1e-5)


@pytest.mark.parametrize("threads", ["1", "2", "4"])
def test_vectors_are_the_same_on_any_number_of_threads(cochlea, windows, threads):
    program = (
        "import sys, numpy as np; from tonotopy.embedders.cochlea import Cochlea;"
        "windows = np.frombuffer(sys.stdin.buffer.read(), np.float32).reshape(-1, 15600);"
        "sys.stdout.buffer.write(Cochlea().embed(windows).tobytes())"
    )
    limits = {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=windows[65:75].tobytes(),
        env=os.environ | limits,
        stdout=subprocess.PIPE,
        check=True,
    )
    found = np.frombuffer(done.stdout, np.float32).reshape(10, cochlea.dim)
    np.testing.assert_allclose(found, cochlea.embed(windows[65:75]), atol=1e-4)


def test_silence_is_silence_and_not_hiss(cochlea):
    rng = np.random.default_rng(0)
    silence = np.zeros((1, WINDOW), np.float32)
    dither = rng.uniform(-1, 1, (1, WINDOW)).astype(np.float32) / 65_536
    hiss = rng.normal(0, 0.01, (1, WINDOW)).astype(np.float32)
    quiet, dithered, hissing = (cochlea.embed(each) for each in (silence, dither, hiss))
    assert cosine(quiet, dithered) == 1
    assert abs(cosine(quiet, hissing)) < 1e-6


def test_the_same_sound_more_quietly_is_nearly_the_same(cochlea, windows):
    vectors = cochlea.embed(windows)
    quieter = cochlea.embed(windows * np.float32(0.25))
    others = (vectors @ vectors.T)[:N_OVERLAPPING, N_OVERLAPPING:]
    alike = (vectors * quieter).sum(axis=1)
    assert alike.mean() > others.mean() + 0.3


def test_a_click_is_not_drowned_by_the_silence_behind_it(cochlea):
    clicks = cochlea.embed(np.stack([click(seed=2), click(0.3, seed=3), click(0.5, seed=4)]))
    others = cochlea.embed(np.stack([tone(440, seconds=0.06), tone(440), np.zeros(WINDOW)]))
    alike = clicks @ clicks.T
    assert alike[np.triu_indices(3, 1)].min() > (clicks @ others.T).max()


def test_a_short_tone_is_nearer_to_a_long_one_than_to_a_click(cochlea):
    short, long, clicked = cochlea.embed(
        np.stack([tone(880, seconds=0.2), tone(880), click(decay_s=0.03)])
    )
    assert cosine(short, long) > cosine(short, clicked)


def test_speech_over_a_telephone_stays_near_itself(cochlea, real_clips):
    clips = real_clips("pool/librosa", sample_rate=SAMPLE_RATE, seconds=0.975, every=4)
    spectra = np.fft.rfft(clips, axis=1)
    spectra[:, np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE) > 3400] = 0
    narrow = np.fft.irfft(spectra, WINDOW, axis=1).astype(np.float32)
    wide_vectors, narrow_vectors = cochlea.embed(clips), cochlea.embed(narrow)
    similar = narrow_vectors @ wide_vectors.T
    assert (similar.argmax(axis=1) == np.arange(len(clips))).mean() >= 0.7


def test_scores_are_probabilities_of_521_classes(cochlea, windows):
    assert isinstance(cochlea, Tagger)
    scores = cochlea.tag(windows[:5])
    assert scores.shape == (5, 521)
    assert scores.min() >= 0
    assert scores.max() <= 1
    assert cochlea.tag(windows[:0]).shape == (0, 521)


def test_dogs_are_tagged_as_dogs(cochlea, real_clips):
    dogs = real_clips("esc10/dog_bark", sample_rate=SAMPLE_RATE, seconds=0.975, every=4)
    rain = real_clips("esc10/rain", sample_rate=SAMPLE_RATE, seconds=0.975, every=4)
    dog = 69  # the class of that name in YAMNet's list
    assert np.median(cochlea.tag(dogs)[:, dog]) > 10 * np.median(cochlea.tag(rain)[:, dog])


def test_samples_too_loud_for_float32_are_refused(cochlea, windows):
    loud = windows.copy()
    loud[70] *= 1e38 / np.abs(loud[70]).max()
    for answer in (cochlea.embed, cochlea.tag):
        with pytest.raises(ValueError, match="window 70 is too loud"):
            answer(loud)


def test_the_weights_are_at_most_six_megabytes():
    from importlib.resources import files

    weights = files("tonotopy.embedders").joinpath("weights", "cochlea.onnx")
    assert len(weights.read_bytes()) <= 6_000_000


def test_hearing_says_at_once_what_embedding_and_tagging_say(cochlea, windows):
    vectors, scores = cochlea.hear(windows)
    np.testing.assert_array_equal(vectors, cochlea.embed(windows))
    np.testing.assert_array_equal(scores, cochlea.tag(windows))
    vectors, scores = cochlea.hear(windows[:0])
    assert (vectors.shape, scores.shape) == ((0, cochlea.dim), (0, 521))


def test_the_thresholds_are_those_of_the_shipped_weights(cochlea):
    """After other weights were exported: run calibrate.py in training/."""
    assert calibration("cochlea")["fingerprint"] == cochlea.fingerprint
    thresholds = cochlea.tag_thresholds()
    assert thresholds.shape == (521,)
    assert thresholds.min() >= 0.1
