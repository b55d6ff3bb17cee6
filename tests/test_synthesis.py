"""The demo collection: what it is made of, and whether its families can be told apart."""

import itertools

import numpy as np
import pytest

from tonotopy.synthesis import FAMILIES, SAMPLE_RATE, Sound, collection
from tonotopy.synthesis.shaping import arch, decay, filtered, gate, in_room
from tonotopy.synthesis.sources import (
    FREQUENCIES,
    above,
    below,
    events,
    frame_times,
    harmonics,
    modes,
    moving_noise,
    ringing,
    seconds,
    sparks,
)
from tonotopy.words import split_words


@pytest.fixture(scope="module")
def sounds() -> list[Sound]:
    return list(collection())


def test_there_are_sixteen_sounds_of_each_of_over_twenty_families(sounds):
    assert len(FAMILIES) > 20
    counts = {
        family: len(list(group)) for family, group in itertools.groupby(sounds, lambda s: s.family)
    }
    assert counts == dict.fromkeys(FAMILIES, 16)


def test_every_sound_is_a_clean_recording(sounds):
    for sound in sounds:
        samples = sound.samples
        peak = np.abs(samples).max()
        assert samples.dtype == np.float32, sound.name
        assert samples.ndim == 1
        assert np.isfinite(samples).all(), sound.name
        assert 0.15 < peak < 0.9, sound.name
        assert abs(samples.mean()) < 0.001, sound.name
        assert np.sqrt((samples**2).mean()) > 0.005, sound.name
        assert 0.1 <= len(samples) / SAMPLE_RATE <= 6, sound.name


def test_no_sound_begins_or_ends_with_a_click(sounds):
    for sound in sounds:
        assert sound.samples[0] == sound.samples[-1] == 0, sound.name
        peak = np.abs(sound.samples).max()
        assert np.abs(sound.samples[-16:]).max() < 0.05 * peak, sound.name


def test_the_collection_is_the_same_each_time(sounds):
    again = {sound.family: sound for sound in collection(per_family=1)}
    for first in sounds[::16]:
        np.testing.assert_array_equal(again[first.family].samples, first.samples)
        assert again[first.family].name == first.name


def test_another_seed_makes_other_sounds(sounds):
    other = next(collection(seed=1))
    assert not np.array_equal(other.samples, sounds[0].samples)


def test_no_two_sounds_are_the_same_and_those_of_a_family_vary(sounds):
    assert len({sound.samples.tobytes() for sound in sounds}) == len(sounds)
    levels = {sound.name: np.abs(sound.samples).max() for sound in sounds}
    assert len(set(levels.values())) == len(levels)
    spectra = log_spectra(sounds)
    for family in FAMILIES:
        own = spectra[[sound.family == family for sound in sounds]]
        spread_db = np.linalg.norm(own - own.mean(axis=0), axis=1) / np.sqrt(own.shape[1])
        assert spread_db.mean() > 1, family


def test_names_are_untidy_unique_and_true(sounds):
    assert len({(sound.family, sound.name) for sound in sounds}) == len(sounds)
    shapes = {"".join(char if char in "_-( " else "x" for char in s.name)[:9] for s in sounds}
    assert len(shapes) > 4
    for sound in sounds:
        words = set(split_words(sound.name))
        assert sound.family in words
        duration_s = len(sound.samples) / SAMPLE_RATE
        assert ("long" not in words) or duration_s > 2
        assert ("short" not in words) or duration_s <= 2
        assert len(words & {"long", "short", "loud", "soft", "bright", "warm", "dark"}) == 1


def log_spectra(sounds: list[Sound]) -> np.ndarray:
    """Mean and deviation over time of the level, dB, in 32 bands spaced by pitch."""
    edges = np.geomspace(60, 15_000, 33)
    features = []
    for sound in sounds:
        padded = np.pad(sound.samples / np.abs(sound.samples).max(), (0, 2048))
        frames = np.lib.stride_tricks.sliding_window_view(padded, 2048)[::512] * np.hanning(2048)
        power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
        band = np.searchsorted(edges, np.fft.rfftfreq(2048, 1 / SAMPLE_RATE))
        levels = np.stack([power[:, band == b].sum(axis=1) for b in range(1, 33)], axis=1)
        decibels = 10 * np.log10(levels + 1e-4)
        features.append(np.concatenate([decibels.mean(axis=0), decibels.std(axis=0)]))
    return np.array(features)


