"""What `search` finds, in which order, with which scores."""

import os
from pathlib import Path

import numpy as np
import pytest

from tonotopy import catalog
from tonotopy.errors import FilterError, NotInLibrary, QueryError
from tonotopy.retrieve import StoredRecording, StoredWindow, Words, candidates, search

NORTH, EAST, SOUTH = np.array([0.0, 1.0]), np.array([1.0, 0.0]), np.array([0.0, -1.0])
NORTHEAST = np.array([1.0, 1.0]) / np.sqrt(2)


def names(results):
    return [os.path.basename(hit.path) for hit in results.hits]


def test_a_recording_scores_the_mean_of_best_matches_both_ways(make_library):
    """There: north finds 1 in both, east finds 0.7071 in `halfway`; back, `north` finds 1 twice."""
    library = make_library(
        {
            "query.wav": np.stack([NORTH, EAST]),
            "halfway.wav": np.stack([NORTH, NORTHEAST]),
            "north.wav": np.stack([NORTH, NORTH]),
        }
    )
    results = search(library, StoredRecording(1))
    assert names(results) == ["halfway.wav", "north.wav"]
    assert [hit.score for hit in results.hits] == pytest.approx(
        [(1 + np.sqrt(0.5)) / 2, (0.5 + 1) / 2], abs=1e-3
    )
    assert results.score_name == "cosine similarity"


def test_a_recording_does_not_return_itself(make_library):
    library = make_library({"a.wav": NORTH[None], "b.wav": EAST[None]})
    assert names(search(library, StoredRecording(1))) == ["b.wav"]
    assert names(search(library, StoredWindow(1), by="window")) == ["b.wav"]


def test_another_part_of_the_same_recording_may_be_found_by_window(make_library):
    """Windows 1 and 4 of one recording sound alike; 1.5 s apart, they do not overlap."""
    library = make_library({"loop.wav": np.stack([NORTH, EAST, EAST, NORTH])})
    (hit,) = search(library, StoredWindow(1), by="window", k=1).hits
    assert (hit.window_id, hit.start_s) == (4, 1.5)


def test_what_one_should_not_be_like_takes_half_off(make_library):
    library = make_library(
        {
            "like.wav": NORTH[None],
            "unlike.wav": EAST[None],
            "x.wav": NORTHEAST[None],
            "y.wav": NORTH[None],
        }
    )
    results = search(library, StoredRecording(1), unlike=[StoredRecording(2)])
    assert names(results) == ["y.wav", "x.wav"]
    assert results.hits[1].score == pytest.approx(np.sqrt(0.5) - 0.5 * np.sqrt(0.5), abs=1e-3)
    assert "less half" in results.score_name


def test_several_sounds_to_be_like_are_averaged(make_library):
    library = make_library(
        {
            "a.wav": NORTH[None],
            "b.wav": EAST[None],
            "between.wav": NORTHEAST[None],
            "n.wav": NORTH[None],
        }
    )
    results = search(library, like=[StoredRecording(1), StoredRecording(2)])
    assert names(results) == ["between.wav", "n.wav"]
    assert results.hits[1].score == pytest.approx(0.5, abs=1e-3)


def test_by_window_gives_one_hit_for_a_run_of_overlapping_windows(make_library):
    rising = np.stack([NORTH + step * EAST for step in (0.3, 0.2, 0.1, 0.2)])
    library = make_library({"query.wav": NORTH[None], "long.wav": rising})
    (hit,) = search(library, StoredRecording(1), by="window").hits
    assert hit.start_s == 1.0  # the third, nearest to north


