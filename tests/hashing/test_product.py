"""Product quantization against FAISS's own, and what turning is worth."""

import faiss
import numpy as np
import pytest

from tonotopy.hashing import OPQ, PQ, VQ
from tonotopy.hashing.product import deal


def rows_of(n=1500, dim=24, seed=0):
    """Gaussian, with variance that falls and stands askew to the features."""
    rng = np.random.default_rng(seed)
    turned = np.linalg.qr(rng.standard_normal((dim, dim)))[0]
    return ((rng.standard_normal((n, dim)) * np.geomspace(3, 0.2, dim)) @ turned).astype(np.float32)


def error(method, X):
    return ((X - method.inverse_transform(method.transform(X))) ** 2).sum(axis=1).mean()


@pytest.mark.parametrize("n_bits", [8, 24, 64])
def test_pq_is_faiss_own_word_for_word(n_bits):
    X = rows_of()
    ours = PQ(n_bits, random_state=5).fit(X)
    theirs = faiss.ProductQuantizer(24, n_bits // 8, 8)
    theirs.cp.seed = ours._seed()
    theirs.cp.min_points_per_centroid = 1
    theirs.train(X)
    words = faiss.vector_to_array(theirs.centroids).reshape(ours.codebooks_.shape)
    np.testing.assert_array_equal(ours.codebooks_, words)
    np.testing.assert_array_equal(ours.transform(X), theirs.compute_codes(X))
    decoded = ours.inverse_transform(ours.transform(X))
    np.testing.assert_array_equal(decoded, theirs.decode(theirs.compute_codes(X)))


def test_pq_tables_are_those_of_faiss():
    X = rows_of()
    ours = PQ(32).fit(X)
    theirs = np.empty((9, 4, 256), np.float32)
    ours._quantizer().compute_distance_tables(9, faiss.swig_ptr(X), faiss.swig_ptr(theirs))
    np.testing.assert_allclose(ours.lookup_tables(X[:9]), theirs, atol=1e-4)


def test_pq_distances_are_squared_euclidean_to_what_codes_stand_for():
    X = rows_of()
    method = PQ(40).fit(X)  # 24 features do not come out even in 5 parts
    codes = method.transform(X[:50])
    apart = X[:6, None].astype(np.float64) - method.inverse_transform(codes)
    np.testing.assert_allclose(
        method.distances(X[:6], codes), (apart**2).sum(axis=2), rtol=1e-4, atol=1e-4
    )


def test_pq_words_are_the_nearest_by_the_slow_loop():
    X = rows_of(400)
    method = PQ(24).fit(X)
    for row, code in zip(X[:40], method.transform(X[:40]), strict=True):
        for part, words, word in zip(np.split(row, 3), method.codebooks_, code, strict=True):
            apart = ((words - part) ** 2).sum(axis=1)
            assert apart[word] <= apart.min() + 1e-4


def test_vq_is_pq_in_one_part():
    X = rows_of()
    np.testing.assert_array_equal(VQ().fit(X).transform(X), PQ(8).fit(X).transform(X))


def test_vq_beyond_a_byte_is_refused_with_a_way_out():
    with pytest.raises(ValueError, match="n_bits=16, but VQ has 8; PQ and RQ"):
        VQ(16).fit(rows_of())


def test_error_falls_with_bits():
    X = rows_of()
    errors = [error(PQ(n_bits).fit(X), X) for n_bits in (8, 24, 64)]
    assert errors[0] > 1.3 * errors[1] > 1.3**2 * errors[2]


def test_opq_loses_less_than_pq_and_than_faiss_from_a_random_start():
    X = rows_of()
    turning = faiss.OPQMatrix(24, 4)
    turning.niter = 15
    turning.train(X)
    turned = turning.apply(X)
    theirs = faiss.ProductQuantizer(24, 4, 8)
    theirs.train(turned)
    back = theirs.decode(theirs.compute_codes(turned))
    ours = error(OPQ(32).fit(X), X)
    assert ours < 0.85 * error(PQ(32).fit(X), X)
    assert ours < 1.01 * ((turned - back) ** 2).sum(axis=1).mean()


def test_turning_lowers_the_error_of_dealt_components():
    X = rows_of(seed=3) ** 3  # not Gaussian: dealing alone is not the best
    assert error(OPQ(32, n_turns=15).fit(X), X) < error(OPQ(32, n_turns=0).fit(X), X)


def test_opq_directions_stay_orthogonal():
    directions = OPQ(32).fit(rows_of()).directions_
    np.testing.assert_allclose(directions @ directions.T, np.eye(24), atol=1e-4)


def test_opq_leaves_out_what_lies_beyond_its_components():
    X = rows_of()
    method = OPQ(16, n_components=9).fit(X)
    assert method.directions_.shape == (8, 24)
    codes = method.transform(X[:30])
    apart = ((X[:4, None] - method.inverse_transform(codes)) ** 2).sum(axis=2)
    left_out = apart - method.distances(X[:4], codes)
    np.testing.assert_allclose(left_out, left_out[:, :1] @ np.ones((1, 30)), atol=1e-3)


def test_dealt_parts_have_products_alike():
    variances = np.geomspace(100, 0.01, 32)
    parts = deal(variances, 4).reshape(4, 8)
    assert sorted(parts.ravel()) == list(range(32))
    logs = np.log(variances)[parts].sum(axis=1)
    assert np.ptp(logs) < 0.1 * np.ptp(np.log(variances))


@pytest.mark.parametrize(
    "params", [{"n_iter": 0}, {"n_components": 0}, {"n_turns": -1}], ids=lambda p: next(iter(p))
)
def test_numbers_that_leave_nothing_to_do_are_refused(params):
    with pytest.raises(ValueError, match=f"{next(iter(params))}="):
        OPQ(16, **params).fit(rows_of(300))
