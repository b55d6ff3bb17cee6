"""Tables of codes: against slow loops, by hand, killed and resumed."""

import json
import sys

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from tonotopy import catalog
from tonotopy.benchmark import (
    Features,
    benchmark_hashing,
    features_of_library,
    parse_methods,
    read_features,
)
from tonotopy.benchmark import hashing as verb
from tonotopy.benchmark.hashing_cells import Cell, Result, Scores, measure_cell
from tonotopy.benchmark.hashing_splits import draw_split, hidden_classes, seen_labels
from tonotopy.benchmark.hashing_tables import document, find_gains, markdown, sum_up
from tonotopy.errors import NotInLibrary, QueryError
from tonotopy.hashing import PQ


def bunches(seed=0, *, n_classes=4, per_class=20, dim=8, spread=1.0):
    rng = np.random.default_rng(seed)
    classes = np.repeat(np.arange(n_classes), per_class)
    centres = 2 * rng.standard_normal((n_classes, dim))
    vectors = centres[classes] + spread * rng.standard_normal((len(classes), dim))
    y = np.array([f"class {each}" for each in classes])
    return Features("bunches", vectors.astype(np.float32), y)


def fixed(features):
    """Give a set a split of its own: every fourth row is a query."""
    queries = np.arange(len(features)) % 4 == 0
    return Features(features.name, features.vectors, features.y, in_database=~queries[None])


def scores_of(results, **cell):
    (found,) = [
        each
        for each in results.cells
        if all(getattr(each.cell, name) == value for name, value in cell.items())
    ]
    return {(each.queries, each.grouped): each.measures for each in found.scores}


def units(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_the_exact_reference_is_that_of_a_slow_loop():
    features = fixed(bunches())
    results = benchmark_hashing(features, methods="PQ", bits=[8], seeds=1)
    queries = ~features.in_database[0]
    similar = units(features.vectors)[queries] @ units(features.vectors)[~queries].T
    precisions = [
        average_precision_score(features.y[~queries] == label, row)
        for label, row in zip(features.y[queries], similar, strict=True)
    ]
    found = scores_of(results, method="exact cosine")[("all", False)]
    assert found["mAP"] == pytest.approx(np.mean(precisions), abs=1e-6)
    nearest = features.y[~queries][similar.argmax(axis=1)] == features.y[queries]
    assert found["precision@1"] == pytest.approx(nearest.mean())


def test_a_method_is_fitted_on_the_database_and_searched_with_the_queries():
    """Words are fewer than items, so codes tie; unit vectors go in."""
    features = fixed(bunches(per_class=100))
    results = benchmark_hashing(features, methods="PQ", bits=[8], seeds=1)
    rows = draw_split(features, 0)
    quantizer = PQ(8, random_state=0).fit(units(features.vectors)[rows.database])
    codes = quantizer.transform(units(features.vectors)[rows.database])
    distances = quantizer.distances(units(features.vectors)[rows.queries], codes)
    right = [
        (features.y[rows.database] == label)[row == row.min()].mean()
        for label, row in zip(features.y[rows.queries], distances, strict=True)
    ]
    found = scores_of(results, method="PQ")[("all", False)]
    assert found["precision@1"] == pytest.approx(np.mean(right))
    assert found["mAP pessimistic"] < found["mAP"] < found["mAP optimistic"]


def test_queries_in_batches_score_as_all_at_once(monkeypatch):
    whole = benchmark_hashing(bunches(), methods="ITQ", bits=[8], seeds=1, unseen=True)
    monkeypatch.setattr("tonotopy.benchmark.hashing_cells._QUERIES_AT_ONCE", 5)
    parts = benchmark_hashing(bunches(), methods="ITQ", bits=[8], seeds=1, unseen=True)
    for one, other in zip(whole.cells, parts.cells, strict=True):
        for left, right in zip(one.scores, other.scores, strict=True):
            assert left.n_queries == right.n_queries
            assert right.measures == pytest.approx(left.measures)


def test_what_shares_the_query_s_group_is_left_out_beside_the_plain_score():
    """a and a' are twins of one source; the other of their label is the farthest of all."""
    angles = np.deg2rad([0, 1, 60, 90, 30])
    features = Features(
        "twins",
        np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32),
        np.array(["a", "a", "b", "a", "b"]),
        groups=np.array(["s", "s", "t", "u", "v"]),
        in_database=np.array([[False, True, True, True, True]]),
    )
    results = benchmark_hashing(features, methods="PQ", bits=[8], seeds=1)
    found = scores_of(results, method="exact cosine")
    assert found[("all", False)]["mAP"] == pytest.approx((1 / 1 + 2 / 4) / 2)
    assert found[("all", True)]["mAP"] == pytest.approx(1 / 3)


