"""Figures and maps of codes."""

import json
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from tonotopy import project
from tonotopy.benchmark import Features, benchmark_hashing, parse_methods
from tonotopy.benchmark.hashing_maps import cells_to_map, cluster_purity, map_codes
from tonotopy.benchmark.hashing_plots import draw_figures, figure_class
from tonotopy.errors import MissingExtra

METHODS = "PQ,ITQ,PosteriorQuantizer(graph=False)"


@pytest.fixture
def features():
    rng = np.random.default_rng(0)
    classes = np.repeat(np.arange(3), 20)
    vectors = 4 * np.eye(3, 6)[classes] + 0.3 * rng.standard_normal((60, 6))
    return Features("corners", vectors.astype(np.float32), classes.astype(str))


@pytest.fixture
def linear_maps(monkeypatch):
    """Lay out by principal components: UMAP has tests of its own, and takes half a minute."""

    def lay_out(vectors, **_):
        return project.Layout(project.pca(vectors).coordinates, "pca")

    monkeypatch.setattr("tonotopy.benchmark.hashing_maps.project.umap", lay_out)


@pytest.mark.usefixtures("linear_maps")
def test_classes_that_codes_tell_apart_are_clusters_of_the_map(features):
    results = benchmark_hashing(features, methods=METHODS, bits=[8, 16], seeds=2)
    cells = cells_to_map(results, "PQ")
    assert [(each.method, each.bits, each.seed) for each in cells[:2]] == [
        ("exact cosine", 0, 0),
        ("PQ", 16, 0),
    ]
    for cell in cells:
        drawn = map_codes(features, cell, parse_methods(METHODS))
        assert drawn.coordinates.shape == (42, 2)
        assert drawn.purity == 1.0


def test_what_is_the_best_method_is_mapped_beside_the_baseline(features):
    rng = np.random.default_rng(1)
    noisy = Features("noise", features.vectors + 3 * rng.standard_normal((60, 6)), features.y)
    results = benchmark_hashing(noisy, methods=METHODS, bits=[8], labelled=[1.0], seeds=1)
    values = {each.cell.method: each.scores[0].measures["mAP"] for each in results.cells[2:]}
    assert cells_to_map(results, "ITQ")[-1].method == max(values, key=values.get)


def test_purity_by_hand():
    """Two clusters, of classes 0, 0, 1 and of 1, 1: four of five points are of the main class."""
    points = np.array([[0, 0], [0, 1], [1, 0], [20, 20], [20, 21]], np.float32)
    assert cluster_purity(points, np.array([0, 0, 1, 1, 1])) == pytest.approx(4 / 5)
    assert cluster_purity(np.zeros((4, 2), np.float32), np.array([0, 1, 1, 1])) == 0.75


@pytest.mark.usefixtures("linear_maps")
def test_figures_are_drawn_with_a_line_a_method(features, tmp_path):
    pytest.importorskip("matplotlib", reason="the extra plots is not installed")
    results = benchmark_hashing(features, methods=METHODS, bits=[8, 16], seeds=2)
    draw_figures(features, results, tmp_path, methods=parse_methods(METHODS), baseline="PQ")
    figures = {each.stem: each.read_text() for each in tmp_path.glob("*.svg")}
    assert set(figures) == {"by_bits", "by_labels", "by_rank", "precision_recall", "map"}
    for name, text in figures.items():
        ElementTree.fromstring(text)
        if name != "map":
            for label in ("exact cosine", *(each.label for each in parse_methods(METHODS))):
                assert f"<!-- {label} -->" in text
    purities = json.loads((tmp_path / "map.json").read_text())
    assert {each["purity"] for each in purities} == {1.0}


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"pip install 'tonotopy\[plots\]'"):
        figure_class()
