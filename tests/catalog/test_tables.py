"""What the database refuses by itself, and that its ids and generations can be relied upon."""

import random
import re
import sqlite3
from contextlib import closing

import numpy as np
import pytest
from sqlalchemy import create_engine, insert, inspect, text
from sqlalchemy.exc import IntegrityError

from tonotopy import catalog
from tonotopy.catalog import tables
from tonotopy.catalog.types import now

NOW = now()
VECTOR = np.ones(3, "<f2").tobytes()

SPACE = {
    "name": "another",
    "embedder": "mfcc",
    "fingerprint": "f",
    "dim": 3,
    "sample_rate": 8000,
    "window_s": 1.0,
    "hop_s": 0.5,
    "channels": "mix",
    "metric": "cosine",
    "licence": "",
    "is_default": False,
    "generation": 0,
    "created_at": NOW,
}
RECORDING = {
    "root_id": 1,
    "path": "other.wav",
    "size": 1,
    "mtime_ns": 1,
    "content_hash": "h",
    "duration_s": 1.0,
    "sample_rate": 8000,
    "channels": 1,
    "format": "wav",
    "peaks": b"",
    "metadata": {},
    "added_at": NOW,
}
WINDOW = {
    "recording_id": 1,
    "space_id": 1,
    "channel": None,
    "position": 9,
    "start_s": 0.0,
    "end_s": 1.0,
    "vector": VECTOR,
    "level_db": -20.0,
}
TAGGER = {"space_id": 2, "classes": "audioset", "thresholds": b""}
RECORDING_TAGS = {"recording_id": 1, "space_id": 2, "scores": b""}
RECORDING_ASPECTS = {
    "recording_id": 1,
    "revision": 1,
    "loudness_db": -20.0,
    "voicing": 0.5,
    "onsets_per_s": 0.5,
    "pulse": 0.1,
    "attack_s": 0.01,
    "decay_s": 0.5,
}
WINDOW_TAGS = {"window_id": 2, "scores": b""}
ANNOTATION = {
    "recording_id": 1,
    "start_s": 0.0,
    "end_s": 1.0,
    "low_hz": 0.0,
    "high_hz": 4000.0,
    "label": "door",
    "polarity": "positive",
    "provenance": "person",
    "confidence": 1.0,
    "created_at": NOW,
}
ANALYSIS = {
    "space_id": 1,
    "kind": "projection",
    "name": "umap",
    "item_kind": "windows",
    "parameters": {},
    "generation": 1,
    "created_at": NOW,
}
VALUE = {"analysis_id": 1, "name": "other", "dtype": "<f4", "shape": [0], "data": b""}
MODEL = {
    "space_id": 1,
    "kind": "hashing",
    "name": "other",
    "parameters": {},
    "scores": {},
    "weights": b"",
    "generation": 1,
    "created_at": NOW,
}
FAILURE = {"path": "/other.wav", "reason": "empty", "happened_at": NOW}
GOOD = {
    "roots": {"path": "/other"},
    "spaces": SPACE,
    "recordings": RECORDING,
    "windows": WINDOW,
    "taggers": TAGGER,
    "recording_tags": RECORDING_TAGS,
    "recording_aspects": RECORDING_ASPECTS,
    "window_tags": WINDOW_TAGS,
    "annotations": ANNOTATION,
    "analyses": ANALYSIS,
    "analysis_values": VALUE,
    "models": MODEL,
    "failures": FAILURE,
}
NULLABLE = {
    ("annotations", name) for name in ("start_s", "end_s", "low_hz", "high_hz", "confidence")
} | {("windows", "channel"), ("windows", "level_db")}
#: Tables whose rows have an id of their own.
NUMBERED = set(GOOD) - {"taggers", "recording_tags", "window_tags", "analysis_values"}

