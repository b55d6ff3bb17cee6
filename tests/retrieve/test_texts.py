"""What words find, by what was heard, by names and by labels, and what each hit says of it."""

import os
import time

import numpy as np
import pytest

from tonotopy import catalog
from tonotopy.catalog import NewRecording, NewWindow
from tonotopy.errors import QueryError
from tonotopy.ontology import class_index
from tonotopy.retrieve import search
from tonotopy.retrieve.evidence import LEAST

VECTOR = np.ones(2, "<f2").tobytes()


def packed(scores, floor=catalog.FLOOR):
    best_first = sorted(scores, key=lambda each: -scores[each])
    classes = np.array([[class_index(each) for each in best_first]], np.int64)
    (row,) = catalog.pack_scores(
        classes, np.array([[scores[each] for each in best_first]]), floor=floor
    )
    return row


@pytest.fixture
def make_heard(tmp_path):
    """Store recordings by name, each with the scores of its windows, half a second apart."""
    opened = []

    def make(recordings, *, tagged=True):
        library = catalog.open_catalog(tmp_path / f"heard-{len(opened)}.db")
        opened.append(library)
        with library.write() as connection:
            catalog.root_for(connection, str(tmp_path))
            space = catalog.create_space(
                connection,
                name="ears",
                embedder="",
                fingerprint="",
                dim=2,
                sample_rate=0,
                window_s=1.0,
                hop_s=0.5,
                metric="cosine",
            )
            if tagged:
                catalog.put_tagger(connection, space.id, "audioset", np.full(521, 0.5))
            kept = {}
            for name, windows in recordings.items():
                if id(windows) not in kept:
                    kept[id(windows)] = [packed(scores, 0.01) for scores in windows]
                new = NewRecording(
                    path=str(tmp_path / name),
                    size=1,
                    mtime_ns=1,
                    content_hash=name,
                    duration_s=0.5 + 0.5 * len(windows),
                    sample_rate=8000,
                    channels=1,
                    format="wav",
                    peaks=b"",
                    problem=None,
                )
                recording_id = catalog.put_recording(connection, new, None)
                rows = [
                    NewWindow(None, at, at / 2, at / 2 + 1, VECTOR, -20.0, scores)
                    for at, scores in enumerate(kept[id(windows)])
                ]
                catalog.put_windows(connection, space, recording_id, rows)
                if tagged:
                    classes = {each for scores in windows for each in scores}
                    best = {each: max(s.get(each, 0.0) for s in windows) for each in classes}
                    catalog.put_recording_scores(connection, space.id, recording_id, packed(best))
                catalog.index_words(connection, [recording_id])
        return library

    yield make
    for library in opened:
        library.close()


def names(results):
    return [os.path.basename(hit.path) for hit in results.hits]


def test_words_find_what_was_heard_though_no_name_says_so(make_heard):
    library = make_heard(
        {"a.wav": [{"Rain": 0.9}], "b.wav": [{"Bark": 0.8}], "c.wav": [{"Dog": 0.3}]}
    )
    results = search(library, "dog barking")
    assert names(results) == ["b.wav", "c.wav"]
    assert results.space == "ears"
    first = results.hits[0]
    assert first.why == "heard Bark 0.80"
    assert 0 < results.hits[1].score < first.score < 1


def test_what_was_heard_named_and_said_is_one_order_and_each_hit_says_why(make_heard):
    library = make_heard(
        {
            "x.wav": [{"Dog": 0.3}],
            "dog.wav": [{}],
            "dog too.wav": [{"Dog": 0.6}],
            "y.wav": [{}],
        }
    )
    with library.write() as connection:
        catalog.set_labels(connection, {4: "dog"}, provenance="person")
        catalog.index_words(connection, [4])
    results = search(library, "dog")
    assert names(results) == ["y.wav", "dog too.wav", "dog.wav", "x.wav"]
    assert [hit.why for hit in results.hits] == [
        "label: dog",
        "heard Dog 0.60; name: dog",
        "name: dog",
        "heard Dog 0.30",
    ]
    # Two witnesses, of 0.6 and 0.8, leave 0.4 * 0.2 of doubt.
    assert [hit.score for hit in results.hits] == pytest.approx([0.95, 0.92, 0.8, 0.3], abs=0.01)


