"""The map: coordinates and colours as raw arrays, read as the page reads them."""

from concurrent.futures import ThreadPoolExecutor
from time import sleep

import numpy as np
import pytest
from fastapi.testclient import TestClient

from tonotopy import catalog
from tonotopy.explore import map_points, mapping
from tonotopy.project import pca
from tonotopy.server import create_app


def read_map(content):
    """Read n pairs of float32, then n uint32, all little-endian, as web/src/api.ts does."""
    assert len(content) % 12 == 0
    n = len(content) // 12
    return np.frombuffer(content, "<f4", 2 * n).reshape(n, 2), np.frombuffer(
        content, "<u4", n, 8 * n
    )


@pytest.mark.parametrize("of", ["recordings", "windows"])
def test_the_map_has_a_point_for_each_item(client, library, of):
    answer = client.get("/api/v1/map", params={"of": of})
    coordinates, ids = read_map(answer.content)
    with library.read() as connection:
        space = catalog.find_space(connection)
        expected = (
            sorted(catalog.covered_recordings(connection, space))
            if of == "recordings"
            else catalog.window_ids(connection, space).tolist()
        )
    assert ids.tolist() == expected
    assert answer.headers["x-points"] == str(len(expected))
    assert answer.headers["content-type"] == "application/octet-stream"
    assert np.abs(coordinates).max() == pytest.approx(1)
    assert len(np.unique(coordinates, axis=0)) == len(ids)


@pytest.mark.parametrize("of", ["recordings", "windows"])
@pytest.mark.parametrize("by", ["label", "folder"])
def test_colours_and_legend_belong_to_the_points_of_the_map(client, sounds, of, by):
    asked = {"of": of, "by": by}
    points = client.get("/api/v1/map", params=asked)
    colours = client.get("/api/v1/map/colors", params=asked)
    legend = client.get("/api/v1/map/legend", params=asked).json()
    codes = np.frombuffer(colours.content, "<u2")
    ids = read_map(points.content)[1]
    assert len(codes) == len(ids)
    assert colours.headers["x-map-version"] == points.headers["x-map-version"]
    assert [entry["n"] for entry in legend] == np.bincount(codes).tolist()
    item = "recordings" if of == "recordings" else "windows"
    for number, code in zip(ids.tolist(), codes.tolist(), strict=True):
        shown = client.get(f"/api/v1/{item}/{number}").json()
        expected = shown["labels"][0] if by == "label" else shown["folder"]
        assert legend[code]["name"] == expected


def test_the_most_common_colour_comes_first(client):
    legend = client.get("/api/v1/map/legend").json()
    assert [(entry["name"], entry["n"]) for entry in legend] == [
        ("bells", 4),
        ("drums", 3),
        ("odd", 3),
    ]


def test_what_has_no_label_has_no_colour(make_library, tmp_path):
    library = make_library({f"{n}.wav": np.eye(3, 8)[n : n + 1] for n in range(3)})
    with library.write() as connection:
        catalog.set_labels(connection, {2: "bell"}, provenance="person")
    with TestClient(create_app(library), base_url="http://127.0.0.1") as client:
        codes = np.frombuffer(client.get("/api/v1/map/colors").content, "<u2")
        assert codes.tolist() == [65_535, 0, 65_535]
        assert client.get("/api/v1/map/legend").json() == [{"name": "bell", "n": 1}]
        with library.write() as connection:  # labels do not change the map, only its colours
            catalog.set_labels(connection, {1: "bell", 2: None}, provenance="person")
        codes = np.frombuffer(client.get("/api/v1/map/colors").content, "<u2")
        assert codes.tolist() == [0, 65_535, 65_535]


def test_principal_components_are_always_ready_and_umap_is_not(client):
    projections = client.get("/api/v1/map/projections").json()
    assert projections == [
        {"name": "pca", "ready": True, "job": None},
        {"name": "umap", "ready": False, "job": None},
    ]
    assert "not been computed" in client.get("/api/v1/map?projection=umap").json()["error"]


def test_a_map_that_many_ask_for_at_once_is_computed_once(library, monkeypatch):
    computed = []

    def slow_pca(vectors):
        computed.append(len(vectors))
        sleep(0.1)
        return pca(vectors)

    monkeypatch.setattr(mapping, "pca", slow_pca)
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(map_points, library, space=space) for space in (None, "mfcc") * 4]
        first, *others = [each.result() for each in asked]
    assert computed == [len(first.ids)]
    assert all(each is first for each in others)
