"""Eigenfunctions of a box by hand, and bits of the slow loop."""

import math

import numpy as np
import pytest

from tonotopy.hashing import SpectralHashing
from tonotopy.hashing.spectral import slowest_modes


def rectangle(long=4.0, short=1.0, n=41):
    """A grid over a rectangle: its principal directions are the axes, its box itself."""
    x, y = np.meshgrid(np.linspace(0, long, n), np.linspace(0, short, n))
    return np.column_stack([x.ravel(), y.ravel()]).astype(np.float32)


def test_modes_of_a_rectangle_by_hand():
    """Sides 4 and 1: (k / 4)^2 is 1/16, 4/16, 9/16, 1, 25/16, ...; (k / 1)^2 is 1, 4, ..."""
    modes = slowest_modes(np.array([4.0, 1.0]), 8)
    by_hand = [[0, 1], [0, 2], [0, 3], [0, 4], [1, 1], [0, 5], [0, 6], [0, 7]]
    assert modes.tolist() == by_hand


@pytest.mark.parametrize("seed", range(5))
def test_modes_are_the_smallest_of_all(seed):
    sides = np.random.default_rng(seed).uniform(0.1, 3, 6)
    every = sorted((k / side) ** 2 for side in sides for k in range(1, 200))[:24]
    chosen = slowest_modes(sides, 24)
    np.testing.assert_allclose((chosen[:, 1] / sides[chosen[:, 0]]) ** 2, every)


def test_a_side_of_length_nothing_has_no_modes():
    assert (slowest_modes(np.array([2.0, 0.0, 1e-12]), 16)[:, 0] == 0).all()
    assert not slowest_modes(np.zeros(3), 8).any()


def test_bits_of_a_rectangle_by_hand():
    X = rectangle()
    X = X[(X[:, 0] % 1 != 0) & (X[:, 1] != 0.5)]  # off the lines where a function is 0
    X = np.vstack([X, rectangle()[[0, 40, -41, -1]]])  # and its corners, which make the box
    method = SpectralHashing(8).fit(X)
    bits = np.unpackbits(method.transform(X), axis=1)
    first = (X[:, 0] < 2) != (method.directions_[0, 0] < 0)
    second = np.abs(X[:, 0] - 2) > 1
    np.testing.assert_array_equal(bits[:, 0], first)
    np.testing.assert_array_equal(bits[:, 1], second)
    fifth = (X[:, 1] < 0.5) != (method.directions_[1, 1] < 0)
    np.testing.assert_array_equal(bits[:, 4], fifth)


def test_bits_agree_with_the_slow_loop():
    rng = np.random.default_rng(0)
    X = (rng.standard_normal((500, 10)) * np.geomspace(2, 0.3, 10)).astype(np.float32)
    method = SpectralHashing(24).fit(X)
    bits = np.unpackbits(method.transform(X), axis=1)
    mean = X.astype(np.float64).mean(axis=0)
    for row, row_bits in zip(X[:30], bits, strict=False):
        for (direction, k), bit in zip(method.modes_, row_bits, strict=True):
            along = sum((row - mean) * method.directions_[direction])
            start, side = method.starts_[direction], method.sides_[direction]
            wave = math.sin(math.pi / 2 + k * math.pi * (along - start) / side)
            assert (wave > 0) == bit


def test_the_box_holds_the_rows():
    X = np.random.default_rng(1).standard_normal((300, 5)).astype(np.float32)
    method = SpectralHashing(16).fit(X)
    along = (X - method.mean_) @ method.directions_.T
    np.testing.assert_allclose(along.min(axis=0), method.starts_, atol=1e-5)
    np.testing.assert_allclose(along.max(axis=0), method.starts_ + method.sides_, atol=1e-5)