def test_sources_restrict_where_words_are_looked_for(make_heard):
    library = make_heard({"x.wav": [{"Dog": 0.5}], "dog.wav": [{}]})
    with library.write() as connection:
        catalog.set_labels(connection, {1: "hound", 2: "dog"}, provenance="person")
        catalog.index_words(connection, [1, 2])
    assert names(search(library, "dog", text_from=["tags"])) == ["x.wav"]
    assert names(search(library, "dog", text_from=["names"])) == ["dog.wav"]
    assert names(search(library, "hound", text_from=["labels"])) == ["x.wav"]
    assert search(library, "hound", text_from=["names"]).hits == []


def test_a_sound_that_lasts_comes_before_one_that_is_heard_once(make_heard):
    library = make_heard(
        {
            "once.wav": [{"Rain": 0.9}] + 9 * [{"Speech": 0.5}],
            "lasting.wav": 10 * [{"Rain": 0.8}],
        }
    )
    results = search(library, "rain")
    assert names(results) == ["lasting.wav", "once.wav"]
    assert results.hits[1].score == pytest.approx((0.9 + 0.09) / 2, abs=0.01)


def test_silence_around_a_sound_does_not_count_against_it(make_heard):
    padded = [{"Dog": 0.8}] + 9 * [{"Silence": 0.999}]
    library = make_heard({"padded.wav": padded, "mixed.wav": [{"Dog": 0.8}] + 9 * [{"Rain": 0.9}]})
    results = search(library, "dog")
    assert names(results) == ["padded.wav", "mixed.wav"]
    assert results.hits[0].score > 0.75


def test_a_hit_is_the_window_that_sounds_most_like_the_words(make_heard):
    library = make_heard({"a.wav": [{"Dog": 0.1}, {"Dog": 0.2}, {"Dog": 0.7}]})
    (hit,) = search(library, "dog").hits
    assert (hit.window_id, hit.start_s, hit.end_s) == (3, 1.0, 2.0)
    assert [tag.name for tag in hit.tags] == ["Dog"]


def test_stretches_are_found_one_for_each_run(make_heard):
    """Windows 1 and 2 overlap and are one bark; the next is 2 s later."""
    barks = [{"Dog": 0.6}, {"Dog": 0.8}, {}, {}, {"Dog": 0.5}]
    library = make_heard({"a.wav": barks, "b.wav": [{"Dog": 0.4}]})
    hits = search(library, "dog", by="window").hits
    assert [hit.window_id for hit in hits] == [2, 5, 6]
    assert [hit.score for hit in hits] == pytest.approx([0.8, 0.5, 0.4], abs=0.01)
    hits = search(library, "dog", by="window", per_recording=1).hits
    assert [hit.window_id for hit in hits] == [2, 6]
    assert len(search(library, "dog", by="window", k=1).hits) == 1


@pytest.mark.parametrize("by", ["recording", "window"])
def test_words_obey_filters(make_heard, by):
    library = make_heard({"a.wav": [{"Dog": 0.9}], "b.wav": [{"Dog": 0.5}]})
    assert names(search(library, "dog", by=by, where="path ~ '*b.wav'")) == ["b.wav"]
    assert search(library, "dog", by=by, where="duration_s > 60").hits == []


def test_what_is_not_wanted_goes_down(make_heard):
    library = make_heard(
        {"both.wav": [{"Rain": 0.9, "Thunder": 0.9}], "dry.wav": [{"Rain": 0.8}], "t.wav": [{}]}
    )
    assert names(search(library, "rain")) == ["both.wav", "dry.wav"]
    results = search(library, "rain without thunder")
    assert names(results) == ["dry.wav", "both.wav"]
    assert results.hits[1].score == pytest.approx(0.09, abs=0.01)
    with pytest.raises(QueryError, match="nothing that is wanted"):
        search(library, "-thunder")


def test_a_word_that_means_no_sound_is_said_and_looked_for_in_names(make_heard):
    library = make_heard({"zyxo.wav": [{"Rain": 0.9}], "b.wav": [{"Dog": 0.9}]})
    assert names(search(library, "zyxo")) == ["zyxo.wav"]
    results = search(library, "qwrt dog")
    assert names(results) == ["b.wav"]
    assert results.hits[0].score == pytest.approx(0.9, abs=0.01)  # as without the word
    assert any("no sound is known for 'qwrt'" in note for note in results.notes)
    assert search(library, "helicoptr").notes == [
        "no sound is known for 'helicoptr' (near: helicopter)"
    ]


