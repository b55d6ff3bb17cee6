"""The index of learned codes: whatever the method, what it finds, keeps, forgets and writes."""

import numpy as np
import pytest

from tonotopy.errors import QueryError
from tonotopy.hashing import method
from tonotopy.index import index_class
from tonotopy.index.cache import Source, load_cached, store
from tonotopy.index.codes import Codes
from tonotopy.index.engine import points
from tonotopy.index.flat import Flat

METHODS = ["PQ", "OPQ", "ITQ", "PosteriorQuantizer"]
N, DIM = 1500, 32

every_method = pytest.mark.parametrize("name", METHODS)


@pytest.fixture(scope="module")
def fitted(clustered):
    """Fit each method once, on 1,500 vectors of four made-up classes, a third without a label."""
    vectors = clustered(N, DIM)
    y = np.where(np.arange(N) % 3, (vectors[:, :2] > 0.5) @ [1, 2], -1)
    made = {}

    def fit(name, metric="cosine"):
        if (name, metric) not in made:
            made[name, metric] = method(name)(n_bits=32).fit(points(vectors, metric), y)
        return made[name, metric]

    return fit


@pytest.fixture(scope="module")
def codes(clustered, window_ids, fitted, fetching):
    """Build an index of codes; give it with its ids, vectors and fetch."""
    ids, vectors = window_ids(N), clustered(N, DIM)

    def build(name, metric="cosine"):
        index = Codes.build(ids, vectors, metric=metric, hasher=fitted(name, metric))
        return index, ids, vectors, fetching(ids, vectors)

    return build


@every_method
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_promised_recall_is_kept_for_queries_from_elsewhere(name, metric, codes, clustered):
    index, ids, vectors, fetch = codes(name, metric)
    queries = clustered(50, DIM, seed=4)
    found = index.search(queries, 10, fetch=fetch)
    exact = Flat.build(ids, vectors, metric=metric).search(queries, 10)
    hits = [np.isin(a, b).sum() for a, b in zip(found.ids, exact.ids, strict=True)]
    assert index.recall >= 0.95
    assert np.mean(hits) / 10 >= 0.93
    assert index.effort < N, "all were measured: the codes said nothing"
    same = found.ids == exact.ids
    np.testing.assert_allclose(found.distances[same], exact.distances[same], atol=5e-3)


@every_method
def test_without_re_ranking_the_order_is_that_of_the_method(name, codes, fitted, clustered):
    index, ids, vectors, _ = codes(name)
    queries, hasher = clustered(5, DIM, seed=4), fitted(name)
    unit = points(vectors, "cosine")
    measured = hasher.distances(points(queries, "cosine"), hasher.transform(unit))
    found = index.propose(queries, 20)
    np.testing.assert_allclose(found.distances, np.sort(measured, axis=1)[:, :20], atol=1e-5)
    for row, number in zip(found.ids, measured, strict=True):
        assert len(np.unique(row)) == 20
        own = number[np.searchsorted(ids, row)]
        np.testing.assert_allclose(own, np.sort(own), atol=1e-5)
    np.testing.assert_array_equal(index.code_distances(queries, ids[7:9]), measured[:, 7:9])


@every_method
def test_what_is_not_allowed_is_not_found(name, codes, clustered):
    index, ids, _, fetch = codes(name)
    queries, allowed = clustered(3, DIM, seed=4), ids[::2]
    for found in (
        index.search(queries, 10, allowed=allowed, fetch=fetch),
        index.propose(queries, 10, allowed=allowed),
        index.propose(queries, 10, allowed=allowed),  # as remembered
    ):
        assert np.isin(found.ids, allowed).all()
    assert (index.propose(queries, 3, allowed=ids[:0]).ids == -1).all()
    some = index.propose(queries, 9, allowed=ids[:4])
    np.testing.assert_array_equal(np.sort(some.ids[:, :4]), np.tile(ids[:4], (3, 1)))
    assert (some.ids[:, 4:] == -1).all()
    assert np.isinf(some.distances[:, 4:]).all()


