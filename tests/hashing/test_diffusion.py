"""Diffused vectors, and codes that hold them beside class probabilities."""

import json

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from tonotopy import hashing
from tonotopy.hashing.diffusion import diffuse, learn_diffusion
from tonotopy.hashing.hidden_labels import Found, choose_free
from tonotopy.hashing.propagation import neighbour_graph
from tonotopy.metrics import mean_average_precision


def bands(n=360, dim=20, noise=0.1, seed=0, n_bands=3):
    """Unit rows along closed curves: what is far along one has nothing in common."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(n_bands, size=n)
    curves = np.random.default_rng(99).standard_normal((n_bands, 4, dim))
    along = rng.uniform(0, 2 * np.pi, n)
    waves = np.stack([np.cos(along), np.sin(along), np.cos(2 * along), np.sin(2 * along)], axis=1)
    rows = np.einsum("nw,nwd->nd", waves, curves[truth]) + noise * rng.standard_normal((n, dim))
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit.astype(np.float32), truth


def fitted(X, y, n_bits=16, **params):
    params = {"free": "diffusion", **params}
    return hashing.method("PosteriorQuantizer")(n_bits=n_bits, **params).fit(X, y)


def some_labels(truth, share=0.4, seed=1):
    return np.where(np.random.default_rng(seed).random(len(truth)) < share, truth, -1)


# Diffused vectors


def test_products_of_landmarks_sum_walks_of_all_lengths():
    """With fewer landmarks than dimensions nothing is left out: compared with the inverse."""
    rows, _ = bands(60)
    learned = learn_diffusion(rows)
    walks = np.linalg.inv(np.eye(60) - 0.97 * neighbour_graph(rows).toarray())
    lengths = np.sqrt(np.diag(walks))
    expected = walks / lengths[:, None] / lengths
    np.testing.assert_allclose(learned.positions @ learned.positions.T, expected, atol=1e-5)


def test_a_row_lies_at_the_weighted_mean_of_the_nearest_ten():
    rows, _ = bands(60)
    learned = learn_diffusion(rows[:40])
    for row, found in zip(rows[40:], diffuse(rows[40:], learned), strict=True):
        cosines = learned.landmarks @ row.astype(np.float64)
        order = np.argsort(-cosines)
        weights = cosines[order[:10]] - cosines[order[10]]
        mean = weights @ learned.positions[order[:10]]
        np.testing.assert_allclose(found, mean / np.linalg.norm(mean), atol=1e-6)


def test_walks_follow_a_band_where_cosines_jump_across():
    rows, truth = bands()
    walked = diffuse(rows, learn_diffusion(rows))
    by_cosine = mean_average_precision(-rows @ rows.T, truth, truth).value
    by_walks = mean_average_precision(-walked @ walked.T, truth, truth).value
    assert by_walks > by_cosine + 0.1


def test_no_landmark_comes_or_goes_with_a_jump():
    rows, _ = bands()
    learned = learn_diffusion(rows[:200])
    start, end = rows[200].astype(np.float64), rows[201].astype(np.float64)
    shares = np.linspace(0, 1, 2_001)[:, None]
    path = (1 - shares) * start + shares * end
    walked = diffuse((path / np.linalg.norm(path, axis=1, keepdims=True)).astype("f4"), learned)
    assert np.linalg.norm(np.diff(walked, axis=0), axis=1).max() < 0.2


def test_where_a_row_lies_does_not_depend_on_the_others():
    rows, _ = bands()
    learned = learn_diffusion(rows[:200])
    together = diffuse(rows, learned)
    for place in (0, 199, 200, 359):
        np.testing.assert_allclose(
            diffuse(rows[place : place + 1], learned)[0], together[place], atol=1e-6
        )


def test_of_equal_landmarks_the_first_counts():
    rows, _ = bands(50)
    once, twice = learn_diffusion(rows), learn_diffusion(np.vstack([rows, rows]))
    np.testing.assert_array_equal(once.landmarks, twice.landmarks)
    np.testing.assert_array_equal(once.positions, twice.positions)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_few_landmarks_are_enough(n):
    rows = np.eye(5, dtype=np.float32)[:n]
    walked = diffuse(rows, learn_diffusion(rows))
    np.testing.assert_allclose(walked @ walked.T, np.eye(n), atol=1e-6)


# Codes


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([hashing.method("PosteriorQuantizer")(n_bits=8, free="diffusion")])
def test_it_is_an_estimator(estimator, check):
    check(estimator)


def test_classes_without_labels_are_found_better_than_beside_components():
    X, truth = bands(600)
    y = np.where(truth < 2, some_labels(truth), -1)
    unknown = truth == 2

    def score(free):
        method = fitted(X, y, n_bits=32, w_free=1.0, free=free)
        distances = method.distances(X[unknown], method.transform(X))
        return mean_average_precision(distances, truth[unknown], truth).value

    assert score("diffusion") > score("components") + 0.05


def test_walks_are_chosen_where_classes_are_bands():
    X, truth = bands(600, n_bands=6)
    assert fitted(X, some_labels(truth), free="auto").uses_diffusion_


def test_components_are_kept_where_there_are_no_clusters():
    """Classes are halves of one cloud: neighbours know no more than components do."""
    X = np.random.default_rng(5).standard_normal((400, 8)).astype(np.float32)
    truth = 4 * (X[:, 0] > 0) + 2 * (X[:, 1] > 0) + (X[:, 2] > 0)
    found = fitted(X, some_labels(truth), free="auto")
    assert not found.uses_diffusion_
    alone = fitted(X, some_labels(truth), free="components")
    assert found.w_free_ == alone.w_free_
    np.testing.assert_array_equal(found.transform(X), alone.transform(X))


def test_few_classes_are_no_test_of_walks():
    X, truth = bands()
    assert not fitted(X, some_labels(truth), free="auto").uses_diffusion_


#: at weights 0.1, 0.2, 0.5, 1 and 2; the least near the best sum has place 2
COMPONENTS = Found(np.array([0.5, 0.5, 0.5, 0.45, 0.4]), np.array([0.1, 0.2, 0.3, 0.35, 0.4]))


@pytest.mark.parametrize(
    ("known", "unknown", "chosen"),
    [
        ([0.6, 0.6, 0.6, 0.6, 0.6], [0.1, 0.2, 0.4, 0.5, 0.6], (True, 2)),  # no more weight
        ([0.5, 0.5, 0.5, 0.5, 0.5], [0.3, 0.4, 0.4, 0.4, 0.4], (True, 1)),  # less is enough
        ([0.4, 0.4, 0.49, 0.6, 0.6], [0.9, 0.9, 0.9, 0.9, 0.9], (False, 2)),  # labels count less
        ([0.9, 0.9, 0.9, 0.9, 0.9], [0.1, 0.2, 0.29, 0.5, 0.6], (False, 2)),  # others are lost
        ([0.5, 0.5, 0.5, 0.45, 0.4], [0.1, 0.2, 0.3, 0.35, 0.4], (False, 2)),  # nothing is won
    ],
)
def test_walks_are_taken_where_nothing_is_lost_by_them(known, unknown, chosen):
    assert choose_free(COMPONENTS, Found(np.array(known), np.array(unknown))) == chosen


def test_a_state_from_before_walks_means_components():
    X, truth = bands()
    method = fitted(X, some_labels(truth), free="components")
    before = method.state()
    head = json.loads(before["head"].tobytes())
    del head["params"]["free"], head["numbers"]["uses_diffusion_"]
    before["head"] = np.frombuffer(json.dumps(head).encode(), np.uint8)
    np.testing.assert_array_equal(hashing.from_state(before).transform(X), method.transform(X))


def test_a_state_restores_the_method():
    X, truth = bands()
    method = fitted(X, some_labels(truth))
    restored = hashing.from_state(method.state())
    np.testing.assert_array_equal(restored.transform(X), method.transform(X))
    np.testing.assert_array_equal(restored.lookup_tables(X[:5]), method.lookup_tables(X[:5]))


def test_a_seed_gives_the_same_codes_again():
    X, truth = bands()
    one, other = (fitted(X, some_labels(truth), random_state=3).state() for _ in range(2))
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[key], other[key]) for key in one)


def test_equal_rows_have_equal_codes_at_equal_distances():
    X, truth = bands()
    method = fitted(X, some_labels(truth))
    codes = method.transform(np.tile(X, (2, 1)))
    np.testing.assert_array_equal(codes[: len(X)], codes[len(X) :])
    distances = method.distances(X[:20], codes)
    np.testing.assert_array_equal(distances[:, : len(X)], distances[:, len(X) :])


def test_constant_features_have_one_code():
    X, truth = bands()
    method = fitted(np.ones_like(X), some_labels(truth))
    assert len(np.unique(method.transform(np.ones_like(X)), axis=0)) == 1


def test_two_rows_of_two_classes_are_enough():
    assert fitted(np.eye(2), [0, 1]).transform(np.eye(2)).shape == (2, 2)
