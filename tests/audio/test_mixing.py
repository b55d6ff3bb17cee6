import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonotopy.audio import mix


def tone(n=1000, scale=0.5):
    return (scale * np.sin(np.arange(n) / 7)).astype(np.float32)


def test_one_channel_is_its_own_mix():
    np.testing.assert_array_equal(mix(tone()[np.newaxis]), tone())


def test_channels_are_averaged():
    block = np.array([[0.2, 0.4], [0.0, -0.2]], np.float32)
    np.testing.assert_allclose(mix(block), [0.1, 0.1], rtol=1e-6)


def test_phase_opposed_stereo_is_not_silenced():
    np.testing.assert_array_equal(mix(np.stack([tone(), -tone()])), tone())


def test_the_stronger_of_two_cancelling_channels_is_taken():
    weaker = -0.8 * tone()
    np.testing.assert_array_equal(mix(np.stack([weaker, tone()])), tone())


def test_channels_that_cancel_only_partly_are_averaged():
    """Means of 1 and -0.5 keep 1/16 of full power, 10 % of the channels' mean of 5/8."""
    np.testing.assert_allclose(
        mix(np.stack([tone(), -0.5 * tone()])), 0.25 * tone(), rtol=1e-5, atol=1e-7
    )


def test_uncorrelated_channels_are_averaged():
    noise = np.random.default_rng(0).standard_normal((12, 5000)).astype(np.float32)
    np.testing.assert_allclose(mix(noise), noise.mean(axis=0), atol=1e-6)


def test_one_live_channel_among_twelve_is_averaged():
    block = np.zeros((12, 1000), np.float32)
    block[5] = tone()
    np.testing.assert_allclose(mix(block), tone() / 12, rtol=1e-5, atol=1e-8)


def test_silence_mixes_to_silence():
    assert not mix(np.zeros((2, 100), np.float32)).any()


def test_an_empty_block_mixes_to_nothing():
    assert mix(np.zeros((2, 0), np.float32)).shape == (0,)


def test_interleaved_memory_mixes_alike():
    block = np.random.default_rng(1).standard_normal((3, 500)).astype(np.float32)
    np.testing.assert_array_equal(mix(np.asfortranarray(block)), mix(block))


def test_the_block_itself_is_not_changed():
    block = np.stack([tone(), tone()])
    mix(block)
    np.testing.assert_array_equal(block, np.stack([tone(), tone()]))


def test_no_channel_is_refused():
    with pytest.raises(ValueError, match="no channel"):
        mix(np.zeros((0, 10), np.float32))


@given(st.integers(1, 6), st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_a_mix_never_loses_more_than_its_threshold(channels, n, seed):
    block = np.random.default_rng(seed).uniform(-1, 1, (channels, n)).astype(np.float32)
    power = np.mean(mix(block).astype(float) ** 2)
    assert power >= 0.0499 * np.mean(block.astype(float) ** 2)
