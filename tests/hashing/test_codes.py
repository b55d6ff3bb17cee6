"""Bits in bytes, and sums of table entries."""

import faiss
import numpy as np

from tonotopy.hashing.codes import hamming_distances, pack_signs, sum_tables


def test_signs_are_packed_by_hand():
    values = np.array([[1, -1, 0, 2, -3, 0, 0, 5, 1, 1, -1, -1, -1, -1, -1, -1]], float)
    np.testing.assert_array_equal(pack_signs(values), [[0b10010001, 0b11000000]])


def test_sums_agree_with_the_slow_loop_across_blocks():
    rng = np.random.default_rng(0)
    tables = rng.standard_normal((3, 4, 256)).astype(np.float32)
    codes = rng.integers(256, size=(70_000, 4), dtype=np.uint8)
    summed = sum_tables(tables, codes)
    for item in (0, 65_535, 65_536, 69_999):
        for query in range(3):
            slow = np.float32(0)
            for book, word in enumerate(codes[item]):
                slow += tables[query, book, word]
            assert summed[query, item] == slow


def test_sums_agree_with_faiss_scanning_the_same_tables():
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((2000, 16)).astype(np.float32)
    index = faiss.IndexPQ(16, 4, 8)
    index.train(rows)
    index.add(rows)
    codes = index.pq.compute_codes(rows)
    tables = np.empty((5, 4, 256), np.float32)
    index.pq.compute_distance_tables(5, faiss.swig_ptr(rows), faiss.swig_ptr(tables))
    distances, ids = index.search(rows[:5], 10)
    found = np.take_along_axis(sum_tables(tables, codes), ids, axis=1)
    np.testing.assert_allclose(found, distances, rtol=1e-5)


def test_hamming_distances_agree_with_faiss():
    rng = np.random.default_rng(2)
    a = rng.integers(256, size=(6, 8), dtype=np.uint8)
    b = rng.integers(256, size=(50, 8), dtype=np.uint8)
    index = faiss.IndexBinaryFlat(64)
    index.add(b)
    distances, ids = index.search(a, 50)
    measured = np.take_along_axis(hamming_distances(a, b), ids, axis=1)
    np.testing.assert_array_equal(measured, distances)