def test_per_recording_limits_the_hits_of_one(make_library):
    apart = np.stack([NORTH, SOUTH, SOUTH, NORTH, SOUTH, SOUTH, NORTH])
    library = make_library(
        {"query.wav": NORTH[None], "long.wav": apart, "short.wav": NORTHEAST[None]}
    )
    # The northern windows come first and each southern one overlaps one of them.
    assert len(search(library, StoredRecording(1), by="window").hits) == 4
    limited = search(library, StoredRecording(1), by="window", per_recording=1)
    assert names(limited) == ["long.wav", "short.wav"]


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean"])
@pytest.mark.parametrize("n_recordings", [1, 2, 9, 10, 11, 1023, 1030])
def test_the_order_is_that_of_a_slow_loop(make_library, n_recordings, metric):
    """k = 10, so a library with the query has 0, 1, k - 2, k - 1, k, ... others."""
    rng = np.random.default_rng(n_recordings)
    vectors = rng.standard_normal((n_recordings, 8))
    library = make_library({f"{i:04}.wav": v[None] for i, v in enumerate(vectors)}, metric=metric)
    stored = vectors.astype(np.float16).astype(np.float64)
    query = stored[0]
    if metric == "euclidean":
        scores = [-np.linalg.norm(query - each) for each in stored[1:]]
    else:
        scores = [query @ each for each in stored[1:]]
        if metric == "cosine":
            norms = [np.linalg.norm(query) * np.linalg.norm(each) for each in stored[1:]]
            scores = [score / norm for score, norm in zip(scores, norms, strict=True)]
    order = sorted(range(n_recordings - 1), key=lambda each: -scores[each])[:10]
    results = search(library, StoredRecording(1), k=10)
    assert [hit.recording_id - 2 for hit in results.hits] == order
    assert [hit.score for hit in results.hits] == pytest.approx(
        [scores[each] for each in order], abs=2e-3
    )
    assert [hit.rank for hit in results.hits] == list(range(1, len(order) + 1))


def test_a_recording_too_long_to_be_read_whole_is_compared_one_way(make_library, monkeypatch):
    """There is room for `short` alone; of `long` one window is proposed, which matches fully."""
    monkeypatch.setattr(candidates, "WHOLE_RECORDINGS", 4)
    monkeypatch.setattr(candidates, "FEWEST_FOUND", 4)
    long = np.stack([NORTH, *[SOUTH] * 8])
    library = make_library(
        {"q.wav": NORTH[None], "short.wav": np.stack([NORTH, EAST]), "l.wav": long}
    )
    exact = search(library, StoredRecording(1), k=2)
    proposed = search(library, StoredRecording(1), k=2, index="hnsw")
    assert names(proposed) == ["l.wav", "short.wav"]
    assert [hit.score for hit in proposed.hits] == pytest.approx([1, 0.75], abs=1e-3)
    # Looked back from, `long` has half of 5 / 9 of the mean of 1 and eight times -1.
    back = 0.5 * 5 / 9
    assert exact.hits[1].score == pytest.approx((1 - back) - back * 7 / 9, abs=1e-3)


def test_a_filter_works_inside_the_search(make_library):
    """The nearest two do not pass; the third must come although k is 1."""
    library = make_library(
        {
            "q.wav": NORTH[None],
            "n1.wav": NORTH[None],
            "n2.wav": NORTH[None],
            "door.wav": SOUTH[None],
        }
    )
    with library.write() as connection:
        catalog.set_labels(connection, {4: "door"}, provenance="person")
    results = search(library, StoredRecording(1), k=1, where="label = 'door'")
    assert names(results) == ["door.wav"]
    assert results.hits[0].labels == ["door"]


@pytest.mark.parametrize("kind", ["flat", "hnsw"])
def test_only_what_was_chosen_is_found(make_library, kind):
    """Of `both.wav` only its second window, which points east, was chosen."""
    library = make_library(
        {
            "query.wav": NORTH[None],
            "both.wav": np.stack([NORTH, EAST]),
            "halfway.wav": NORTHEAST[None],
            "north.wav": NORTH[None],
        }
    )
    chosen = [StoredWindow(3), StoredRecording(3), StoredRecording(77)]
    results = search(library, StoredRecording(1), within=chosen, index=kind)
    assert names(results) == ["halfway.wav", "both.wav"]
    assert [hit.score for hit in results.hits] == pytest.approx([np.sqrt(0.5), 0], abs=1e-3)
    assert search(library, StoredRecording(1), within=[], index=kind).hits == []


