import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonotopy.audio import Overview, Peaks


def overview_of(samples, sample_rate, cuts=()):
    peaks = Peaks(sample_rate)
    for piece in np.split(samples, list(cuts)):
        peaks.add(piece)
    return peaks.overview()


def by_definition(samples, bucket):
    """The slow loop: floor and ceiling of the extremes of each bucket."""
    clipped = np.clip(samples.astype(float), -1, 1)
    return [
        [np.floor(part.min() * 127), np.ceil(part.max() * 127)]
        for part in (clipped[at : at + bucket] for at in range(0, len(clipped), bucket))
    ]


@settings(deadline=None, max_examples=50)
@given(
    st.integers(1, 5000),
    st.sampled_from([100, 8_000, 11_025, 44_100, 48_000]),
    st.lists(st.integers(0, 5000), max_size=6),
    st.integers(0, 2**32 - 1),
)
def test_pairs_are_the_extremes_of_their_buckets(n, sample_rate, cuts, seed):
    samples = np.random.default_rng(seed).uniform(-1.2, 1.2, n).astype(np.float32)
    overview = overview_of(samples, sample_rate, sorted(min(cut, n) for cut in cuts))
    bucket = round(sample_rate / 100)
    assert overview.bucket_s == bucket / sample_rate
    assert overview.pairs.dtype == np.int8
    np.testing.assert_array_equal(overview.pairs, by_definition(samples, bucket))


@pytest.mark.parametrize("n", [16_383, 16_384, 16_385, 16_386, 32_768, 32_769, 50_001, 70_000])
def test_a_long_sound_has_longer_buckets_instead_of_more(n):
    """At 100 Hz a bucket is one sample."""
    samples = np.random.default_rng(n).uniform(-1, 1, n).astype(np.float32)
    overview = overview_of(samples, 100, [1, 5000, 5001, 16_384])
    merged = next(power for power in (1, 2, 4, 8) if n <= power * 16_384)
    assert overview.bucket_s == merged / 100
    assert len(overview.pairs) == -(-n // merged) <= 16_384
    np.testing.assert_array_equal(overview.pairs, by_definition(samples, merged))


def test_a_day_fits():
    peaks = Peaks(1000)
    hour = np.sin(np.arange(3_600_000, dtype=np.float32) / 1000)
    for _ in range(24):
        peaks.add(hour)
    overview = peaks.overview()
    assert 8192 < len(overview.pairs) <= 16_384
    assert len(overview.pairs) * overview.bucket_s == pytest.approx(86_400, abs=overview.bucket_s)
    assert len(peaks.to_bytes()) <= 8 + 2 * 16_384


def test_the_overview_can_be_asked_for_at_any_time():
    samples = np.random.default_rng(0).uniform(-1, 1, 3000).astype(np.float32)
    peaks = Peaks(8000)
    for piece in np.split(samples, [100, 1234]):
        peaks.add(piece)
        peaks.overview()
    np.testing.assert_array_equal(peaks.overview().pairs, overview_of(samples, 8000).pairs)


def test_beyond_full_scale_is_clipped():
    overview = overview_of(np.array([-5.0, 7.0], np.float32), 100)
    np.testing.assert_array_equal(overview.pairs, [[-127, -127], [127, 127]])


def test_no_sound_has_no_pairs():
    assert Peaks(8000).overview().pairs.shape == (0, 2)


def test_packing_and_unpacking_return_the_same():
    samples = np.random.default_rng(0).uniform(-1, 1, 12_345).astype(np.float32)
    peaks = Peaks(44_100)
    peaks.add(samples)
    again = Overview.from_bytes(peaks.to_bytes())
    assert again.bucket_s == 441 / 44_100
    np.testing.assert_array_equal(again.pairs, peaks.overview().pairs)


@pytest.mark.parametrize("packed", [b"", bytes(7), bytes(9)])
def test_what_is_no_packed_overview_is_refused(packed):
    with pytest.raises(ValueError, match="no packed overview"):
        Overview.from_bytes(packed)


def test_a_rate_must_be_positive():
    with pytest.raises(ValueError, match="must be positive"):
        Peaks(0)
