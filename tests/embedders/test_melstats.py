"""The raw means over time against librosa, which gets each sound without the zeros behind it."""

import librosa
import numpy as np
import pytest

from tonotopy.embedders.melstats import melstats155

RATE, LENGTH = 8_000, 32_000
PARTS = {  # columns, tolerance
    "cepstra": (slice(0, 13), 2e-3),  # of values up to 600
    "mel bands": (slice(13, 141), 1e-3),  # dB
    "chroma": (slice(141, 153), 1e-5),
    "crossings": (slice(153, 154), 1e-6),
    "rolloff": (slice(154, 155), 1e-2),  # Hz
}


def librosa_melstats(sound):
    mel = librosa.feature.melspectrogram(y=sound, sr=RATE)
    return np.concatenate(
        [
            librosa.feature.mfcc(y=sound, sr=RATE, n_mfcc=13).mean(axis=1),
            librosa.power_to_db(mel, ref=np.max).mean(axis=1),
            librosa.feature.chroma_stft(y=sound, sr=RATE).mean(axis=1),
            librosa.feature.zero_crossing_rate(sound).mean(axis=1),
            librosa.feature.spectral_rolloff(y=sound, sr=RATE).mean(axis=1),
        ]
    )


def assert_agrees(windows):
    found = melstats155(windows)
    expected = np.stack([librosa_melstats(np.trim_zeros(window, "b")) for window in windows])
    assert found.shape == (len(windows), 155)
    for columns, tolerance in PARTS.values():
        np.testing.assert_allclose(found[:, columns], expected[:, columns], atol=tolerance)


@pytest.fixture(scope="module")
def windows() -> np.ndarray:
    """Noise, a chord a little sharp, a glide and two short sounds with zeros behind them."""
    rng = np.random.default_rng(12)
    time = np.arange(LENGTH) / RATE
    noise = 0.1 * rng.standard_normal(LENGTH)
    chord = sum(0.2 * np.sin(2 * np.pi * hz * 1.014 * time) for hz in (220, 277.2, 329.6))
    glide = 0.1 * np.sin(2 * np.pi * 300 * time * (1 + time / 8))
    burst = np.where(time < 0.61, rng.standard_normal(LENGTH) * np.exp(-9 * time), 0)
    note = np.where(time < 0.05, np.sin(2 * np.pi * 700 * time + 1), 0)
    return np.stack([noise, chord, glide, burst, note]).astype(np.float32)


@pytest.mark.filterwarnings("ignore:n_fft=2048 is too large")
def test_raw_features_agree_with_librosa(windows):
    assert_agrees(windows)


@pytest.mark.filterwarnings("ignore:Trying to estimate tuning")  # a clip may lack any peak
def test_raw_features_of_real_sounds_agree_with_librosa(real_clips):
    assert_agrees(real_clips("pool/cdda", sample_rate=RATE, seconds=4, every=30))


def test_zeros_behind_a_sound_change_nothing(windows):
    short = windows[3:4]
    longer = np.pad(short, ((0, 0), (0, LENGTH)))
    np.testing.assert_allclose(melstats155(longer), melstats155(short), atol=1e-4)


def test_silence_has_finite_raw_features():
    assert np.isfinite(melstats155(np.zeros((2, LENGTH), np.float32))).all()
