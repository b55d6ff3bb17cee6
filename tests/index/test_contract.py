"""What every kind of index promises, held against `Flat`, and `Flat` against a slow loop."""

from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import numpy as np
import pytest

from tonotopy.distance import Metric
from tonotopy.errors import LibraryError, QueryError
from tonotopy.index import BUILTIN, LEARNED, Index, Neighbors, index_class
from tonotopy.index.flat import Flat

KINDS = [*BUILTIN, *LEARNED]
APPROXIMATE = [kind for kind in KINDS if kind != "flat"]
METRICS = get_args(Metric)
SERVED = [
    (kind, metric) for kind in KINDS for metric in METRICS if kind == "flat" or metric != "dot"
]
K = 10
SIZES = (0, 1, K - 1, K, K + 1, *range(1023, 1031))

every_kind = pytest.mark.parametrize("kind", KINDS)
every_approximate_kind = pytest.mark.parametrize("kind", APPROXIMATE)
every_pair = pytest.mark.parametrize(("kind", "metric"), SERVED)


def recall(found: Neighbors, exact: Neighbors, slack: float = 2e-3) -> float:
    """Share of the exact answer that was found; a tie with the last of it is no miss."""
    n_true = (exact.ids >= 0).sum()
    if n_true == 0:
        return 1.0
    last = np.where(np.isinf(exact.distances), -np.inf, exact.distances).max(axis=1, keepdims=True)
    near_enough = found.distances <= last + slack * (1 + np.abs(last))
    return (near_enough & (found.ids >= 0)).sum() / n_true


def assert_well_formed(found: Neighbors, n_queries: int, k: int) -> None:
    assert found.ids.shape == found.distances.shape == (n_queries, k)
    assert (found.ids.dtype, found.distances.dtype) == (np.int64, np.float32)
    np.testing.assert_array_equal(found.ids == -1, np.isinf(found.distances))
    assert (np.sort(found.distances, axis=1) == found.distances).all()
    for row in found.ids:
        present = row[row >= 0]
        assert np.unique(present).size == present.size


def by_definition(query, vector, metric) -> float:
    query, vector = query.astype(np.float64), vector.astype(np.float64)
    dot = sum(query * vector)
    if metric == "dot":
        return -dot
    if metric == "euclidean":
        return sum((query - vector) ** 2) ** 0.5
    return 1 - dot / (sum(query**2) * sum(vector**2)) ** 0.5


# What is found


@every_pair
@pytest.mark.parametrize("n", SIZES)
def test_search_agrees_with_exact_search_at_every_size(kind, metric, n, built, clustered):
    index, exact, ids, _, fetch = built(kind, metric, n)
    queries = clustered(20, seed=1)
    found, expected = index.search(queries, K, fetch=fetch), exact.search(queries, K)
    assert_well_formed(found, 20, K)
    assert (found.ids >= 0).sum() == 20 * min(n, K)
    assert np.isin(found.ids, [-1, *ids]).all()
    assert recall(found, expected) >= 0.97
    if n <= K:
        np.testing.assert_allclose(found.distances, expected.distances, atol=2e-3, rtol=2e-3)


@every_pair
def test_the_promised_recall_is_kept_for_queries_from_elsewhere(kind, metric, built, clustered):
    index, exact, _, _, fetch = built(kind, metric, 6000)
    assert index.recall >= 0.985
    queries = clustered(300, seed=7)
    for k, enough in ((K, 0.985), (100, 0.97)):
        found = index.search(queries, k, fetch=fetch)
        assert recall(found, exact.search(queries, k)) >= enough


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("n", [0, 1, K, 200])
def test_flat_is_brute_force(metric, n, clustered, window_ids):
    ids, vectors, queries = window_ids(n), clustered(n, 8), clustered(4, 8, seed=1)
    found = Flat.build(ids, vectors, metric=metric).search(queries, K)
    for query, row_ids, row_distances in zip(queries, found.ids, found.distances, strict=True):
        truth = {
            window: by_definition(query, vector, metric)
            for window, vector in zip(ids, vectors, strict=True)
        }
        expected = sorted(truth.values())[:K]
        np.testing.assert_allclose(row_distances[: len(expected)], expected, atol=1e-5)
        named = [truth[window] for window in row_ids[: len(expected)]]
        np.testing.assert_allclose(named, expected, atol=1e-5)


