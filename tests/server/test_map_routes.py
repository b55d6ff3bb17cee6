"""The map: coordinates and colours as raw arrays, read as the page reads them."""

from concurrent.futures import ThreadPoolExecutor
from time import sleep

import numpy as np
import pytest

from tonotopy import catalog
from tonotopy.explore import map_points, mapping
from tonotopy.project import pca


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


def test_what_has_no_label_has_no_colour(make_library, serve_library):
    library = make_library({f"{n}.wav": np.eye(3, 8)[n : n + 1] for n in range(3)})
    with library.write() as connection:
        catalog.set_labels(connection, {2: "bell"}, provenance="person")
    client = serve_library(library)
    codes = np.frombuffer(client.get("/api/v1/map/colors").content, "<u2")
    assert codes.tolist() == [65_535, 0, 65_535]
    assert client.get("/api/v1/map/legend").json() == [{"name": "bell", "n": 1}]
    with library.write() as connection:  # labels do not change the map, only its colours
        catalog.set_labels(connection, {1: "bell", 2: None}, provenance="person")
    codes = np.frombuffer(client.get("/api/v1/map/colors").content, "<u2")
    assert codes.tolist() == [0, 65_535, 65_535]


def test_a_label_of_an_interval_colours_the_windows_that_carry_it(make_library, serve_library):
    library = make_library({"long.wav": np.eye(6, 8), "other.wav": np.eye(2, 8)})
    with library.write() as connection:
        catalog.set_labels(connection, {1: "rain"}, provenance="person")
        connection.exec_driver_sql("UPDATE annotations SET start_s = 1.2, end_s = 1.6")
        catalog.set_labels(connection, {2: "wind"}, provenance="folder")
    client = serve_library(library)
    # [0.5, 1.5) shares 0.3 s of its 0.4, [1, 2) all of it, [1.5, 2.5) only 0.1 s
    codes = np.frombuffer(client.get("/api/v1/map/colors?of=windows").content, "<u2").tolist()
    assert codes == [65_535, 0, 0, 65_535, 65_535, 65_535, 1, 1]
    legend = client.get("/api/v1/map/legend?of=windows").json()
    assert legend == [{"name": "rain", "n": 2}, {"name": "wind", "n": 2}]
    of_recordings = client.get("/api/v1/map/colors").content
    assert np.frombuffer(of_recordings, "<u2").tolist() == [0, 1]


def test_only_the_most_common_groups_have_colours(make_library, serve_library, monkeypatch):
    monkeypatch.setattr("tonotopy.explore.colouring.MAX_GROUPS", 2)
    library = make_library({f"{number}.wav": np.eye(8)[[number]] for number in range(6)})
    with library.write() as connection:
        labels = dict(enumerate(("b", "c", "b", "a", "c", "d"), start=1))
        catalog.set_labels(connection, labels, provenance="person")
    client = serve_library(library)
    assert [each["name"] for each in client.get("/api/v1/map/legend").json()] == ["b", "c"]
    codes = np.frombuffer(client.get("/api/v1/map/colors").content, "<u2").tolist()
    assert codes == [0, 1, 0, 65_535, 1, 65_535]


def test_colours_of_a_stored_layout_are_those_of_its_points(make_library, serve_library):
    library = make_library({f"folder {n % 2}/{n}.wav": np.eye(8)[[n, n]] for n in range(5)})
    with library.write() as connection:
        ids = np.array([9, 2, 5, 700, 1])  # in an order of its own, one of them gone
        catalog.put_analysis(
            connection,
            space_id=1,
            kind="projection",
            name="umap",
            item_kind="windows",
            parameters={},
            generation=1,
            values={"ids": ids, "coordinates": np.zeros((5, 2), np.float32)},
        )
    client = serve_library(library)
    asked = {"of": "windows", "projection": "umap", "by": "folder"}
    points = read_map(client.get("/api/v1/map", params=asked).content)[1].tolist()
    codes = np.frombuffer(client.get("/api/v1/map/colors", params=asked).content, "<u2").tolist()
    legend = client.get("/api/v1/map/legend", params=asked).json()
    assert sorted(points) == [1, 2, 5, 9]
    for window, code in zip(points, codes, strict=True):
        assert legend[code]["name"] == client.get(f"/api/v1/windows/{window}").json()["folder"]
    assert sum(entry["n"] for entry in legend) == 4


