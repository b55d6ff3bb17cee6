"""Vectors as sounds make them: crowded in some places, empty in others, long in some directions."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from tonotopy.hashing import method
from tonotopy.index import LEARNED, Fetch, Index, index_class
from tonotopy.index.engine import points
from tonotopy.index.flat import Flat

Vectors = NDArray[np.float32]


class Built(NamedTuple):
    """An index with what it was built from."""

    index: Index
    exact: Flat
    ids: NDArray[np.int64]
    vectors: Vectors
    fetch: Fetch


def fetch_from(ids: NDArray[np.int64], vectors: Vectors) -> Fetch:
    """Read vectors as the catalog keeps them, in float16, and hold the caller to its word."""

    def fetch(wanted: NDArray[np.int64]) -> Vectors:
        assert wanted.dtype == np.int64
        assert (np.diff(wanted) > 0).all(), "ids must ascend and not repeat"
        positions = np.searchsorted(ids, wanted)
        np.testing.assert_array_equal(ids[positions], wanted)
        return vectors[positions].astype(np.float16).astype(np.float32)

    return fetch


def build_index(kind: str, ids, vectors, *, metric: str, recall: float = 0.99) -> Index:
    """Build an index of any kind, over codes where it is one of codes."""
    options = {} if kind == "flat" else {"recall": recall}
    if kind in LEARNED:
        finite = np.nan_to_num(np.asarray(vectors, np.float32), posinf=0)
        rows = points(finite, "cosine" if metric == "cosine" else "euclidean")
        rows = rows if len(rows) else np.eye(vectors.shape[1], dtype=np.float32)
        options["hasher"] = method("PQ")(n_bits=64).fit(rows)
    return index_class(kind).build(ids, vectors, metric=metric, **options)


@pytest.fixture(scope="session")
def clustered() -> Callable[..., Vectors]:
    """Make (n, dim) vectors around centres of very unequal weight and width, off the origin."""

    def make(n: int, dim: int = 32, seed: int = 0) -> Vectors:
        places = np.random.default_rng(99)  # the same for every seed: seeds draw from one world
        spectrum = (1 + np.arange(dim)) ** -0.5
        centres = 0.5 + places.standard_normal((40, dim)) * spectrum
        widths = places.uniform(0.1, 0.7, 40)
        weights = places.pareto(1.5, 40) + 0.1
        rng = np.random.default_rng(seed)
        which = rng.choice(40, n, p=weights / weights.sum())
        apart = rng.standard_normal((n, dim)) * spectrum * widths[which, np.newaxis]
        return (centres[which] + apart).astype(np.float32)

    return make


@pytest.fixture(scope="session")
def window_ids() -> Callable[[int], NDArray[np.int64]]:
    """Make n ids as a library has them: ascending, with gaps, never 0, 1, 2, ..."""

    def make(n: int) -> NDArray[np.int64]:
        return 1000 + np.cumsum(np.random.default_rng(5).integers(1, 4, n), dtype=np.int64)

    return make


@pytest.fixture(scope="session")
def built(clustered, window_ids) -> Callable[..., Built]:
    """Build an index over n clustered vectors, once for all tests that want the same."""

    @cache
    def build(kind: str, metric: str, n: int, dim: int = 32) -> Built:
        ids, vectors = window_ids(n), clustered(n, dim)
        return Built(
            build_index(kind, ids, vectors, metric=metric),
            Flat.build(ids, vectors, metric=metric),
            ids,
            vectors,
            fetch_from(ids, vectors),
        )

    return build


@pytest.fixture(scope="session")
def fetching() -> Callable[[NDArray[np.int64], Vectors], Fetch]:
    """Make a ``fetch`` over vectors."""
    return fetch_from


@pytest.fixture(scope="session")
def building() -> Callable[..., Index]:
    """Build an index of any kind."""
    return build_index