@every_pair
def test_distances_are_exact_for_what_is_returned(
    kind, metric, clustered, window_ids, fetching, building
):
    ids, queries = window_ids(1100), clustered(30, seed=2)
    stored = clustered(1100).astype(np.float16).astype(np.float32)
    index = building(kind, ids, stored, metric=metric)
    found = index.search(queries, K, fetch=fetching(ids, stored))
    for query, row_ids, row_distances in zip(queries, found.ids, found.distances, strict=True):
        positions = np.searchsorted(ids, row_ids)
        expected = [by_definition(query, stored[position], metric) for position in positions]
        np.testing.assert_allclose(row_distances, expected, atol=1e-5, rtol=1e-4)


@every_pair
def test_more_than_there_is_gives_all_there_is(kind, metric, built, clustered):
    index, _, ids, _, fetch = built(kind, metric, 1030)
    found = index.search(clustered(3, seed=1), 1100, fetch=fetch)
    assert_well_formed(found, 3, 1100)
    for row in found.ids:
        np.testing.assert_array_equal(np.sort(row[:1030]), ids)


@every_pair
def test_duplicates_are_all_found(kind, metric, clustered, window_ids, fetching, building):
    vectors = np.repeat(clustered(300), 5, axis=0)
    ids = window_ids(len(vectors))
    index = building(kind, ids, vectors, metric=metric)
    found = index.search(vectors[::100], 5, fetch=fetching(ids, vectors))
    exact = Flat.build(ids, vectors, metric=metric).search(vectors[::100], 5)
    assert recall(found, exact) >= 0.97
    assert_well_formed(found, 15, 5)


@every_pair
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_vectors_that_are_all_the_same_are_all_equally_near(
    kind, metric, value, window_ids, fetching, building
):
    """Silence, digitally: every window gives the same vector, perhaps all zeros."""
    ids, vectors = window_ids(1100), np.full((1100, 16), value, np.float32)
    index = building(kind, ids, vectors, metric=metric)
    found = index.search(vectors[:2], K, fetch=fetching(ids, vectors))
    assert_well_formed(found, 2, K)
    assert (found.ids >= 0).all()
    np.testing.assert_allclose(np.ptp(found.distances), 0, atol=1e-6)


@every_pair
@pytest.mark.parametrize("dim", [1, 2, 13, 155])
def test_any_dimension_can_be_indexed(kind, metric, dim, built):
    index, exact, _, vectors, fetch = built(kind, metric, 400, dim)
    assert (index.dim, len(index), index.metric) == (dim, 400, metric)
    found = index.search(vectors[:5], K, fetch=fetch)
    assert recall(found, exact.search(vectors[:5], K)) >= 0.9


# Filters


@every_pair
@pytest.mark.parametrize("share", [0.0, 0.0008, 0.01, 0.1, 0.5, 1.0])
def test_filters_keep_their_recall_and_let_nothing_through(kind, metric, share, built, clustered):
    index, _, ids, vectors, fetch = built(kind, metric, 6000)
    queries = clustered(40, seed=3)
    allowed = np.sort(np.random.default_rng(8).permutation(ids)[: round(share * 6000)])
    found = index.search(queries, K, allowed=allowed, fetch=fetch)
    keep = np.isin(ids, allowed)
    exact = Flat.build(ids[keep], vectors[keep], metric=metric).search(queries, K)
    assert_well_formed(found, 40, K)
    assert np.isin(found.ids, [-1, *allowed]).all()
    assert (found.ids >= 0).sum() == 40 * min(K, len(allowed))
    assert recall(found, exact) >= 0.97


@every_kind
def test_a_filter_of_one_id_returns_that_id(kind, built, clustered):
    index, _, ids, _, fetch = built(kind, "cosine", 1030)
    found = index.search(clustered(2, seed=1), 3, allowed=ids[[700]], fetch=fetch)
    np.testing.assert_array_equal(found.ids, [[ids[700], -1, -1]] * 2)


@every_kind
@pytest.mark.parametrize("n_near", [100, 400, 3000])
def test_a_filter_that_leaves_out_all_around_the_query_is_searched_too(
    kind, n_near, built, clustered
):
    """What is left stands in lists and corners of a graph that the query is not near."""
    n = 12_000
    index, exact, ids, _, fetch = built(kind, "euclidean", n)
    shares = []
    for query in clustered(20, seed=4)[:, np.newaxis]:
        allowed = np.setdiff1d(ids, exact.search(query, n_near).ids)
        found = index.search(query, K, allowed=allowed, fetch=fetch)
        assert_well_formed(found, 1, K)
        assert np.isin(found.ids, allowed).all()
        shares.append(recall(found, exact.search(query, K, allowed=allowed), slack=1e-4))
    assert np.mean(shares) >= 0.95