NONSENSE = [
    ("roots", {"path": "/sounds"}),
    ("spaces", {"name": "small"}),
    ("spaces", {"dim": 0}),
    ("spaces", {"window_s": 0.0}),
    ("spaces", {"window_s": float("nan")}),
    ("spaces", {"hop_s": -0.5}),
    ("spaces", {"channels": "left"}),
    ("spaces", {"metric": "manhattan"}),
    ("spaces", {"is_default": True}),
    ("recordings", {"path": "a.wav"}),
    ("recordings", {"root_id": 99}),
    ("recordings", {"size": -1}),
    ("recordings", {"duration_s": 0.0}),
    ("recordings", {"duration_s": float("nan")}),
    ("recordings", {"sample_rate": 0}),
    ("recordings", {"channels": 0}),
    ("recordings", {"latitude": 91.0}),
    ("recordings", {"longitude": -181.0}),
    ("windows", {"recording_id": 99}),
    ("windows", {"space_id": 99}),
    ("windows", {"position": 0}),
    ("windows", {"position": -1}),
    ("windows", {"channel": -1}),
    ("windows", {"start_s": -0.1}),
    ("windows", {"end_s": 0.0}),
    ("windows", {"end_s": float("nan")}),
    ("taggers", {"space_id": 1}),
    ("taggers", {"space_id": 99}),
    ("recording_tags", {"space_id": 1}),
    ("recording_tags", {"space_id": 99}),
    ("recording_tags", {"recording_id": 99}),
    ("recording_aspects", {"recording_id": 99}),
    ("window_tags", {"window_id": 1}),
    ("window_tags", {"window_id": 99}),
    ("annotations", {"recording_id": 99}),
    ("annotations", {"start_s": None}),
    ("annotations", {"end_s": None}),
    ("annotations", {"start_s": -1.0}),
    ("annotations", {"end_s": 0.0}),
    ("annotations", {"low_hz": -1.0}),
    ("annotations", {"high_hz": 0.0}),
    ("annotations", {"low_hz": 5000.0}),
    ("annotations", {"label": ""}),
    ("annotations", {"polarity": "perhaps"}),
    ("annotations", {"confidence": 1.5}),
    ("annotations", {"confidence": -0.5}),
    ("analyses", {"space_id": 99}),
    ("analyses", {"item_kind": "labels"}),
    ("analysis_values", {"analysis_id": 99}),
    ("analysis_values", {"name": "ids"}),
    ("failures", {"path": "/broken.wav"}),
]


@pytest.fixture
def filled(library, put_space, put):
    """One row or two in every table, from the id 1 on."""
    with library.write() as connection:
        catalog.root_for(connection, "/sounds")
        space = put_space(connection)
        put(connection, "/sounds/a.wav", space)
        put_space(connection, "second")
        catalog.put_tagger(connection, space.id, "audioset", np.full(3, 0.5))
        catalog.put_recording_scores(connection, space.id, 1, b"")
        connection.execute(insert(tables.window_tags).values(window_id=1, scores=b""))
        catalog.set_labels(connection, {1: "door"}, provenance="folder")
        catalog.put_failure(connection, "/broken.wav", "empty file")
        catalog.put_analysis(
            connection,
            space_id=space.id,
            kind="projection",
            name="pca",
            item_kind="windows",
            parameters={},
            generation=1,
            values={"ids": np.arange(2)},
        )
    return library


@pytest.mark.parametrize("table", GOOD)
def test_a_sensible_row_is_taken(filled, table):
    with filled.write() as connection:
        connection.execute(insert(tables.metadata.tables[table]).values(**GOOD[table]))


@pytest.mark.parametrize(("table", "change"), NONSENSE, ids=str)
def test_nonsense_is_refused(filled, table, change):
    with pytest.raises(IntegrityError), filled.write() as connection:
        connection.execute(insert(tables.metadata.tables[table]).values({**GOOD[table], **change}))


@pytest.mark.parametrize(
    ("table", "column"),
    [(table, column) for table, row in GOOD.items() for column in row],
)
def test_only_what_may_be_unknown_may_be_null(filled, table, column):
    row = {**GOOD[table], column: None}
    if (table, column) in NULLABLE:
        if column in ("start_s", "end_s"):
            row |= {"start_s": None, "end_s": None}
        with filled.write() as connection:
            connection.execute(insert(tables.metadata.tables[table]).values(row))
        return
    with pytest.raises(IntegrityError), filled.write() as connection:
        connection.execute(insert(tables.metadata.tables[table]).values(row))


def test_a_refused_row_takes_the_whole_transaction_with_it(filled, put):
    def change():
        with filled.write() as connection:
            put(connection, "/sounds/b.wav")
            connection.execute(insert(tables.windows).values({**WINDOW, "recording_id": 99}))

    with pytest.raises(IntegrityError):
        change()
    with filled.read() as connection:
        assert catalog.recording_ids(connection) == [1]


def test_windows_tags_labels_and_words_go_with_their_recording_on_a_reopened_connection(filled):
    filled.close()
    with catalog.open_catalog(filled.path) as again:
        with again.write() as connection:
            connection.execute(text("DELETE FROM recordings"))
        with again.read() as connection:
            for table in ("windows", "window_tags", "recording_tags", "annotations", "words"):
                assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0
            assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_every_connection_of_the_pool_keeps_foreign_keys(filled):
    with filled.read() as first, filled.read() as second, filled.read() as third:
        for connection in (first, second, third):
            assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_ids_are_never_used_again(library, put_space, put):
    """Random rounds of adding and deleting, most often what came last, with reopening between."""
    rng = random.Random(0)
    path = library.path
    seen = {"recordings": set(), "windows": set(), "spaces": set(), "roots": set()}
    here: list[int] = []
    library.close()
    for round_number in range(30):
        with catalog.open_catalog(path) as opened, opened.write() as connection:
            space = put_space(connection, f"space {round_number}")
            new = [
                put(connection, f"/root {round_number}/{i}.wav", space)
                for i in range(rng.randrange(1, 4))
            ]
            for table, ids in seen.items():
                fresh = set(connection.scalars(text(f"SELECT id FROM {table}"))) - ids
                assert all(each > max(ids, default=0) for each in fresh), table
                assert fresh, table
                ids |= fresh
            here += new
            gone = here[-rng.randrange(1, len(here) + 1) :]
            here = [each for each in here if each not in gone]
            catalog.delete_recordings(connection, gone)
            catalog.delete_space(connection, space.id)
            catalog.delete_unused_roots(connection)


