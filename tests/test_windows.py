"""Windows: where they lie, cut from a stream as from the whole, and when intervals share half."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonotopy.windows import Framer, covers_half, overlap, starts


@st.composite
def framings(draw):
    """Draw (window, hop), hop no longer than the window."""
    window = draw(st.integers(1, 30))
    return window, draw(st.integers(1, window))


def heard_until(n_samples: int, placed: np.ndarray, window: int) -> int:
    """Count, sample by sample, how much from the beginning lies in a window."""
    heard = np.zeros(n_samples, bool)
    for start in placed:
        heard[start : start + window] = True
    return n_samples if heard.all() else int(np.argmin(heard))


@given(st.integers(0, 200), framings())
def test_windows_start_once_per_hop_from_the_beginning(n_samples, framing):
    window, hop = framing
    placed = starts(n_samples, window=window, hop=hop)
    assert placed.tolist() == [i * hop for i in range(len(placed))]


@given(st.integers(1, 200), framings())
def test_no_window_starts_after_the_end_and_each_hears_at_least_half_a_window(n_samples, framing):
    window, hop = framing
    for start in starts(n_samples, window=window, hop=hop):
        assert start < n_samples
        assert 2 * (min(start + window, n_samples) - start) >= min(window, 2 * n_samples)


@given(st.integers(1, 200), framings())
def test_what_is_left_unheard_is_shorter_than_half_a_hop(n_samples, framing):
    window, hop = framing
    placed = starts(n_samples, window=window, hop=hop)
    assert 2 * (n_samples - heard_until(n_samples, placed, window)) < hop


@given(st.integers(1, 200), framings())
def test_every_window_after_the_first_brings_at_least_half_a_hop_of_new_sound(n_samples, framing):
    window, hop = framing
    placed = starts(n_samples, window=window, hop=hop)
    for number in range(1, len(placed)):
        before = heard_until(n_samples, placed[:number], window)
        assert 2 * (heard_until(n_samples, placed[: number + 1], window) - before) >= hop


def test_an_empty_recording_has_no_window():
    assert starts(0, window=4, hop=2).tolist() == []


def test_a_recording_of_one_sample_has_one_window():
    assert starts(1, window=48_000, hop=24_000).tolist() == [0]


@pytest.mark.parametrize(("window", "hop"), [(4, 5), (4, 0), (4, -1), (0, 0)])
def test_a_hop_that_would_leave_sound_unheard_is_refused(window, hop):
    with pytest.raises(ValueError, match=f"hop={hop} must be positive and at most window={window}"):
        starts(10, window=window, hop=hop)
    with pytest.raises(ValueError, match=f"hop={hop} must be positive and at most window={window}"):
        Framer(window=window, hop=hop)


@given(st.integers(0, 200), framings(), st.lists(st.integers(0, 90)), st.integers(1, 9))
def test_a_stream_in_any_pieces_is_cut_as_the_whole(n_samples, framing, pieces, at_once):
    window, hop = framing
    sound = np.arange(1, n_samples + 1, dtype=np.float32)
    expected = [
        np.pad(sound[start : start + window], (0, max(0, start + window - n_samples)))
        for start in starts(n_samples, window=window, hop=hop)
    ]

    framer = Framer(window=window, hop=hop, at_once=at_once)
    cuts = [*np.minimum(np.cumsum([0, *pieces]), n_samples).tolist(), n_samples]
    batches = [
        batch for begin, end in itertools.pairwise(cuts) for batch in framer.push(sound[begin:end])
    ]
    assert all(len(windows) == at_once for _, windows in batches)
    batches += framer.finish()
    assert all(len(windows) <= at_once for _, windows in batches)

    positions = [first + i for first, windows in batches for i in range(len(windows))]
    assert positions == list(range(len(expected)))
    np.testing.assert_array_equal([each for _, batch in batches for each in batch], expected)


def test_a_framer_keeps_no_more_than_it_waits_for():
    framer = Framer(window=1000, hop=500, at_once=10)
    block = np.zeros(700, np.float32)
    for _ in range(200):
        for _, windows in framer.push(block.copy()):
            assert len(windows) == 10
        held = sum(piece.nbytes for piece in framer._pieces)
        assert held < 4 * (1000 + 9 * 500 + len(block))


times = st.floats(0, 100) | st.integers(0, 8).map(lambda eighths: eighths / 8)
intervals = st.tuples(times, times).filter(lambda pair: pair[0] < pair[1])


@given(intervals, intervals)
def test_overlap_is_symmetric_and_no_longer_than_either(first, second):
    shared = overlap(*first, *second)
    assert shared == overlap(*second, *first)
    assert 0 <= shared <= min(first[1] - first[0], second[1] - second[0])
    assert covers_half(*first, *second) == covers_half(*second, *first)


@given(intervals)
def test_intervals_that_touch_share_nothing(interval):
    start, end = interval
    assert overlap(start, end, end, end + 1) == 0
    assert not covers_half(start, end, end, end + 1)


@given(intervals)
def test_an_interval_covers_half_of_itself(interval):
    assert covers_half(*interval, *interval)


@given(intervals, intervals)
def test_intervals_share_half_exactly_where_most_instants_of_the_shorter_say_so(first, second):
    """By the definition, on a fine grid of the shorter one; near the limit nothing is said."""
    shorter, other = sorted((first, second), key=lambda pair: pair[1] - pair[0])
    instants = np.linspace(*shorter, 2001)[:-1]
    share = np.mean((other[0] <= instants) & (instants < other[1]))
    if abs(share - 0.5) > 0.002:
        assert covers_half(*first, *second) == (share > 0.5)