def test_more_of_the_words_come_before_fewer(make_heard):
    library = make_heard({"door.wav": [{}], "red door.wav": [{}], "red.wav": [{}]})
    results = search(library, "red door", text_from=["names"])
    assert names(results)[0] == "red door.wav"
    assert results.hits[0].score > 2 * results.hits[1].score


def test_a_space_without_tags_says_so_when_tags_are_asked_for(make_heard):
    library = make_heard({"dog.wav": [{}]}, tagged=False)
    assert names(search(library, "dog")) == ["dog.wav"]
    assert search(library, "dog").notes == []
    with pytest.raises(QueryError, match="has no tags"):
        search(library, "dog", text_from=["tags"])
    both = search(library, "dog", text_from=["tags", "names"])
    assert names(both) == ["dog.wav"]
    assert "has no tags" in both.notes[0]
    assert both.space is None


def test_a_query_without_words_finds_nothing_and_says_so(make_heard):
    library = make_heard({"dog.wav": [{"Dog": 0.9}]})
    results = search(library, "...")
    assert (results.hits, results.notes) == ([], ["there is no word in the query"])


def test_what_is_added_later_is_found_by_an_open_library(make_heard):
    library = make_heard({"a.wav": [{"Dog": 0.9}], "b.wav": [{"Dog": 0.5}]})
    assert names(search(library, "dog")) == ["a.wav", "b.wav"]
    with library.write() as connection:
        catalog.delete_recordings(connection, [1])
    assert names(search(library, "dog")) == ["b.wav"]


def test_the_classes_of_a_parent_are_found_by_its_name(make_heard):
    library = make_heard({"owl.wav": [{"Hoot": 0.6}], "cars.wav": [{"Car": 0.6}]})
    assert names(search(library, "animals", text_from=["tags"])) == ["owl.wav"]
    assert names(search(library, "vehicle", text_from=["tags"])) == ["cars.wav"]


def test_a_hundred_thousand_windows_are_searched_in_a_moment(make_heard):
    """The second search, CPU time: what was heard is in memory by then."""
    rng = np.random.default_rng(3)
    kinds = ["Dog", "Rain", "Speech", "Music", "Car"]
    windows = [{kind: float(rng.uniform(0.02, 0.9)) for kind in kinds} for _ in range(50)]
    library = make_heard({f"{number}.wav": windows for number in range(2000)})
    search(library, "dog")
    for by in ("recording", "window"):
        started = time.process_time()
        assert len(search(library, "dogs in the rain", by=by).hits) == 10
        assert time.process_time() - started < 0.5


def test_what_sounds_like_the_best_hits_is_believed_more(make_heard):
    """Of two in which a dog is heard alike, the one that sounds like the others comes first."""
    library = make_heard(
        {
            "a.wav": [{"Dog": 0.9}],
            "b.wav": [{"Dog": 0.8}],
            "odd.wav": [{"Dog": 0.5}],
            "like.wav": [{"Dog": 0.5}],
        }
    )
    assert names(search(library, "dog"))[2:] == ["odd.wav", "like.wav"]
    odd = np.array([1, -1], "<f2").tobytes()
    with library.write() as connection:
        connection.exec_driver_sql("UPDATE windows SET vector = ? WHERE id = 3", (odd,))
    results = search(library, "dog")
    assert names(results)[2:] == ["like.wav", "odd.wav"]
    assert results.hits[2].why == "heard Dog 0.51"  # as it was stored


def test_what_was_heard_faintly_and_sounds_unlike_the_best_hits_comes_last_but_is_not_lost(
    make_heard,
):
    library = make_heard(
        {
            "a.wav": [{"Dog": 0.9}],
            "b.wav": [{"Dog": 0.8}],
            "unlike.wav": [{"Dog": 0.05}],
            "like.wav": [{"Dog": 0.02}],
        }
    )
    unlike = np.array([-1, -1], "<f2").tobytes()
    with library.write() as connection:
        connection.exec_driver_sql("UPDATE windows SET vector = ? WHERE id = 3", (unlike,))
    hits = search(library, "dog").hits
    assert [os.path.basename(hit.path) for hit in hits] == [
        "a.wav",
        "b.wav",
        "like.wav",
        "unlike.wav",
    ]
    assert hits[-1].score == pytest.approx(LEAST, rel=0.01)
    assert hits[-1].why == "heard Dog 0.05"
