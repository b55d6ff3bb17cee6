"""Features against librosa, scipy and slow loops."""

from itertools import pairwise

import librosa
import numpy as np
import pytest
import scipy.fft
import scipy.signal
import scipy.stats

from tonotopy.features.cepstra import cosine_basis, deltas, hz_to_mel, mel_filters, mel_to_hz
from tonotopy.features.chroma import chroma, chroma_filters, tuning
from tonotopy.features.pitch import periodicity
from tonotopy.features.shape import (
    bandwidth,
    centroid,
    contrast,
    crest,
    flatness,
    flux,
    rms,
    rolloff,
    zero_crossing_rate,
)
from tonotopy.features.spectra import (
    centred,
    decibels,
    fft_frequencies,
    frames,
    hann,
    magnitudes,
)
from tonotopy.features.statistics import modulation, moments, percentiles, skewness

RATE, N_FFT, HOP = 16_000, 512, 160
PAD_MODES = {"reflect": "reflect", "zeros": "constant", "edge": "edge"}


@pytest.fixture(scope="module")
def sounds() -> np.ndarray:
    """A glide, a decaying burst of noise and two tones, half a second each."""
    rng = np.random.default_rng(7)
    time = np.arange(RATE // 2) / RATE
    glide = 0.8 * np.sin(2 * np.pi * (200 + 1500 * time) * time)
    burst = rng.standard_normal(len(time)) * np.exp(-time / 0.05)
    tones = 0.5 * np.sin(2 * np.pi * 447 * time) + 0.3 * np.sin(2 * np.pi * 1788 * time)
    return np.stack([glide, burst, tones]).astype(np.float32)


@pytest.fixture(scope="module")
def spectra(sounds: np.ndarray) -> np.ndarray:
    return magnitudes(sounds, n_fft=N_FFT, hop=HOP)


FREQUENCIES = fft_frequencies(N_FFT, sample_rate=RATE)


# Spectra


@pytest.mark.parametrize("periodic", [True, False])
def test_the_hann_window_agrees_with_scipy(periodic):
    expected = scipy.signal.get_window("hann", 100, fftbins=periodic)
    np.testing.assert_allclose(hann(100, periodic=periodic), expected, atol=1e-7)


def test_a_shared_window_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        hann(8)[0] = 1


@pytest.mark.parametrize("padding", ["reflect", "zeros", "edge"])
def test_magnitudes_agree_with_librosa(sounds, padding):
    found = magnitudes(sounds, n_fft=N_FFT, hop=HOP, padding=padding)
    expected = np.abs(
        librosa.stft(sounds, n_fft=N_FFT, hop_length=HOP, pad_mode=PAD_MODES[padding])
    )
    np.testing.assert_allclose(found, expected.transpose(0, 2, 1), atol=1e-4)
    assert found.dtype == np.float32


def test_magnitudes_without_padding_start_at_the_first_sample(sounds):
    found = magnitudes(sounds, n_fft=N_FFT, hop=HOP, padding=None)
    expected = np.abs(librosa.stft(sounds, n_fft=N_FFT, hop_length=HOP, center=False))
    np.testing.assert_allclose(found, expected.transpose(0, 2, 1), atol=1e-4)


def test_frames_follow_a_slow_loop():
    signals = np.random.default_rng(0).standard_normal((2, 23)).astype(np.float32)
    found = frames(signals, length=5, hop=3)
    expected = [[row[at : at + 5] for at in range(0, 23 - 5 + 1, 3)] for row in signals]
    np.testing.assert_array_equal(found, expected)


def test_no_signals_give_no_spectra():
    assert magnitudes(np.empty((0, 600), np.float32), n_fft=512, hop=256).shape == (0, 3, 257)
    assert centred(np.empty((0, 4), np.float32), length=2).shape == (0, 6)


@pytest.mark.parametrize("top_db", [80.0, 30.0, None])
def test_decibels_agree_with_librosa_for_each_item(spectra, top_db):
    found = decibels(np.square(spectra), top_db=top_db)
    expected = [librosa.power_to_db(np.square(one), top_db=top_db) for one in spectra]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_decibels_below_the_loudest_agree_with_librosa(spectra):
    power = np.square(spectra)
    found = decibels(power, reference=power.max(axis=(1, 2), keepdims=True))
    expected = [librosa.power_to_db(one, ref=np.max) for one in power]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_decibels_leave_the_power_as_it_was(spectra):
    power = np.square(spectra)
    before = power.copy()
    decibels(power)
    np.testing.assert_array_equal(power, before)


# Mel bands and cepstra


@pytest.mark.parametrize("scale", ["slaney", "htk"])
@pytest.mark.parametrize("equal_area", [True, False])
def test_mel_filters_agree_with_librosa(scale, equal_area):
    found = mel_filters(
        40, n_fft=N_FFT, sample_rate=RATE, low_hz=60, scale=scale, equal_area=equal_area
    )
    expected = librosa.filters.mel(
        sr=RATE,
        n_fft=N_FFT,
        n_mels=40,
        fmin=60,
        htk=scale == "htk",
        norm="slaney" if equal_area else None,
    )
    np.testing.assert_allclose(found, expected.T, atol=1e-6)


@pytest.mark.parametrize("scale", ["slaney", "htk"])
def test_mels_turn_back_into_the_same_frequencies(scale):
    hz = np.array([0.0, 20.0, 440.0, 999.0, 1000.0, 1001.0, 8000.0, 20_000.0])
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(hz, scale=scale), scale=scale), hz, atol=1e-9)
    expected = librosa.hz_to_mel(hz, htk=scale == "htk")
    np.testing.assert_allclose(hz_to_mel(hz, scale=scale), expected)


