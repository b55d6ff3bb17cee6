"""Recordings, windows, spaces and failures: stored, moved, found, counted."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from tonotopy import catalog
from tonotopy.errors import NotInLibrary


def shown(library, recording_id=1):
    with library.read() as connection:
        return catalog.get_recordings(connection, [recording_id])[recording_id]


def test_details_are_added_to_what_is_known(library, put):
    with library.write() as connection:
        put(connection, "/a/kick 1.wav")
        catalog.update_details(connection, 1, metadata={"speaker": "anna", "take": "1"})
        catalog.update_details(connection, 1, metadata={"take": "2"}, device="AudioMoth")
    recording = shown(library)
    assert recording.metadata == {"speaker": "anna", "take": "2"}
    assert recording.device == "AudioMoth"
    assert (recording.name, recording.folder) == ("kick 1.wav", "a")
    assert recording.recorded_at is None


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("2024-05-31T18:00:00+02:00", datetime(2024, 5, 31, 16, tzinfo=UTC)),
        ("2024-05-31T18:00:00-09:30", datetime(2024, 6, 1, 3, 30, tzinfo=UTC)),
        ("2024-05-31T18:00:00+00:00", datetime(2024, 5, 31, 18, tzinfo=UTC)),
        ("2024-05-31T18:00:00", datetime(2024, 5, 31, 18, tzinfo=UTC)),
    ],
)
def test_a_time_is_kept_with_the_offset_that_it_was_told_with(library, put, told, expected):
    moment = datetime.fromisoformat(told)
    with library.write() as connection:
        put(connection, "/a.wav")
        catalog.update_details(connection, 1, metadata={}, recorded_at=moment)
    recorded_at = shown(library).recorded_at
    assert recorded_at == expected
    assert recorded_at.utcoffset() == (moment.utcoffset() or timedelta(0))


def test_times_of_the_library_are_utc(library, put):
    before = datetime.now(timezone(timedelta(hours=5)))
    with library.write() as connection:
        put(connection, "/a.wav")
    added_at = shown(library).added_at
    assert before <= added_at <= datetime.now(UTC)
    assert added_at.tzinfo == UTC


def test_windows_of_a_content_that_is_gone_go_in_every_space(library, put_space, put):
    with library.write() as connection:
        one, two = put_space(connection, "one"), put_space(connection, "two")
        put(connection, "/a.wav", one)
        put(connection, "/b.wav", one)
        put(connection, "/a.wav", two, known=catalog.find_by_path(connection, "/a.wav"))
        known = catalog.find_by_path(connection, "/a.wav")
        put(connection, "/a.wav", one, n_windows=1, known=known, content_hash="new")
    with library.read() as connection:
        assert catalog.space_counts(connection, one.id) == catalog.SpaceCounts(2, 3)
        assert catalog.space_counts(connection, two.id) == catalog.SpaceCounts(0, 0)
        assert catalog.covered_recordings(connection, one) == {1, 2}
        assert catalog.covered_recordings(connection, two) == set()


def test_vectors_are_loaded_in_the_order_of_their_ids(library, put_space, put, monkeypatch):
    monkeypatch.setattr(catalog.windows, "IN_CHUNK", 2)
    with library.write() as connection:
        space = put_space(connection)
        for number in range(5):
            put(connection, f"/{number}.wav", space)
    with library.read() as connection:
        everything = catalog.load_vectors(connection, space)
        some = catalog.vectors_of_recordings(connection, space, [5, 1, 4])
        fetched = catalog.fetch_vectors(connection, space, np.array([9, 99, 1]))
        none = catalog.vectors_of_recordings(connection, space, [])
    assert everything.ids.tolist() == list(range(1, 11))
    assert everything.recording_ids.tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    np.testing.assert_allclose(np.linalg.norm(everything.vectors, axis=1), 1, atol=1e-6)
    assert some.ids.tolist() == [1, 2, 7, 8, 9, 10]
    assert np.isnan(fetched).all(axis=1).tolist() == [False, True, False]
    assert none.vectors.shape == (0, space.dim)


def test_windows_are_listed_with_where_they_are(library, put_space, put):
    with library.write() as connection:
        space = put_space(connection)
        put(connection, "/a.wav", space)
        put(connection, "/b.wav", space)
        put(connection, "/silent.wav")
    with library.read() as connection:
        assert catalog.window_ids(connection, space).tolist() == [1, 2, 3, 4]
        assert catalog.window_ids(connection, space, after=2).tolist() == [3, 4]
        assert catalog.window_ranges(connection, space, [1, 2, 3]) == {1: (1, 2), 2: (3, 2)}
        windows = catalog.get_windows(connection, [4, 1])
        assert windows[4] == catalog.Window(4, 2, 1, None, 0.5, 1.5)
        with pytest.raises(NotInLibrary, match="no window 9"):
            catalog.get_windows(connection, [1, 9])
        with pytest.raises(NotInLibrary, match="no recording 9"):
            catalog.get_recordings(connection, [1, 9])
        with pytest.raises(NotInLibrary, match="no recording 9"):
            catalog.get_peaks(connection, 9)


def test_the_first_space_is_the_default_and_its_oldest_heir_after_it(library, put_space):
    def default():
        with library.read() as connection:
            return catalog.find_space(connection).name

    with library.write() as connection:
        one = put_space(connection, "one")
        put_space(connection, "two")
        three = put_space(connection, "three")
    assert default() == "one"
    with library.write() as connection:
        catalog.set_default(connection, three.id)
    assert default() == "three"
    with library.write() as connection:
        catalog.delete_space(connection, one.id)
    assert default() == "three"
    with library.write() as connection:
        catalog.delete_space(connection, three.id)
    assert default() == "two"
    with library.read() as connection, pytest.raises(NotInLibrary, match="this library has: two"):
        catalog.find_space(connection, "one")


def test_a_library_without_spaces_says_how_to_fill_it(library):
    with library.read() as connection, pytest.raises(NotInLibrary, match="tonotopy add PATH"):
        catalog.find_space(connection)


def test_what_is_missing_is_kept_until_it_is_there_again(library, put_space, put):
    with library.write() as connection:
        space = put_space(connection)
        put(connection, "/a.wav", space)
        catalog.mark_missing(connection, [1])
    assert shown(library).missing
    with library.write() as connection:
        catalog.touch_recording(connection, 1, 8)
        known = catalog.find_by_path(connection, "/a.wav")
        assert (known.missing, known.mtime_ns) == (False, 8)
        assert catalog.space_counts(connection, space.id).windows == 2


def test_recordings_follow_a_folder_and_roots_that_are_empty_go(library, put, tmp_path):
    new = tmp_path / "new"
    new.mkdir()
    (new / "a.wav").touch()
    with library.write() as connection:
        catalog.root_for(connection, "/old")
        put(connection, "/old/a.wav")
        put(connection, "/old/b.wav")
        catalog.move_recordings(
            connection, {1: str(new / "a.wav"), 2: str(new / "b.wav")}, root=str(new)
        )
    assert (shown(library).path, shown(library).missing) == (str(new / "a.wav"), False)
    assert shown(library, 2).missing
    with library.read() as connection:
        assert [path for _, path in catalog.list_roots(connection)] == [str(new)]


def test_the_newest_reason_of_a_failure_counts_until_it_is_cleared(library):
    def failures():
        with library.read() as connection:
            return [(each.path, each.reason) for each in catalog.list_failures(connection)]

    odd = "/b/caf\udce9\n.wav"
    with library.write() as connection:
        catalog.put_failure(connection, odd, "cannot decode caf\udce9")
        catalog.put_failure(connection, "/a.wav", "empty file")
        catalog.put_failure(connection, "/a.wav", "not audio")
    assert failures() == [("/a.wav", "not audio"), ("/b/caf%E9\n.wav", "cannot decode caf%E9")]
    with library.write() as connection:
        catalog.clear_failures(connection, [odd, "/never.wav"])
    assert failures() == [("/a.wav", "not audio")]


def test_totals_count_what_is_there(library, put_space, put):
    with library.write() as connection:
        space = put_space(connection)
        put(connection, "/a.wav", space)
        put(connection, "/b.flac", format="flac", duration_s=2.0, problem="cut short")
        put(connection, "/c.wav", space)
        catalog.mark_missing(connection, [3])
    with library.read() as connection:
        totals = catalog.recording_totals(connection)
        assert totals == catalog.Totals(3, 1, 5.0, {"wav": 2, "flac": 1})
        assert catalog.partial_recordings(connection) == [("/b.flac", "cut short")]
        assert catalog.unheard_recordings(connection) == [2]
        assert catalog.odd_vectors(connection) == []
        assert catalog.damage(connection) == []
        assert len(catalog.all_known(connection)) == 3


def test_vectors_of_the_wrong_length_are_noticed(library, put_space, put):
    with library.write() as connection:
        space = put_space(connection)
        put(connection, "/a.wav")
        put(connection, "/b.wav", space)
        catalog.put_windows(connection, space, 1, [(None, 0, 0.0, 1.0, b"\0\0")])
    with library.read() as connection:
        assert catalog.odd_vectors(connection) == [1]
