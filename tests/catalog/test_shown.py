"""Shown tags: which scores are high enough, what they are called, and filters that ask for them."""

import numpy as np
import pytest

from tonotopy import catalog
from tonotopy.catalog import NewWindow, Tag, pack_scores
from tonotopy.errors import FilterError
from tonotopy.filters import parse
from tonotopy.ontology import CLASSES, class_index

VECTOR = np.ones(3, "<f2").tobytes()


def packed(scores: dict[str, float]) -> bytes:
    """Pack scores by the names of classes."""
    names = sorted(scores, key=lambda name: -scores[name])
    classes = np.array([[class_index(name) for name in names]], np.int64).reshape(1, -1)
    (row,) = pack_scores(classes, np.array([[scores[name] for name in names]]).reshape(1, -1))
    return row


#: By recording, what each of its windows sounds like.
SCORES: list[list[dict[str, float]]] = [
    [{"Animal": 0.95, "Dog": 0.9, "Bark": 0.6}, {"Rain": 0.3}],
    [{"Animal": 0.8}, {"Dog": 0.45, "Rain": 0.9}],
    [{"Speech": 0.97}],
    [{}],
]
DOG = 0.4  # the threshold of Dog; that of the others is 0.5, and nothing is shown as Speech


@pytest.fixture
def stored(library, put_space, put):
    """Recordings 1 to 4 with windows from 1 on; 5 is heard only in a space without tags."""
    with library.write() as connection:
        space = put_space(connection, "tagged")
        other = put_space(connection, "other")
        thresholds = np.full(len(CLASSES), 0.5, np.float32)
        thresholds[class_index("Dog")] = DOG
        thresholds[class_index("Speech")] = 2
        catalog.put_tagger(connection, space.id, "audioset", thresholds)
        for number, windows in enumerate(SCORES, start=1):
            put(connection, f"/sounds/{number}.wav", n_windows=len(windows))
            rows = [
                NewWindow(
                    None, position, position / 2, position / 2 + 1, VECTOR, -20.0, packed(each)
                )
                for position, each in enumerate(windows)
            ]
            catalog.put_windows(connection, space, number, rows)
            names = {name for each in windows for name in each}
            best = {name: max(each.get(name, 0) for each in windows) for name in names}
            catalog.put_recording_scores(connection, space.id, number, packed(best))
        put(connection, "/sounds/5.wav", other)
        put(
            connection,
            "/sounds/1.wav",
            other,
            known=catalog.find_by_path(connection, "/sounds/1.wav"),
        )
    return library, space, other


FILTERS = [
    # filter, recordings, windows of the space with tags: 1 and 2 of recording 1, 3 and 4 of 2, ...
    ("tag = 'Dog'", [1, 2], [1, 4]),
    ("tag = 'dog'", [1, 2], [1, 4]),
    ("tag = 'Bark'", [1], [1]),
    ("tag = 'Animal'", [1, 2], [1, 3, 4]),
    ("tag = 'Domestic animals, pets'", [1, 2], [1, 4]),
    ("tag = 'Rain'", [2], [4]),
    ("tag != 'Rain'", [1, 3, 4, 5], [1, 2, 3, 5, 6]),
    ("not tag = 'Rain'", [1, 3, 4, 5], [1, 2, 3, 5, 6]),
    ("tag in ('Bark', 'Rain')", [1, 2], [1, 4]),
    ("tag not in ('Bark', 'Rain')", [3, 4, 5], [2, 3, 5, 6]),
    ("tag ~ 'bar?'", [1], [1]),
    ("tag ~ '*water*'", [2], [4]),
    ("tag = 'Speech'", [], []),
    ("tag = 'Dog' and tag = 'Rain'", [2], [4]),
    ("tag = 'Bark' or tag = 'Rain'", [1, 2], [1, 4]),
    ("tag = 'Dog' and path ~ '*/2.wav'", [2], [4]),
]


@pytest.mark.parametrize(("where", "recordings", "windows"), FILTERS, ids=[f[0] for f in FILTERS])
def test_a_filter_finds_what_has_a_tag(stored, where, recordings, windows):
    library, space, _ = stored
    with library.read() as connection:
        condition = catalog.condition(connection, parse(where), windows=False)
        assert catalog.recording_ids(connection, condition) == recordings
        condition = catalog.condition(connection, parse(where), windows=True)
        assert catalog.allowed_windows(connection, space, condition).tolist() == windows