def test_what_was_chosen_and_a_filter_both_hold(make_library):
    library = make_library({"bell.wav": NORTH[None], "door.wav": NORTH[None], "c.wav": EAST[None]})
    within = [StoredRecording(2), StoredRecording(3)]
    listed = search(library, within=within)
    assert names(listed) == ["door.wav", "c.wav"]
    assert {hit.score for hit in listed.hits} == {1.0}
    assert names(search(library, within=within, where="path ~ '*/c.wav'")) == ["c.wav"]
    assert names(search(library, "door", within=within)) == ["door.wav"]
    assert names(search(library, "bell", within=within)) == []
    assert names(search(library, where="path ~ '*'", k=2)) == ["bell.wav", "door.wav"]


def test_a_filter_that_nothing_passes_finds_nothing(make_library):
    library = make_library({"q.wav": NORTH[None], "n.wav": NORTH[None]})
    assert search(library, StoredRecording(1), where="duration_s > 100").hits == []


def test_a_filter_that_cannot_be_read_says_where(make_library):
    library = make_library({"q.wav": NORTH[None]})
    with pytest.raises(FilterError, match="label ="):
        search(library, StoredRecording(1), where="label = ")
    with pytest.raises(FilterError, match="label"):
        search(library, StoredRecording(1), where="labl = 'door'")


def test_words_find_names_folders_and_labels_and_say_why(make_library):
    library = make_library({"DoorSlam_03.wav": NORTH[None], "dog.wav": EAST[None]})
    with library.write() as connection:
        catalog.set_labels(connection, {2: "barking"}, provenance="person")
        catalog.index_words(connection, [2])
    results = search(library, "slamming doors")
    assert names(results) == ["DoorSlam_03.wav"]
    assert results.hits[0].why == "name: door slam"
    assert results.space is None
    assert search(library, "barking").hits[0].why == "label: barking"
    assert search(library, "barking", text_from=["names"]).hits == []
    assert search(library, "elephant").hits == []


def test_words_obey_filters(make_library):
    library = make_library({"door1.wav": NORTH[None], "door2.wav": EAST[None]})
    assert names(search(library, "door", where="path ~ '*2.wav'")) == ["door2.wav"]


def test_text_that_looks_like_a_file_must_be_one(make_library):
    library = make_library({"q.wav": NORTH[None]})
    for query in ("missing.wav", "some/where", Path("missing")):
        with pytest.raises(QueryError, match="there is no file"):
            search(library, query)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "nothing to search with"),
        ({"query": "   "}, "empty"),
        ({"query": "door", "like": [StoredRecording(1)]}, "cannot be mixed"),
        ({"query": "door", "start_s": 1.0}, "is words"),
        ({"query": "door", "text_from": ["smells"]}, "smells"),
        ({"query": StoredRecording(1), "k": 0}, "at least one"),
        ({"query": StoredRecording(1), "like": ["some words"]}, "to be like"),
        ({"query": StoredRecording(1), "index": "magic"}, "magic"),
    ],
)
def test_a_search_that_makes_no_sense_is_refused(make_library, arguments, message):
    library = make_library({"q.wav": NORTH[None]})
    with pytest.raises((QueryError, ValueError), match=message):
        search(library, **arguments)


def test_what_is_not_in_the_library_is_said_to_be_missing(make_library):
    library = make_library({"q.wav": NORTH[None]})
    with pytest.raises(NotInLibrary, match="recording 99"):
        search(library, StoredRecording(99))
    with pytest.raises(NotInLibrary, match="window 99"):
        search(library, StoredWindow(99))
    with pytest.raises(NotInLibrary, match="made up"):
        search(library, StoredRecording(1), space="other")


