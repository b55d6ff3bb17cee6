"""A stale index with what has changed since answers as a fresh one does."""

import numpy as np
import pytest

from tonotopy.index import BUILTIN
from tonotopy.index.flat import Flat
from tonotopy.index.view import View, search_with_delta

K = 10
NOTHING = np.empty(0, np.int64)

every_kind = pytest.mark.parametrize("kind", list(BUILTIN))


class Changed:
    """A library of 6000 windows from which some went and to which some came."""

    def __init__(self, built, clustered, fetching, kind, metric, deleted, n_extra):
        self.index, _, ids, vectors, _ = built(kind, metric, 6000)
        kept = ~np.isin(ids, deleted)
        self.deleted = deleted
        self.extra_ids = ids[-1] + 1 + 2 * np.arange(n_extra)
        self.extra_vectors = clustered(n_extra, seed=11)
        self.ids = np.append(ids[kept], self.extra_ids)
        vectors = np.vstack([vectors[kept], self.extra_vectors])
        self.now = Flat.build(self.ids, vectors, metric=metric)
        present = fetching(self.ids, vectors)

        def fetch(wanted):  # as the catalog does: what is gone comes back as NaN
            there = np.isin(wanted, self.ids)
            rows = np.full((wanted.size, vectors.shape[1]), np.nan, np.float32)
            rows[there] = present(wanted[there])
            return rows

        self.fetch = fetch

    def search(self, queries, k, allowed=None):
        return search_with_delta(
            self.index,
            queries,
            k,
            deleted=self.deleted,
            extra_ids=self.extra_ids,
            extra_vectors=self.extra_vectors,
            allowed=allowed,
            fetch=self.fetch,
        )


def found_share(found, exact):
    return np.mean(found.distances <= exact.distances[:, -1:] + 2e-3)


@every_kind
@pytest.mark.parametrize(("share_deleted", "n_extra"), [(0, 0), (0.1, 0), (0, 500), (0.3, 2000)])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_a_stale_index_answers_like_a_fresh_one(
    kind, metric, share_deleted, n_extra, built, clustered, fetching, window_ids
):
    deleted = window_ids(6000)[np.random.default_rng(2).random(6000) < share_deleted]
    library = Changed(built, clustered, fetching, kind, metric, deleted, n_extra)
    queries = clustered(50, seed=12)
    found = library.search(queries, K)
    assert found.ids.shape == found.distances.shape == (50, K)
    assert np.isin(found.ids, library.ids).all()
    assert (np.sort(found.distances, axis=1) == found.distances).all()
    assert found_share(found, library.now.search(queries, K)) >= 0.97


@every_kind
def test_deleting_the_surroundings_of_a_query_leaves_the_next_ones(
    kind, built, clustered, fetching
):
    """As when a long recording is removed: the first thousand hits of a query go at once."""
    query = clustered(1, seed=13)
    deleted = built(kind, "euclidean", 6000).exact.search(query, 1000).ids[0]
    library = Changed(built, clustered, fetching, kind, "euclidean", deleted, 0)
    found = library.search(query, K)
    assert np.isin(found.ids, library.ids).all()
    assert found_share(found, library.now.search(query, K)) >= 0.8


@every_kind
def test_a_filter_holds_for_old_and_new_alike(kind, built, clustered, fetching, window_ids):
    old = window_ids(6000)
    library = Changed(built, clustered, fetching, kind, "cosine", old[100:300], 400)
    allowed = np.append(old[:2000], library.extra_ids[:200])
    queries = clustered(30, seed=14)
    found = library.search(queries, K, allowed=allowed)
    assert np.isin(found.ids, np.setdiff1d(allowed, old[100:300])).all()
    exact = library.now.search(queries, K, allowed=allowed)
    assert found_share(found, exact) >= 0.97
    only_new = library.search(queries, 300, allowed=library.extra_ids)
    np.testing.assert_array_equal((only_new.ids >= 0).sum(axis=1), 300)


