"""Maps of vectors by principal components and by UMAP."""

import sys
import time

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness as sklearn_trustworthiness
from threadpoolctl import threadpool_limits

from tonotopy.errors import MissingExtra
from tonotopy.project import pca, trustworthiness, umap

RANDOM = np.random.default_rng(0)
CORRELATED = (RANDOM.standard_normal((500, 12)) @ RANDOM.standard_normal((12, 12)) + 3).astype("f")


@pytest.mark.parametrize("vectors", [CORRELATED, CORRELATED[:9]], ids=["many", "few"])
def test_pca_agrees_with_scikit_learn(vectors):
    found, reference = pca(vectors, 3), PCA(3).fit(vectors)
    signs = np.sign((found.components * reference.components_).sum(axis=1))
    np.testing.assert_allclose(found.components, reference.components_ * signs[:, None], atol=1e-5)
    expected = reference.transform(vectors) * signs
    np.testing.assert_allclose(found.coordinates, expected, atol=1e-3)
    np.testing.assert_allclose(found.explained_ratio, reference.explained_variance_ratio_, 1e-4)
    assert found.coordinates.dtype == np.float32


def test_the_largest_entry_of_each_component_is_positive_whichever_way_the_data_points():
    for vectors in (CORRELATED, -CORRELATED, CORRELATED[:9], -CORRELATED[:9]):
        components = pca(vectors).components
        assert all(row[np.abs(row).argmax()] > 0 for row in components)


def test_new_vectors_come_onto_the_same_map():
    found = pca(CORRELATED)
    again = (CORRELATED - found.mean) @ found.components.T
    np.testing.assert_allclose(again, found.coordinates, atol=1e-4)


@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_pca_of_hardly_any_vectors_has_the_shape_of_a_map(n):
    found = pca(CORRELATED[:n])
    assert found.coordinates.shape == (n, 2)
    assert found.components.shape == (2, 12)
    assert np.isfinite(found.coordinates).all()
    distances = np.linalg.norm(np.diff(found.coordinates, axis=0), axis=1)
    if n == 2:
        assert distances[0] == pytest.approx(np.linalg.norm(CORRELATED[1] - CORRELATED[0]))
        np.testing.assert_allclose(found.explained_ratio, [1, 0])


@pytest.mark.parametrize("n", [3, 50])
@pytest.mark.parametrize("value", [0.0, 0.1, 1e4 / 3])
def test_equal_vectors_all_lie_at_the_centre(n, value):
    found = pca(np.full((n, 12), value, np.float32))
    np.testing.assert_allclose(found.coordinates, 0, atol=1e-3 * max(value, 1))
    assert not found.explained_ratio.any()
    assert not found.components.any()


def test_components_beyond_the_dimensions_are_zeros():
    found = pca(np.arange(5, dtype=np.float32)[:, None], 2)
    np.testing.assert_allclose(found.coordinates, [[-2, 0], [-1, 0], [0, 0], [1, 0], [2, 0]])
    np.testing.assert_allclose(found.explained_ratio, [1, 0])


def test_a_far_away_mean_does_not_blur_the_map():
    random = np.random.default_rng(1)
    offset = (random.standard_normal((3000, 8)) * np.arange(8, 0, -1)).astype(np.float32)
    near, far = pca(offset), pca(offset + np.float32(1000))
    np.testing.assert_allclose(far.coordinates, near.coordinates, atol=0.05)


def test_a_hundred_thousand_vectors_are_projected_within_a_second():
    vectors = np.random.default_rng(2).standard_normal((100_000, 320), dtype=np.float32)
    with threadpool_limits(1):  # threads that wait for each other would count as work
        began = time.process_time()
        pca(vectors)
        assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda: pca(CORRELATED, 0), "n_components=0 must be at least 1"),
        (lambda: pca(np.zeros(3)), r"vectors have shape \(3,\)"),
        (lambda: pca(np.array([[0.0], [np.nan]])), "row 1 of the vectors is not finite"),
    ],
)
def test_what_has_no_map_is_refused(call, problem):
    with pytest.raises(ValueError, match=problem):
        call()


# UMAP

CLUSTERS = np.repeat(np.eye(3, 10, dtype=np.float32), 25, axis=0)
CLUSTERS += 0.05 * np.random.default_rng(3).standard_normal((75, 10)).astype(np.float32)
CLUSTER_OF = np.repeat([0, 1, 2], 25)


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean"])
def test_umap_keeps_clusters_together_and_says_how_far_it_is(metric):
    shares: list[float] = []
    layout = umap(CLUSTERS, metric=metric, on_progress=shares.append)
    assert layout.method == "umap"
    assert layout.coordinates.shape == (75, 2)
    assert layout.coordinates.dtype == np.float32
    gaps = np.linalg.norm(layout.coordinates[:, None] - layout.coordinates[None], axis=2)
    np.fill_diagonal(gaps, np.inf)
    assert (CLUSTER_OF[gaps.argmin(axis=1)] == CLUSTER_OF).mean() == 1
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == 1


def test_umap_is_the_same_each_time_and_another_for_another_seed():
    first, again = (umap(CLUSTERS, metric="cosine").coordinates for _ in range(2))
    np.testing.assert_array_equal(first, again)
    other = umap(CLUSTERS, metric="cosine", random_state=7).coordinates
    assert not np.allclose(first, other)


