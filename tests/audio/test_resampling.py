import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from tonotopy.audio import Resampler

RATES = [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 384_000]


def in_pieces(samples, rate_in, rate_out, cuts):
    resampler = Resampler(rate_in, rate_out)
    pieces = [resampler.push(piece) for piece in np.split(samples, cuts)]
    return np.concatenate([*pieces, resampler.finish()])


@pytest.mark.parametrize("rate_out", [16_000, 22_050, 32_000, 48_000])
@pytest.mark.parametrize("rate_in", RATES)
def test_pieces_give_what_one_shot_gives(rate_in, rate_out):
    samples = np.random.default_rng(0).uniform(-1, 1, 50_000).astype(np.float32)
    cuts = [1, 2, 500, 501, 20_000]
    expected = soxr.resample(samples, rate_in, rate_out, "HQ")
    got = in_pieces(samples, rate_in, rate_out, cuts)
    assert got.dtype == np.float32
    assert got.shape == expected.shape
    assert np.abs(got - expected).max() < 1e-4


@settings(deadline=None)
@given(
    st.integers(1, 3000),
    st.sampled_from(RATES),
    st.sampled_from([8_000, 16_000, 22_050, 32_000]),
    st.lists(st.integers(0, 3000), max_size=5),
)
def test_the_length_is_rounded_and_never_zero(n, rate_in, rate_out, cuts):
    samples = np.full(n, 0.25, np.float32)
    got = in_pieces(samples, rate_in, rate_out, sorted(min(cut, n) for cut in cuts))
    assert abs(len(got) - n * rate_out / rate_in) <= 1
    assert len(got) >= 1


def test_a_tone_keeps_its_frequency_and_place():
    time = np.arange(44_100) / 44_100
    got = in_pieces(np.sin(2 * np.pi * 440 * time).astype(np.float32), 44_100, 16_000, [12_345])
    expected = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    middle = slice(500, 15_500)
    assert np.abs(got[middle] - expected[middle]).max() < 1e-4


def test_equal_rates_change_nothing():
    samples = np.random.default_rng(0).uniform(-1, 1, 999).astype(np.float32)
    np.testing.assert_array_equal(in_pieces(samples, 22_050, 22_050, [7, 100]), samples)


def test_one_sample_of_a_fast_recording_remains_one():
    assert in_pieces(np.array([0.5], np.float32), 384_000, 16_000, []) == pytest.approx([0.5])


def test_nothing_gives_nothing():
    assert len(in_pieces(np.empty(0, np.float32), 44_100, 16_000, [])) == 0


def test_a_finished_resampler_takes_no_more():
    resampler = Resampler(44_100, 22_050)
    resampler.finish()
    with pytest.raises(ValueError, match="finished"):
        resampler.push(np.zeros(1, np.float32))
    with pytest.raises(ValueError, match="finished"):
        resampler.finish()


@pytest.mark.parametrize(("rate_in", "rate_out"), [(0, 16_000), (44_100, -1)])
def test_rates_must_be_positive(rate_in, rate_out):
    with pytest.raises(ValueError, match="must be positive"):
        Resampler(rate_in, rate_out)
