"""Measure what searching by codes costs beside bare FAISS at the same code size, in one run.

    OMP_NUM_THREADS=1 python benchmarks/codes.py [--n 1000000] [--dim 320] [--bits 64]
        [--methods PQ OPQ ITQ PosteriorQuantizer] [--rounds 10] [--json FILE]
        [--learn 20000]

Bare FAISS is `IndexPQ` for codes that are measured by tables and `IndexBinaryFlat` for codes of
bits, over codes of as many bytes. Product and its rival take turns; what is printed is the median
over rounds of CPU milliseconds for a query, and the median of the paired ratios. ``prepare`` is
what comes before FAISS: the method's forward pass, and where words are not summed, its tables.

Rows are unit vectors around 200 centres by a fixed seed, whose class is their centre. Codes are
those of ``--learn`` rows, repeated and shuffled bytewise to ``--n``: a scan costs the same whatever
the codes are.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from tonotopy.hashing import CodebookHash, Hash, method
from tonotopy.index.codes import Codes
from tonotopy.index.scanning import Scanner

N_QUERIES, DEPTH, N_CLASSES = 20, 500, 50
VARIANTS: dict[str, dict[str, Any]] = {
    "": {},
    "plain": {"graph": False},
    "diffusion": {"free": "diffusion"},
}
METHODS = [
    "PQ",
    "OPQ",
    "ITQ",
    *(f"PosteriorQuantizer{each}" for each in ("", ":plain", ":diffusion")),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=320)
    parser.add_argument("--bits", type=int, default=64)
    parser.add_argument("--learn", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--methods", nargs="+", default=METHODS)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    rows, classes = clouds(options.learn + N_QUERIES, options.dim)
    results: list[dict[str, Any]] = []
    print(f"{options.n} codes of {options.bits} bits, depth {DEPTH}, CPU ms a query")
    print(f"{'method':<24} {'product':>8} {'bare':>8} {'ratio':>6} {'prepare':>8} {'MB':>6}")
    for name in options.methods:
        hasher = fitted(name, options.bits, rows[:-N_QUERIES], classes[:-N_QUERIES])
        result = scan(hasher, rows, options.n, options.rounds)
        results.append({"method": name} | result)
        print(
            f"{name:<24} {result['product_ms']:>8.3f} {result['bare_ms']:>8.3f} "
            f"{result['ratio']:>6.2f} {result['prepare_ms']:>8.3f} {result['mb']:>6.1f}",
            flush=True,
        )
    if options.json is not None:
        options.json.write_text(json.dumps({**vars(options), "json": None, "results": results}))


def clouds(n: int, dim: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Make unit vectors around centres, the same for every seed, and say which.

    They vary in some dimensions more than in others, as embeddings do.
    """
    spectrum = ((1 + np.arange(dim)) ** -0.5).astype(np.float32)
    centres = np.random.default_rng(99).standard_normal((N_CLASSES * 4, dim), dtype=np.float32)
    rng = np.random.default_rng(seed)
    which = rng.integers(len(centres), size=n)
    rows = centres[which]
    rows += rng.standard_normal((n, dim), dtype=np.float32)
    rows *= spectrum
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows, which % N_CLASSES


def fitted(name: str, bits: int, rows: NDArray[np.float32], classes: NDArray[np.int64]) -> Hash:
    """Fit a method, a tenth of the labels known; behind a colon stands a variant."""
    y = np.where(np.arange(len(rows)) % 10, -1, classes)
    name, _, variant = name.partition(":")
    return method(name)(n_bits=bits, **VARIANTS[variant]).fit(rows, y)


def scan(hasher: Hash, rows: NDArray[np.float32], n: int, rounds: int) -> dict[str, float]:
    """Compare scanning codes through the index with bare FAISS over the same codes."""
    rng = np.random.default_rng(1)
    learned = hasher.transform(rows[:-N_QUERIES])
    places = rng.integers(len(learned), size=(n, learned.shape[1]))
    codes = np.take_along_axis(learned, places, axis=0)
    index = Codes(np.arange(n), Scanner(codes, hasher), "cosine")
    queries = rows[-N_QUERIES:]
    bare, asked = rival(codes, hasher, queries)
    product, other, prepare = [], [], []
    for _ in range(rounds):
        product.append(cpu_ms(lambda each: index.propose(queries[each], DEPTH)))
        other.append(cpu_ms(lambda each: bare.search(asked[each], DEPTH)))
        prepare.append(cpu_ms(lambda each: index.scanner._asked(queries[each])))
    ratios = np.array(product) / np.array(other)
    return {
        "product_ms": float(np.median(product)),
        "bare_ms": float(np.median(other)),
        "ratio": float(np.median(ratios)),
        "prepare_ms": float(np.median(prepare)),
        "mb": codes.nbytes / 1e6,
    }


def rival(
    codes: NDArray[np.uint8], hasher: Hash, queries: NDArray[np.float32]
) -> tuple[Any, NDArray[Any]]:
    """Make bare FAISS over codes, and what it is asked."""
    if not isinstance(hasher, CodebookHash):
        bits = faiss.IndexBinaryFlat(hasher.n_bits)
        bits.add(codes)
        return bits, hasher.transform(queries)
    dim, n_bytes = queries.shape[1], codes.shape[1]
    bare = faiss.IndexPQ(dim, n_bytes, 8)
    words = np.random.default_rng(2).standard_normal((n_bytes, 256, dim // n_bytes))
    faiss.copy_array_to_vector(words.astype(np.float32).ravel(), bare.pq.centroids)
    faiss.copy_array_to_vector(codes.ravel(), bare.codes)
    bare.ntotal, bare.is_trained = len(codes), True
    return bare, queries


def cpu_ms(search: Callable[[slice], Any]) -> float:
    """Ask every query alone; CPU milliseconds for one."""
    started = time.process_time()
    for number in range(N_QUERIES):
        search(slice(number, number + 1))
    return 1e3 * (time.process_time() - started) / N_QUERIES


if __name__ == "__main__":
    main()