def test_hidden_classes_are_scored_apart_and_no_label_of_them_is_seen():
    classes = np.repeat(np.arange(6), 10)
    hidden = hidden_classes(6, 0.5, seed=3)
    seen = seen_labels(classes, hidden, 0.5, seed=3)
    assert len(hidden) == 3
    assert not np.isin(seen, hidden).any()
    results = benchmark_hashing(
        bunches(), methods="PosteriorQuantizer(graph=False)", bits=[8], labelled=[1.0], seeds=1,
        unseen=True,
    )  # fmt: skip
    rows = [each for each in sum_up(results.cells) if each.bits]
    parts = {each.view.queries: each for each in rows if each.view.hidden}
    assert set(parts) == {"all", "labelled", "unlabelled"}
    assert parts["all"].n_queries == 24
    assert parts["labelled"].n_queries == parts["unlabelled"].n_queries == 12
    mean = (parts["labelled"].mean["mAP"] + parts["unlabelled"].mean["mAP"]) / 2
    assert parts["all"].mean["mAP"] == pytest.approx(mean)
    assert [each.view.queries for each in rows if not each.view.hidden] == ["all"]


def test_shares_of_labels_are_nested_and_at_least_two_a_class():
    classes = np.repeat(np.arange(3), [30, 5, 2])
    none = np.array([], np.int64)
    few, many = (seen_labels(classes, none, share, seed=1) for share in (0.1, 0.5))
    assert np.bincount(few[few >= 0]).tolist() == [3, 2, 2]
    assert np.bincount(many[many >= 0]).tolist() == [15, 2, 2]
    assert set(np.flatnonzero(few >= 0)) <= set(np.flatnonzero(many >= 0))


def test_seeds_draw_other_splits_and_a_seed_the_same():
    features = bunches()
    first, again, other = (draw_split(features, seed) for seed in (0, 0, 1))
    assert first.database.tolist() == again.database.tolist()
    assert set(first.queries) != set(other.queries)
    for each in np.unique(features.y):
        assert (features.y[first.database] == each).sum() == 14  # 70 % of 20


def test_a_set_s_own_split_counts_unless_it_is_drawn_anew():
    features = fixed(bunches())
    assert draw_split(features, 5).queries.tolist() == list(range(0, 80, 4))
    assert draw_split(features, 5, redraw=True).queries.tolist() != list(range(0, 80, 4))


def test_the_same_run_gives_the_same_scores():
    options = {"methods": "OPQ,PosteriorQuantizer", "bits": [16], "seeds": 2}
    one, other = (benchmark_hashing(bunches(), **options) for _ in range(2))
    assert [each.scores for each in one.cells] == [each.scores for each in other.cells]