@every_kind
def test_when_all_is_gone_nothing_is_found(kind, built, clustered, fetching, window_ids):
    library = Changed(built, clustered, fetching, kind, "cosine", window_ids(6000), 3)
    found = library.search(clustered(2, seed=15), 5)
    np.testing.assert_array_equal(np.sort(found.ids[:, :3]), [library.extra_ids] * 2)
    np.testing.assert_array_equal(found.ids[:, 3:], -1)


@every_kind
def test_an_index_of_nothing_may_be_followed_by_something(kind, built, clustered):
    index = built(kind, "cosine", 0).index
    view = View(
        index, deleted=NOTHING, extra_ids=np.array([4, 9]), extra_vectors=clustered(2, seed=1)
    )
    assert len(view) == 2
    found = view.search(clustered(1, seed=1), 3)
    np.testing.assert_array_equal(found.ids, [[4, 9, -1]])
    np.testing.assert_array_equal(np.isinf(found.distances), [[False, False, True]])


def test_a_view_counts_what_is_there_now(built, clustered):
    index, _, ids, _, _ = built("flat", "cosine", 1030)
    view = View(
        index,
        deleted=np.array([ids[0], ids[5], 10**9]),
        extra_ids=ids[-1:] + 1,
        extra_vectors=clustered(1),
    )
    assert len(view) == 1030 - 2 + 1


def test_a_new_id_that_is_not_new_is_refused(built, clustered):
    index, _, ids, _, _ = built("flat", "cosine", 1030)
    with pytest.raises(ValueError, match=f"window {ids[3]} is in the index already"):
        View(index, deleted=NOTHING, extra_ids=ids[[3]], extra_vectors=clustered(1))
    with pytest.raises(ValueError, match=r"\(1, 5\).*32"):
        View(index, deleted=NOTHING, extra_ids=NOTHING, extra_vectors=np.ones((1, 5)))


def test_no_queries_give_no_rows(built, clustered):
    view = View(
        built("flat", "cosine", 1030).index,
        deleted=NOTHING,
        extra_ids=np.array([10**6]),
        extra_vectors=clustered(1),
    )
    found = view.search(np.empty((0, 32)), 4)
    assert (found.ids.shape, found.ids.dtype) == ((0, 4), np.int64)


@every_kind
def test_what_is_proposed_is_near_and_there_now(kind, built, clustered, fetching, window_ids):
    """Of the ten nearest most are among 500 proposed, of what came since as well; none is gone."""
    old = window_ids(6000)
    library = Changed(built, clustered, fetching, kind, "cosine", old[100:300], 400)
    queries = clustered(30, seed=14)
    exact = library.now.search(queries, K)
    view = View(
        library.index,
        deleted=library.deleted,
        extra_ids=library.extra_ids,
        extra_vectors=library.extra_vectors,
    )
    proposed = view.propose(queries, 500, fetch=library.fetch)
    assert proposed.ids.shape == proposed.distances.shape == (30, 500)
    assert np.isin(proposed.ids, library.ids).all()
    assert (np.sort(proposed.distances, axis=1) == proposed.distances).all()
    shares = [np.isin(one, many).mean() for one, many in zip(exact.ids, proposed.ids, strict=True)]
    assert np.mean(shares) >= 0.97


def test_proposals_obey_a_filter_and_say_when_there_are_no_more(built, clustered, window_ids):
    index = built("ivf-rabitq", "cosine", 6000).index
    allowed = window_ids(6000)[::60]
    found = index.propose(clustered(5, seed=2), 300, allowed=allowed)
    np.testing.assert_array_equal(np.sort(found.ids[:, :100]), [allowed] * 5)
    assert (found.ids[:, 100:] == -1).all()
    assert np.isinf(found.distances[:, 100:]).all()
    nothing = index.propose(clustered(5, seed=2), 3, allowed=allowed[:0])
    assert (nothing.ids == -1).all()
