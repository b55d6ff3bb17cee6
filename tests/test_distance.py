"""Distances, held to slow loops and to scipy, and the k nearest, held to a stable full sort."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import cdist

from tonotopy.distance import (
    Metric,
    distances,
    hamming,
    normalized,
    score,
    score_name,
    top_k,
)

METRICS: tuple[Metric, ...] = ("cosine", "dot", "euclidean")
SIZES = (0, 1, 9, 10, 11, *range(1023, 1031))


def by_definition(queries: np.ndarray, vectors: np.ndarray, metric: Metric) -> np.ndarray:
    queries, vectors = queries.astype(np.float64), vectors.astype(np.float64)
    if metric == "dot":
        return np.array([[-sum(q * v) for v in vectors] for q in queries])
    return cdist(queries, vectors, metric)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_distances_agree_with_their_definition(metric, dtype):
    rng = np.random.default_rng(1)
    queries, vectors = (rng.standard_normal((n, 24)).astype(dtype) for n in (7, 50))
    measured = distances(queries, vectors, metric)
    assert measured.dtype == np.float32
    np.testing.assert_allclose(measured, by_definition(queries, vectors, metric), atol=2e-5)


def test_distances_by_hand():
    query, vectors = np.array([[1.0, 0.0]]), np.array([[1.0, 0.0], [3.0, 0.0], [0.0, 1.0]])
    np.testing.assert_allclose(distances(query, vectors, "euclidean"), [[0, 2, 2**0.5]], rtol=1e-6)
    np.testing.assert_allclose(distances(query, vectors, "cosine"), [[0, 0, 1]], atol=1e-6)
    np.testing.assert_allclose(distances(query, vectors, "dot"), [[-1, -3, 0]])


@pytest.mark.parametrize("offset", [0.0, 10.0, 1000.0])
def test_a_small_euclidean_distance_is_right_far_from_the_origin(offset):
    """The float32 expansion |a|^2 + |b|^2 - 2ab alone is off by whole units at offset 1000."""
    rng = np.random.default_rng(2)
    vectors = (offset + rng.standard_normal((5000, 32))).astype(np.float32)
    queries = vectors[:3] + np.float32(0.01)
    expected = cdist(queries.astype(np.float64), vectors.astype(np.float64))
    np.testing.assert_allclose(distances(queries, vectors, "euclidean"), expected, rtol=1e-4)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(("n_queries", "n"), [(0, 3), (3, 0), (0, 0), (1, 1)])
def test_distances_of_few_rows_keep_their_two_axes(metric, n_queries, n):
    measured = distances(np.ones((n_queries, 4)), np.ones((n, 4)), metric)
    assert measured.shape == (n_queries, n)


def test_zeros_are_at_cosine_distance_one_from_everything():
    measured = distances(np.zeros((1, 3)), np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]), "cosine")
    np.testing.assert_array_equal(measured, [[1, 1]])


@pytest.mark.parametrize("metric", METRICS)
def test_a_vector_with_a_nan_is_nobodys_neighbour(metric):
    vectors = np.array([[1.0, 0.0], [np.nan, 0.0], [0.0, 1.0]], np.float32)
    positions, nearest = top_k(distances(np.eye(2), vectors, metric), 3)
    np.testing.assert_array_equal(positions, [[0, 2, -1], [2, 0, -1]])
    assert np.isinf(nearest[:, 2]).all()


@pytest.mark.parametrize(
    ("queries", "vectors", "metric", "message"),
    [
        (np.ones(3), np.ones((2, 3)), "cosine", "newaxis"),
        (np.ones((1, 3)), np.ones((2, 4)), "dot", r"\(1, 3\).*\(2, 4\)"),
        (np.ones((1, 3)), np.ones((2, 3)), "manhattan", "cosine, dot, euclidean"),
    ],
)
def test_distances_refuse_what_does_not_fit(queries, vectors, metric, message):
    with pytest.raises(ValueError, match=message):
        distances(queries, vectors, metric)


magnitudes = st.floats(2.0**-100, 2.0**100, width=32)


@given(
    hnp.arrays(np.float32, st.tuples(st.integers(1, 5), st.just(6)), elements=magnitudes),
    st.booleans(),
)
def test_normalized_rows_have_unit_norm_at_any_magnitude(vectors, negate):
    unit = normalized(-vectors if negate else vectors)
    np.testing.assert_allclose(np.linalg.norm(unit.astype(np.float64), axis=1), 1, rtol=1e-6)


def test_normalized_keeps_zero_rows_and_leaves_its_input_alone():
    vectors = np.array([[0.0, 0.0], [0.0, 5.0]], np.float32)
    kept = vectors.copy()
    np.testing.assert_array_equal(normalized(vectors), [[0, 0], [0, 1]])
    np.testing.assert_array_equal(vectors, kept)


@pytest.mark.parametrize("metric", METRICS)
def test_the_nearest_has_the_best_score(metric):
    measured = np.array([0.25, 1.5, np.inf])
    scores = score(measured, metric)
    assert scores[0] > scores[1] > scores[2] == -np.inf
    assert score_name(metric)


def test_scores_by_hand():
    assert score(np.array([0.25]), "cosine") == pytest.approx(0.75)
    assert score(np.array([-3.0]), "dot") == pytest.approx(3.0)
    assert score(np.array([2.0]), "euclidean") == pytest.approx(-2.0)
    with pytest.raises(ValueError, match="manhattan"):
        score(np.array([1.0]), "manhattan")
    with pytest.raises(ValueError, match="manhattan"):
        score_name("manhattan")


@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(0, 4), st.just(11))),
    hnp.arrays(np.uint8, st.tuples(st.integers(0, 4), st.just(11))),
)
def test_hamming_counts_differing_bits(packed_a, packed_b):
    bits_a, bits_b = (np.unpackbits(codes, axis=1) for codes in (packed_a, packed_b))
    expected = [[int(sum(a != b)) for b in bits_b] for a in bits_a]
    measured = hamming(packed_a, packed_b)
    assert measured.shape == (len(packed_a), len(packed_b))
    np.testing.assert_array_equal(measured, np.reshape(expected, measured.shape))


@pytest.mark.parametrize("n_bytes", [1, 7, 8, 9, 32, 40])
def test_hamming_at_every_code_length(n_bytes):
    codes = np.random.default_rng(n_bytes).integers(0, 256, (20, n_bytes), np.uint8)
    flipped = codes ^ np.uint8(0xFF)
    np.testing.assert_array_equal(np.diag(hamming(codes, codes)), 0)
    np.testing.assert_array_equal(np.diag(hamming(codes, flipped)), 8 * n_bytes)


def test_hamming_refuses_unpacked_codes_and_unequal_lengths():
    with pytest.raises(ValueError, match="packbits"):
        hamming(np.ones((2, 8), bool), np.ones((2, 8), np.uint8))
    with pytest.raises(ValueError, match=r"\(2, 2\)"):
        hamming(np.ones((2, 3), np.uint8), np.ones((2, 2), np.uint8))


def stable_full_sort(measured: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    positions = np.full((len(measured), k), -1)
    nearest = np.full((len(measured), k), np.inf)
    for query, row in enumerate(measured):
        present = [position for position in range(row.size) if row[position] < np.inf]
        order = sorted(present, key=lambda position, row=row: row[position])[:k]
        positions[query, : len(order)] = order
        nearest[query, : len(order)] = row[order]
    return positions, nearest


@settings(deadline=None, max_examples=200)
@given(
    n=st.sampled_from(SIZES),
    k=st.sampled_from((1, 2, 10, 1024)),
    n_values=st.sampled_from((1, 3, 100, 10**6)),
    missing=st.sampled_from((0.0, 0.3, 0.999, 1.0)),
    seed=st.integers(0, 2**32 - 1),
)
@example(n=1030, k=1030, n_values=1, missing=0.0, seed=0)
@example(n=0, k=1, n_values=1, missing=0.0, seed=0)
def test_top_k_is_a_stable_full_sort_cut_at_k(n, k, n_values, missing, seed):
    rng = np.random.default_rng(seed)
    measured = rng.integers(-n_values, n_values, (3, n)).astype(np.float32)
    measured[rng.random((3, n)) < missing] = rng.choice([np.nan, np.inf])
    positions, nearest = top_k(measured, k)
    expected_positions, expected_nearest = stable_full_sort(measured, k)
    assert (positions.dtype, nearest.dtype) == (np.int64, np.float32)
    np.testing.assert_array_equal(positions, expected_positions)
    np.testing.assert_array_equal(nearest, expected_nearest)


def test_top_k_takes_hamming_counts_and_minus_infinity():
    positions, nearest = top_k(np.array([[3, 1, 3, 0]], np.int32), 3)
    np.testing.assert_array_equal(positions, [[3, 1, 0]])
    np.testing.assert_array_equal(nearest, [[0, 1, 3]])
    positions, _ = top_k(np.array([[0.0, -np.inf, -np.inf]]), 2)
    np.testing.assert_array_equal(positions, [[1, 2]])


def test_top_k_of_no_queries_is_empty_and_of_k_zero_refused():
    positions, nearest = top_k(np.empty((0, 5)), 2)
    assert positions.shape == nearest.shape == (0, 2)
    with pytest.raises(ValueError, match="k=0"):
        top_k(np.ones((1, 5)), 0)
