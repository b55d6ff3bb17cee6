"""The parts that learned codes are made of, by hand and against other libraries."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tonotopy import hashing
from tonotopy.hashing.additive import add_words, encode_additive, learn_books
from tonotopy.hashing.cnnh import class_codes
from tonotopy.hashing.propagation import neighbour_graph, spread_labels
from tonotopy.hashing.scaling import learn_scale, standardize, unit_rows
from tonotopy.hashing.softmax import fit_softmax, posteriors
from tonotopy.hashing.triplets import draw_triplets
from tonotopy.metrics import mean_average_precision


def test_softmax_regression_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    rows, classes = rng.standard_normal((200, 5)), rng.integers(3, size=200)
    rows[:, 0] += classes
    layer = fit_softmax(rows, np.eye(3)[classes], penalty=0.01, n_iter=500)
    theirs = LogisticRegression(C=1 / (200 * 0.01), tol=1e-8, max_iter=1000).fit(rows, classes)
    np.testing.assert_allclose(posteriors(rows, layer), theirs.predict_proba(rows), atol=2e-3)


def test_a_row_that_counts_twice_is_as_two_rows():
    rng = np.random.default_rng(1)
    rows, targets = rng.standard_normal((30, 3)), np.eye(2)[rng.integers(2, size=30)]
    counts = rng.integers(1, 3, size=30)
    weighted = fit_softmax(rows, targets, row_weights=counts, penalty=0.1, n_iter=200)
    repeated = fit_softmax(
        np.repeat(rows, counts, axis=0), np.repeat(targets, counts, axis=0), penalty=0.1, n_iter=200
    )
    np.testing.assert_allclose(weighted.weights, repeated.weights, atol=1e-3)


def test_labels_flow_to_what_is_joined_and_nowhere_else():
    """Two clusters at right angles, a label each: every row takes the label of its cluster."""
    rng = np.random.default_rng(2)
    rows = np.abs(rng.normal(0, 0.02, (24, 4))).astype(np.float32)
    rows[:12, 0], rows[12:, 1] = 1, 1
    places = np.full(24, -1)
    places[[0, 12]] = 0, 1
    spread = spread_labels(neighbour_graph(unit_rows(rows)), places, 2)
    np.testing.assert_allclose(spread.sum(axis=1), 1, rtol=1e-6)
    assert spread[:12, 0].min() > 0.9
    assert spread[12:, 1].min() > 0.9


def test_spreading_agrees_with_solving_the_equations():
    """The fixed point is (1 - a) (I - a S)^-1 Y; what 50 rounds leave of 0.75 is below 1e-6."""
    rng = np.random.default_rng(3)
    graph = neighbour_graph(unit_rows(rng.standard_normal((40, 6))))
    places = np.full(40, -1)
    places[:9] = np.arange(9) % 3
    given = np.zeros((40, 3))
    given[np.arange(9), places[:9]] = 1 / 3
    solved = 0.25 * np.linalg.solve(np.eye(40) - 0.75 * graph.toarray(), given) + 1e-6
    solved /= solved.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(spread_labels(graph, places, 3), solved, atol=1e-3)


def test_standardized_columns_are_alike_and_bounded():
    rng = np.random.default_rng(4)
    X = (rng.standard_normal((500, 6)) * [1, 1, 2, 3, 0.5, 0] + 1).astype(np.float32)
    rows = standardize(X, learn_scale(X))
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=0.05)
    assert np.abs(rows).max() <= 5


def test_loudness_does_not_matter():
    X = np.random.default_rng(5).random((50, 4)).astype(np.float32)
    scale = learn_scale(X)
    np.testing.assert_allclose(standardize(1000 * X, scale), standardize(X, scale), atol=1e-4)


def test_activations_are_taken_the_root_of_and_signed_features_are_not():
    X = np.random.default_rng(6).random((50, 4)).astype(np.float32)
    assert learn_scale(X).takes_root
    assert not learn_scale(X - 0.5).takes_root


def test_triplets_are_two_of_a_class_and_one_of_another():
    classes = np.random.default_rng(7).integers(4, size=60)
    anchors, positives, negatives = draw_triplets(classes, np.random.default_rng(8))
    assert len(anchors) == len(negatives) > 0
    assert (classes[anchors] == classes[positives]).all()
    assert (anchors != positives).all()
    assert (classes[anchors] != classes[negatives]).all()
    assert np.unique(negatives).size == 60  # no row is left out as an example of another class


@pytest.mark.parametrize("classes", [[0, 0, 0], [0, 1, 2]])
def test_a_batch_without_pairs_or_others_has_no_triplets(classes):
    assert len(draw_triplets(np.array(classes), np.random.default_rng(0))[0]) == 0


def test_codes_of_two_classes_are_opposite():
    codes = class_codes(np.array([5, 5]), 16, seed=0)
    np.testing.assert_array_equal(codes[0], -codes[1])


@pytest.mark.parametrize("n_bits", [8, 24, 64])
def test_codes_of_classes_are_further_apart_than_random_ones(n_bits):
    codes = class_codes(np.full(6, 3), n_bits, seed=0)
    products = (codes @ codes.T)[np.triu_indices(6, k=1)]
    assert products.mean() < 0


def test_every_book_brings_rows_nearer():
    rows = np.random.default_rng(9).standard_normal((600, 8)).astype(np.float32)
    books = learn_books(rows, 4, seed=0)
    errors = []
    for n_books in range(1, 5):
        codes = encode_additive(rows, books[:n_books])
        errors.append(((rows - add_words(codes, books[:n_books])) ** 2).sum())
    assert (np.diff(errors) < 0).all()


def grouped_digits(n=400, seed=0):
    """Two classes, each of four far clusters, so that only neighbours tell the class."""
    rng = np.random.default_rng(seed)
    cluster = rng.integers(8, size=n)
    rows = 3 * np.random.default_rng(99).standard_normal((8, 10))[cluster]
    return (rows + rng.standard_normal((n, 10))).astype(np.float32), cluster % 2


def test_a_class_without_labels_is_found_by_the_label_free_part():
    rng = np.random.default_rng(10)
    truth = rng.integers(6, size=400)
    X = (2 * rng.standard_normal((6, 10))[truth] + rng.standard_normal((400, 10))).astype("f4")
    y = np.where(truth < 2, truth, -1)
    unknown = truth >= 2

    def score(w_free):
        found = hashing.method("PosteriorQuantizer")(n_bits=32, w_free=w_free).fit(X, y)
        distances = found.distances(X[unknown], found.transform(X))
        return mean_average_precision(distances, truth[unknown], truth).value

    assert score(1.0) > score(0.0) + 0.1


def test_the_graph_is_used_where_neighbours_know_more_than_planes():
    X, truth = grouped_digits()
    y = np.where(np.random.default_rng(1).random(len(X)) < 0.1, truth, -1)
    found = hashing.method("PosteriorQuantizer")(n_bits=16).fit(X, y)
    assert found.uses_graph_


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"graph": "always"}, "graph='always'"),
        ({"w_free": -1.0}, "w_free=-1.0"),
        ({"free": "walks"}, "free='walks'"),
    ],
)
def test_settings_that_mean_nothing_are_refused(params, said):
    X, truth = grouped_digits(40)
    with pytest.raises(ValueError, match=said):
        hashing.method("PosteriorQuantizer")(n_bits=8, **params).fit(X, truth)