def test_the_nearest_sound_by_spectrum_is_nearly_always_of_the_same_family(sounds):
    spectra = log_spectra(sounds)
    spectra = (spectra - spectra.mean(axis=0)) / spectra.std(axis=0)
    gaps = ((spectra[:, None] - spectra[None]) ** 2).sum(axis=2)
    np.fill_diagonal(gaps, np.inf)
    families = np.array([sound.family for sound in sounds])
    right = families[gaps.argmin(axis=1)] == families
    assert right.mean() > 0.9
    for family in FAMILIES:
        assert right[families == family].mean() > 0.6, family


# What the sounds are made of


def spectrum(sound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    levels = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE), levels


def test_a_mode_sounds_at_its_frequency_and_falls_by_60_db():
    ring = modes(seconds(1.0), [440.0], [0.5], [1.0])
    frequencies, levels = spectrum(ring)
    assert frequencies[levels.argmax()] == pytest.approx(440, abs=1)
    early, late = np.abs(ring[:800]).max(), np.abs(ring[16_000:16_800]).max()
    assert 20 * np.log10(late / early) == pytest.approx(-60, abs=1)


def test_harmonics_follow_the_fundamental_and_never_fold_back():
    sound = harmonics(np.full(32_000, 5000.0), [1.0, 1.0, 1.0, 1.0])
    frequencies, levels = spectrum(sound)
    heard = frequencies[levels > 0.1 * levels.max()]
    assert set(np.round(heard / 100) * 100) == {5000.0, 10_000.0}


def test_moving_noise_has_the_spectrum_asked_for_when_asked_for():
    times = frame_times(2.0)
    gains = np.where((times < 1)[:, None], above(4000, 8), below(1000, 8))
    sound = moving_noise(np.random.default_rng(0), 2.0, gains)
    assert len(sound) == 64_000
    for half, (low_hz, high_hz) in ((sound[:30_000], (4000, 16_000)), (sound[34_000:], (0, 1000))):
        frequencies, levels = spectrum(half)
        inside = (levels**2)[(low_hz <= frequencies) & (frequencies <= high_hz)].sum()
        assert inside / (levels**2).sum() > 0.9


def test_gains_are_a_half_at_the_edge():
    assert np.interp(1000, FREQUENCIES, below(1000, 3)) == pytest.approx(0.5, abs=0.02)
    assert below([500, 1000], 3).shape == (2, len(FREQUENCIES))


def test_sparks_come_at_the_rate_asked_for():
    struck = sparks(np.random.default_rng(0), seconds(20), rate_hz=50, spread=0.5)
    assert np.count_nonzero(struck) == pytest.approx(1000, abs=150)


def test_each_stroke_rings_from_where_it_is():
    strokes = np.zeros(10)
    strokes[[2, 8]] = 1, 2
    ring = np.array([1.0, -1.0, 0.5])
    np.testing.assert_allclose(
        ringing(strokes, ring), [0, 0, 1, -1, 0.5, 0, 0, 0, 2, -2], atol=1e-12
    )


def test_events_lie_where_they_start_and_are_cut_at_the_end():
    sound = events(4 / SAMPLE_RATE, [(1 / SAMPLE_RATE, np.ones(2)), (2 / SAMPLE_RATE, np.ones(9))])
    np.testing.assert_array_equal(sound, [0, 1, 2, 1])
    assert not events(4 / SAMPLE_RATE, [(1.0, np.ones(2))]).any()


def test_filters_keep_what_lies_between_the_edges():
    noise = np.random.default_rng(0).standard_normal(64_000)
    frequencies, levels = spectrum(filtered(noise, low_hz=1000, high_hz=2000, order=4))
    inside = (levels**2)[(frequencies > 750) & (frequencies < 2700)].sum()
    assert inside / (levels**2).sum() > 0.95


def test_envelopes_rise_and_fall_as_named():
    time = np.array([-0.1, 0.0, 0.5])
    np.testing.assert_allclose(decay(time, 0.5), [0, 1, 0.001], atol=1e-5)
    assert arch(101, rise=0.3).argmax() == 30
    soft = gate(np.arange(2000) > 1000)
    assert np.abs(np.diff(soft)).max() < 0.05
    np.testing.assert_allclose(soft[[500, 1500]], [0, 1], atol=1e-9)


def test_a_room_adds_a_tail_but_no_length():
    click = np.zeros(SAMPLE_RATE)
    click[0] = 1
    heard = in_room(click, np.random.default_rng(0), t60=0.5, wet=0.5)
    assert len(heard) == len(click)
    assert (heard[1:] ** 2).sum() == pytest.approx(0.25, rel=0.1)
    assert np.abs(heard[12_000:]).max() < np.abs(heard[1:4000]).max() / 10