def test_umap_reports_while_it_works():
    shares: list[float] = []
    vectors = np.random.default_rng(5).standard_normal((1000, 4)).astype(np.float32)
    umap(vectors, metric="euclidean", on_progress=shares.append)
    assert any(0 < share < 1 for share in shares)


@pytest.mark.parametrize("n", [4, 5, 16])
def test_umap_of_few_vectors_looks_at_fewer_neighbours(n):
    layout = umap(CORRELATED[:n], metric="euclidean")
    assert layout.method == "umap"
    assert np.isfinite(layout.coordinates).all()


@pytest.mark.parametrize(
    "vectors", [CORRELATED[:0], CORRELATED[:3], np.ones((20, 5), np.float32)], ids=len
)
def test_where_there_is_nothing_to_unfold_the_layout_is_pca(vectors):
    shares: list[float] = []
    layout = umap(vectors, metric="cosine", on_progress=shares.append)
    assert layout.method == "pca"
    np.testing.assert_array_equal(layout.coordinates, pca(vectors).coordinates)
    assert shares == [0, 1]


def test_many_equal_vectors_and_vectors_on_a_line_still_have_a_layout():
    half_equal = CORRELATED[:40].copy()
    half_equal[:20] = half_equal[0]
    on_a_line = np.outer(np.arange(40), np.ones(6)).astype(np.float32)
    for vectors in (half_equal, on_a_line):
        layout = umap(vectors, metric="euclidean")
        assert layout.method == "umap"
        assert np.isfinite(layout.coordinates).all()


def test_umap_stops_when_the_listener_raises():
    class Cancelled(Exception):
        pass

    def cancel_midway(share: float) -> None:
        if share > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        umap(CLUSTERS, metric="cosine", on_progress=cancel_midway)


def test_without_umap_learn_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(MissingExtra, match="pip install umap-learn"):
        umap(CLUSTERS, metric="cosine")


@pytest.mark.parametrize("n_neighbors", [1, 5, 15])
def test_the_mean_trustworthiness_agrees_with_scikit_learn(n_neighbors):
    good, bad = pca(CORRELATED).coordinates, CORRELATED[::-1, :2]
    for coordinates in (good, bad):
        expected = sklearn_trustworthiness(CORRELATED, coordinates, n_neighbors=n_neighbors)
        found = trustworthiness(
            coordinates, CORRELATED, metric="euclidean", n_neighbors=n_neighbors
        )
        assert found.mean() == pytest.approx(expected, abs=1e-5)


def test_trustworthiness_of_each_point_by_the_slow_loop():
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((40, 6)).astype("f")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    coordinates = vectors[:, :2]
    expected = []
    for i in range(40):
        true = np.argsort(-vectors @ vectors[i])
        ranks = {j: rank for rank, j in enumerate(true[true != i], start=1)}
        on_map = np.argsort(((coordinates - coordinates[i]) ** 2).sum(axis=1))
        near = on_map[on_map != i][:4]
        worse = sum(max(0, ranks[j] - 4) for j in near)
        expected.append(1 - 2 * worse / (4 * (2 * 40 - 3 * 4 - 1)))
    found = trustworthiness(coordinates, vectors, metric="cosine", n_neighbors=4)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_trustworthiness_is_estimated_from_a_sample():
    rng = np.random.default_rng(4)
    vectors = rng.standard_normal((3000, 8)).astype("f")
    coordinates = pca(vectors).coordinates
    heard: list[float] = []
    exact = trustworthiness(coordinates, vectors, metric="euclidean", n_references=3000)
    sampled = trustworthiness(
        coordinates, vectors, metric="euclidean", n_references=400, on_progress=heard.append
    )
    assert sampled.mean() == pytest.approx(exact.mean(), abs=0.01)
    assert np.corrcoef(exact, sampled)[0, 1] > 0.97
    assert heard == sorted(heard)
    assert heard[-1] == 1


def test_a_map_by_lot_is_trusted_half_and_a_perfect_one_fully():
    rng = np.random.default_rng(5)
    vectors = rng.standard_normal((800, 2)).astype("f")
    by_lot = trustworthiness(rng.standard_normal((800, 2)), vectors, metric="euclidean")
    assert by_lot.mean() == pytest.approx(0.5, abs=0.02)
    assert (trustworthiness(vectors, vectors, metric="euclidean") == 1).all()


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_points_are_trusted(n):
    trust = trustworthiness(np.zeros((n, 2)), np.eye(5, dtype="f")[:n], metric="cosine")
    assert trust.tolist() == [1] * n


def test_points_at_one_place_are_still_neighbours_of_others_alone():
    vectors = np.random.default_rng(6).standard_normal((60, 3)).astype("f")
    trust = trustworthiness(np.zeros((60, 2)), vectors, metric="euclidean", n_neighbors=5)
    assert np.isfinite(trust).all()
    assert 0.3 < trust.mean() < 0.7


def test_trustworthiness_needs_a_place_for_each_vector():
    with pytest.raises(ValueError, match="2 coordinates for 3 vectors"):
        trustworthiness(np.zeros((2, 2)), np.eye(3), metric="cosine")
