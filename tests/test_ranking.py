"""Scores of recordings, against a slow loop and by hand."""

import numpy as np
import pytest

from tonotopy.ranking import COMPARABLE, Sound, longest_looked_back, score_windows, sounding

RIGHT, UP = np.array([1, 0], np.float32), np.array([0, 1], np.float32)


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def slow_score(query, query_db, recording, recording_db):
    """Follow the definition, a window at a time."""
    query_weights = 10 ** ((query_db - query_db.max()) / 20)
    weights = 10 ** ((recording_db - recording_db.max()) / 20)
    asked = [row for row in range(len(query)) if query_weights[row] >= 0.01]
    there = sum(query_weights[row] * max(query[row] @ each for each in recording) for row in asked)
    there /= sum(query_weights[row] for row in asked)
    back = sum(
        weight * max(query[row] @ window for row in asked)
        for weight, window in zip(weights, recording, strict=True)
    ) / sum(weights)
    longest = max(COMPARABLE, sum(query_weights[row] for row in asked))
    share = 0.5 * min(1, longest / sum(weights)) if len(recording) <= 10 * longest else 0
    return (1 - share) * there + share * back


@pytest.mark.parametrize("n_query", [1, 3, 20, 150])
def test_scores_are_those_of_a_slow_loop(n_query):
    rng = np.random.default_rng(n_query)
    group_of = np.repeat([4, 9, 2, 7], [1, 6, 40, 53])
    order = rng.permutation(len(group_of))  # windows of a group need not be neighbours
    group_of = group_of[order]
    vectors = unit(rng.standard_normal((len(group_of), 5)))
    levels = rng.uniform(-70, 0, len(group_of)).astype(np.float32)
    query = unit(rng.standard_normal((n_query, 5)))
    query_db = rng.uniform(-60, -10, n_query).astype(np.float32)
    scores = score_windows(
        Sound(vectors, levels), group_of, likes=[Sound(query, query_db)], metric="cosine"
    )
    assert scores.groups.tolist() == [2, 4, 7, 9]
    expected = [
        slow_score(query, query_db, vectors[group_of == group], levels[group_of == group])
        for group in scores.groups
    ]
    np.testing.assert_allclose(scores.group_scores, expected, atol=1e-5)
    loud = query[query_db >= query_db.max() - 40]
    np.testing.assert_allclose(scores.windows, (vectors @ loud.T).max(axis=1), atol=1e-5)


def test_silence_around_a_sound_changes_next_to_nothing():
    """Two windows of sound, and the same two among six of digital silence that sounds like up."""
    padded = np.stack([UP, UP, RIGHT, RIGHT, UP, UP, UP, UP])
    levels = np.array([-120, -120, -20, -20, -120, -120, -120, -120], np.float32)
    query = Sound(np.stack([RIGHT, RIGHT]), np.array([-30, -30], np.float32))
    scores = score_windows(Sound(padded, levels), np.zeros(8, int), likes=[query], metric="cosine")
    assert scores.group_scores[0] == pytest.approx(1, abs=1e-4)
    back = score_windows(query, np.zeros(2, int), likes=[Sound(padded, levels)], metric="cosine")
    assert back.group_scores[0] == pytest.approx(1, abs=1e-4)


def test_a_sound_that_is_silent_throughout_is_compared_all_the_same():
    silent = Sound(np.stack([UP, UP]), np.array([-120, -120], np.float32))
    scores = score_windows(silent, np.zeros(2, int), likes=[silent], metric="cosine")
    assert scores.group_scores[0] == pytest.approx(1)


def test_windows_weigh_alike_where_a_level_is_unknown():
    vectors = np.stack([RIGHT, UP])
    levels = np.array([-10, np.nan], np.float32)
    query = [Sound(RIGHT[np.newaxis])]
    known = score_windows(Sound(vectors, levels), np.zeros(2, int), likes=query, metric="cosine")
    none = score_windows(Sound(vectors), np.zeros(2, int), likes=query, metric="cosine")
    assert known.group_scores[0] == none.group_scores[0] == pytest.approx(0.75)


def test_ten_minutes_that_hold_a_sound_once_come_before_a_sound_that_is_half_like_it():
    long = np.repeat(UP[np.newaxis], 1200, axis=0)
    long[700] = RIGHT
    half_like = unit(np.array([[1, 1]]))
    scores = score_windows(
        Sound(np.concatenate([long, half_like])),
        np.repeat([1, 2], [1200, 1]),
        likes=[Sound(RIGHT[np.newaxis])],
        metric="cosine",
    )
    assert scores.group_scores[0] == pytest.approx(1)
    assert scores.group_scores[1] == pytest.approx(np.sqrt(0.5))


@pytest.mark.parametrize(("n_windows", "score"), [(5, 0.6), (10, 0.775), (50, 0.951), (51, 1)])
def test_the_longer_a_recording_the_less_it_is_looked_back_from(n_windows, score):
    """One window is right, the others up: with a share s of the way back, 1 - s + s / n."""
    vectors = np.stack([RIGHT, *[UP] * (n_windows - 1)])
    scores = score_windows(
        Sound(vectors), np.zeros(n_windows, int), likes=[Sound(vectors[:1])], metric="cosine"
    )
    assert scores.group_scores[0] == pytest.approx(score, abs=1e-3)
    assert longest_looked_back([Sound(vectors[:1])]) == 50


def test_a_recording_in_part_is_not_looked_back_from():
    vectors = np.stack([RIGHT, UP])
    query = [Sound(RIGHT[np.newaxis])]
    scores = score_windows(
        Sound(vectors), np.array([5, 5]), likes=query, metric="cosine", in_part=np.array([5])
    )
    assert scores.group_scores.tolist() == [1]


def test_what_is_unlike_takes_half_off_in_both_ways():
    vectors = np.stack([RIGHT, UP])
    scores = score_windows(
        Sound(vectors),
        np.array([0, 0]),
        likes=[Sound(RIGHT[np.newaxis])],
        unlikes=[Sound(UP[np.newaxis])],
        metric="cosine",
    )
    assert scores.group_scores[0] == pytest.approx(0.75 - 0.5 * 0.75)
    np.testing.assert_allclose(scores.windows, [1, -0.5])


def test_only_windows_that_sound_are_searched_with():
    levels = np.array([-20, -59, -61], np.float32)
    kept = sounding(Sound(np.stack([RIGHT, UP, UP]), levels))
    assert kept.vectors.tolist() == [[1, 0], [0, 1]]
    assert kept.levels_db is not None
    assert kept.levels_db.tolist() == [-20, -59]


def test_no_windows_give_no_scores():
    scores = score_windows(
        Sound(np.zeros((0, 2), np.float32)),
        np.zeros(0, int),
        likes=[Sound(RIGHT[np.newaxis])],
        metric="cosine",
    )
    assert (len(scores.windows), len(scores.groups)) == (0, 0)


def test_nothing_to_be_like_is_a_mistake():
    with pytest.raises(ValueError, match="likes is empty"):
        score_windows(Sound(RIGHT[np.newaxis]), np.zeros(1, int), likes=[], metric="cosine")
