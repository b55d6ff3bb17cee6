"""Residual quantization against FAISS's own, the slow loop, and what its distance means."""

import faiss
import numpy as np
import pytest

from tonotopy.hashing import PQ, RQ


def unit_rows(n=1500, dim=24, seed=0):
    rng = np.random.default_rng(seed)
    rows = (rng.standard_normal((n, dim)) * np.geomspace(3, 0.2, dim)) @ np.linalg.qr(
        rng.standard_normal((dim, dim))
    )[0]
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def error(method, X):
    return ((X - method.inverse_transform(method.transform(X))) ** 2).sum(axis=1).mean()


def test_one_book_is_vector_quantization():
    X = unit_rows()
    assert error(RQ(8).fit(X), X) == pytest.approx(error(PQ(8).fit(X), X), rel=1e-5)


def test_error_is_not_above_that_of_faiss():
    X = unit_rows()
    theirs = faiss.ResidualQuantizer(24, 4, 8)
    theirs.cp.min_points_per_centroid = 1
    theirs.max_beam_size = 8
    theirs.train(X)
    decoded = theirs.decode(theirs.compute_codes(X))
    assert error(RQ(32).fit(X), X) <= 1.02 * ((X - decoded) ** 2).sum(axis=1).mean()


def test_error_falls_with_every_book_and_below_that_of_pq():
    X = unit_rows()
    errors = [error(RQ(n_bits).fit(X), X) for n_bits in (8, 16, 24, 32)]
    assert (np.diff(errors) < 0).all()
    assert errors[-1] < error(PQ(32).fit(X), X)


def test_a_beam_of_one_takes_the_nearest_word_each_time():
    X = unit_rows(600)
    method = RQ(24, beam=1).fit(X)
    for row, code in zip(X[:60], method.transform(X[:60]), strict=True):
        left = row.copy()
        for words, word in zip(method.codebooks_, code, strict=True):
            apart = ((words - left) ** 2).sum(axis=1)
            assert apart[word] <= apart.min() + 1e-5
            left -= words[word]


def test_a_beam_finds_better_sums_than_the_nearest_words():
    X = unit_rows()
    method = RQ(32).fit(X)
    greedy = RQ(32, beam=1).from_state(method.state())
    greedy.beam = 1
    assert error(method, X) < 0.99 * error(greedy, X)


def test_distance_is_minus_the_inner_product_with_what_codes_stand_for():
    X = unit_rows()
    method = RQ(32).fit(X)
    codes = method.transform(X[:50])
    np.testing.assert_allclose(
        method.distances(X[:6], codes), -X[:6] @ method.inverse_transform(codes).T, atol=1e-6
    )


def test_a_beam_of_nothing_is_refused():
    with pytest.raises(ValueError, match="beam=0 must be at least 1"):
        RQ(beam=0).fit(unit_rows(20))


def test_of_very_many_rows_a_sample_is_learned_from(monkeypatch):
    monkeypatch.setattr("tonotopy.hashing.residual._MOST_ROWS", 200)
    X = unit_rows(600)
    method = RQ(8, random_state=1).fit(X)  # 200 rows are fewer than words, and kept exactly
    kept = (X[:, None] == method.codebooks_[0]).all(axis=2).any(axis=1)
    assert kept.sum() == 200
    assert kept[:300].any()
    assert kept[300:].any()
    np.testing.assert_array_equal(RQ(8, random_state=1).fit(X).codebooks_, method.codebooks_)
