"""Pitch, loudness and rhythm, held to what was synthesized and to other libraries."""

import numpy as np
import pytest

from tonotopy.features.aspects import AspectMeter, Aspects
from tonotopy.features.likeness import likeness
from tonotopy.features.weighting import QUIETEST_DB, k_weights

RATES = (8000, 11_025, 16_000, 44_100, 48_000, 96_000)
TONE = Aspects(-20.0, 220.0, 1.0, 400.0, 0.0, 0.0, 0.01, 1.0)


def measure(samples, rate, *, piece=None):
    meter = AspectMeter(rate)
    step = piece or rate
    for start in range(0, len(samples), step):
        meter.push(np.asarray(samples[start : start + step], np.float32))
    return meter.finish()


def harmonics(hz, rate, seconds=1.0):
    """A tone of ten partials that fall by 6 dB an octave."""
    time = np.arange(round(seconds * rate)) / rate
    partials = [n for n in range(1, 11) if n * hz < 0.45 * rate]
    return 0.2 * sum(np.sin(2 * np.pi * n * hz * time) / n for n in partials)


def cents(heard, hz):
    return abs(1200 * np.log2(heard / hz))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hz", [49.0, 110.0, 440.0, 987.8, 2093.0])
def test_tones_have_their_pitch_at_every_rate(rate, hz):
    heard = measure(harmonics(hz, rate), rate)
    assert cents(heard.pitch_hz, hz) < 10
    assert heard.voicing > 0.95


def test_pitch_agrees_with_librosa_on_a_voice_like_sound():
    """A glide of formants over a wavering fundamental."""
    librosa = pytest.importorskip("librosa")
    rate = 22_050
    time = np.arange(2 * rate) / rate
    phase = 2 * np.pi * np.cumsum(180 + 2 * np.sin(2 * np.pi * 5 * time)) / rate
    weights = [np.exp(-(((n * 180 - 700) / 500) ** 2)) + 0.1 for n in range(1, 30)]
    voice = 0.1 * sum(w * np.sin(n * phase) for n, w in enumerate(weights, 1))
    noisy = voice + 0.02 * np.random.default_rng(0).standard_normal(len(voice))
    reference = np.median(librosa.yin(noisy, fmin=60, fmax=1000, sr=rate, frame_length=2048))
    assert cents(measure(noisy, rate).pitch_hz, reference) < 20


def test_noise_clicks_and_silence_have_no_pitch():
    rng = np.random.default_rng(1)
    for rate in (8000, 44_100):
        assert measure(0.1 * rng.standard_normal(rate), rate).pitch_hz is None
        assert measure(np.eye(1, rate, 100)[0], rate).pitch_hz is None
        assert measure(np.zeros(rate), rate).pitch_hz is None


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_a_kilohertz_at_full_scale_has_the_loudness_of_the_standard(rate):
    sine = np.sin(2 * np.pi * 997 * np.arange(3 * rate) / rate)
    assert measure(sine, rate).loudness_db == pytest.approx(-3.01, abs=0.05)


def test_loudness_is_that_of_the_filters_of_the_standard():
    """Coloured noise through the two filters of BS.1770 at 48 kHz, whose gates change nothing."""
    signal = pytest.importorskip("scipy.signal")
    rng = np.random.default_rng(2)
    noise = 0.1 * signal.lfilter([1], [1, -0.9], rng.standard_normal(5 * 48_000))
    shelf = ([1.53512485958697, -2.69169619938640, 1.19839281085285],)
    shelf += ([1, -1.69065929318241, 0.73248077421585],)
    heard = signal.lfilter(*shelf, noise)
    heard = signal.lfilter([1, -2, 1], [1, -1.99004745483398, 0.99007225036621], heard)
    expected = -0.691 + 10 * np.log10(np.mean(np.square(heard)))
    assert measure(noise, 48_000).loudness_db == pytest.approx(expected, abs=0.3)


def test_the_k_curve_cuts_rumble_and_lifts_what_is_high():
    low, middle, high = 10 * np.log10(k_weights(np.array([20.0, 500.0, 8000.0])))
    assert low == pytest.approx(-13.5, abs=1)  # of the standard's figures
    assert middle == pytest.approx(0, abs=0.1)
    assert high == pytest.approx(4, abs=0.1)


def test_a_known_gain_moves_loudness_by_as_much_and_nothing_else():
    sound = harmonics(220, 16_000) * np.exp(-2 * np.arange(16_000) / 16_000)
    loud, soft = measure(sound, 16_000), measure(0.1 * sound, 16_000)
    assert loud.loudness_db - soft.loudness_db == pytest.approx(20, abs=0.3)
    assert soft[1:] == pytest.approx(loud[1:], rel=1e-3)


def test_silence_around_a_sound_changes_its_loudness_little():
    sound = harmonics(220, 16_000)
    around = np.concatenate([np.zeros(32_000), sound, np.zeros(32_000)])
    assert measure(around, 16_000).loudness_db == pytest.approx(
        measure(sound, 16_000).loudness_db, abs=1
    )


def hits(rate, times, seconds, decay=30.0):
    """Bursts of noise that begin at some times."""
    rng = np.random.default_rng(3)
    sound = np.zeros(round(seconds * rate))
    for time in times:
        start = round(time * rate)
        tail = np.arange(len(sound) - start) / rate
        sound[start:] += 0.3 * rng.standard_normal(len(tail)) * np.exp(-decay * tail)
    return sound