def test_windows_of_a_space_without_tags_have_those_of_their_recording(stored):
    library, _, other = stored
    with library.read() as connection:
        condition = catalog.condition(connection, parse("tag = 'Dog'"), windows=True)
        allowed = catalog.allowed_windows(connection, other, condition).tolist()
        owners = {each.recording_id for each in catalog.get_windows(connection, allowed).values()}
    assert len(allowed) == 2
    assert owners == {1}


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("tag = 'helicoptr'", r"there is no tag 'helicoptr'; did you mean 'Helicopter'\?"),
        ("tag = 'xyzzy'", r"there is no tag 'xyzzy'; tags are classes of AudioSet, such as Dog"),
        ("tag != 'Thundr'", r"there is no tag 'Thundr'; did you mean .*'Thunder'"),
        ("tag ~ 'zz*'", r"no tag fits 'zz\*'"),
    ],
)
def test_an_unknown_tag_is_refused_with_what_is_spelt_alike(stored, where, message):
    library, *_ = stored
    with library.read() as connection, pytest.raises(FilterError, match=message):
        catalog.condition(connection, parse(where), windows=False)


def test_shown_are_classes_over_their_threshold_without_what_they_imply(stored):
    library, space, _ = stored
    with library.read() as connection:
        windows = catalog.tags_of_windows(connection, space, list(range(1, 7)))
        recordings = catalog.tags_of_recordings(connection, space, [1, 2, 3, 4, 5])
    names = {each: [tag.name for tag in tags] for each, tags in windows.items()}
    assert names == {1: ["Bark"], 3: ["Animal"], 4: ["Rain", "Dog"]}
    names = {each: [tag.name for tag in tags] for each, tags in recordings.items()}
    assert names == {1: ["Bark"], 2: ["Rain", "Dog"]}
    (bark,) = windows[1]
    assert bark == Tag("Bark", pytest.approx(0.6, abs=0.01))


def test_tags_are_counted_and_the_first_of_each_is_told(stored):
    library, space, other = stored
    with library.read() as connection:
        assert catalog.tag_counts(connection, space) == [("Bark", 1), ("Dog", 1), ("Rain", 1)]
        assert catalog.tag_counts(connection, other) == []
        best = catalog.best_tags(connection, space, windows=True)
        assert best == {1: "Bark", 3: "Animal", 4: "Rain"}
        best = catalog.best_tags(connection, space, windows=False)
        assert best == {1: "Bark", 2: "Rain"}


def test_classes_of_another_list_have_no_names_here(stored):
    library, space, _ = stored
    with library.write() as connection:
        catalog.put_tagger(connection, space.id, "birds", np.zeros(3, np.float32))
    with library.read() as connection:
        assert catalog.tags_of_windows(connection, space, [1]) == {}
        assert catalog.tag_counts(connection, space) == []
        with pytest.raises(FilterError, match="nothing in this library has tags"):
            catalog.condition(connection, parse("tag = 'Dog'"), windows=False)


def test_a_filter_may_let_very_many_windows_through(library, put_space, put):
    """More than SQLite takes parameters."""
    n_windows = 40_000
    with library.write() as connection:
        space = put_space(connection)
        catalog.put_tagger(connection, space.id, "audioset", np.full(len(CLASSES), 0.5))
        put(connection, "/sounds/long.wav")
        rain = packed({"Rain": 0.9})
        rows = (NewWindow(None, i, i / 2, i / 2 + 1, VECTOR, 0.0, rain) for i in range(n_windows))
        catalog.put_windows(connection, space, 1, rows)
        catalog.put_recording_scores(connection, space.id, 1, rain)
    with library.read() as connection:
        condition = catalog.condition(connection, parse("tag = 'Rain'"), windows=True)
        assert len(catalog.allowed_windows(connection, space, condition)) == n_windows
        condition = catalog.condition(connection, parse("tag != 'Rain'"), windows=True)
        assert len(catalog.allowed_windows(connection, space, condition)) == 0
