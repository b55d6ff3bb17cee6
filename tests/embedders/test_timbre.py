"""What the default embedder hears and what it does not mind."""

import numpy as np
import pytest

from tonotopy.embedders import load
from tonotopy.embedders.timbre import measure

RATE = 16_000
TIME = np.arange(RATE) / RATE


@pytest.fixture(scope="module")
def timbre():
    return load("timbre")


def likeness(timbre, one, other):
    """Compare two sounds of at most a second, zeros behind them."""
    sounds = [np.pad(sound, (0, RATE - len(sound))) for sound in (one, other)]
    vectors = timbre.embed(np.stack(sounds).astype(np.float32))
    return float(vectors[0] @ vectors[1])


def hiss(seed=0, seconds=1.0):
    return np.random.default_rng(seed).uniform(-0.3, 0.3, round(RATE * seconds))


def click(seed=1, seconds=0.05):
    fall = np.exp(-TIME[: round(RATE * seconds)] / 0.008)
    return hiss(seed, seconds) * fall


def tick(hz=2000, seconds=0.05):
    time = TIME[: round(RATE * seconds)]
    return np.sin(2 * np.pi * hz * time) * np.exp(-time / 0.008)


def test_the_gain_of_a_sound_does_not_matter(timbre):
    for sound in (hiss(), click(), tick()):
        assert likeness(timbre, sound, 0.02 * sound) > 0.9999


def test_the_zeros_behind_a_click_do_not_drown_it(timbre):
    """Clicks are more like each other than like ticks, and both unlike silence and hiss."""
    alike = likeness(timbre, click(1), click(2))
    assert alike > 0.8
    assert alike > likeness(timbre, click(1), tick()) + 0.2
    assert likeness(timbre, tick(2000), tick(2100)) > 0.8
    for short in (click(), tick()):
        assert likeness(timbre, short, np.zeros(RATE)) < 0.3
        assert likeness(timbre, short, hiss()) < 0.5


def test_it_matters_little_where_in_the_window_a_click_is(timbre):
    sound = np.pad(click(), (0, RATE - len(click())))
    assert likeness(timbre, sound, np.roll(sound, RATE // 3)) > 0.7


def test_the_frames_of_a_short_sound_are_measured_without_the_silence(timbre):
    """Spectral statistics of a tone of 0.2 s are those of a tone of 1 s."""
    tone = 0.5 * np.sin(2 * np.pi * 500 * TIME)
    short = np.where(TIME < 0.2, tone, 0)
    groups = measure(np.stack([tone, short]).astype(np.float32))
    long_centroid, short_centroid = groups["tone"][:, 0]
    assert short_centroid == pytest.approx(long_centroid, abs=0.2)  # of a natural logarithm
    assert groups["period"][:, 0] == pytest.approx(1, abs=0.1)
    assert groups["envelope"][:, 0] == pytest.approx([1, 0.2], abs=0.03)


def test_silence_is_far_from_hiss_and_from_any_sound(timbre):
    silence = np.zeros(RATE)
    for sound in (hiss(), click(), tick(), 0.5 * np.sin(2 * np.pi * 440 * TIME)):
        assert likeness(timbre, silence, sound) < 0.5


def test_a_constant_offset_and_the_last_bits_are_silence(timbre):
    for nothing in (np.full(RATE, 0.5), 1e-6 * hiss()):
        assert likeness(timbre, nothing, np.zeros(RATE)) > 0.9999


def test_takes_of_one_noise_are_alike(timbre):
    assert likeness(timbre, hiss(0), hiss(1)) > 0.9


def test_pulse_rate_tells_noises_apart(timbre):
    """The spectrum is the same; only how fast it pulses differs."""
    slow, fast = (hiss() * (np.sin(2 * np.pi * rate * TIME) > 0) for rate in (3, 12))
    again = hiss(5) * (np.sin(2 * np.pi * 3 * TIME + 1) > 0)
    assert likeness(timbre, slow, again) > likeness(timbre, slow, fast) + 0.1


def test_measured_groups_are_finite_for_odd_sounds():
    odd = np.stack(
        [np.zeros(RATE), np.full(RATE, 1.0), np.eye(1, RATE)[0], 1e30 * hiss(), 1e-30 * hiss()]
    ).astype(np.float32)
    for name, group in measure(odd).items():
        assert np.isfinite(group).all(), name


def test_silence_measures_zero_wherever_frames_are_counted():
    groups = measure(np.zeros((1, RATE), np.float32))
    for name in ("cepstra", "contrast", "tone", "period", "levels", "tails"):
        assert not groups[name].any(), name


@pytest.mark.slow
def test_recordings_of_a_kind_find_each_other(timbre, real_clips, real_recordings):
    """The first second of a recording finds its kind five times as often as chance would."""
    clips = real_clips("esc10", sample_rate=RATE, seconds=1, every=2)
    names = sorted((real_recordings / "esc10").rglob("*.ogg"))[::2]
    kinds = np.array([path.parent.name for path in names])
    vectors = timbre.embed(clips)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    assert (kinds[cosines.argmax(axis=1)] == kinds).mean() > 0.5
