"""What `train hashing` learns, stores and refuses, and what searching makes of it."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tonotopy import catalog
from tonotopy.catalog import NewRecording
from tonotopy.errors import NotInLibrary, QueryError
from tonotopy.hashing import from_state
from tonotopy.index.cache import index_directories, stamps
from tonotopy.index.engine import points
from tonotopy.maintain import describe, doctor
from tonotopy.retrieve import StoredRecording, prepare_index, search
from tonotopy.retrieve.coding import current_codes, learned_codes
from tonotopy.train import forget_hashing, train_hashing
from tonotopy.train.judging import hold_out, judge

METHODS = ["PQ", "OPQ", "ITQ", "PosteriorQuantizer"]


@pytest.fixture
def library(make_library, make_recordings, label):
    """144 windows of 36 recordings of three classes, labelled by folder."""
    made = make_library(make_recordings())
    label(made)
    return made


@pytest.fixture
def large(make_library, make_recordings, label):
    """360 windows: enough for methods that learn without labels."""
    made = make_library(make_recordings(n_windows=10))
    label(made)
    return made


def model_of(library):
    with library.read() as connection:
        return learned_codes(connection, catalog.find_space(connection))


def index_of(library):
    with library.read() as connection:
        space = catalog.find_space(connection)
        return current_codes(library, connection, space, learned_codes(connection, space))


def add_recordings(library, recordings):
    with library.write() as connection:
        space = catalog.find_space(connection)
        for number, (name, vectors) in enumerate(recordings.items()):
            new = NewRecording(
                path=str(library.path.parent / name),
                size=number,
                mtime_ns=number,
                content_hash=name,
                duration_s=1.0 + 0.5 * (len(vectors) - 1),
                sample_rate=8000,
                channels=1,
                format="wav",
                peaks=b"",
                problem=None,
            )
            recording_id = catalog.put_recording(connection, new, None)
            rows = (
                (None, place, place * 0.5, place * 0.5 + 1.0, vector.astype("<f2").tobytes())
                for place, vector in enumerate(vectors)
            )
            catalog.put_windows(connection, space, recording_id, rows)


def kind_of(hit):
    return os.path.basename(hit.path).split("-")[0]


def mean_precision(library, **options):
    shares = []
    for recording_id in range(1, 37):
        example = StoredRecording(recording_id)
        hits = search(library, example, k=20, by="window", **options).hits
        own = ("bell", "door", "rain")[(recording_id - 1) // 12]
        shares.append(np.mean([kind_of(hit) == own for hit in hits]))
    return np.mean(shares)


def test_auto_learns_from_labels_and_keeps_more_than_exact_search(library):
    learned = train_hashing(library, bits=32)
    assert (learned.method, learned.bytes_per_window) == ("PosteriorQuantizer", 4)
    assert (learned.n_windows, learned.n_labelled) == (144, 144)
    assert learned.classes == ["bell", "door", "rain"]
    assert learned.map_codes > learned.map_exact + 0.05


def test_codes_alone_rank_by_what_they_have_learned(library):
    before = mean_precision(library)
    train_hashing(library, bits=32)
    after = mean_precision(library, rerank=False)
    assert before < 0.9
    assert after > before + 0.05


@pytest.mark.parametrize("name", METHODS)
def test_every_method_finds_what_exact_search_finds_once_re_ranked(name, large):
    exact = search(large, StoredRecording(5), k=8, index="flat")
    train_hashing(large, method=name.lower(), bits=16)
    found = search(large, StoredRecording(5), k=8)
    same = {hit.recording_id for hit in exact.hits} & {hit.recording_id for hit in found.hits}
    assert len(same) >= 6
    scores = {hit.recording_id: hit.score for hit in exact.hits}
    for hit in found.hits:
        if hit.recording_id in scores:
            assert hit.score == pytest.approx(scores[hit.recording_id], abs=1e-5)
    assert found.score_name == "cosine similarity"


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("by", ["recording", "window"])
def test_without_re_ranking_hits_have_the_distances_of_codes(name, by, large):
    train_hashing(large, method=name, bits=16)
    results = search(large, StoredRecording(5), k=8, by=by, rerank=False)
    assert results.score_name == f"minus the distance of 16-bit {name} codes"
    scores = [hit.score for hit in results.hits]
    assert scores == sorted(scores, reverse=True)
    assert len(results.hits) == 8
    index = index_of(large)
    with large.read() as connection:
        space = catalog.find_space(connection)
        asked = catalog.vectors_of_recordings(connection, space, [5]).vectors
        hasher = from_state(catalog.load_weights(connection, model_of(large).id))
    if by == "window":
        ids = np.array([hit.window_id for hit in results.hits])
        order = np.argsort(ids)
        codes = index.codes[np.searchsorted(index.ids, ids)]
        expected = -hasher.distances(points(asked, "cosine"), codes).min(axis=0)
        np.testing.assert_allclose(np.array(scores)[order], expected[order], atol=1e-4)


@pytest.mark.parametrize("kind", ["auto", "codes-ivf", "codes-imi"])
def test_a_filter_and_what_is_not_wanted_work_with_codes(kind, library):
    train_hashing(library, bits=32)
    for rerank in (True, False):
        hits = search(
            library,
            StoredRecording(1),
            where="label = 'door'",
            k=50,
            rerank=rerank,
            index=kind,
        ).hits
        assert len(hits) == 12
        assert {kind_of(hit) for hit in hits} == {"door"}
        hits = search(
            library,
            like=[StoredRecording(1)],
            unlike=[StoredRecording(13)],
            k=10,
            rerank=rerank,
            index=kind,
        ).hits
        assert [kind_of(hit) for hit in hits].count("door") <= 1


@pytest.mark.parametrize("kind", ["codes-ivf", "codes-imi"])
@pytest.mark.parametrize("by", ["recording", "window"])
def test_codes_in_cells_find_what_codes_find(kind, by, large):
    train_hashing(large, method="PQ", bits=32)
    for rerank in (True, False):
        options = {"k": 8, "by": by, "rerank": rerank}
        every = search(large, StoredRecording(5), **options).hits
        found = search(large, StoredRecording(5), index=kind, **options).hits
        same = {hit.window_id for hit in every} & {hit.window_id for hit in found}
        assert len(same) >= 6
    assert kind in [stamp.kind for _, stamp in stamps(index_directories(large.path))]
    forget_hashing(large)
    assert stamps(index_directories(large.path)) == []


def test_new_recordings_are_encoded_and_old_ones_forgotten(library, make_recordings):
    train_hashing(library, bits=32)
    prepare_index(library)
    before = index_of(library)
    add_recordings(library, make_recordings(n_each=1, seed=3))
    with library.write() as connection:
        catalog.delete_recordings(connection, [2])
    prepare_index(library)
    after = index_of(library)
    assert len(after) == len(before) + 3 * 4 - 4
    with library.read() as connection:
        space = catalog.find_space(connection)
        vectors = catalog.load_vectors(connection, space)
        hasher = from_state(catalog.load_weights(connection, model_of(library).id))
    np.testing.assert_array_equal(after.ids, vectors.ids)
    np.testing.assert_array_equal(after.codes, hasher.transform(vectors.vectors))
    names = [os.path.basename(hit.path) for hit in search(library, StoredRecording(1), k=40).hits]
    assert "bell-3-0.wav" in names
    ((_, stamp),) = stamps(index_directories(library.path))
    assert (stamp.kind, stamp.n) == ("codes", len(after))


def test_training_again_replaces_model_and_index(library):
    train_hashing(library, bits=32)
    first = index_of(library)
    train_hashing(library, bits=16)
    second = index_of(library)
    assert (first.codes.shape[1], second.codes.shape[1]) == (4, 2)
    with catalog.open_catalog(library.path) as reopened:  # from its file
        np.testing.assert_array_equal(index_of(reopened).codes, second.codes)


def test_an_index_file_of_another_model_is_not_believed(library):
    train_hashing(library, bits=32)
    index_of(library)
    forget_hashing(library)
    train_hashing(library, bits=32, seed=5)
    hasher_codes = index_of(library).codes
    with library.read() as connection:
        space = catalog.find_space(connection)
        hasher = from_state(catalog.load_weights(connection, model_of(library).id))
        vectors = catalog.load_vectors(connection, space).vectors
    np.testing.assert_array_equal(hasher_codes, hasher.transform(vectors))


def test_doctor_finds_nothing_wrong_with_codes(library):
    def findings():
        found = doctor(library, repair=False).findings
        return [each.what for each in found if "index" in each.what]

    train_hashing(library, bits=32)
    index_of(library)
    assert findings() == []
    train_hashing(library, bits=32)  # its codes are made when they are needed
    assert findings() == []
    with library.write() as connection:
        connection.exec_driver_sql("UPDATE models SET id = id + 7")
    assert findings() == []
    index_of(library)
    with library.write() as connection:
        connection.exec_driver_sql("UPDATE models SET id = id + 7")
    assert len(findings()) == 1


def test_the_same_seed_learns_the_same(library):
    train_hashing(library, bits=32, seed=3)
    first = index_of(library).codes
    learned = train_hashing(library, bits=32, seed=3)
    np.testing.assert_array_equal(first, index_of(library).codes)
    assert learned == train_hashing(library, bits=32, seed=3)


def test_removing_codes_goes_back_to_comparing_vectors(library):
    exact = search(library, StoredRecording(1))
    train_hashing(library, bits=8)
    index_of(library)
    assert forget_hashing(library) == "made up"
    assert search(library, StoredRecording(1)) == exact
    assert stamps(index_directories(library.path)) == []
    with pytest.raises(QueryError, match="no codes yet; learn some with: tonotopy train hashing"):
        search(library, StoredRecording(1), rerank=False)
    with pytest.raises(QueryError, match="no codes yet"):
        search(library, StoredRecording(1), index="codes")
    with pytest.raises(NotInLibrary, match="has no codes to remove"):
        forget_hashing(library)


def test_too_few_labels_are_refused_with_the_number_needed(make_library, make_recordings, label):
    library = make_library(make_recordings())
    with pytest.raises(NotInLibrary, match="at least 2 of them on 5 recordings each; there: none"):
        train_hashing(library, method="PosteriorQuantizer")
    label(library, only=["bell", "door"], most=4)
    with pytest.raises(NotInLibrary, match="there: none"):
        train_hashing(library, method="PosteriorQuantizer")
    label(library, only=["bell"])
    with pytest.raises(NotInLibrary, match=r"there: bell\. Label more .* --method PQ"):
        train_hashing(library, method="posteriorquantizer")
    with pytest.raises(NotInLibrary, match=r"PQ needs at least 256 windows .* has 144"):
        train_hashing(library)
    assert model_of(library) is None


def test_without_labels_there_are_codes_but_no_map(make_library, make_recordings):
    library = make_library(make_recordings(n_windows=10))
    learned = train_hashing(library, bits=16)
    assert (learned.method, learned.map_exact, learned.map_codes) == ("PQ", None, None)
    assert len(search(library, StoredRecording(1), rerank=False).hits) == 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "SHA"}, r"no method 'SHA'; choose auto, LSH, VQ, PQ"),
        ({"bits": 12}, "n_bits=12 must be a multiple of 8"),
        ({"method": "VQ", "bits": 16}, "VQ has 8"),
        ({"space": "other"}, "no space 'other'"),
    ],
)
def test_what_cannot_be_learned_is_refused(options, message, large):
    with pytest.raises((QueryError, NotInLibrary), match=message):
        train_hashing(large, **options)


def test_the_dot_product_is_refused(make_library, make_recordings):
    library = make_library(make_recordings(), metric="dot")
    with pytest.raises(QueryError, match="its metric is 'dot'"):
        train_hashing(library)


def test_another_kind_of_index_cannot_do_without_re_ranking(library):
    with pytest.raises(QueryError, match="an index of kind 'flat' has no codes"):
        search(library, StoredRecording(1), index="flat", rerank=False)


def test_info_says_what_codes_take_and_keep(library):
    assert describe(library).spaces[0].codes is None
    learned = train_hashing(library, bits=32)
    codes = describe(library).spaces[0].codes
    assert (codes.method, codes.bits, codes.bytes_per_window) == ("PosteriorQuantizer", 32, 4)
    assert codes.map_kept == pytest.approx(learned.map_codes / learned.map_exact)
    assert (codes.n_classes, codes.coverage) == (3, 1.0)
    expected = learned.map_codes_unlabelled / learned.map_exact_unlabelled
    assert codes.map_kept_unlabelled == pytest.approx(expected)


def test_classes_that_no_label_taught_gain_nothing(library):
    """Two of three classes are known to the trial; the third is found by what it sounds like."""
    learned = train_hashing(library, bits=32)
    kept = learned.map_codes / learned.map_exact
    assert learned.map_codes_unlabelled / learned.map_exact_unlabelled < kept


def test_methods_that_learn_from_no_label_treat_all_classes_alike(large):
    learned = train_hashing(large, method="PQ", bits=32)
    assert learned.map_codes is not None
    assert learned.map_codes_unlabelled is None
    train_hashing(large, method="PQ", bits=32)
    assert describe(large).spaces[0].codes.map_kept_unlabelled is None


def test_no_window_of_a_recording_held_out_is_learned_from():
    recordings = np.repeat(np.arange(20), 3)
    y = np.repeat(np.r_[np.zeros(10, int), np.ones(9, int), 2], 3)
    y[1] = -1
    held = hold_out(recordings, y, seed=0)
    for each in range(20):
        assert len(set(held[recordings == each])) == 1
    assert [len(set(recordings[held & (y == each)])) for each in range(3)] == [2, 1, 0]


def test_a_method_that_knows_the_classes_is_judged_to_be_perfect():
    class Oracle:
        def transform(self, rows):
            return rows

        def distances(self, queries, codes):
            return np.abs(queries[:, :1] - codes[:, 0])

    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    vectors = np.c_[y, 100 * rng.standard_normal((60, 8))].astype(np.float32)
    judged = judge(Oracle(), vectors, y, np.arange(60) < 10, "euclidean", seed=0)
    assert (judged.codes, judged.n_queries) == (1.0, 10)
    assert 0.3 < judged.exact < 0.8
    assert judge(Oracle(), vectors, np.full(60, -1), np.arange(60) < 10, "cosine", seed=0) is None


def test_the_command_learns_says_what_it_keeps_and_takes_it_back(library):
    def run(*arguments):
        return subprocess.run(
            [
                sys.executable,
                "-c",
                "from tonotopy.cli import main; main()",
                "-L",
                str(library.path),
                *arguments,
            ],
            capture_output=True,
            text=True,
            check=False,
        )

    done = run("train", "hashing", "--bits", "32", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["method"] == "PosteriorQuantizer"
    said = run("info").stdout
    assert "4 bytes a window" in said
    assert "labels cover 100 %" in said
    assert "% for classes without labels" in said
    done = run("train", "hashing", "--remove")
    assert (done.returncode, "removed" in done.stderr) == (0, True)
    assert run("train", "hashing", "--method", "SHA").returncode == 1