def test_most_of_many_allowed_ones_are_found_by_their_codes(window_ids, clustered, fetching):
    """More than are simply measured: the codes of those allowed are scanned alone."""
    ids, vectors = window_ids(12_000), clustered(12_000, 8)
    hasher = method("PQ")(n_bits=32).fit(points(vectors[:3000], "cosine"))
    index = Codes.build(ids, vectors, metric="cosine", hasher=hasher)
    queries, allowed = clustered(20, 8, seed=4), ids[1::2]
    found = index.search(queries, 10, allowed=allowed, fetch=fetching(ids, vectors))
    exact = Flat.build(ids, vectors, metric="cosine").search(queries, 10, allowed=allowed)
    hits = [np.isin(a, b).sum() for a, b in zip(found.ids, exact.ids, strict=True)]
    assert np.isin(found.ids, allowed).all()
    assert np.mean(hits) / 10 >= 0.9


@every_method
def test_new_windows_are_encoded_as_the_old_ones_were(name, codes, fitted, clustered):
    index, ids, vectors, _ = codes(name)
    new_ids, new = np.array([3, 10**6]), clustered(2, DIM, seed=9)
    later = index.updated(ids[:5], new_ids, new)
    np.testing.assert_array_equal(later.ids, [3, *ids[5:], 10**6])
    both = np.concatenate([new[:1], vectors[5:], new[1:]])
    expected = fitted(name).transform(points(both, "cosine"))
    np.testing.assert_array_equal(later.codes, expected)
    assert len(index) == N, "the index itself stays as it is"
    near = later.propose(new[1:], 5)
    assert (near.distances == near.distances[0, 0])[near.ids == 10**6].any() or 10**6 in near.ids


@every_method
@pytest.mark.parametrize("n", [0, 200])
def test_what_was_stored_is_loaded(name, n, codes, tmp_path, clustered):
    index, ids, _, _ = codes(name)
    index = index.updated(ids[n:], ids[:0], np.empty((0, DIM), np.float32))
    source = Source("library-1", space_id=3, fingerprint="f model 1", metric="cosine", dim=DIM)
    stamp = store([tmp_path], source, "codes", index, generation=7)
    loaded, read = load_cached([tmp_path], source, "codes", generation=7)
    assert read == stamp
    assert (loaded.effort, loaded.recall) == (index.effort, index.recall)
    np.testing.assert_array_equal(loaded.codes, index.codes)
    queries = clustered(3, DIM, seed=1)
    for before, after in zip(index.propose(queries, 4), loaded.propose(queries, 4), strict=True):
        np.testing.assert_array_equal(before, after)
    other = Source("library-1", space_id=3, fingerprint="f model 2", metric="cosine", dim=DIM)
    assert load_cached([tmp_path], other, "codes", generation=7) is None


def test_what_cannot_be_is_refused(codes, fitted, clustered, window_ids):
    index, ids, vectors, _ = codes("PQ")
    with pytest.raises(QueryError, match="cannot serve a space with metric 'dot'"):
        Codes.build(ids, vectors, metric="dot", hasher=fitted("PQ"))
    with pytest.raises(ValueError, match="pass hasher="):
        index_class("codes").build(ids, vectors, metric="cosine")
    with pytest.raises(ValueError, match=r"vectors \(5, 8\) must be \(n, 32\)"):
        Codes.build(window_ids(5), clustered(5, 8), metric="cosine", hasher=fitted("PQ"))
    with pytest.raises(ValueError, match="pass fetch="):
        index.search(vectors[:1], 3)
    with pytest.raises(ValueError, match="not in the index"):
        index.code_distances(vectors[:1], np.array([1]))
    with pytest.raises(ValueError, match="k=0"):
        index.propose(vectors[:1], 0)
