"""What was learned comes back as it was stored; an older library has nothing learned."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest

from tonotopy import catalog
from tonotopy.errors import LibraryError

WEIGHTS = {
    "head": np.frombuffer(b'{"method": "PQ"}', np.uint8),
    "words": np.arange(6, dtype=np.float32).reshape(2, 3)[:, ::-1],
    "counts": np.array([7, 2**40]),
    "deep": np.array([[0.1]]),
}


def put(connection, space_id, **changed):
    given = {
        "kind": "hashing",
        "name": "codes",
        "parameters": {"bits": np.int64(64)},
        "scores": {"mAP": np.float32(0.5), "recall": None},
        "weights": WEIGHTS,
        "generation": 3,
    }
    return catalog.put_model(connection, space_id=space_id, **(given | changed))


@pytest.fixture
def library(tmp_path, put_space):
    with catalog.open_catalog(tmp_path / "library.db") as opened:
        with opened.write() as connection:
            put_space(connection)
        yield opened


def test_a_model_comes_back_as_it_was_stored(library):
    with library.write() as connection:
        model_id = put(connection, 1)
    with library.read() as connection:
        model = catalog.find_model(connection, space_id=1, kind="hashing", name="codes")
        weights = catalog.load_weights(connection, model_id)
    assert (model.id, model.generation) == (model_id, 3)
    assert (model.parameters, model.scores) == ({"bits": 64}, {"mAP": 0.5, "recall": None})
    assert weights.keys() == WEIGHTS.keys()
    for name, array in WEIGHTS.items():
        assert weights[name].dtype == array.dtype
        np.testing.assert_array_equal(weights[name], array)


def test_a_new_model_takes_the_place_of_the_old_one_under_an_id_of_its_own(library):
    with library.write() as connection:
        first = put(connection, 1)
        other = put(connection, 1, name="other")
        second = put(connection, 1)
    assert len({first, other, second}) == 3
    with library.read() as connection:
        found = catalog.find_model(connection, space_id=1, kind="hashing", name="codes")
        assert found.id == second
        with pytest.raises(LibraryError, match="is gone"):
            catalog.load_weights(connection, first)


def test_a_model_goes_when_it_is_deleted_and_with_its_space(library):
    with library.write() as connection:
        put(connection, 1)
        assert catalog.delete_model(connection, space_id=1, kind="hashing", name="codes")
        assert not catalog.delete_model(connection, space_id=1, kind="hashing", name="codes")
        put(connection, 1)
        catalog.delete_space(connection, 1)
        assert catalog.find_model(connection, space_id=1, kind="hashing", name="codes") is None


def test_damaged_weights_are_refused_with_what_to_do(library):
    with library.write() as connection:
        model_id = put(connection, 1)
        connection.exec_driver_sql("UPDATE models SET weights = x'0123'")
    with library.read() as connection, pytest.raises(LibraryError, match="train it again"):
        catalog.load_weights(connection, model_id)


@pytest.mark.parametrize("version", ["0001", "0002"])
def test_an_older_library_has_no_models_until_it_is_written_to(
    version, tmp_path, monkeypatch, put_space
):
    path = tmp_path / "old.db"
    monkeypatch.setattr(catalog.library, "SCHEMA", version)
    with catalog.open_catalog(path) as old:
        old.create()
    monkeypatch.undo()
    before = path.read_bytes()
    with catalog.open_catalog(path) as library:
        with library.read() as connection:
            assert catalog.find_model(connection, space_id=1, kind="a", name="b") is None
        assert path.read_bytes() == before
        with library.write() as connection:
            put(connection, put_space(connection).id)
        with library.read() as connection:
            assert catalog.find_model(connection, space_id=1, kind="hashing", name="codes")
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
    assert found == catalog.library.SCHEMA
