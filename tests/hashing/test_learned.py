"""What every method that learns from labels promises."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from tonotopy import hashing
from tonotopy.errors import MissingExtra
from tonotopy.metrics import mean_average_precision

NEEDS_TORCH = ["CNNH", "DNNH", "DQN", "DTQ"]
HAS_TORCH = importlib.util.find_spec("torch") is not None
needs_torch = pytest.mark.skipif(not HAS_TORCH, reason="torch is not installed (extra 'train')")

every_method = pytest.mark.parametrize(
    "name", ["PosteriorQuantizer", *(pytest.param(name, marks=needs_torch) for name in NEEDS_TORCH)]
)


def labelled_clouds(n=300, dim=12, n_classes=5, share=0.4, seed=0):
    """Rows around a centre a class, the true classes, and the labels of some."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(n_classes, size=n)
    rows = 1.2 * rng.standard_normal((n_classes, dim))[truth] + rng.standard_normal((n, dim))
    return rows.astype(np.float32), truth, np.where(rng.random(n) < share, truth, -1)


def fitted(name, X, y, n_bits=16, **params):
    if name in NEEDS_TORCH:
        params = {"n_steps": 200 if name == "DNNH" else 60, **params}
    return hashing.method(name)(n_bits=n_bits, **params).fit(X, y)


@every_method
@pytest.mark.parametrize("n_bits", [8, 24])
def test_labels_bring_together_what_belongs_together(name, n_bits):
    """24 bits are no power of two: no method may need a Hadamard matrix."""
    X, truth, y = labelled_clouds()
    method = fitted(name, X, y, n_bits)
    codes = method.transform(X)
    assert codes.shape == (len(X), n_bits // 8)
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    cosine = mean_average_precision(-unit @ unit.T, truth, truth).value
    assert mean_average_precision(method.distances(X, codes), truth, truth).value > cosine


@every_method
def test_a_seed_gives_the_same_codes_again(name):
    X, _, y = labelled_clouds()
    one, other = (fitted(name, X, y, random_state=3) for _ in range(2))
    assert one.state().keys() == other.state().keys()
    for key, array in one.state().items():
        np.testing.assert_array_equal(array, other.state()[key])


@every_method
def test_equal_codes_are_at_bit_identical_distances(name):
    X, _, y = labelled_clouds()
    method = fitted(name, X, y)
    codes = method.transform(np.tile(X, (2, 1)))
    distances = method.distances(X[:20], codes)
    np.testing.assert_array_equal(distances[:, : len(X)], distances[:, len(X) :])


@every_method
def test_a_state_restores_the_method_and_needs_no_torch(name):
    X, truth, y = labelled_clouds()
    words = np.where(y < 0, "-1", np.array(["bell", "door", "fly", "rain", "wind"])[truth])
    method = fitted(name, X, words)
    state = method.state()
    assert all(array.dtype.kind in "biuf" for array in state.values())  # no pickled objects
    restored = hashing.from_state(state)
    assert restored.classes_.tolist() == ["bell", "door", "fly", "rain", "wind"]
    np.testing.assert_array_equal(restored.transform(X), method.transform(X))


@every_method
def test_a_row_that_is_not_finite_is_named(name):
    X, _, y = labelled_clouds()
    X[7, 3] = np.nan
    with pytest.raises(ValueError, match="row 7"):
        fitted(name, X, y)


@pytest.mark.parametrize("name", ["PosteriorQuantizer", *NEEDS_TORCH])
def test_one_class_is_not_enough(name):
    X, _, y = labelled_clouds()
    with pytest.raises(ValueError, match="names 1 classes"):
        fitted(name, X, np.where(y == 0, 0, -1))


@pytest.mark.parametrize("name", ["PosteriorQuantizer", *NEEDS_TORCH])
@pytest.mark.parametrize("n_bits", [0, 12, -8])
def test_bits_are_a_multiple_of_eight(name, n_bits):
    X, _, y = labelled_clouds()
    with pytest.raises(ValueError, match=f"n_bits={n_bits}"):
        fitted(name, X, y, n_bits)


@every_method
def test_constant_features_have_one_code(name):
    X, _, y = labelled_clouds()
    method = fitted(name, np.ones_like(X), y)
    assert len(np.unique(method.transform(np.ones_like(X)), axis=0)) == 1


@every_method
def test_two_rows_of_two_classes_are_enough(name):
    method = fitted(name, np.eye(2), [0, 1])
    assert method.transform(np.eye(2)).shape == (2, 2)


@every_method
def test_unbalanced_classes_and_duplicate_rows_are_learned(name):
    X, truth, _ = labelled_clouds(share=1.0)
    y = np.full(len(X), -1)
    y[truth == 0] = 0
    y[np.flatnonzero(truth == 1)[:1]] = 1
    twice = np.repeat(X, 2, axis=0)
    codes = fitted(name, twice, np.repeat(y, 2)).transform(twice)
    np.testing.assert_array_equal(codes[::2], codes[1::2])


@every_method
def test_a_database_of_one_can_be_searched(name):
    X, _, y = labelled_clouds()
    method = fitted(name, X, y)
    assert method.distances(X[:3], method.transform(X[:1])).shape == (3, 1)


@pytest.mark.skipif(HAS_TORCH, reason="torch is installed")
@pytest.mark.parametrize("name", NEEDS_TORCH)
def test_without_torch_it_says_how_to_install_it(name):
    X, _, y = labelled_clouds()
    with pytest.raises(MissingExtra, match=r"tonotopy\[train\]"):
        fitted(name, X, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([hashing.method("PosteriorQuantizer")(n_bits=8)])
def test_it_is_an_estimator(estimator, check):
    check(estimator)


@needs_torch
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([hashing.method(name)(n_bits=8, n_steps=10) for name in NEEDS_TORCH])
def test_networks_are_estimators(estimator, check):
    check(estimator)


@needs_torch
@pytest.mark.parametrize("name", NEEDS_TORCH)
def test_what_torch_fitted_is_encoded_without_torch(name, tmp_path):
    X, _, y = labelled_clouds()
    method = fitted(name, X, y, n_steps=10)
    np.savez(tmp_path / "state.npz", **method.state(), X=X, codes=method.transform(X))
    program = (
        "import sys; import numpy as np; from tonotopy import hashing\n"
        f"stored = dict(np.load({str(tmp_path / 'state.npz')!r}, allow_pickle=False))\n"
        "X, codes = stored.pop('X'), stored.pop('codes')\n"
        "assert (hashing.from_state(stored).transform(X) == codes).all()\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_network_of_given_weights_encodes_by_hand():
    """One unit takes the difference of two features; its bit says which is larger."""
    learned = {
        "takes_root_": False, "classes_": np.array([0, 1]),
        "mean_": np.zeros(2), "spread_": np.ones(2),
        "hidden_weights_": np.array([[1, -1], [-1, 1]], np.float32),
        "hidden_bias_": np.zeros(2, np.float32),
        "output_weights_": np.tile(np.array([1, -1], np.float32), (8, 1)),
        "output_bias_": np.zeros(8, np.float32),
        "class_codes_": np.ones((2, 8), np.float32), "n_features_in_": 2,
    }  # fmt: skip
    method = hashing.method("CNNH")(n_bits=8)
    for name, value in learned.items():
        setattr(method, name, value)
    assert method.transform([[3.0, 1.0], [1.0, 3.0]]).ravel().tolist() == [255, 0]