@pytest.mark.parametrize("rate", [8000, 44_100])
def test_onsets_are_counted(rate):
    for n in (1, 2, 5, 12):
        times = 0.1 + np.sort(np.random.default_rng(n).choice(np.arange(15), n, False)) * 0.25
        heard = measure(hits(rate, times, 4), rate)
        assert heard.onsets_per_s * 4 == pytest.approx(n - 1)


def test_a_beat_is_regular_and_irregular_hits_are_not():
    beat = measure(hits(16_000, np.arange(0.1, 7.9, 0.4), 8), 16_000)
    random = np.sort(np.random.default_rng(4).uniform(0, 7.9, 20))
    assert beat.pulse > 0.8
    assert measure(hits(16_000, random, 8), 16_000).pulse < 0.5 < beat.pulse
    assert measure(hits(16_000, [0.1], 8), 16_000).pulse < 0.1


def test_attack_and_decay_are_those_of_the_envelope():
    """An exponential decay of 30 a second falls by 20 dB in ln(10) / 30 s; a ramp rises slowly."""
    heard = measure(hits(16_000, [0.5], 2), 16_000)
    assert heard.attack_s <= 0.02
    assert heard.decay_s == pytest.approx(np.log(10) / 30, abs=0.03)
    time = np.arange(32_000) / 16_000
    swell = np.minimum(time, 1) * np.sin(2 * np.pi * 440 * time)
    heard = measure(0.5 * swell, 16_000)
    assert heard.attack_s == pytest.approx(0.5 - 0.1, abs=0.1)  # from a tenth of the peak to half
    assert heard.decay_s > 1


def test_steady_noise_is_one_sound_that_lasts():
    heard = measure(0.1 * np.random.default_rng(5).standard_normal(80_000), 16_000)
    assert (heard.onsets_per_s, round(heard.decay_s)) == (0, 5)


@pytest.mark.parametrize("piece", [1, 7, 1000, 4410, 100_000])
def test_how_the_samples_come_changes_little(piece):
    sound = harmonics(330, 8000, 2.0) * np.linspace(1, 0.2, 16_000)
    if piece == 1:
        sound = sound[:2000]
    expected, heard = measure(sound, 8000), measure(sound, 8000, piece=piece)
    assert cents(heard.pitch_hz, expected.pitch_hz) < 3
    assert heard.loudness_db == pytest.approx(expected.loudness_db, abs=0.3)
    assert heard[4:] == pytest.approx(expected[4:], rel=1e-3)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(0),
        np.zeros(1),
        np.ones(1),
        np.zeros(50_000),
        np.full(50_000, 0.5),
        np.full(9000, np.nan),
        np.r_[np.nan, np.inf, -np.inf, np.zeros(9000)],
        np.full(9000, 3e38),
        np.full(9000, 1e-40),
        np.tile([1.0, -1.0], 5000),
    ],
)
@pytest.mark.parametrize("rate", [1, 50, 8000, 384_000])
def test_nothing_makes_it_fail_and_all_numbers_are_finite(samples, rate):
    meter = AspectMeter(rate)
    meter.push(samples.astype(np.float32))
    heard = meter.finish()
    assert all(value is None or np.isfinite(value) for value in heard)
    assert heard.loudness_db >= QUIETEST_DB
    assert (heard.attack_s >= 0.01 * 0.999, heard.decay_s >= 0.01 * 0.999) == (True, True)


def test_silence_has_documented_values():
    heard = measure(np.zeros(8000), 8000)
    assert heard == (QUIETEST_DB, None, 0.0, None, 0.0, 0.0, 0.01, 0.01)


def test_memory_does_not_grow_with_a_long_sound():
    meter = AspectMeter(1000)
    second = np.zeros(1000, np.float32)
    for _ in range(2000):
        meter.push(second)
    assert sum(each.shape[1] for each in meter._envelope) < 60_100


def test_a_rate_that_is_none_is_refused():
    with pytest.raises(ValueError, match="sample_rate=0 Hz must be positive"):
        AspectMeter(0)


def alike(aspect, **changed):
    return likeness(aspect, TONE, np.array([TONE._replace(**changed)], np.float64))[0]


def test_likenesses_halve_with_every_step():
    assert alike("loudness") == alike("pitch") == alike("rhythm") == 1
    assert alike("loudness", loudness_db=-8.0) == pytest.approx(1 / 4)
    assert alike("pitch", pitch_hz=220 * 2 ** (-4 / 12)) == pytest.approx(1 / 2)
    assert alike("rhythm", decay_s=4.0) == pytest.approx(1 / 2)
    assert alike("rhythm", onsets_per_s=0.25) == pytest.approx(1 / 2)
    assert alike("rhythm", decay_s=4.0, onsets_per_s=0.25) == pytest.approx(2 ** -np.sqrt(2))


def test_what_has_no_pitch_is_compared_by_how_bright_it_is():
    noise = TONE._replace(pitch_hz=None)
    others = np.array([noise, noise._replace(brightness_hz=800.0), TONE], np.float64)
    np.testing.assert_allclose(likeness("pitch", noise, others), [1, 0.5, 0.25])
    np.testing.assert_allclose(likeness("pitch", TONE, others), [0.25, 0.125, 1])


def test_what_was_not_measured_is_like_nothing():
    unknown = np.full((1, 8), np.nan)
    assert [likeness(name, TONE, unknown)[0] for name in ("pitch", "loudness", "rhythm")] == [0] * 3


def test_an_aspect_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="aspect='smell' must be one of pitch"):
        likeness("smell", TONE, np.zeros((1, 8)))