@every_kind
def test_unknown_ids_in_a_filter_are_ignored_and_its_order_does_not_matter(kind, built, clustered):
    index, _, ids, _, fetch = built(kind, "cosine", 1030)
    queries = clustered(5, seed=1)
    known = np.random.default_rng(1).permutation(ids)[:600]
    messy = np.concatenate([known, known[:50], [0, 1, 10**12]])
    found = index.search(queries, K, allowed=messy, fetch=fetch)
    tidy = index.search(queries, K, allowed=np.sort(known), fetch=fetch)
    np.testing.assert_array_equal(found.ids, tidy.ids)


@every_kind
def test_a_filter_that_is_changed_between_searches_counts_as_it_stands(kind, built, clustered):
    index, _, ids, _, fetch = built(kind, "cosine", 1030)
    queries, allowed = clustered(5, seed=1), ids[:500].copy()
    index.search(queries, K, allowed=allowed, fetch=fetch)
    allowed[:] = ids[500:1000]
    found = index.search(queries, K, allowed=allowed, fetch=fetch)
    assert np.isin(found.ids, ids[500:1000]).all()


@every_kind
def test_frozen_filters_may_take_turns(kind, built, clustered):
    index, _, ids, _, fetch = built(kind, "cosine", 1030)
    halves = [ids[:500].copy(), ids[500:].copy()]
    for half in halves:
        half.flags.writeable = False
    for half in [*halves, *halves, halves[1]]:
        found = index.search(clustered(5, seed=1), K, allowed=half, fetch=fetch)
        assert np.isin(found.ids, half).all()


# Ids


@every_kind
def test_ids_may_come_in_any_order(kind, built, clustered, building):
    _, exact, ids, vectors, fetch = built(kind, "cosine", 1030)
    shuffled = np.random.default_rng(3).permutation(1030)
    index = building(kind, ids[shuffled], vectors[shuffled], metric="cosine")
    np.testing.assert_array_equal(index.ids, ids)
    queries = clustered(10, seed=1)
    found, expected = index.search(queries, K, fetch=fetch), exact.search(queries, K)
    assert recall(found, expected) >= 0.97
    assert (found.ids[:, 0] == expected.ids[:, 0]).mean() >= 0.9


@every_kind
def test_ids_as_large_as_a_database_gives_them_survive(kind, clustered, fetching, building):
    ids, vectors = np.int64(2) ** 62 + 10**12 * np.arange(1100), clustered(1100)
    index = building(kind, ids, vectors, metric="cosine")
    found = index.search(vectors[:20], 1, allowed=ids[:30], fetch=fetching(ids, vectors))
    np.testing.assert_array_equal(found.ids[:, 0], ids[:20])


def test_an_id_that_vanished_from_the_catalog_is_not_returned(built, clustered):
    index, _, _, _, fetch = built("ivf-rabitq", "cosine", 1030)
    queries = clustered(10, seed=1)
    gone = index.search(queries, 3, fetch=fetch).ids

    def fetch_what_is_left(wanted):
        fetched = fetch(wanted)
        fetched[np.isin(wanted, gone)] = np.nan
        return fetched

    found = index.search(queries, K, fetch=fetch_what_is_left)
    assert_well_formed(found, 10, K)
    assert not np.isin(found.ids, gone).any()
    assert (found.ids >= 0).all()


# One query, many, none, wrong ones


@every_kind
def test_a_query_is_answered_by_itself(kind, built, clustered):
    index, _, _, _, fetch = built(kind, "cosine", 1030)
    queries = clustered(100, seed=1)
    together = index.search(queries, K, fetch=fetch)
    alone = [index.search(query[np.newaxis], K, fetch=fetch).distances for query in queries]
    np.testing.assert_allclose(together.distances, np.vstack(alone), atol=1e-6)


@every_kind
def test_threads_may_share_an_index(kind, built, clustered):
    index, _, _, _, fetch = built(kind, "cosine", 1030)
    queries = clustered(64, seed=1)[:, np.newaxis]
    expected = [index.search(query, K, fetch=fetch).ids for query in queries]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda query: index.search(query, K, fetch=fetch).ids, queries))
    np.testing.assert_array_equal(found, expected)


@every_kind
def test_no_queries_give_no_rows(kind, built):
    index, _, _, _, fetch = built(kind, "cosine", 1030)
    found = index.search(np.empty((0, 32)), K, fetch=fetch)
    assert found.ids.shape == found.distances.shape == (0, K)


@every_kind
def test_a_query_with_a_nan_has_no_neighbours(kind, built):
    index, _, _, _, fetch = built(kind, "cosine", 1030)
    found = index.search(np.full((1, 32), np.nan), 3, fetch=fetch)
    np.testing.assert_array_equal(found.ids, [[-1, -1, -1]])


