"""Which recordings are scored of those that an index proposes."""

import numpy as np
import pytest

from tonotopy.distance import score
from tonotopy.index import Neighbors
from tonotopy.ranking import Sound
from tonotopy.retrieve import StoredRecording, candidates, prepare_index, search
from tonotopy.retrieve.proposing import Asked, WindowMap, ask, propose_recordings


def slow_proposal(found, windows, asked, metric, n_recordings, n_best):
    """Average the best match of each recording, window by window of the query."""
    recording_of = dict(zip(windows.ids.tolist(), windows.recording_ids.tolist(), strict=True))
    matches = {}
    for query, row in enumerate(found.ids.tolist()):
        for column, window in enumerate(row):
            if window >= 0:
                value = float(score(found.distances[query], metric)[column])
                matches.setdefault(recording_of[window], {}).setdefault(query, []).append(
                    (value, window)
                )
    last = [
        min(value for each in matches.values() for value, _ in each.get(query, []) or [(np.inf, 0)])
        for query in range(len(found.ids))
    ]
    likely = {
        recording: sum(
            weight * (each[query][0][0] if query in each else last[query])
            for query, weight in enumerate(asked.weights)
        )
        for recording, each in matches.items()
    }
    chosen = sorted(likely, key=lambda each: (-likely[each], each))[:n_recordings]
    read = {
        window
        for recording in chosen
        for each in matches[recording].values()
        for _, window in each[:n_best]
    }
    return chosen, sorted(read)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_recordings_and_windows_are_those_of_a_slow_loop(seed, metric):
    rng = np.random.default_rng(seed)
    windows = WindowMap.of(np.sort(rng.choice(1000, 200, replace=False)), rng.integers(1, 30, 200))
    ids = np.stack([rng.choice(windows.ids, 40, replace=False) for _ in range(6)])
    found = Neighbors(ids, np.sort(rng.random((6, 40)).astype(np.float32)))
    asked = Asked(rng.standard_normal((6, 8)).astype(np.float32), rng.dirichlet(np.ones(6)))
    proposal = propose_recordings(found, windows, asked, metric, n_recordings=9, n_best=2)
    chosen, read = slow_proposal(found, windows, asked, metric, 9, 2)
    assert proposal.recording_ids.tolist() == chosen
    assert proposal.window_ids.tolist() == read


def test_what_is_not_proposed_is_bounded_by_the_farthest_that_is():
    """dim 9: estimates err by 1.5 / 3, half; (0.75 * 0.7 + 0.25 * 0.5 + 0.7) / 2 = 0.675."""
    windows = WindowMap.of(np.array([1, 2, 3]), np.array([1, 1, 2]))
    asked = Asked(np.zeros((2, 9), np.float32), np.array([0.75, 0.25]))
    distances = np.array([[0.2, 0.6], [0.3, 1.0]], np.float32)
    full = propose_recordings(
        Neighbors(np.array([[1, 3], [3, 2]]), distances),
        windows,
        asked,
        "cosine",
        n_recordings=2,
        n_best=1,
    )
    assert full.bound == pytest.approx(0.675)


def test_nothing_is_left_to_bound_where_all_was_found():
    windows = WindowMap.of(np.array([1]), np.array([5]))
    asked = ask([Sound(np.ones((1, 4), np.float32))])
    for ids, proposed in (([[1, -1]], [5]), ([[-1, -1]], [])):
        distances = np.where(np.array(ids) < 0, np.inf, 0.5).astype(np.float32)
        found = Neighbors(np.array(ids), distances)
        proposal = propose_recordings(found, windows, asked, "cosine", n_recordings=3, n_best=1)
        assert proposal.recording_ids.tolist() == proposed
        assert proposal.bound == -np.inf


@pytest.fixture
def hours(make_library):
    """Nine short recordings of each of 60 kinds of sound, and three long ones of many kinds."""
    rng = np.random.default_rng(3)
    centres = rng.standard_normal((60, 64))

    def near(kinds):
        return centres[kinds] + rng.standard_normal((len(kinds), 64))

    short = {f"{i:03}.wav": near(np.full(rng.integers(1, 9), i % 60)) for i in range(540)}
    long = {
        f"long{i}.wav": near(np.repeat(rng.choice(60, 12, replace=False), 200)) for i in range(3)
    }
    return make_library(short | long)


def test_recordings_hidden_behind_long_ones_are_found(hours):
    """A long one has 200 windows of a kind, a short one five; eleven hits are more than a kind."""
    prepare_index(hours, kind="ivf-rabitq")
    agreed = 0
    for query in range(1, 31):
        exact = search(hours, StoredRecording(query), k=10, index="flat").hits
        quick = search(hours, StoredRecording(query), k=10, index="ivf-rabitq").hits
        assert len(quick) == 10
        agreed += len({hit.recording_id for hit in exact} & {hit.recording_id for hit in quick})
    assert agreed >= 0.97 * 300


def test_no_search_for_recordings_reads_all_windows(hours, monkeypatch):
    """However many windows of long recordings come first, only a part of them is read."""
    prepare_index(hours, kind="ivf-rabitq")
    read = []

    def counted(connection, vectors, levels_db=None):
        read.append(len(vectors.ids))
        return pool_of(connection, vectors, levels_db)

    pool_of = candidates.pool_of
    monkeypatch.setattr(candidates, "pool_of", counted)
    for query in range(1, 31):
        search(hours, StoredRecording(query), k=10, index="ivf-rabitq")
    assert 0 < max(read) < 3000  # of 9,600


@pytest.mark.parametrize("kind", ["ivf-rabitq", "hnsw"])
def test_all_recordings_are_hits_where_so_many_are_wanted(hours, kind):
    hits = search(hours, StoredRecording(1), k=1000, index=kind).hits
    assert sorted(hit.recording_id for hit in hits) == list(range(2, 544))


def test_a_query_of_many_windows_asks_for_fewer_each():
    index = candidates.index_class("ivf-rabitq").build(
        np.arange(50), np.random.default_rng(0).standard_normal((50, 4)), metric="cosine"
    )
    assert candidates.depths(index, 10, 10) == (500, 4000)
    assert candidates.depths(index, 400, 10) == (500, 1000)
    assert candidates.depths(index, 100_000, 10) == (50, 50)
