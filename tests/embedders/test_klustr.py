"""The raw drum-sound features against librosa, told to do what version 0.5.1 did.

Version 0.5.1 reflects signals at their ends in `stft`, `mfcc`, `rmse`, `spectral_centroid` and
`spectral_rolloff`, where newer ones put zeros: hence ``pad_mode="reflect"``. The mel filters, the
transform to decibels, the cosine transform and `zero_crossing_rate` (which repeats the ends in
both) have not changed.
"""

import librosa
import numpy as np
import pytest

from tonotopy.embedders.klustr import mfcc, mir, stft

RATE, LENGTH = 48_000, 12_000


@pytest.fixture(scope="module")
def drums() -> np.ndarray:
    """A snare, a gliding kick, a hat of 30 ms with zeros behind it, a bell and a quiet rustle."""
    rng = np.random.default_rng(11)
    time = np.arange(LENGTH) / RATE
    snare = rng.standard_normal(LENGTH) * np.exp(-20 * time)
    kick = np.sin(2 * np.pi * (50 + 200 * np.exp(-30 * time)) * time) * np.exp(-12 * time)
    hat = np.where(time < 0.03, np.diff(rng.standard_normal(LENGTH + 1)), 0)
    bell = sum(np.sin(2 * np.pi * 523 * ratio * time) for ratio in (1, 2.76, 5.4))
    rustle = 1e-3 * rng.standard_normal(LENGTH) * np.abs(np.sin(40 * time))
    return np.stack([snare, kick, hat, bell, rustle]).astype(np.float32)


def librosa_mfcc(sound):
    return librosa.feature.mfcc(y=sound, sr=RATE, n_mfcc=30, pad_mode="reflect").ravel()


def librosa_stft(sound):
    window = np.hanning(1024)  # symmetric, as the notebook has it
    spectrum = np.abs(
        librosa.stft(sound, n_fft=1024, hop_length=256, window=window, pad_mode="reflect")
    )
    pooled = np.stack([spectrum[row : row + 10].mean(axis=0) for row in range(0, 320, 10)])
    picture = pooled[:, :32] - pooled[:, :32].min()
    return np.flipud(picture / picture.max()).ravel()


def librosa_mir(sound):
    reflected = {"y": sound, "pad_mode": "reflect"}
    spectrum = np.abs(librosa.stft(**reflected))
    total = spectrum.sum(axis=0)
    curves = [
        librosa.feature.rms(**reflected)[0],
        librosa.feature.spectral_centroid(sr=RATE, **reflected)[0],
        np.divide(spectrum.max(axis=0), total, out=np.zeros_like(total), where=total > 0),
        np.append(0, np.linalg.norm(np.diff(spectrum, axis=1), axis=0) / len(spectrum)),
        librosa.feature.spectral_rolloff(**reflected)[0],
        librosa.feature.zero_crossing_rate(sound)[0],
    ]
    return np.concatenate([(curve - curve.mean()) / curve.std() for curve in curves])


RECIPES = [
    pytest.param(mfcc, librosa_mfcc, 720, 2e-3, id="mfcc"),  # of values up to 800
    pytest.param(stft, librosa_stft, 1024, 1e-5, id="stft"),
    pytest.param(mir, librosa_mir, 144, 2e-3, id="mir"),
]


@pytest.mark.parametrize(("recipe", "reference", "dim", "tolerance"), RECIPES)
def test_raw_features_agree_with_librosa(drums, recipe, reference, dim, tolerance):
    peaks = np.abs(drums).max(axis=1, keepdims=True)
    expected = np.stack([reference(sound) for sound in drums / peaks])
    assert expected.shape == (len(drums), dim)
    np.testing.assert_allclose(recipe(drums), expected, atol=tolerance)


@pytest.mark.parametrize(("recipe", "reference", "dim", "tolerance"), RECIPES)
def test_raw_features_of_real_sounds_agree_with_librosa(
    real_clips, recipe, reference, dim, tolerance
):
    clips = real_clips("pool/dirt", sample_rate=RATE, seconds=0.25, every=60)
    peaks = np.abs(clips).max(axis=1, keepdims=True)
    expected = np.stack([reference(sound) for sound in clips / peaks])
    np.testing.assert_allclose(recipe(clips), expected, atol=tolerance)


@pytest.mark.parametrize("recipe", [mfcc, stft, mir])
def test_raw_features_do_not_depend_on_the_gain(drums, recipe):
    np.testing.assert_allclose(recipe(drums * 0.125), recipe(drums), atol=1e-5)


def test_the_picture_shows_low_frequencies_in_its_last_rows():
    hum = np.sin(2 * np.pi * 200 * np.arange(LENGTH) / RATE).astype(np.float32)[np.newaxis]
    picture = stft(hum).reshape(32, 32)
    assert picture[-1].min() > 0.5
    assert picture[:-2].max() < 0.1


@pytest.mark.parametrize(("recipe", "dim"), [(mfcc, 720), (stft, 1024), (mir, 144)])
def test_silence_has_finite_raw_features(recipe, dim):
    features = recipe(np.zeros((2, LENGTH), np.float32))
    assert features.shape == (2, dim)
    assert np.isfinite(features).all()


def test_a_descriptor_that_does_not_change_is_zero():
    steady = np.full((1, LENGTH), 0.5, np.float32)
    assert not mir(steady).any()
