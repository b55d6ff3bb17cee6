"""Scores of classes: how they are packed, stored, read, and how they go."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonotopy import catalog
from tonotopy.catalog import FLOOR, NewWindow, pack_scores
from tonotopy.catalog.packing import unpack_scores
from tonotopy.errors import FilterError
from tonotopy.filters import parse

VECTOR = np.ones(3, "<f2").tobytes()


def logit(p):
    return np.log(p / (1 - p))


def packed(scores: dict[int, float], **options: float) -> bytes:
    """Pack the scores of one row."""
    best_first = sorted(scores, key=lambda each: -scores[each])
    classes = np.array([best_first], np.int64).reshape(1, -1)
    values = np.array([[scores[each] for each in best_first]]).reshape(1, -1)
    (row,) = pack_scores(classes, values, **options)
    return row


@given(st.lists(st.floats(0, 1), max_size=20))
def test_a_score_comes_back_within_half_a_step_of_its_logit(scores):
    ordered = np.sort(np.array([scores], float), axis=1)[:, ::-1]
    rows, classes, back = unpack_scores(pack_scores(np.arange(len(scores))[np.newaxis], ordered))
    kept = ordered[0][ordered[0] >= FLOOR]
    assert classes.tolist() == list(range(len(kept)))
    assert (rows == 0).all()
    inside = np.clip(kept, 1 / (1 + np.exp(7)), 1 / (1 + np.exp(-7)))
    assert np.abs(logit(back.astype(float)) - logit(inside)).max(initial=0) < 14 / 255 / 2 + 1e-3


def test_small_scores_keep_their_order_and_their_distance():
    scores = {3: 0.002, 1: 0.004, 7: 0.008}
    _, classes, back = unpack_scores([packed(scores)])
    assert classes.tolist() == [7, 1, 3]
    np.testing.assert_allclose(back, [0.008, 0.004, 0.002], rtol=0.028)


def test_what_is_below_the_floor_is_left_out():
    assert packed({0: 0.0009}) == b""
    assert len(packed({0: 0.5, 1: 0.01, 2: 0.0099}, floor=0.01)) == 6


@pytest.mark.parametrize("scores", [[[np.nan]], [[1.1]], [[-0.1]]])
def test_what_is_no_score_is_refused(scores):
    with pytest.raises(ValueError, match="NaN or outside 0 to 1"):
        pack_scores(np.array([[0]]), np.array(scores))


def test_scores_out_of_order_are_refused():
    with pytest.raises(ValueError, match="largest first"):
        pack_scores(np.array([[0, 1]]), np.array([[0.1, 0.2]]))


def window(position: int, scores: dict[int, float], level_db: float | None = None) -> NewWindow:
    start_s = position / 2
    return NewWindow(None, position, start_s, start_s + 1, VECTOR, level_db, packed(scores))


@pytest.fixture
def tagged(library, put_space, put):
    """Two recordings with scores, one without, in a space beside one that has none."""
    with library.write() as connection:
        put_space(connection, "other")
        space = put_space(connection, "tagged")
        catalog.put_tagger(connection, space.id, "audioset", np.full(521, 0.5, np.float32))
        for name in ("a", "b", "c"):
            put(connection, f"/sounds/{name}.wav")
        for recording_id, windows in {
            2: [window(0, {70: 0.9, 3: 0.2}, -20.5), window(1, {3: 0.7}, -120.0)],
            1: [window(0, {520: 0.02})],
            3: [window(0, {})],
        }.items():
            catalog.put_windows(connection, space, recording_id, windows)
        catalog.put_recording_scores(connection, space.id, 2, packed({70: 0.9, 3: 0.7}))
        catalog.put_recording_scores(connection, space.id, 1, packed({520: 0.02}))
        return library, catalog.find_space(connection, "tagged")


def test_the_scores_of_classes_come_as_columns_in_the_order_asked_for(tagged):
    library, space = tagged
    with library.read() as connection:
        windows = catalog.window_scores(connection, space, [3, 70, 11])
        recordings = catalog.recording_scores(connection, space, [520, 70])
    assert windows.ids.tolist() == [1, 2, 3]
    assert windows.recording_ids.tolist() == [2, 2, 1]
    np.testing.assert_allclose(windows.scores, [[0.2, 0.9, 0], [0.7, 0, 0], [0, 0, 0]], rtol=0.028)
    assert recordings.ids.tolist() == recordings.recording_ids.tolist() == [1, 2]
    np.testing.assert_allclose(recordings.scores, [[0.02, 0], [0, 0.9]], rtol=0.028)


def test_the_scores_of_one_are_listed_largest_first(tagged):
    library, space = tagged
    with library.read() as connection:
        windows = catalog.scores_of_windows(connection, space, [1, 4, 99])
        recordings = catalog.scores_of_recordings(connection, space, [2, 3])
    assert [index for index, _ in windows[1]] == [70, 3]
    assert windows.keys() == {1}
    assert [index for index, _ in recordings[2]] == [70, 3]
    assert recordings[2][0][1] == pytest.approx(0.9, abs=0.003)
    assert recordings.keys() == {2}


def test_another_space_has_other_tags(tagged):
    library, space = tagged
    with library.read() as connection:
        other = catalog.find_space(connection, "other")
        assert catalog.find_tagger(connection, other) is None
        assert len(catalog.window_scores(connection, other, [3]).ids) == 0
        assert len(catalog.recording_scores(connection, other, [3]).ids) == 0
        assert catalog.scores_of_windows(connection, other, [1]) == {}
        tagger = catalog.find_tagger(connection, space)
    assert tagger.classes == "audioset"
    assert tagger.thresholds.tolist() == [0.5] * 521


def test_levels_are_told_of_every_window(tagged):
    library, space = tagged
    with library.read() as connection:
        ids, levels = catalog.window_levels(connection, space)
    assert ids.tolist() == [1, 2, 3, 4]
    np.testing.assert_array_equal(levels, np.float32([-20.5, -120, np.nan, np.nan]))


def count(library, table):
    with library.read() as connection:
        return connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()


def test_scores_go_with_their_windows_and_recordings(tagged):
    library, space = tagged
    assert (count(library, "window_tags"), count(library, "recording_tags")) == (3, 2)
    with library.write() as connection:
        catalog.put_windows(connection, space, 2, [window(0, {5: 0.5})])
    assert count(library, "window_tags") == 2
    with library.write() as connection:
        catalog.delete_recordings(connection, [2])
    assert (count(library, "window_tags"), count(library, "recording_tags")) == (1, 1)
    with library.write() as connection:
        catalog.delete_space(connection, space.id)
    assert count(library, "window_tags") == count(library, "recording_tags") == 0
    assert count(library, "taggers") == 0


def test_a_recording_with_a_new_content_has_no_scores_of_the_old_one(tagged, put):
    library, space = tagged
    with library.write() as connection:
        known = catalog.find_by_path(connection, "/sounds/b.wav")
        put(connection, "/sounds/b.wav", known=known, content_hash="new")
    with library.read() as connection:
        assert catalog.scores_of_recordings(connection, space, [1, 2]).keys() == {1}
        assert catalog.window_scores(connection, space, [3]).recording_ids.tolist() == [1]


@pytest.fixture
def old(tmp_path, monkeypatch, put_space, put):
    """A library that the first schema made: one space, one recording with windows."""
    path = tmp_path / "old.db"
    monkeypatch.setattr(catalog.library, "SCHEMA", "0001")
    with catalog.open_catalog(path) as opened:
        opened.create()
    monkeypatch.undo()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO roots (path) VALUES ('/sounds')")
        connection.execute(
            "INSERT INTO spaces (name, embedder, fingerprint, dim, sample_rate, window_s, hop_s, "
            "channels, metric, licence, is_default, generation, created_at) VALUES "
            "('small', 'mfcc', 'f', 3, 8000, 1, 0.5, 'mix', 'cosine', '', 1, 1, '2026-01-01')"
        )
        connection.execute(
            "INSERT INTO recordings (root_id, path, size, mtime_ns, content_hash, duration_s, "
            "sample_rate, channels, format, peaks, metadata, added_at) VALUES "
            "(1, 'a.wav', 1, 1, 'h', 1.0, 8000, 1, 'wav', x'', '{}', '2026-01-01')"
        )
        connection.execute(
            "INSERT INTO windows (recording_id, space_id, position, start_s, end_s, vector) "
            "VALUES (1, 1, 0, 0.0, 1.0, ?)",
            (VECTOR,),
        )
    return path


def schema(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]


def test_a_library_of_the_first_schema_is_read_as_it_is(old):
    before = old.read_bytes()
    with catalog.open_catalog(old) as library, library.read() as connection:
        space = catalog.find_space(connection)
        assert catalog.load_vectors(connection, space).ids.tolist() == [1]
        assert catalog.get_windows(connection, [1])[1].end_s == 1.0
        ids, levels = catalog.window_levels(connection, space)
        assert (ids.tolist(), np.isnan(levels).tolist()) == ([1], [True])
        assert catalog.find_tagger(connection, space) is None
        assert len(catalog.window_scores(connection, space, [0]).ids) == 0
        assert len(catalog.recording_scores(connection, space, [0]).ids) == 0
        assert catalog.scores_of_windows(connection, space, [1]) == {}
        assert catalog.scores_of_recordings(connection, space, [1]) == {}
    assert schema(old) == "0001"
    assert old.read_bytes() == before


def test_the_first_write_brings_a_library_of_the_first_schema_up_to_date(old, put):
    with catalog.open_catalog(old) as library, catalog.open_catalog(old) as reader:
        with reader.read() as connection:  # one that knew it as it was
            space = catalog.find_space(connection)
        with library.read() as connection:
            assert catalog.recording_ids(connection) == [1]
        with library.write() as connection:
            put(connection, "/sounds/b.wav")
            catalog.put_windows(connection, space, 2, [window(0, {3: 0.5}, -10.0)])
        assert schema(old) == catalog.library.SCHEMA
        for each in (library, reader):
            with each.read() as connection:
                assert catalog.load_vectors(connection, space).ids.tolist() == [1, 2]
                assert catalog.window_scores(connection, space, [3]).ids.tolist() == [2]
                _, levels = catalog.window_levels(connection, space)
                np.testing.assert_array_equal(levels, np.float32([np.nan, -10]))
        with reader.write() as connection:
            put(connection, "/sounds/c.wav")


def test_a_write_that_fails_leaves_a_library_that_can_be_used(old):
    with catalog.open_catalog(old) as library:
        with pytest.raises(RuntimeError), library.write():
            raise RuntimeError
        assert schema(old) == catalog.library.SCHEMA
        with library.read() as connection:
            assert catalog.recording_ids(connection) == [1]


def test_an_upgrade_that_fails_half_way_changes_nothing(old, monkeypatch):
    real = catalog.library.migrate

    def migrate(connection):
        real(connection)
        raise RuntimeError

    monkeypatch.setattr(catalog.library, "migrate", migrate)
    with catalog.open_catalog(old) as library, pytest.raises(RuntimeError):
        library.create()
    monkeypatch.undo()
    assert schema(old) == "0001"
    with catalog.open_catalog(old) as library:
        library.create()
    assert schema(old) == catalog.library.SCHEMA


def test_a_library_of_the_first_schema_has_no_aspects(old):
    with catalog.open_catalog(old) as library, library.read() as connection:
        assert not catalog.has_aspects(connection)
        assert catalog.aspect_state(connection) == 0
        assert len(catalog.load_aspects(connection).recording_ids) == 0
        assert catalog.aspects_of_recordings(connection, [1]) == {}
    with catalog.open_catalog(old) as library:
        library.create()
        with library.read() as connection:
            assert catalog.unmeasured_recordings(connection) == {1}


def test_a_library_of_the_first_schema_says_why_it_cannot_filter_by_pitch(old):
    with (
        catalog.open_catalog(old) as library,
        library.read() as connection,
        pytest.raises(FilterError, match=r"pitch_hz cannot be asked for yet.*tonotopy add"),
    ):
        catalog.condition(connection, parse("pitch_hz > 100"), windows=False)
