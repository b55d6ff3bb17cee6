"""A seed gives one code on any number of threads, in processes that begin with one or two."""

import os
import subprocess
import sys

import numpy as np
import pytest

from tonotopy.hashing import METHODS, method
from tonotopy.hashing.threads import on_threads, one_thread

WITH_TORCH = {"CNNH", "DNNH", "DQN", "DTQ"}

LEARN = """
import hashlib, sys
import numpy as np
from tonotopy.benchmark.hashing import parse_methods

rng = np.random.default_rng(0)
classes = np.repeat(np.arange(5), 160)
rows = rng.standard_normal((5, 512))[classes] + 2 * rng.standard_normal((800, 512))
rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
y = np.where(rng.random(800) < 0.2, classes, -1)
for name in sys.argv[1:]:
    (each,) = parse_methods(name)
    estimator = each.make(8 if name == "VQ" else 32, 0).fit(rows, y)
    arrays = [array.tobytes() for _, array in sorted(estimator.state().items())]
    arrays.append(estimator.transform(rows).tobytes())
    print(name, hashlib.sha256(b"".join(arrays)).hexdigest())
"""


def learned(names, n_threads):
    many = {
        name: str(n_threads)
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    }
    done = subprocess.run(
        [sys.executable, "-c", LEARN, *names],
        env={**os.environ, **many},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_one_thread_and_two_learn_the_same():
    names = [name for name in METHODS if name not in WITH_TORCH]
    names.append("PosteriorQuantizer(free=diffusion)")
    assert learned(names, 1) == learned(names, 2)


def test_one_thread_and_two_learn_the_same_networks():
    pytest.importorskip("torch")
    names = sorted(WITH_TORCH)
    assert learned(names, 1) == learned(names, 2)


def test_threads_are_as_before_even_where_fitting_fails():
    import faiss
    from threadpoolctl import threadpool_info

    def n_threads():
        return sorted((each["filepath"], each["num_threads"]) for each in threadpool_info())

    before = faiss.omp_get_max_threads()
    try:
        faiss.omp_set_num_threads(2)
        told = n_threads()
        with pytest.raises(ValueError, match="needs two or more"):
            method("PosteriorQuantizer")(8).fit(np.eye(4, dtype=np.float32), np.zeros(4, np.int64))
        assert n_threads() == told
        with one_thread():
            assert {each["num_threads"] for each in threadpool_info()} == {1}
        assert n_threads() == told
    finally:
        faiss.omp_set_num_threads(before)


def test_torch_is_held_too_and_let_go():
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with one_thread(torch):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_what_goes_wrong_in_a_block_is_raised():
    def refuse(block):
        raise ValueError(f"{block.start} is refused")

    with pytest.raises(ValueError, match="0 is refused"):
        on_threads(refuse, iter([slice(0, 2), slice(2, 4)]))