@pytest.mark.parametrize("damage", [b"", b'{"cell": {"method": "PQ", "bi'])
def test_a_killed_run_goes_on_where_it_was(tmp_path, monkeypatch, damage):
    options = {"methods": "PQ,ITQ", "bits": [8, 16], "seeds": 2, "folder": tmp_path}
    whole = benchmark_hashing(bunches(), **{**options, "folder": None})

    def killed(done, _total, _note):
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        benchmark_hashing(bunches(), **options, on_progress=killed)
    with (tmp_path / "cells.jsonl").open("ab") as file:
        file.write(damage)
    measured = []

    def counted(features, cell, chosen, **how):
        measured.append(cell)
        return measure_cell(features, cell, chosen, **how)

    monkeypatch.setattr(verb, "measure_cell", counted)
    resumed = benchmark_hashing(bunches(), **options)
    assert len(measured) == len(whole.cells) - 7
    assert [(each.cell, each.scores) for each in resumed.cells] == [
        (each.cell, each.scores) for each in whole.cells
    ]
    measured.clear()
    benchmark_hashing(bunches(), **options)
    assert measured == []


def test_what_is_named_twice_counts_once():
    once = benchmark_hashing(bunches(), methods="PQ", bits=[8], seeds=2)
    twice = benchmark_hashing(bunches(), methods="PQ,PQ", bits=[8, 8], seeds=2)
    assert [each.cell for each in twice.cells] == [each.cell for each in once.cells]


def test_minus_one_is_no_label_whatever_its_type(tmp_path):
    for y in ([1, 2, -1], [1.0, 2.0, -1.0], ["1", "2", "-1"], ["1", "2", ""]):
        np.savez(tmp_path / "set.npz", X=np.eye(3), y=y)
        assert len(read_features(tmp_path / "set.npz").labelled()) == 2


def test_cells_of_other_data_are_never_mixed_in(tmp_path):
    benchmark_hashing(bunches(0), methods="PQ", bits=[8], seeds=1, folder=tmp_path)
    with pytest.raises(QueryError, match="cells of other data"):
        benchmark_hashing(bunches(1), methods="PQ", bits=[8], seeds=1, folder=tmp_path)


def test_a_damaged_line_within_is_named(tmp_path):
    benchmark_hashing(bunches(), methods="PQ", bits=[8], seeds=1, folder=tmp_path)
    cells = tmp_path / "cells.jsonl"
    lines = cells.read_text().splitlines()
    cells.write_text("\n".join([lines[0], lines[1][:20], lines[2]]) + "\n")
    with pytest.raises(QueryError, match=r"line 2 of .* is damaged"):
        benchmark_hashing(bunches(), methods="PQ", bits=[8], seeds=1, folder=tmp_path)


def test_a_method_without_its_extra_is_not_run_and_nothing_stands_for_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    results = benchmark_hashing(
        bunches(), methods="PQ,DQN", bits=[8], labelled=[1.0], seeds=1, folder=tmp_path
    )
    assert results.not_run == {"DQN": "needs pip install 'tonotopy[train]'"}
    assert "DQN" not in {each.cell.method for each in results.cells}
    assert "DQN: not run: needs pip install 'tonotopy[train]'" in markdown(results, "PQ")
    assert '"DQN"' not in (tmp_path / "cells.jsonl").read_text()


def test_a_length_that_a_method_has_not_is_told_and_the_others_run():
    results = benchmark_hashing(bunches(), methods="VQ", bits=[8, 16], seeds=1)
    assert list(results.not_run) == ["VQ, 16 bits"]
    assert "VQ has 8" in results.not_run["VQ, 16 bits"]
    assert [each.cell.bits for each in results.cells if each.cell.method == "VQ"] == [8]


def made_up(method, seed, value, labelled=None):
    cell = Cell(method, 8, labelled, 0.0, seed)
    return Result(cell, [Scores("all", False, 10, {"mAP": value})], 20, 1, 0.5, 0.1, 0.01)


def test_gains_are_paired_by_seed():
    """Ahead by 0.1, 0.2 and -0.06: mean 0.08, deviation 0.13115, two of three."""
    cells = [made_up("PQ", seed, value) for seed, value in enumerate([0.5, 0.6, 0.7, 0.1])]
    cells += [made_up("DQN", seed, value, 0.1) for seed, value in enumerate([0.6, 0.8, 0.64])]
    (gain,) = find_gains(cells, "PQ")
    assert (gain.mean, gain.n_won, gain.n_seeds) == (pytest.approx(0.08), 2, 3)
    assert gain.deviation == pytest.approx(0.131149, abs=1e-6)
    assert find_gains(cells, "LSH") == []
    other_share = [made_up("DTQ", 0, 0.3, 1.0)]
    assert find_gains([*cells, *other_share], "DQN") == []


