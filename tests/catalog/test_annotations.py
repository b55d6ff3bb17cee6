"""Labels: who said them, what they cover, and what stays when others change theirs."""

import random
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from tonotopy import catalog
from tonotopy.catalog import tables
from tonotopy.filters import parse
from tonotopy.windows import covers_half


def annotate(connection, recording_id, label, start_s=None, end_s=None, **changes):
    values = {"polarity": "positive", "provenance": "person", "created_at": datetime.now(UTC)}
    connection.execute(
        insert(tables.annotations).values(
            recording_id=recording_id,
            label=label,
            start_s=start_s,
            end_s=end_s,
            **{**values, **changes},
        )
    )


def random_interval(rng):
    """Sometimes on a grid, so that halves are met exactly."""
    while True:
        grid = rng.random() < 0.5
        times = sorted(rng.randrange(9) / 4 if grid else rng.uniform(0, 2) for _ in range(2))
        if times[0] < times[1]:
            return tuple(times)


def test_a_window_has_a_label_exactly_where_the_one_rule_says_so(library, put_space, put):
    """600 random pairs of a window and an annotation, a recording each."""
    rng = random.Random(0)
    pairs = [(random_interval(rng), random_interval(rng)) for _ in range(600)]
    with library.write() as connection:
        space = put_space(connection, dim=1)
        for number, (window, interval) in enumerate(pairs, start=1):
            put(connection, f"/{number}.wav")
            catalog.put_windows(connection, space, number, [(None, 0, *window, b"\0\0")])
            annotate(connection, number, "door", *interval)
    with library.read() as connection:
        condition = catalog.condition(connection, parse("label = 'door'"), windows=True)
        found = catalog.allowed_windows(connection, space, condition).tolist()
    expected = [n for n, pair in enumerate(pairs, start=1) if covers_half(*pair[0], *pair[1])]
    exact = [
        pair
        for pair in pairs
        if 2 * (min(pair[0][1], pair[1][1]) - max(pair[0][0], pair[1][0]))
        == min(end - start for start, end in pair)
    ]
    assert len(exact) >= 5
    assert 100 < len(expected) < 500
    assert found == expected


@pytest.fixture
def labelled(library, put):
    """Three recordings; two labelled by their folders, one of them by a person too."""
    with library.write() as connection:
        for name in "abc":
            put(connection, f"/{name}.wav")
        catalog.set_labels(connection, {1: "door", 2: "bell"}, provenance="folder")
        annotate(connection, 1, "creak", 0.0, 0.5)
    return library


def labels(library):
    with library.read() as connection:
        found = catalog.recording_labels(connection, [1, 2, 3])
    return {each: sorted(label for label, *_ in found[each]) for each in (1, 2, 3)}


def set_labels(library, *arguments, **options):
    with library.write() as connection:
        return catalog.set_labels(connection, *arguments, **options)


def test_a_label_takes_the_place_of_the_one_of_the_same_provenance(labelled):
    assert set_labels(labelled, {1: "gate", 2: "bell", 3: "rain"}, provenance="folder") == [1, 3]
    assert labels(labelled) == {1: ["creak", "gate"], 2: ["bell"], 3: ["rain"]}


def test_no_label_takes_the_one_of_the_same_provenance_away(labelled):
    assert set_labels(labelled, {1: None, 3: None}, provenance="folder") == [1]
    assert labels(labelled) == {1: ["creak"], 2: ["bell"], 3: []}


def test_labels_of_another_provenance_and_of_other_recordings_stay(labelled):
    assert set_labels(labelled, {1: "a"}, provenance="name") == [1]
    assert labels(labelled) == {1: ["a", "creak", "door"], 2: ["bell"], 3: []}


def test_the_same_labels_again_change_nothing(labelled):
    assert set_labels(labelled, {1: "door", 2: "bell"}, provenance="folder") == []


def test_more_labels_than_one_statement_takes_are_set(library, put, monkeypatch):
    monkeypatch.setattr(catalog.annotations, "IN_CHUNK", 3)
    with library.write() as connection:
        for number in range(10):
            put(connection, f"/{number}.wav")
    everything = dict.fromkeys(range(1, 11), "x")
    assert len(set_labels(library, everything, provenance="folder")) == 10
    assert len(set_labels(library, dict.fromkeys(everything, "y"), provenance="folder")) == 10
    with library.read() as connection:
        assert catalog.label_counts(connection) == [("y", 10)]


def test_only_positive_labels_of_people_and_names_are_counted_and_shown(labelled):
    with labelled.write() as connection:
        annotate(connection, 3, "maybe", polarity="unsure")
        annotate(connection, 3, "never", polarity="negative")
        annotate(connection, 3, "dog", provenance="classifier:dogs")
        annotate(connection, 2, "creak", 0.0, 0.2)
        annotate(connection, 2, "creak", 0.5, 0.7)
    with labelled.read() as connection:
        assert catalog.label_counts(connection) == [("creak", 2), ("bell", 1), ("door", 1)]
    assert labels(labelled)[3] == []


def test_the_labels_of_a_stretch_are_those_that_overlap_it_each_once():
    stored = [("door", None, None), ("creak", 0.0, 0.5), ("creak", 0.4, 0.6), ("slam", 1.0, 2.0)]
    assert catalog.labels_of(stored, 0.0, 1.0) == ["door", "creak"]
    assert catalog.labels_of(stored, 1.5, 3.0) == ["door", "slam"]
    assert catalog.labels_of([], 0.0, 1.0) == []


def test_labels_of_people_stay_when_the_content_changes(labelled, put):
    with labelled.write() as connection:
        known = catalog.find_by_path(connection, "/a.wav")
        assert put(connection, "/a.wav", known=known, content_hash="other") == 1
    assert labels(labelled)[1] == ["creak", "door"]