@every_kind
@pytest.mark.parametrize(
    ("queries", "k", "message"),
    [
        (np.ones((1, 31)), 3, r"\(1, 31\).*32"),
        (np.ones(32), 3, r"n_queries, 32"),
        (np.ones((1, 32)), 0, "k=0"),
    ],
)
def test_a_query_that_does_not_fit_is_refused(kind, queries, k, message, built):
    index, _, _, _, fetch = built(kind, "cosine", 1030)
    with pytest.raises(ValueError, match=message):
        index.search(queries, k, fetch=fetch)


def test_codes_without_vectors_to_fetch_are_refused(built):
    index, _, _, vectors, _ = built("ivf-rabitq", "cosine", 1030)
    with pytest.raises(ValueError, match="pass fetch="):
        index.search(vectors[:1], 3)
    with pytest.raises(ValueError, match="a row for every id"):
        index.search(vectors[:1], 3, fetch=lambda wanted: vectors[: len(wanted) - 1])


# Building, saving, loading


@every_kind
@pytest.mark.parametrize(
    ("ids", "spoil", "metric", "message"),
    [
        ([5, 6, 5], None, "cosine", "distinct"),
        ([5, -6, 7], None, "cosine", "not negative"),
        ([5, 6], None, "cosine", r"\(2,\).*\(3, 4\)"),
        ([5, 6, 7], np.nan, "cosine", "window 6"),
        ([7, 6, 5], np.inf, "euclidean", "window 6"),
        ([5, 6, 7], None, "manhattan", "cosine, dot, euclidean"),
    ],
)
def test_what_cannot_be_indexed_is_refused(kind, ids, spoil, metric, message, building):
    vectors = np.ones((3, 4), np.float32)
    if spoil is not None:
        vectors[1, 2] = spoil
    with pytest.raises(ValueError, match=message):
        building(kind, np.array(ids), vectors, metric=metric)


@every_approximate_kind
def test_approximate_kinds_refuse_the_dot_product_and_say_what_serves_it(kind, building):
    with pytest.raises(QueryError, match="use 'flat'"):
        building(kind, np.arange(3), np.eye(3), metric="dot")


@every_approximate_kind
def test_more_recall_takes_more_effort(kind, built, building):
    careful, _, ids, vectors, _ = built(kind, "euclidean", 6000)
    hasty = building(kind, ids, vectors, metric="euclidean", recall=0.5)
    assert hasty.effort < careful.effort
    with pytest.raises(ValueError, match="recall=99"):
        building(kind, ids, vectors, metric="euclidean", recall=99)


@every_kind
def test_half_precision_and_memory_maps_can_be_indexed(kind, built, clustered, tmp_path, building):
    _, exact, ids, vectors, fetch = built(kind, "cosine", 1030)
    np.save(tmp_path / "vectors.npy", vectors.astype(np.float16))
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    index = building(kind, ids, mapped, metric="cosine")
    queries = clustered(10, seed=1)
    assert recall(index.search(queries, K, fetch=fetch), exact.search(queries, K)) >= 0.97


@every_pair
@pytest.mark.parametrize("n", [0, 1, 1030])
def test_a_saved_index_answers_as_before(kind, metric, n, built, clustered, tmp_path):
    before, _, ids, _, fetch = built(kind, metric, n)
    before.save(tmp_path / "file")
    after = index_class(kind).load(tmp_path / "file")
    queries = clustered(10, seed=1)
    answers = [index.search(queries, K, fetch=fetch) for index in (before, after)]
    np.testing.assert_array_equal(answers[0].ids, answers[1].ids)
    np.testing.assert_array_equal(answers[0].distances, answers[1].distances)
    np.testing.assert_array_equal(after.ids, ids)
    assert (after.metric, after.dim, after.recall) == (before.metric, before.dim, before.recall)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@every_kind
def test_loading_another_file_is_refused(kind, built, tmp_path):
    other = "hnsw" if kind == "flat" else "flat"
    built(other, "cosine", 10).index.save(tmp_path / "other")
    (tmp_path / "text").write_text("these are not the bytes you are looking for\n" * 10)
    for name in ("other", "text"):
        with pytest.raises(LibraryError, match="delete it"):
            index_class(kind).load(tmp_path / name)


@every_approximate_kind
def test_a_file_that_names_fewer_windows_than_it_holds_is_refused(kind, built, tmp_path, building):
    _, _, ids, vectors, _ = built(kind, "cosine", 1030)
    index = building(kind, ids, vectors, metric="cosine")
    index.ids = ids[:-1]
    index.save(tmp_path / "file")
    with pytest.raises(ValueError, match="names 1029 windows but holds 1030"):
        index_class(kind).load(tmp_path / "file")


@every_kind
def test_every_kind_is_an_index(kind, built):
    assert isinstance(built(kind, "cosine", 10).index, Index)