def test_means_and_deviations_are_over_seeds():
    (row,) = sum_up([made_up("PQ", 0, 0.25), made_up("PQ", 1, 0.75)])
    assert row.mean["mAP"] == 0.5
    assert row.deviation["mAP"] == pytest.approx(0.25 * np.sqrt(2))
    assert row.n_seeds == 2


def test_the_document_is_json_and_the_tables_say_as_much():
    results = benchmark_hashing(bunches(), methods="PQ,ITQ", bits=[8], seeds=2)
    document_ = json.loads(json.dumps(document(results, "PQ"), allow_nan=False))
    (row,) = [each for each in document_["scores"] if each["method"] == "ITQ"]
    (gain,) = [each for each in document_["gains"] if each["method"] == "ITQ"]
    text = markdown(results, "PQ")
    shown = f"{100 * row['mean']['mAP']:.2f}±{100 * row['deviation']['mAP']:.2f}"
    assert f"| none | ITQ | {shown} |" in text
    assert f"{100 * gain['mean']:+.2f}" in text
    assert row["bytes_per_item"] == 1
    alone = benchmark_hashing(bunches(), methods="PQ", bits=[8], seeds=1)
    json.dumps(document(alone, "PQ"), allow_nan=False)
    assert "±nan" not in markdown(alone, "PQ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("magic", "no method 'magic'"),
        ("PQ,", None),
        ("", "no method is named"),
        ("DQN(loss=literal", "cannot read"),
        ("DQN(n_bits=8)", "has no setting 'n_bits=8'"),
        ("PQ(loss=literal)", "has no setting"),
    ],
)
def test_methods_that_cannot_be_read_are_told(text, message):
    if message is None:
        assert [each.name for each in parse_methods(text)] == ["PQ"]
        return
    with pytest.raises(QueryError, match=message):
        parse_methods(text)


def test_settings_reach_the_method():
    (method,) = parse_methods("PosteriorQuantizer(graph=False, w_free=0.1)")
    made = method.make(16, 3)
    assert (made.n_bits, made.random_state, made.graph, made.w_free) == (16, 3, False, 0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bits": [12]}, "--bits 12 must be a multiple of 8"),
        ({"labelled": [0.0]}, "--labelled 0.0 must be above 0"),
        ({"labelled": [1.5]}, "--labelled 1.5"),
        ({"seeds": 0}, "at least one"),
    ],
)
def test_options_that_make_no_sense_are_refused_before_anything_runs(options, message):
    with pytest.raises(QueryError, match=message):
        benchmark_hashing(bunches(), methods="PQ", **options)


def test_one_class_is_too_few():
    with pytest.raises(QueryError, match="1 classes in 20 labelled of 20 rows"):
        benchmark_hashing(bunches(n_classes=1), methods="PQ")


def test_an_npz_is_read_with_split_group_and_names(tmp_path):
    source = tmp_path / "set.npz"
    np.savez(
        source,
        X=np.eye(4),
        y=[1, 2, 1, -1],
        split=["database", "query", "database", "query"],
        source=["s", "t", "s", "u"],
        name=["1.wav", "2.wav", "3.wav", "4.wav"],
    )
    features = read_features(source, group="source")
    assert (features.name, features.vectors.dtype) == ("set", np.float32)
    assert features.in_database.tolist() == [[True, False, True, False]]
    assert features.groups.tolist() == ["s", "t", "s", "u"]
    assert features.labelled().y.tolist() == ["1", "2", "1"]
    assert features.labelled().files.tolist() == ["1.wav", "2.wav", "3.wav"]


