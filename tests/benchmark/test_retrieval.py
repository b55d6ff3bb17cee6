"""Leave-one-out retrieval, against a slow loop and by hand."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from tonotopy import catalog
from tonotopy.benchmark import benchmark_retrieval
from tonotopy.errors import NotInLibrary, QueryError


def bunches(rng):
    return {
        f"{'abc'[bunch]}/{number}.wav": np.eye(3, 6)[bunch] + 0.5 * rng.standard_normal((2, 6))
        for bunch in range(3)
        for number in range(5)
    }


def test_mean_average_precision_is_that_of_a_slow_loop(make_library):
    recordings = bunches(np.random.default_rng(0))
    library = make_library(recordings)
    units = [
        (lambda v: v / np.linalg.norm(v, axis=1, keepdims=True))(
            each.astype(np.float16).astype(float)
        )
        for each in recordings.values()
    ]
    labels = np.repeat([0, 1, 2], 5)
    precisions = []
    for query in range(15):
        others = [each for each in range(15) if each != query]
        similar = [units[query] @ units[each].T for each in others]
        scores = [(each.max(axis=1).mean() + each.max(axis=0).mean()) / 2 for each in similar]
        precisions.append(average_precision_score(labels[others] == labels[query], scores))
    (result,) = benchmark_retrieval(library)
    assert result.scores["mAP"] == pytest.approx(np.mean(precisions), abs=1e-3)
    assert (result.n_queries, result.n_labels, result.by) == (15, 3, "recording")


def test_a_group_leaves_out_what_shares_the_query_s_source(make_library):
    """a and a' are twins of one source, b the same label far away, c another label between."""
    vectors = {"x/a.wav": [1, 0], "x/b.wav": [1, 0], "x/c.wav": [0, 1], "y/d.wav": [1, 1]}
    library = make_library({name: np.array([vector], float) for name, vector in vectors.items()})
    with library.write() as connection:
        for recording_id, source in enumerate("ssuv", start=1):
            catalog.update_details(connection, recording_id, metadata={"source": source})
    (plain,) = benchmark_retrieval(library)
    (grouped,) = benchmark_retrieval(library, group="source")
    # plain: a and b find the twin first and c last: (1/1 + 2/3) / 2; c finds d first, then a tie.
    assert plain.scores["nearest right"] == pytest.approx(2 / 3)
    assert plain.scores["mAP"] == pytest.approx((5 / 6 + 5 / 6 + (1 / 2 + 2 / 3) / 2) / 3)
    # grouped: a and b only have c, behind d: 1/2 each.
    assert grouped.scores["mAP"] == pytest.approx((1 / 2 + 1 / 2 + (1 / 2 + 2 / 3) / 2) / 3)
    assert grouped.grouped_by == "source"


def test_a_window_never_finds_others_of_its_recording(make_library):
    library = make_library(bunches(np.random.default_rng(1)))
    (result,) = benchmark_retrieval(library, by="window")
    assert result.n_queries == 30
    assert 0 < result.scores["mAP"] <= 1


def test_annotations_are_labels_if_asked(make_library):
    library = make_library(bunches(np.random.default_rng(2)))
    with pytest.raises(NotInLibrary, match="share a label"):
        benchmark_retrieval(library, labels="annotations")
    with library.write() as connection:
        catalog.set_labels(connection, {1: "p", 2: "p", 3: "q"}, provenance="person")
    (result,) = benchmark_retrieval(library, labels="annotations")
    assert (result.n_queries, result.n_left_out) == (2, 1)


def test_an_unknown_group_names_what_there_is(heard):
    with pytest.raises(QueryError, match="speaker, take"):
        benchmark_retrieval(heard, group="source")
