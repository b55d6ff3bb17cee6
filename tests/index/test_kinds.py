"""Which kind of index a library gets, and how other packages add theirs."""

import os
import subprocess
import sys
from importlib.metadata import EntryPoint

import numpy as np
import pytest

import tonotopy.index
from tonotopy.errors import QueryError
from tonotopy.index import choose, index_class, kinds
from tonotopy.index.flat import Flat
from tonotopy.index.rows import positions_of


@pytest.mark.parametrize(
    ("n", "dim", "metric", "expected"),
    [
        (0, 320, "cosine", "flat"),
        (78_124, 320, "cosine", "flat"),
        (78_125, 320, "cosine", "ivf-rabitq"),
        (78_125, 320, "euclidean", "ivf-rabitq"),
        (10_000_000, 320, "dot", "flat"),
    ],
)
def test_search_is_exact_up_to_a_hundred_megabytes(n, dim, metric, expected):
    assert choose(n, dim, metric) == expected


def test_a_kind_that_is_wanted_is_taken():
    assert choose(5, 320, "cosine", "hnsw") == "hnsw"


@pytest.mark.parametrize(
    "ask", [lambda: choose(5, 3, "cosine", "annoy"), lambda: index_class("annoy")]
)
def test_an_unknown_kind_is_refused_with_the_choices(ask):
    with pytest.raises(QueryError, match="'annoy'; choose auto, flat, ivf-rabitq, hnsw"):
        ask()


def test_a_plugin_adds_a_kind_but_replaces_none(monkeypatch):
    plugins = [
        EntryPoint("mine", "tonotopy.index.flat:Flat", "tonotopy.indexes"),
        EntryPoint("hnsw", "tonotopy.index.flat:Flat", "tonotopy.indexes"),
    ]

    def entry_points(group, name=None):
        assert group == "tonotopy.indexes"
        return [plugin for plugin in plugins if name in (None, plugin.name)]

    monkeypatch.setattr(tonotopy.index, "entry_points", entry_points)
    assert kinds() == ["flat", "ivf-rabitq", "hnsw", "codes", "codes-ivf", "codes-imi", "mine"]
    assert choose(5, 3, "cosine", "mine") == "mine"
    assert index_class("mine") is Flat
    assert index_class("hnsw") is not Flat


@pytest.mark.parametrize("gap", [1, 3, 1000])
def test_positions_are_found_in_dense_and_in_sparse_ids(gap):
    rng = np.random.default_rng(gap)
    ids = 50 + gap * np.arange(300)
    wanted = np.concatenate([rng.choice(ids, 40), [0, 49, 51 + gap * 400, -3], ids[[0, -1]]])
    expected = [position for position, held in enumerate(ids) if held in set(wanted)]
    np.testing.assert_array_equal(positions_of(ids, wanted), expected)


def test_positions_of_nothing_or_in_nothing_are_none():
    nothing = np.empty(0, np.int64)
    assert positions_of(nothing, np.array([1])).size == 0
    assert positions_of(np.array([1]), nothing).size == 0


def test_exact_search_loads_nothing_heavy():
    script = """
import sys
import numpy as np
from tonotopy.index import choose, index_class
index = index_class(choose(3, 3, "cosine")).build(np.arange(3), np.eye(3), metric="cosine")
index.search(np.eye(3), 2)
print(*{"faiss", "scipy", "sklearn", "umap"} & {*sys.modules})
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.split() == []
