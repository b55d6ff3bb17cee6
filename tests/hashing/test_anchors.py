"""Anchor graphs against the dense graph that they stand for."""

import numpy as np
import pytest

from tonotopy.hashing import AnchorGraphHashing
from tonotopy.hashing.anchors import shares, smoothest


def two_moons(n=200, seed=0):
    rng = np.random.default_rng(seed)
    turn = rng.uniform(0, np.pi, n)
    upper = np.arange(n) < n // 2
    x = np.where(upper, np.cos(turn), 1 - np.cos(turn))
    y = np.where(upper, np.sin(turn), 0.3 - np.sin(turn))
    rows = np.column_stack([x, y]) + 0.03 * rng.standard_normal((n, 2))
    return rows.astype(np.float32)


def dense_memberships(method, X):
    """Write Z out by the definition, one row at a time."""
    z = np.zeros((len(X), len(method.anchors_)))
    for row, vector in zip(z, X.astype(np.float64), strict=True):
        squares = ((method.anchors_ - vector) ** 2).sum(axis=1)
        nearest = np.argsort(squares)[: method.n_nearest]
        weights = np.exp(-squares[nearest] / method.width_**2)
        row[nearest] = weights / weights.sum()
    return z


def test_functions_are_eigenvectors_of_the_dense_graph():
    X = two_moons()
    method = AnchorGraphHashing(16, n_anchors=20).fit(X)
    z = dense_memberships(method, X)
    graph = z @ np.diag(1 / z.sum(axis=0)) @ z.T
    np.testing.assert_allclose(graph.sum(axis=1), 1)  # rows of the graph sum to 1
    functions = z @ method.weights_
    np.testing.assert_allclose(
        graph @ functions, functions * method.eigenvalues_, atol=1e-8 * abs(functions).max()
    )
    n_real = np.count_nonzero(method.eigenvalues_)
    gram = functions[:, :n_real].T @ functions[:, :n_real] / len(X)
    np.testing.assert_allclose(gram, np.eye(n_real), atol=1e-6)
    np.testing.assert_allclose(functions.sum(axis=0), 0, atol=1e-6)  # balanced


def test_bits_are_the_signs_of_the_functions():
    X = two_moons()
    method = AnchorGraphHashing(8, n_anchors=20).fit(X)
    functions = dense_memberships(method, X) @ method.weights_
    bits = np.unpackbits(method.transform(X), axis=1)
    settled = abs(functions) > 1e-6
    np.testing.assert_array_equal(bits[settled], (functions > 0)[settled])


def test_eigenvalues_are_the_largest_below_one():
    X = two_moons()
    method = AnchorGraphHashing(8, n_anchors=20).fit(X)
    z = dense_memberships(method, X)
    values = np.linalg.eigvalsh(z @ np.diag(1 / z.sum(axis=0)) @ z.T)[::-1]
    np.testing.assert_allclose(method.eigenvalues_, values[values < 1 - 1e-6][:8], atol=1e-8)


def test_the_first_bit_halves_a_bent_line_along_the_bend():
    """A spiral of one and a half turns: its halves lie inside each other, not side by side."""
    along = np.sort(np.random.default_rng(0).uniform(1, 4, 900))
    spiral = along[:, None] * np.column_stack([np.cos(np.pi * along), np.sin(np.pi * along)])
    method = AnchorGraphHashing(8, n_anchors=90).fit(spiral)
    first = np.unpackbits(method.transform(spiral), axis=1)[:, 0].astype(int)
    assert np.count_nonzero(np.diff(first)) <= 3
    assert 0.3 < first.mean() < 0.7


def test_every_constant_function_is_dropped_where_the_graph_falls_apart():
    rng = np.random.default_rng(0)
    islands = np.repeat(np.eye(3) * 100, 40, axis=0) + rng.standard_normal((120, 3))
    method = AnchorGraphHashing(8, n_anchors=30).fit(islands)
    z = dense_memberships(method, islands.astype(np.float32))
    values = np.linalg.eigvalsh(z @ np.diag(1 / z.sum(axis=0)) @ z.T)
    assert (values > 1 - 1e-6).sum() >= 3
    assert method.eigenvalues_.max() < 1 - 1e-6


def test_bits_beyond_the_functions_are_constant():
    X = two_moons(60)
    method = AnchorGraphHashing(64, n_anchors=12).fit(X)
    n_real = np.count_nonzero(method.eigenvalues_)
    bits = np.unpackbits(method.transform(X), axis=1)
    assert 8 <= n_real <= 11
    assert (np.ptp(bits[:, :n_real], axis=0) == 1).all()
    assert not bits[:, n_real:].any()


def test_shares_survive_distances_whose_weights_vanish():
    """exp(-10,000) is 0 in any float; the nearest anchor still owns the row."""
    np.testing.assert_allclose(shares(np.array([[1e4, 2e4, 3e4]]), 1.0), [[1, 0, 0]])
    np.testing.assert_allclose(shares(np.array([[0.0, np.log(3.0)]]), 1.0), [[0.75, 0.25]])


def test_an_anchor_without_rows_adds_nothing():
    places = np.array([[0, 1], [0, 2], [1, 2], [2, 1]])
    weights, _ = smoothest(places, np.tile([0.7, 0.3], (4, 1)), n_anchors=5, n_bits=8)
    assert np.isfinite(weights).all()
    assert not weights[3:].any()


@pytest.mark.parametrize("params", [{"n_anchors": 0}, {"n_nearest": 0}], ids=str)
def test_no_anchors_are_refused(params):
    with pytest.raises(ValueError, match="must be at least 1"):
        AnchorGraphHashing(**params).fit(two_moons())
