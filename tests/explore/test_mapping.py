"""Maps of a library."""

import numpy as np
import pytest

from tonotopy import catalog
from tonotopy.errors import NotInLibrary
from tonotopy.explore import columns as columns_module
from tonotopy.explore import (
    compute_umap,
    has_projection,
    list_columns,
    map_points,
    measure_points,
)
from tonotopy.project import trustworthiness


def three_bunches(rng: np.random.Generator) -> dict[str, np.ndarray]:
    centres = np.eye(3, 8)
    return {
        f"bunch {bunch}/{number}.wav": centres[bunch] + 0.05 * rng.standard_normal((2, 8))
        for bunch in range(3)
        for number in range(8)
    }


def test_points_stay_within_the_map_and_are_the_recordings(make_library):
    library = make_library(three_bunches(np.random.default_rng(0)))
    points = map_points(library)
    assert points.ids.tolist() == list(range(1, 25))
    assert points.coordinates.shape == (24, 2)
    assert np.abs(points.coordinates).max() == pytest.approx(1)


def test_windows_are_points_too(make_library):
    library = make_library(three_bunches(np.random.default_rng(0)))
    assert len(map_points(library, items="windows").ids) == 48


def test_principal_components_keep_bunches_apart(make_library):
    points = map_points(make_library(three_bunches(np.random.default_rng(1)))).coordinates
    means = points.reshape(3, 8, 2).mean(axis=1)
    spread = np.linalg.norm(points.reshape(3, 8, 2) - means[:, None], axis=2).max()
    gaps = [np.linalg.norm(means[i] - means[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert min(gaps) > 2 * spread


def test_the_map_follows_the_library(make_library):
    library = make_library(three_bunches(np.random.default_rng(0)))
    map_points(library)
    with library.write() as connection:
        catalog.delete_recordings(connection, [1, 2])
    assert map_points(library).ids.tolist() == list(range(3, 25))


def test_umap_is_asked_for_before_it_is_shown(make_library):
    library = make_library(three_bunches(np.random.default_rng(0)))
    assert not has_projection(library, "umap", items="recordings", space=None)
    with pytest.raises(NotInLibrary, match="not been computed"):
        map_points(library, projection="umap")


def test_umap_is_stored_and_forgets_what_is_gone(make_library):
    library = make_library(three_bunches(np.random.default_rng(0)))
    heard: list[float] = []
    computed = compute_umap(library, on_progress=heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == pytest.approx(1)
    assert has_projection(library, "umap", items="recordings", space=None)
    shown = map_points(library, projection="umap")
    np.testing.assert_array_equal(shown.coordinates, computed.coordinates)
    with library.write() as connection:
        catalog.delete_recordings(connection, [1])
    assert map_points(library, projection="umap").ids.tolist() == list(range(2, 25))


def test_an_unknown_projection_lists_the_choices(make_library):
    library = make_library(three_bunches(np.random.default_rng(0)))
    with pytest.raises(NotInLibrary, match="pca, umap"):
        map_points(library, projection="globe")


def test_one_recording_is_a_map(make_library):
    points = map_points(make_library({"only.wav": np.ones((1, 4))}))
    assert np.isfinite(points.coordinates).all()


def is_judged(library, projection):
    columns = list_columns(library, items="windows", projection=projection)
    return "trustworthiness" in [each.name for each in columns]


def test_umap_keeps_how_far_each_point_can_be_trusted(make_library, monkeypatch):
    monkeypatch.setattr(columns_module, "MOST_JUDGED", 0)
    library = make_library(three_bunches(np.random.default_rng(0)))
    asked = {"by": "trustworthiness", "items": "windows"}
    assert not is_judged(library, "pca")
    with pytest.raises(NotInLibrary, match="compute its UMAP again"):
        measure_points(library, **asked)
    computed = compute_umap(library, items="windows")
    assert is_judged(library, "umap")
    with library.read() as connection:
        loaded = catalog.load_vectors(connection, catalog.find_space(connection))
    expected = trustworthiness(computed.coordinates, loaded.vectors, metric="cosine")
    found = measure_points(library, **asked, projection="umap")
    np.testing.assert_array_equal(found.values, expected)
    with library.write() as connection:
        catalog.delete_recordings(connection, [1])
    left = measure_points(library, **asked, projection="umap")
    np.testing.assert_array_equal(left.values, expected[2:])


def test_a_small_map_is_judged_when_asked_even_if_it_is_of_an_older_version(make_library):
    library = make_library(three_bunches(np.random.default_rng(2)))
    shown = map_points(library, items="windows")
    with library.write() as connection:
        catalog.put_analysis(
            connection,
            space_id=1,
            kind="projection",
            name="umap",
            item_kind="windows",
            parameters={},
            generation=1,
            values={"ids": shown.ids[5:], "coordinates": shown.coordinates[5:]},
        )
    assert is_judged(library, "umap")
    with library.read() as connection:
        loaded = catalog.load_vectors(connection, catalog.find_space(connection))
    expected = trustworthiness(shown.coordinates[5:], loaded.vectors[5:], metric="cosine")
    found = measure_points(library, by="trustworthiness", items="windows", projection="umap")
    np.testing.assert_array_equal(found.values, expected)