def test_the_cosine_basis_agrees_with_scipy():
    levels = np.random.default_rng(1).standard_normal((5, 40)).astype(np.float32)
    expected = scipy.fft.dct(levels, type=2, norm="ortho")[:, :13]
    np.testing.assert_allclose(levels @ cosine_basis(40, 13), expected, atol=1e-5)


def test_deltas_are_slopes_of_fitted_lines():
    values = np.random.default_rng(2).standard_normal((2, 9, 3)).astype(np.float32)
    padded = np.pad(values, ((0, 0), (2, 2), (0, 0)), mode="edge")
    expected = np.empty_like(values)
    for row in range(2):
        for frame in range(9):
            for value in range(3):
                around = padded[row, frame : frame + 5, value]
                expected[row, frame, value] = np.polyfit(np.arange(5), around, 1)[0]
    np.testing.assert_allclose(deltas(values), expected, atol=1e-5)


# Shapes of frames


def each(function, spectra, **options):
    """Call librosa's function of a (bins, frames) spectrum for every item of ours."""
    return np.stack([function(S=one.T, **options)[0] for one in spectra])


def test_centroid_bandwidth_and_rolloff_agree_with_librosa(spectra):
    features = librosa.feature
    np.testing.assert_allclose(
        centroid(spectra, FREQUENCIES),
        each(features.spectral_centroid, spectra, sr=RATE),
        rtol=1e-4,
    )
    np.testing.assert_allclose(
        bandwidth(spectra, FREQUENCIES),
        each(features.spectral_bandwidth, spectra, sr=RATE),
        rtol=1e-3,
    )
    np.testing.assert_allclose(
        rolloff(spectra, FREQUENCIES), each(features.spectral_rolloff, spectra, sr=RATE)
    )


def test_flatness_agrees_with_librosa(spectra):
    power = np.maximum(np.square(spectra), 1e-10)
    expected = np.log(each(librosa.feature.spectral_flatness, power, power=1.0))
    np.testing.assert_allclose(flatness(power), expected, atol=1e-4)


def test_shapes_of_silence_are_finite():
    silence = np.zeros((1, 4, 257), np.float32)
    for measured in (
        centroid(silence, FREQUENCIES),
        bandwidth(silence, FREQUENCIES),
        rolloff(silence, FREQUENCIES),
        crest(silence),
        flux(silence),
    ):
        np.testing.assert_array_equal(measured, np.zeros((1, 4)))


def test_flux_and_crest_follow_slow_loops(spectra):
    for found_flux, found_crest, one in zip(flux(spectra), crest(spectra), spectra, strict=True):
        steps = [0.0, *(np.sqrt(((b - a) ** 2).sum()) / 257 for a, b in pairwise(one))]
        np.testing.assert_allclose(found_flux, steps, rtol=1e-4)
        np.testing.assert_allclose(found_crest, [max(f) / sum(f) for f in one], rtol=1e-4)