def test_splits_of_an_npz_are_one_a_seed(tmp_path):
    np.savez(tmp_path / "set.npz", X=np.eye(3), y=list("aba"), splits=["dq", "qd", "dd"])
    features = read_features(tmp_path / "set.npz")
    assert [draw_split(features, seed).queries.tolist() for seed in (0, 1, 2)] == [[1], [0], [1]]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": np.eye(2)}, "has no array 'y'; it has: X"),
        ({"X": np.eye(2), "y": [1, 2, 3]}, "y in .* has shape"),
        ({"X": np.array([[1, np.nan], [0, 1]])[::-1], "y": [1, 2]}, "row 1 of X"),
        ({"X": np.ones(3), "y": [1, 2, 3]}, r"give numbers \(n, dim\)"),
        ({"X": np.eye(2), "y": [1, 2], "split": ["train", "query"]}, "'train'"),
        ({"X": np.eye(2), "y": [1, 2], "splits": ["dq", "d"]}, "as many letters"),
        ({"X": np.eye(2), "y": np.array([1, "a"], object)}, "cannot read"),
    ],
)
def test_what_is_wrong_with_an_npz_is_told(tmp_path, arrays, message):
    np.savez(tmp_path / "set.npz", **arrays)
    with pytest.raises(QueryError, match=message):
        read_features(tmp_path / "set.npz")


def test_files_that_are_no_npz_are_told(tmp_path):
    with pytest.raises(QueryError, match="there is no file"):
        read_features(tmp_path / "absent.npz")
    (tmp_path / "text.npz").write_text("this is text")
    with pytest.raises(QueryError, match="cannot read"):
        read_features(tmp_path / "text.npz")
    np.save(tmp_path / "one.npy", np.eye(2))
    with pytest.raises(QueryError, match="holds one array"):
        read_features(tmp_path / "one.npy")


def test_a_library_gives_a_mean_a_recording(make_library):
    rng = np.random.default_rng(0)
    recordings = {f"{'ab'[n % 2]}/{n}.wav": rng.standard_normal((n + 1, 3)) for n in range(6)}
    library = make_library(recordings, metric="euclidean")
    features = features_of_library(library)
    means = np.stack([each.astype(np.float16).mean(axis=0) for each in recordings.values()])
    assert features.vectors == pytest.approx(means, abs=2e-3)
    assert features.y.tolist() == ["a", "b"] * 3
    assert features.files.tolist() == [f"{n}.wav" for n in range(6)]
    with library.write() as connection:
        catalog.set_labels(connection, {1: "p", 3: "q"}, provenance="person")
        for each in range(1, 7):
            catalog.update_details(connection, each, metadata={"source": f"s{each // 2}"})
    annotated = features_of_library(library, labels="annotations", group="source")
    assert annotated.labelled().y.tolist() == ["p", "q"]
    assert annotated.groups.tolist() == ["s0", "s1", "s1", "s2", "s2", "s3"]
    with pytest.raises(NotInLibrary):
        features_of_library(library, space="magic")


def test_labels_may_be_so_many_of_each_class():
    classes = np.repeat([0, 1, 2], [40, 8, 3])
    seen = seen_labels(classes, np.array([], np.int64), 5, seed=0)
    assert np.bincount(seen + 1).tolist() == [38, 5, 5, 3]
    fewer = seen_labels(classes, np.array([], np.int64), 2, seed=0)
    assert (seen[fewer >= 0] == fewer[fewer >= 0]).all()
    with pytest.raises(QueryError, match=r"--labelled 2.5 must be .* a whole number from 2"):
        benchmark_hashing(bunches(), methods="PQ", labelled=[2.5])


def test_a_table_says_how_many_labels_a_class():
    results = benchmark_hashing(
        bunches(), methods="PosteriorQuantizer(graph=False)", bits=[8], labelled=[3, 1.0], seeds=1
    )
    told = markdown(results, "PQ")
    assert "| 3 a class | PosteriorQuantizer(graph=False) |" in told
    assert "| 100 % | PosteriorQuantizer(graph=False) |" in told