def test_results_as_json_have_what_scripts_rely_on(make_library):
    library = make_library({"q.wav": NORTH[None], "n.wav": NORTH[None]})
    document = search(library, StoredRecording(1)).to_json()
    assert list(document) == ["query", "space", "score_name", "hits", "notes"]
    assert list(document["hits"][0]) == [
        *("rank", "score", "recording_id", "window_id", "path"),
        *("start_s", "end_s", "labels", "tags", "why", "missing", "aspects"),
    ]


def test_words_object_is_never_taken_for_a_file(make_library, tmp_path, monkeypatch):
    library = make_library({"door.wav": NORTH[None]})
    monkeypatch.chdir(tmp_path)
    Path("door").write_bytes(b"")
    assert names(search(library, Words("door"))) == ["door.wav"]


def test_vectors_added_later_are_found_by_an_open_library(make_library):
    library = make_library({"q.wav": NORTH[None], "far.wav": SOUTH[None]})
    assert names(search(library, StoredRecording(1), k=1)) == ["far.wav"]
    with library.write() as connection:
        catalog.delete_recordings(connection, [2])
    assert search(library, StoredRecording(1)).hits == []


@pytest.mark.parametrize("kind", ["ivf-rabitq", "hnsw"])
@pytest.mark.parametrize("by", ["recording", "window"])
def test_an_index_finds_what_exact_search_finds(make_library, kind, by):
    """800 recordings in 40 bunches; the self-test promises a recall of 0.99 or says otherwise."""
    rng = np.random.default_rng(5)
    centres = rng.standard_normal((40, 16))
    library = make_library(
        {f"{i:03}.wav": centres[i % 40] + 0.3 * rng.standard_normal((2, 16)) for i in range(800)}
    )
    agree = 0
    for query in range(1, 21):
        exact = search(library, StoredRecording(query), by=by, index="flat")
        quick = search(library, StoredRecording(query), by=by, index=kind)
        agree += len({hit.window_id for hit in exact.hits} & {hit.window_id for hit in quick.hits})
        shared = {hit.window_id: hit.score for hit in exact.hits}
        for hit in quick.hits:
            assert hit.score == pytest.approx(shared.get(hit.window_id, hit.score), abs=1e-5)
    assert agree >= 0.97 * 200


@pytest.mark.parametrize("kind", ["ivf-rabitq", "hnsw"])
def test_an_index_follows_the_catalog_and_survives_its_files(make_library, kind):
    rng = np.random.default_rng(6)
    vectors = rng.standard_normal((300, 8))
    library = make_library({f"{i:03}.wav": v[None] for i, v in enumerate(vectors)})

    def best(k=5):
        return names(search(library, StoredRecording(1), k=k, index=kind))

    first = best()
    with library.write() as connection:
        gone = catalog.find_by_path(
            connection, search(library, StoredRecording(1), k=1).hits[0].path
        )
        catalog.delete_recordings(connection, [gone.id])
    assert best(4) == first[1:]
    (directory,) = library.path.parent.glob("*.index")
    for path in directory.glob("*.index"):
        path.write_bytes(b"not an index")
    library.forget()
    assert best(4) == first[1:]


@pytest.mark.parametrize("kind", ["flat", "ivf-rabitq", "hnsw"])
def test_filters_hold_in_every_index(make_library, kind):
    rng = np.random.default_rng(7)
    library = make_library({f"{i:03}.wav": rng.standard_normal((1, 8)) for i in range(300)})
    with library.write() as connection:
        catalog.set_labels(connection, dict.fromkeys(range(3, 300, 100), "rare"), provenance="p")
    found = search(library, StoredRecording(1), where="label = 'rare'", index=kind)
    assert {hit.recording_id for hit in found.hits} == {3, 103, 203}
