"""Cells of codes: the same codes are found as by scanning all of them, from a part of the cells."""

import numpy as np
import pytest

from tonotopy.hashing import method
from tonotopy.index import LEARNED, index_class
from tonotopy.index.cache import Source, load_cached, store
from tonotopy.index.cells import Cells, coordinates_of, table_coordinates
from tonotopy.index.codes import Codes
from tonotopy.index.engine import points
from tonotopy.index.flat import Flat
from tonotopy.index.scanning import CellScanner, Scanner, holds_nearly_all

N, DIM = 6000, 32
METHODS = ["PQ", "RQ", "ITQ", "PosteriorQuantizer"]

every_method = pytest.mark.parametrize("name", METHODS)
every_partition = pytest.mark.parametrize("n_parts", [1, 2])


@pytest.fixture(scope="module")
def coded(clustered):
    """Fit a method on a thousand vectors, and encode them all, once for each."""
    rows = points(clustered(N, DIM), "cosine")
    y = np.where(np.arange(1000) % 3, (rows[:1000, :2] > 0.2) @ [1, 2], -1)
    made = {}

    def encode(name):
        if name not in made:
            hasher = method(name)(n_bits=32).fit(rows[:1000], y)
            made[name] = hasher, hasher.transform(rows), rows
        return made[name]

    return encode


@every_method
@every_partition
def test_all_cells_hold_what_all_codes_are(name, n_parts, coded, clustered):
    hasher, codes, rows = coded(name)
    cells = CellScanner.learn(codes, hasher, rows[:500], n_parts)
    cells.n_probes = len(cells.cells)
    queries = points(clustered(5, DIM, seed=4), "cosine")
    expected = Scanner(codes, hasher).search(queries, 50)
    found = cells.search(queries, 50)
    np.testing.assert_array_equal(found.distances, expected.distances)
    for row in found.positions:
        assert len(np.unique(row)) == 50


@every_method
@every_partition
def test_few_cells_hold_nearly_all_of_the_nearest_codes(name, n_parts, coded, clustered):
    hasher, codes, rows = coded(name)
    cells = CellScanner.learn(codes, hasher, rows[:500], n_parts)
    every = Scanner(codes, hasher)
    tuning, queries = (points(clustered(100, DIM, seed=seed), "cosine") for seed in (4, 5))
    expected = every.search(tuning, 20)
    cells.tune(tuning, 20, lambda found: holds_nearly_all(found, expected))
    assert cells.n_probes <= len(cells.cells) / 2, "cells say little about what is near"
    last = every.search(queries, 20).distances[:, -1:]
    assert (cells.search(queries, 20).distances <= last).mean() >= 0.97


@every_partition
def test_a_search_is_never_short_of_codes(n_parts, coded, clustered):
    hasher, codes, rows = coded("PQ")
    cells = CellScanner.learn(codes[:400], hasher, rows[:400], n_parts)
    found = cells.search(points(clustered(3, DIM, seed=4), "cosine"), 400)
    for row in found.positions:
        np.testing.assert_array_equal(np.sort(row), np.arange(400))


def test_pairs_of_cells_are_probed_in_the_order_of_their_sums():
    rng = np.random.default_rng(0)
    centres = [rng.standard_normal((13, 3)).astype(np.float32) for _ in range(2)]
    cells = Cells(table_coordinates(rng.random((9, 2, 256), np.float32)), centres)
    asked = rng.standard_normal((4, 6)).astype(np.float32)
    for n_probes in (1, 2, 7, 40, 168, 169):
        for query, probed in zip(asked, cells.nearest(asked, n_probes), strict=True):
            sums = (centres[0] @ query[::2])[:, None] + centres[1] @ query[1::2]
            expected = np.argsort(-sums.ravel())[:n_probes]
            assert sorted(probed) == sorted(expected.tolist())


@every_method
def test_coordinates_tell_what_distances_tell(name, coded):
    hasher, codes, rows = coded(name)
    where = coordinates_of(hasher, rows[:500])
    asked = rows[600:640]
    measured = hasher.distances(asked, codes[:300])
    if hasattr(hasher, "lookup_tables"):
        asked = where.of_queries(-hasher.lookup_tables(asked).reshape(40, -1))
    else:
        asked = where.of_queries(hasher.transform(asked))
    near = asked @ where.of_codes(codes[:300]).T
    for one, other in zip(near, measured, strict=True):
        assert np.corrcoef(one, -other)[0, 1] > 0.98


@pytest.mark.parametrize("kind", [each for each in LEARNED if each != "codes"])
@pytest.mark.parametrize("name", ["PQ", "ITQ"])
def test_new_windows_come_into_the_cells_there_are(kind, name, coded, clustered, tmp_path):
    hasher, codes, _ = coded(name)
    ids, vectors = np.arange(10, 10 + N), clustered(N, DIM)
    index = index_class(kind).build(ids, vectors, metric="cosine", hasher=hasher)
    assert isinstance(index, Codes)
    assert isinstance(index.scanner, CellScanner)
    new = clustered(3, DIM, seed=9)
    later = index.updated(ids[:100], np.array([3, 5, 10**6]), new)
    np.testing.assert_array_equal(later.ids, [3, 5, *ids[100:], 10**6])
    np.testing.assert_array_equal(later.codes[2:-1], codes[100:])
    np.testing.assert_array_equal(later.scanner.cell_of[2:-1], index.scanner.cell_of[100:])
    exact = Flat.build(later.ids, np.vstack([new[:2], vectors[100:], new[2:]]), metric="cosine")
    for window, vector in zip((3, 5, 10**6), new, strict=True):
        assert window in later.propose(vector[np.newaxis], 300).ids
        assert exact.search(vector[np.newaxis], 1).ids[0, 0] == window
    source = Source("library-1", space_id=3, fingerprint="f model 1", metric="cosine", dim=DIM)
    store([tmp_path], source, kind, later, generation=7)
    loaded, _ = load_cached([tmp_path], source, kind, generation=7)
    assert (loaded.scanner.n_probes, loaded.effort) == (later.scanner.n_probes, later.effort)
    queries = clustered(5, DIM, seed=1)
    for before, after in zip(later.propose(queries, 9), loaded.propose(queries, 9), strict=True):
        np.testing.assert_array_equal(before, after)


def test_cells_of_other_codes_are_refused(coded):
    hasher, codes, rows = coded("PQ")
    arrays = CellScanner.learn(codes[:400], hasher, rows[:400], 1).arrays()
    with pytest.raises(ValueError, match="do not belong together"):
        CellScanner.of_arrays(arrays | {"cells": arrays["cells"][:-1]}, hasher)
    with pytest.raises(ValueError, match="do not belong together"):
        CellScanner.of_arrays(arrays | {"cells": arrays["cells"] + 10**6}, hasher)
