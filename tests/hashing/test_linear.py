"""Planes: random ones as FAISS draws them, and ones turned towards the data."""

from itertools import pairwise

import faiss
import numpy as np
import pytest

from tonotopy.hashing import ITQ, LSH
from tonotopy.hashing.components import principal_components, project


def spread(n=800, dim=24, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((n, dim)) * np.geomspace(3, 0.1, dim) + 5).astype(np.float32)


def bits_of(codes):
    return np.unpackbits(codes, axis=1).astype(bool)


def loss(method, X):
    """What ITQ lowers: the squared distance of turned components from the nearest corners."""
    along = project(X, method.mean_, method.directions_)
    return ((np.sign(along) - along) ** 2).sum() / len(X)


def test_lsh_bits_are_those_of_the_slow_loop():
    X = spread(60)
    method = LSH(16, random_state=2).fit(X)
    mean = X.astype(np.float64).mean(axis=0)
    for row, bits in zip(X, bits_of(method.transform(X)), strict=True):
        for direction, bit in zip(method.directions_, bits, strict=True):
            assert (sum((row - mean) * direction) > 0) == bit


@pytest.mark.parametrize("n_bits", [16, 32])
def test_lsh_agrees_with_faiss_given_the_same_rotation(n_bits):
    X = spread()
    method = LSH(n_bits, random_state=7).fit(X)
    index = faiss.IndexLSH(X.shape[1], n_bits)
    index.rrot.init(method._seed())
    index.is_trained = True
    centred = (X - X.mean(axis=0, dtype=np.float64)).astype(np.float32)
    theirs = np.unpackbits(index.sa_encode(centred), axis=1, bitorder="little").astype(bool)
    assert (theirs == bits_of(method.transform(X))).mean() > 0.9999


def test_lsh_differs_in_a_share_of_bits_that_is_the_angle():
    """Goemans and Williamson: random planes part two vectors with probability angle / pi."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 64)).astype(np.float32)
    X = np.vstack([X, -X])  # the mean is 0
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    expected = np.arccos(np.clip(unit @ unit.T, -1, 1)) / np.pi
    parted = np.mean(
        [
            method.distances(X, method.transform(X)) / 64
            for method in (LSH(64, random_state=seed).fit(X) for seed in range(40))
        ],
        axis=0,
    )
    assert abs(parted - expected).max() < 0.06


def test_principal_components_are_those_of_scikit_learn():
    from sklearn.decomposition import PCA

    X = spread()
    ours, theirs = principal_components(X, 6), PCA(6, svd_solver="full").fit(X.astype(np.float64))
    np.testing.assert_allclose(ours.mean, theirs.mean_)
    np.testing.assert_allclose(ours.variances, theirs.explained_variance_ * 799 / 800, rtol=1e-6)
    np.testing.assert_allclose(abs(np.sum(ours.directions * theirs.components_, axis=1)), 1)


def test_directions_in_which_nothing_varies_are_zeros():
    rng = np.random.default_rng(0)
    plane = rng.standard_normal((100, 2)) @ rng.standard_normal((2, 6))
    found = principal_components(plane.astype(np.float32), 8)
    # what rounding to float32 leaves is 1e-14 of the variance
    assert (found.variances > 0).tolist() == [True] * 2 + [False] * 6
    assert not found.directions[2:].any()


def test_itq_loss_never_rises_from_round_to_round():
    X = spread()
    losses = [loss(ITQ(16, n_iter=n_iter).fit(X), X) for n_iter in range(12)]
    assert all(after <= before + 1e-4 for before, after in pairwise(losses))
    assert losses[-1] < 0.99 * losses[0]


def test_itq_agrees_with_the_slow_alternation_from_the_same_start():
    X = spread(300)
    along = project(X, *principal_components(X, 8)[:2])
    start = ITQ(8, n_iter=0, random_state=1).fit(X)
    directions = principal_components(X, 8).directions
    turned = start.directions_ @ directions.T  # the rotation alone, bits as rows
    for _ in range(10):
        corners = np.where(along @ turned.T > 0, 1.0, -1.0)
        left, _, right = np.linalg.svd(corners.T @ along)
        turned = left @ right
    ours = ITQ(8, n_iter=10, random_state=1).fit(X)
    np.testing.assert_allclose(ours.directions_ @ directions.T, turned, atol=1e-4)


def test_itq_turns_and_does_not_stretch():
    X = spread()
    directions = ITQ(16).fit(X).directions_
    np.testing.assert_allclose(directions @ directions.T, np.eye(16), atol=1e-5)


def test_itq_ends_nearer_to_the_corners_of_a_turned_cube_than_faiss():
    rng = np.random.default_rng(3)
    corners = rng.choice([-1.0, 1.0], (2000, 8)) + 0.05 * rng.standard_normal((2000, 8))
    turned = (corners @ np.linalg.qr(rng.standard_normal((8, 8)))[0]).astype(np.float32)
    theirs = faiss.ITQMatrix(8)
    theirs.train(turned - turned.mean(axis=0))
    along = theirs.apply(turned - turned.mean(axis=0))
    ours = loss(ITQ(8).fit(turned), turned)
    assert ours < 0.7 * ((np.sign(along) - along) ** 2).sum() / len(turned)


def test_rounds_below_none_are_refused():
    with pytest.raises(ValueError, match="n_iter=-1 must be at least 0"):
        ITQ(n_iter=-1).fit(spread())
