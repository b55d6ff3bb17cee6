"""Analyses come back as they were stored."""

import numpy as np
import pytest

from tonotopy import catalog

ARRAYS = {
    "ids": np.arange(5, dtype=np.int64),
    "coordinates": np.linspace(0, 1, 10, dtype=np.float32).reshape(5, 2),
    "transposed": np.arange(6, dtype=np.float64).reshape(2, 3).T,
    "big-endian": np.arange(3, dtype=">i4"),
    "halves": np.array([1.5, np.inf, np.nan], np.float16),
    "flags": np.array([True, False]),
    "names": np.array(["a", "né 🎵"]),
    "times": np.array(["2024-05-31T18:00:00"], "datetime64[s]"),
    "bytes": np.frombuffer(b"\0\1\xff", np.uint8),
    "nothing": np.empty((0, 3), np.float32),
    "one number": np.array(2.5),
}


@pytest.fixture
def store(library, put_space):
    """Store an analysis of a space, and find it again."""
    with library.write() as connection:
        space = put_space(connection)

    def store(values, parameters=None, **changes):
        what = {"kind": "projection", "name": "umap", "item_kind": "windows", **changes}
        with library.write() as connection:
            catalog.put_analysis(
                connection,
                space_id=space.id,
                parameters=parameters or {},
                generation=3,
                values=values,
                **what,
            )
        with library.read() as connection:
            found = catalog.find_analysis(connection, space_id=space.id, **what)
            return found, catalog.load_values(connection, found.id)

    return store


def test_arrays_of_any_shape_and_type_come_back(store):
    _, values = store(ARRAYS)
    assert values.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert values[name].shape == array.shape, name
        assert values[name].dtype == array.dtype.newbyteorder("<"), name
        np.testing.assert_array_equal(values[name], array, err_msg=name)


def test_parameters_come_back_also_those_that_numpy_made(store):
    found, _ = store(
        {},
        {
            "n": np.int64(15),
            "d": np.float32(0.5),
            "b": np.bool_(True),
            "s": "é",
            "l": np.arange(2),
            "none": None,
        },
    )
    assert found.parameters == {"n": 15, "d": 0.5, "b": True, "s": "é", "l": [0, 1], "none": None}
    assert found.generation == 3


def test_an_analysis_takes_the_place_of_the_same_one_and_of_no_other(store, library):
    first, _ = store({"ids": np.arange(2)})
    store({"ids": np.arange(3)}, name="pca")
    store({"ids": np.arange(4)}, item_kind="recordings")
    second, values = store({"coordinates": np.arange(5)})
    assert second.id > first.id
    assert list(values) == ["coordinates"]
    with library.read() as connection:
        assert catalog.load_values(connection, first.id) == {}
        for name, item_kind, n in (("pca", "windows", 3), ("umap", "recordings", 4)):
            other = catalog.find_analysis(
                connection, space_id=1, kind="projection", name=name, item_kind=item_kind
            )
            assert len(catalog.load_values(connection, other.id)["ids"]) == n


def test_an_analysis_that_is_not_there_is_none(library, put_space):
    with library.write() as connection:
        space = put_space(connection)
    with library.read() as connection:
        assert (
            catalog.find_analysis(
                connection, space_id=space.id, kind="x", name="y", item_kind="windows"
            )
            is None
        )


def test_an_array_of_python_objects_is_refused(store):
    with pytest.raises(ValueError, match="'things' holds Python objects"):
        store({"things": np.array([{}], object)})


def test_an_analysis_goes_with_its_space(store, library):
    found, _ = store({"ids": np.arange(2)})
    with library.write() as connection:
        catalog.delete_space(connection, found.space_id)
    with library.read() as connection:
        assert catalog.load_values(connection, found.id) == {}