def test_a_generation_rises_exactly_when_windows_come_or_go(library, put_space, put):
    with library.write() as connection:
        one, two = put_space(connection, "one"), put_space(connection, "two")

    def generations():
        with library.read() as connection:
            return [space.generation for space in catalog.list_spaces(connection)]

    def after(change):
        before = generations()
        with library.write() as connection:
            change(connection)
        return [now > then for now, then in zip(generations(), before, strict=True)]

    def known(connection):
        return catalog.find_by_path(connection, "/sounds/a.wav")

    assert after(lambda c: put(c, "/sounds/silent.wav")) == [False, False]
    assert after(lambda c: put(c, "/sounds/a.wav", one)) == [True, False]
    assert after(lambda c: catalog.put_windows(c, two, 2, [(None, 0, 0.0, 1.0, VECTOR)])) == [
        False,
        True,
    ]
    assert after(lambda c: catalog.set_labels(c, {2: "x"}, provenance="folder")) == [False, False]
    assert after(lambda c: catalog.update_details(c, 2, metadata={"take": "1"})) == [False, False]
    assert after(lambda c: catalog.touch_recording(c, 2, 8)) == [False, False]
    assert after(lambda c: catalog.mark_missing(c, [2])) == [False, False]
    assert after(lambda c: catalog.move_recording(c, 2, "/sounds/b.wav", 9)) == [False, False]
    assert after(lambda c: catalog.move_recording(c, 2, "/sounds/a.wav", 9)) == [False, False]
    assert after(lambda c: catalog.set_default(c, two.id)) == [False, False]
    assert after(lambda c: put(c, "/sounds/a.wav", known=known(c))) == [False, False]
    assert after(lambda c: put(c, "/sounds/a.wav", known=known(c), content_hash="new")) == [
        True,
        True,
    ]
    assert after(lambda c: catalog.put_windows(c, one, 2, [])) == [False, False]
    assert after(lambda c: put(c, "/sounds/a.wav", one, known=known(c), content_hash="new")) == [
        True,
        False,
    ]
    assert after(lambda c: catalog.delete_recordings(c, [1])) == [False, False]
    assert after(lambda c: catalog.delete_recordings(c, [2])) == [True, False]


def layout(path):
    """Describe the tables of a file by what SQLite itself says of them."""
    described = {}
    with closing(sqlite3.connect(path)) as connection:
        for table in tables.metadata.tables:
            (statement,) = connection.execute(
                "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
            ).fetchone()
            indexes = []
            for _, name, unique, origin, partial in connection.execute(
                f"PRAGMA index_list({table})"
            ).fetchall():
                columns = connection.execute(f"PRAGMA index_xinfo({name})").fetchall()
                sql = connection.execute(
                    "SELECT sql FROM sqlite_master WHERE name = ?", (name,)
                ).fetchone()
                text_of = None if sql is None or sql[0] is None else sql[0].lower()
                indexes.append((unique, origin, partial, [each[2] for each in columns], text_of))
            described[table] = {
                "columns": connection.execute(f"PRAGMA table_xinfo({table})").fetchall(),
                "foreign keys": sorted(connection.execute(f"PRAGMA foreign_key_list({table})")),
                "indexes": sorted(indexes, key=repr),
                "checks": sorted(re.findall(r"CHECK \((.*)\)", statement)),
                "autoincrement": "AUTOINCREMENT" in statement,
            }
    return described


def test_the_migrations_make_the_tables_that_the_code_knows(library, tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'by_metadata.db'}")
    tables.metadata.create_all(engine)
    assert set(inspect(engine).get_table_names()) >= set(GOOD)
    engine.dispose()
    migrated, declared = layout(library.path), layout(tmp_path / "by_metadata.db")
    for table in declared:
        assert migrated[table] == declared[table]
    keyed = {table for table, each in migrated.items() if each["autoincrement"]}
    assert keyed == NUMBERED
    assert sum(len(each["checks"]) for each in migrated.values()) >= 15


def test_a_vector_comes_back_as_it_was_rounded(library, put_space, put):
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((5, 3)).astype("<f2")
    with library.write() as connection:
        space = put_space(connection, metric="euclidean")
        recording_id = put(connection, "/sounds/a.wav")
        rows = [(None, i, i / 2, i / 2 + 1, each.tobytes()) for i, each in enumerate(vectors)]
        catalog.put_windows(connection, space, recording_id, rows)
    with library.read() as connection:
        loaded = catalog.load_vectors(connection, space)
    assert loaded.vectors.dtype == np.float32
    np.testing.assert_array_equal(loaded.vectors, vectors.astype(np.float32))
