"""What every method without labels promises, whatever it learns."""

import warnings

import faiss
import numpy as np
import pytest
from safetensors.numpy import load, save

from tonotopy import hashing
from tonotopy.hashing.base import check_labels

CLASSIC = ["LSH", "VQ", "PQ", "OPQ", "RQ", "SpectralHashing", "ITQ", "AnchorGraphHashing"]
WITH_BOOKS = ["VQ", "PQ", "OPQ", "RQ"]
LONG = [name for name in CLASSIC if name != "VQ"]

every_method = pytest.mark.parametrize("name", CLASSIC)
every_method_with_books = pytest.mark.parametrize("name", WITH_BOOKS)
every_method_of_long_codes = pytest.mark.parametrize("name", LONG)


def clouds(n=600, dim=20, n_clouds=12, seed=0):
    """Rows of unit norm around a few centres."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((n_clouds, dim))
    rows = centres[rng.integers(n_clouds, size=n)] + 0.4 * rng.standard_normal((n, dim))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def fitted(name, X, n_bits=None, **params):
    return hashing.method(name)(8 if name == "VQ" else n_bits or 32, **params).fit(X)


def same_state(one, other):
    one, other = one.state(), other.state()
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


# Codes


@every_method
def test_a_code_is_a_row_of_bytes(name):
    X = clouds()
    method = fitted(name, X)
    codes = method.transform(X)
    assert codes.shape == (len(X), method.n_bits // 8)
    assert codes.dtype == np.uint8


@every_method
def test_a_seed_gives_the_same_codes_again(name):
    X = clouds()
    one, other = fitted(name, X, random_state=3), fitted(name, X, random_state=3)
    assert same_state(one, other)
    np.testing.assert_array_equal(one.transform(X), other.transform(X))


@pytest.mark.parametrize("name", [name for name in CLASSIC if name != "SpectralHashing"])
def test_another_seed_learns_something_else(name):
    X = clouds()
    assert not same_state(fitted(name, X, random_state=3), fitted(name, X, random_state=4))


@every_method
def test_the_number_of_threads_changes_nothing(name):
    X, before = clouds(), faiss.omp_get_max_threads()
    try:
        faiss.omp_set_num_threads(1)
        one = fitted(name, X)
        codes = one.transform(X)
        faiss.omp_set_num_threads(2)
        assert same_state(one, fitted(name, X))
        np.testing.assert_array_equal(one.transform(X), codes)
    finally:
        faiss.omp_set_num_threads(before)


@every_method
def test_the_code_of_a_row_does_not_depend_on_the_others(name):
    X = clouds(300)
    method = fitted(name, X)
    together = method.transform(X)
    alone = np.concatenate([method.transform(row[np.newaxis]) for row in X])
    np.testing.assert_array_equal(together, alone)


@every_method
def test_many_rows_are_coded_as_few(name):
    X = clouds(600)
    method = fitted(name, X)
    many = np.tile(X, (30, 1))  # more than are worked on together
    np.testing.assert_array_equal(method.transform(many)[-600:], method.transform(X))


@every_method
def test_what_is_not_changed_stays(name):
    X = clouds()
    before = X.copy()
    fitted(name, X).distances(X[:3], fitted(name, X).transform(X))
    np.testing.assert_array_equal(X, before)


# Distances


@every_method
def test_equal_codes_are_at_bit_identical_distances(name):
    X = clouds(500)
    method = fitted(name, X, n_bits=8)
    codes = np.repeat(method.transform(X), 2, axis=0)
    measured = method.distances(X[:7], codes)
    assert measured.shape == (7, 1000)
    assert measured.dtype == np.float32
    for code in np.unique(codes, axis=0):
        for row in measured[:, (codes == code).all(axis=1)]:
            assert len(np.unique(row.view(np.uint32))) == 1


@every_method
def test_what_sounds_alike_is_near(name):
    X = clouds(1200, n_clouds=24)  # of six, anchor graphs see little but that they are apart
    method = fitted(name, X, n_bits=16)
    measured = method.distances(X[:100], method.transform(X))
    angles = X[:100] @ X.T
    alike = angles > 0.6
    assert measured[alike].mean() < measured[~alike].mean() - measured.std() / 2


@every_method_with_books
def test_distances_are_sums_of_table_entries(name):
    X = clouds()
    method = fitted(name, X, n_bits=24)
    codes, tables = method.transform(X[:40]), method.lookup_tables(X[:5])
    assert tables.shape == (5, method.n_bits // 8, 256)
    assert tables.dtype == np.float32
    by_hand = [
        [sum(tables[q, m, byte] for m, byte in enumerate(code)) for code in codes] for q in range(5)
    ]
    np.testing.assert_array_equal(method.distances(X[:5], codes), np.array(by_hand, np.float32))


@every_method_with_books
def test_what_a_code_stands_for_has_that_code_or_is_as_near(name):
    X = clouds()
    method = fitted(name, X, n_bits=16)
    decoded = method.inverse_transform(method.transform(X))
    again = method.inverse_transform(method.transform(decoded))
    assert decoded.shape == X.shape
    assert decoded.dtype == np.float32
    np.testing.assert_allclose(again, decoded, atol=2e-3)


@pytest.mark.parametrize("name", ["LSH", "SpectralHashing", "ITQ", "AnchorGraphHashing"])
def test_binary_distances_count_bits(name):
    X = clouds()
    method = fitted(name, X, n_bits=24)
    bits = np.unpackbits(method.transform(X), axis=1).astype(int)
    slow = [[sum(abs(a - b)) for b in bits[:50]] for a in bits[:4]]
    np.testing.assert_array_equal(method.distances(X[:4], method.transform(X[:50])), slow)


@every_method
def test_no_codes_are_at_no_distance(name):
    X = clouds()
    method = fitted(name, X)
    nothing = np.empty((0, method.n_bits // 8), np.uint8)
    assert method.distances(X[:3], nothing).shape == (3, 0)


# What is stored


@every_method
def test_a_state_survives_safetensors(name):
    X = clouds()
    method = fitted(name, X)
    restored = hashing.from_state(load(save(method.state())))
    assert type(restored) is type(method)
    assert restored.get_params() == method.get_params()
    codes = method.transform(X)
    np.testing.assert_array_equal(restored.transform(X), codes)
    np.testing.assert_array_equal(restored.distances(X[:5], codes), method.distances(X[:5], codes))


def test_a_state_with_a_generator_can_be_stored():
    method = fitted("LSH", clouds(), random_state=np.random.RandomState(1))
    restored = hashing.from_state(method.state())
    np.testing.assert_array_equal(restored.transform(clouds()), method.transform(clouds()))


def test_a_state_of_another_method_is_refused():
    state = fitted("PQ", clouds()).state()
    with pytest.raises(ValueError, match="the state of PQ, not of LSH"):
        hashing.method("LSH").from_state(state)


def test_a_state_sets_only_what_is_learned():
    state = {**fitted("PQ", clouds()).state(), "transform": np.zeros(1)}
    with pytest.raises(ValueError, match="'transform'"):
        hashing.from_state(state)


def test_arrays_that_are_no_state_are_refused():
    with pytest.raises(ValueError, match="weights"):
        hashing.from_state({"weights": np.zeros(3)})


def test_a_method_that_does_not_exist_is_named_with_those_that_do():
    with pytest.raises(ValueError, match="'SH' must be one of LSH"):
        hashing.method("SH")


def test_methods_are_attributes_of_the_package():
    assert hashing.ITQ is hashing.method("ITQ")
    with pytest.raises(AttributeError, match="Nonsense"):
        hashing.Nonsense  # noqa: B018


# Bad input


@every_method
@pytest.mark.parametrize("n_bits", [0, -8, 7, 12, 8.0, True, "8"])
def test_bits_are_a_multiple_of_eight(name, n_bits):
    with pytest.raises(ValueError, match="multiple of 8"):
        hashing.method(name)(n_bits).fit(clouds())


@every_method
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_row_that_is_not_finite_is_named(name, bad):
    X = clouds()
    spoilt = X.copy()
    spoilt[417, 3] = bad
    with pytest.raises(ValueError, match="row 417 of X holds NaN or infinity"):
        fitted(name, spoilt)
    method = fitted(name, X)
    for ask in (method.transform, lambda rows: method.distances(rows, method.transform(X))):
        with pytest.raises(ValueError, match="row 417 "):
            ask(spoilt)


@every_method_of_long_codes
@pytest.mark.parametrize("n_bits", [24, 64])
def test_there_may_be_more_bits_than_features(name, n_bits):
    X = clouds(400, dim=3)
    codes = fitted(name, X, n_bits=n_bits).transform(X)
    assert codes.shape == (400, n_bits // 8)
    assert len(np.unique(codes, axis=0)) > 3


@every_method
def test_constant_rows_have_one_code(name):
    X = np.full((50, 7), 0.3, np.float32)
    method = fitted(name, X)
    assert len(np.unique(method.transform(X), axis=0)) == 1


@every_method
def test_features_that_are_constant_change_nothing_that_matters(name):
    X = clouds(500, dim=6)
    padded = np.hstack([X, np.full((500, 5), 2.0, np.float32)])
    method = fitted(name, padded, n_bits=16)
    codes = method.transform(padded)
    assert len(np.unique(codes, axis=0)) > 8
    np.testing.assert_array_equal(method.transform(padded[::7]), codes[::7])


@every_method_with_books
@pytest.mark.parametrize("n", [1, 2, 30, 255, 256])
def test_fewer_rows_than_words_are_kept_exactly(name, n):
    X = clouds(n)
    method = fitted(name, X, n_bits=16)
    np.testing.assert_allclose(method.inverse_transform(method.transform(X)), X, atol=1e-6)


@every_method
def test_a_database_of_one_has_a_code(name):
    X = clouds(1)
    method = fitted(name, X)
    measured = method.distances(X, method.transform(X))
    assert measured.shape == (1, 1)
    assert np.isfinite(measured).all()


@every_method
def test_duplicate_rows_have_one_code(name):
    X = np.repeat(clouds(60), 20, axis=0)
    codes = fitted(name, X).transform(X)
    np.testing.assert_array_equal(codes, np.repeat(codes[::20], 20, axis=0))


@every_method
def test_codes_of_another_length_are_refused(name):
    X = clouds()
    method = fitted(name, X)
    for wrong in (np.zeros((3, 9), np.uint8), np.zeros((3, method.n_bits // 8), np.int64)):
        with pytest.raises(ValueError, match=f"for n_bits={method.n_bits}"):
            method.distances(X[:2], wrong)


@every_method
def test_labels_are_passed_over(name):
    X = clouds()
    labelled = hashing.method(name)().fit(X, np.arange(len(X)) % 3)
    assert same_state(labelled, hashing.method(name)().fit(X))


@every_method
def test_nothing_is_warned_of(name, capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted(name, clouds(40)).transform(clouds(40))
        fitted(name, clouds(2000)).transform(clouds(40))
    assert capfd.readouterr() == ("", "")


# Labels, for the methods that need them


def test_classes_are_numbered_and_the_unlabelled_are_not():
    classes, places = check_labels(["tick", "-1", "bark", "tick"], 4, method="DQN")
    assert classes.tolist() == ["bark", "tick"]
    assert places.tolist() == [1, -1, 0, 1]


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (None, "the target y is None"),
        ([1, 2], "for each of 3 rows"),
        ([-1, -1, -1], "0 classes in 0 labelled rows"),
        ([4, -1, 4], "1 classes in 2 labelled rows"),
    ],
)
def test_labels_that_teach_nothing_are_refused(y, said):
    with pytest.raises(ValueError, match=said):
        check_labels(y, 3, method="DQN")