def test_principal_components_are_always_ready_and_umap_is_not(client):
    projections = client.get("/api/v1/map/projections").json()
    assert projections == [
        {"name": "pca", "ready": True, "behind": 0, "job": None},
        {"name": "umap", "ready": False, "behind": 0, "job": None},
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


@pytest.mark.parametrize("of", ["recordings", "windows"])
def test_points_whose_file_is_gone_are_told(client, sounds, of):
    points = client.get("/api/v1/map", params={"of": of})
    told = client.get("/api/v1/map/missing", params={"of": of})
    assert told.headers["x-map-version"] == points.headers["x-map-version"]
    ids = read_map(points.content)[1]
    gone = ids[np.frombuffer(told.content, "u1") == 1].tolist()
    described = [client.get(f"/api/v1/{of}/{number}").json() for number in gone]
    assert {each["name"] for each in described} == {"gone.wav"}
    assert all(each["missing"] for each in described)


@pytest.mark.parametrize("of", ["recordings", "windows"])
def test_a_projection_says_how_many_came_after_it(make_library, serve_library, of):
    library = make_library({f"{number}.wav": np.eye(8)[[number, 0]] for number in range(5)})
    shown = {"recordings": [1, 2, 4], "windows": [1, 2, 3, 4, 7, 8]}[of]
    with library.write() as connection:
        catalog.put_analysis(
            connection,
            space_id=1,
            kind="projection",
            name="umap",
            item_kind=of,
            parameters={},
            generation=catalog.find_space(connection).generation - 1,
            values={"ids": np.array(shown), "coordinates": np.zeros((len(shown), 2), "f4")},
        )
    client = serve_library(library)
    told = client.get("/api/v1/map/projections", params={"of": of}).json()
    behind = {"recordings": 2, "windows": 4}[of]
    assert [(each["name"], each["behind"]) for each in told] == [("pca", 0), ("umap", behind)]


def test_a_trajectory_is_the_windows_of_a_recording_in_order_of_time(make_library, serve_library):
    library = make_library({"a.wav": np.eye(4), "b.wav": np.eye(3, 4)})
    with library.write() as connection:
        space = catalog.find_space(connection)
        vector = np.ones(4, "<f2").tobytes()
        apart = [(channel, n, n / 2, n / 2 + 1, vector) for n in (1, 0) for channel in (1, 0)]
        catalog.put_windows(connection, space, 2, apart)  # ids 8 to 11, of two channels
    client = serve_library(library)

    def trajectory(number):
        answer = client.get(f"/api/v1/map/trajectory?recording_id={number}")
        return np.frombuffer(answer.content, "<u4").tolist()

    assert trajectory(1) == [1, 2, 3, 4]
    assert trajectory(2) == [11, 9, 0, 10, 8]
    with library.write() as connection:
        catalog.put_windows(connection, space, 1, [])
    assert trajectory(1) == []
    assert client.get("/api/v1/map/trajectory?recording_id=9").status_code == 404


def test_a_path_leads_from_one_recording_to_another(client, sounds):
    first, last = min(sounds.ids.values()), max(sounds.ids.values())
    asked = {"start": first, "end": last, "steps": 3}
    path = client.get("/api/v1/map/between", params=asked).json()
    assert (path[0], path[-1], len(set(path))) == (first, last, 5)
    answer = client.get("/api/v1/map/between", params={**asked, "end": 999})
    assert answer.status_code == 404
    assert "there is no recording 999" in answer.json()["error"]
