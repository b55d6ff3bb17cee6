"""Words: found in names, folders and labels, each hit saying why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonotopy import catalog

PATHS = [
    "/home/anna/Music/Sounds/Doors/Creaky_door-03.wav",
    "/home/anna/Music/Sounds/Bells/church BELL.flac",
    "/home/anna/Music/Sounds/Doors/slam.wav",
    "/home/anna/Music/Sounds/Misc/doorbell.wav",
    "/home/anna/Music/Sounds/Misc/Straße_Türen.wav",
    "/home/anna/Music/Sounds/Misc/TR808Kick.wav",
    "/home/anna/Music/Sounds/Misc/雨の音.wav",
]


@pytest.fixture
def worded(library, put):
    """Recordings with names like people give them; one is labelled."""
    with library.write() as connection:
        for path in PATHS:
            put(connection, path)
        catalog.set_labels(connection, {6: "bass drum"}, provenance="person")
        catalog.index_words(connection, [6])
    return library


def find(library, query, **options):
    with library.read() as connection:
        return catalog.search_words(connection, query, **{"k": 10, **options})


def ids(library, query, **options):
    return [hit.recording_id for hit in find(library, query, **options)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("creaky", {1}),
        ("bell", {2}),
        ("door", {1, 3, 4}),
        ("doors", {1, 3, 4}),
        ("DOOR", {1, 3, 4}),
        ("kick", {6}),
        ("808", {6}),
        ("drums", {6}),
        ("strasse", {5}),
        ("STRASSE", {5}),
        ("turen", {5}),
        ("Türen", {5}),
        ("雨の音", {7}),
        ("3", set()),
        ("03", {1}),
        ("anna", set()),  # whose they are, not what
        ("xylophone", set()),
        ("", set()),
        ("...", set()),
    ],
)
def test_words_find_the_recordings_that_hold_them(worded, query, expected):
    assert set(ids(worded, query)) == expected


def test_more_of_the_words_is_better_and_the_order_is_fixed(worded):
    hits = find(worded, "creaky door slam")
    assert hits[0].recording_id in (1, 3)
    assert hits[-1].recording_id == 4
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert find(worded, "creaky door slam") == hits


def test_a_hit_says_which_words_stand_where(worded):
    (hit,) = find(worded, "creaky doors")[:1]
    assert hit.why == "name: creaky door; folder: doors"
    assert find(worded, "drum")[0].why == "label: drum"


def test_words_are_looked_for_only_where_asked(worded):
    assert ids(worded, "door", columns=["name"]) == [4, 1]
    assert set(ids(worded, "door", columns=["folders"])) == {1, 3}
    assert ids(worded, "door", columns=["labels"]) == []
    assert ids(worded, "door", columns=[]) == []
    assert all("folder" not in hit.why for hit in find(worded, "door", columns=["name"]))


def test_only_what_is_allowed_is_found_and_no_more_than_k(worded):
    assert ids(worded, "door", allowed={3, 7}) == [3]
    assert ids(worded, "door", allowed=set()) == []
    assert len(ids(worded, "door", k=2)) == 2


@given(query=st.text("\"'*^:(){}-+ NEARANDORNOTdoor\\\x00\x02\x03,;%", min_size=1))
def test_no_query_is_read_as_a_language(query_library, query):
    assert set(ids(query_library, query)) <= {1}


@pytest.fixture(scope="module")
def query_library(tmp_path_factory):
    """A library of one recording, for many queries."""
    with catalog.open_catalog(tmp_path_factory.mktemp("words") / "library.db") as opened:
        with opened.write() as connection:
            new = catalog.NewRecording("/a/door.wav", 1, 1, "h", 1.0, 8000, 1, "wav", b"", None)
            catalog.index_words(connection, [catalog.put_recording(connection, new, None)])
        yield opened


def test_a_recording_that_moves_or_goes_is_found_as_it_is_now(worded):
    with worded.write() as connection:
        catalog.move_recording(connection, 3, "/home/anna/Music/Sounds/Gates/slam.wav", 1)
        catalog.index_words(connection, [3])
        catalog.delete_recordings(connection, [4])
    assert set(ids(worded, "door")) == {1}
    assert ids(worded, "gate") == [3]


def test_a_recording_that_was_not_indexed_is_listed(worded, put):
    with worded.write() as connection:
        connection.exec_driver_sql("DELETE FROM words WHERE rowid = 2")
    with worded.read() as connection:
        assert catalog.unindexed_words(connection) == [2]