def test_contrast_means_the_ends_of_sorted_bands():
    spectrum = np.random.default_rng(3).random((2, 3, 30)).astype(np.float32)
    edges = np.array([0, 4, 10, 30])
    peaks, valleys = contrast(spectrum, edges, share=0.25)
    for row in range(2):
        for frame in range(3):
            for band, count in enumerate([1, 2, 5]):  # a quarter of 4, 6 and 20 bins, rounded
                values = sorted(spectrum[row, frame, edges[band] : edges[band + 1]])
                assert valleys[row, frame, band] == pytest.approx(np.mean(values[:count]))
                assert peaks[row, frame, band] == pytest.approx(np.mean(values[-count:]))


@pytest.mark.parametrize("padding", ["reflect", "zeros", "edge"])
def test_root_mean_squares_agree_with_librosa(sounds, padding):
    found = rms(sounds, length=N_FFT, hop=HOP, padding=padding)
    expected = librosa.feature.rms(
        y=sounds, frame_length=N_FFT, hop_length=HOP, pad_mode=PAD_MODES[padding]
    )[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_zero_crossing_rates_agree_with_librosa(sounds):
    found = zero_crossing_rate(sounds, length=N_FFT, hop=HOP)
    expected = librosa.feature.zero_crossing_rate(y=sounds, frame_length=N_FFT, hop_length=HOP)
    np.testing.assert_allclose(found, expected[:, 0], atol=1e-7)


# Pitch


@pytest.mark.parametrize("tuned", [-0.37, 0.0, 0.24])
def test_chroma_filters_agree_with_librosa(tuned):
    expected = librosa.filters.chroma(sr=8000, n_fft=2048, tuning=tuned).T
    np.testing.assert_allclose(chroma_filters(2048, 8000, tuned), expected, atol=1e-6)


def test_tuning_and_chroma_agree_with_librosa(sounds):
    power = np.square(magnitudes(sounds, n_fft=2048, hop=512))
    everywhere = np.ones(power.shape[:2], bool)
    expected = [librosa.estimate_tuning(S=one.T, sr=RATE) for one in power]
    found = tuning(power, n_fft=2048, sample_rate=RATE, present=everywhere)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    expected = [librosa.feature.chroma_stft(S=one.T, sr=RATE).T for one in power]
    found = chroma(power, n_fft=2048, sample_rate=RATE, present=everywhere)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_silence_is_in_tune_and_has_no_pitch_class():
    silence = np.zeros((2, 3, 1025), np.float32)
    present = np.ones((2, 3), bool)
    assert tuning(silence, n_fft=2048, sample_rate=RATE, present=present).tolist() == [0, 0]
    assert not chroma(silence, n_fft=2048, sample_rate=RATE, present=present).any()


def test_absent_frames_do_not_vote_for_the_tuning():
    def tone(hz):
        return np.sin(2 * np.pi * hz / RATE * np.arange(RATE // 2)).astype(np.float32)

    both = np.concatenate([tone(440), tone(452), tone(452)])[np.newaxis]
    power = np.square(magnitudes(both, n_fft=2048, hop=512))
    early = (np.arange(power.shape[1]) < 14)[np.newaxis]
    at_first = tuning(power, n_fft=2048, sample_rate=RATE, present=early)
    at_last = tuning(power, n_fft=2048, sample_rate=RATE, present=~early)
    assert abs(at_first[0]) < 0.1
    assert at_last[0] > 0.3


def test_periodicity_follows_a_slow_autocorrelation(sounds):
    power = np.square(magnitudes(sounds, n_fft=N_FFT, hop=HOP))
    strength, octave = periodicity(power, n_fft=N_FFT, lags=range(20, 100))
    window = hann(N_FFT).astype(float)
    flat = np.array([window @ np.roll(window, lag) for lag in range(20, 100)]) / (window @ window)
    padded = centred(sounds, length=N_FFT)
    for row, frame in ((0, 5), (1, 0), (2, 30)):
        cut = padded[row, frame * HOP : frame * HOP + N_FFT] * window
        alike = np.array([cut @ np.roll(cut, lag) for lag in range(20, 100)]) / (cut @ cut) / flat
        alike = alike.clip(0, 1)
        assert strength[row, frame] == pytest.approx(alike.max(), abs=1e-3)
        expected = (alike**8 @ np.log2(np.arange(20, 100))) / (alike**8).sum()
        assert octave[row, frame] == pytest.approx(expected, abs=1e-2)


def test_a_tone_is_periodic_and_noise_is_not():
    time = np.arange(RATE) / RATE
    tone = np.sin(2 * np.pi * 300 * time)
    noise = np.random.default_rng(5).standard_normal(RATE)
    both = np.stack([tone, noise]).astype(np.float32)
    power = np.square(magnitudes(both, n_fft=N_FFT, hop=HOP))
    strength, _ = periodicity(power, n_fft=N_FFT, lags=range(16, 192))
    assert strength[0, 2:-2].min() > 0.99  # the reflected ends bend the tone
    assert np.median(strength[1]) < 0.5


# Statistics


def test_moments_and_skewness_follow_numpy_where_weights_are_whole():
    rng = np.random.default_rng(8)
    curves = rng.gamma(2.0, size=(3, 20, 4)).astype(np.float32)
    times = rng.integers(0, 3, size=(3, 20))
    weights = (times / times.sum(axis=1, keepdims=True)).astype(np.float32)
    mean, deviation = moments(curves, weights)
    skewed = skewness(curves, weights, softening=1e-9)
    for row in range(3):
        repeated = np.repeat(curves[row], times[row], axis=0).astype(float)
        np.testing.assert_allclose(mean[row], repeated.mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(deviation[row], repeated.std(axis=0), rtol=1e-4)
        np.testing.assert_allclose(
            skewed[row], scipy.stats.skew(repeated, axis=0), rtol=1e-3, atol=1e-4
        )


def test_no_weight_gives_zeros():
    curves = np.ones((1, 5, 2), np.float32)
    nothing = np.zeros((1, 5), np.float32)
    assert [part.tolist() for part in moments(curves, nothing)] == [[[0, 0]], [[0, 0]]]
    assert skewness(curves, nothing, softening=1.0).tolist() == [[0, 0]]


def test_percentiles_count_present_frames_only():
    rng = np.random.default_rng(9)
    curves = rng.standard_normal((4, 11, 3)).astype(np.float32)
    present = rng.random((4, 11)) < 0.6
    present[3] = False
    found = percentiles(curves, present, (10, 50, 90)).reshape(4, 3, 3)
    for row in range(3):
        for column, percent in enumerate((10, 50, 90)):
            for value in range(3):
                ordered = sorted(curves[row, present[row], value])
                rank = round(percent / 100 * (len(ordered) - 1))
                assert found[row, column, value] == ordered[rank]
    assert not found[3].any()


def test_modulation_finds_the_rate_of_a_tremolo_wherever_it_starts():
    time = np.arange(125) / 125
    for start in (0.0, 0.3):
        tremolo = 1 + 0.5 * np.cos(2 * np.pi * 6 * (time - start))
        curves = tremolo.astype(np.float32)[np.newaxis, :, np.newaxis]
        power, total = modulation(curves, frame_rate=125, edges_hz=(2, 4, 8, 16))
        assert power[0, :, 0].argmax() == 1
        assert total[0, 0] == pytest.approx(125, rel=0.01)


def test_modulation_follows_numpy():
    curves = np.random.default_rng(10).standard_normal((2, 100, 3)).astype(np.float32)
    power, total = modulation(curves, frame_rate=128, edges_hz=(1, 4, 64.5))
    spectrum = np.abs(np.fft.rfft(curves.astype(float), n=128, axis=1))
    np.testing.assert_allclose(power[:, 0], (spectrum[:, 1:4] ** 2).mean(axis=1), rtol=1e-4)
    np.testing.assert_allclose(power[:, 1], (spectrum[:, 4:65] ** 2).mean(axis=1), rtol=1e-4)
    np.testing.assert_allclose(total, spectrum[:, 0], rtol=1e-4, atol=1e-5)
