"""Count and measure what a query costs: all vectors compared, or codes of them.

    OMP_NUM_THREADS=1 python benchmarks/paper/complexity.py [--items 1000000] [--dim 1024]
        [--bits 64] [--classes 41]

Counted are multiplications and look-ups, as the paper counts them: comparing N vectors of D
dimensions takes N D; codes of M bytes take N M look-ups, tables of 256 words a byte, and before
them whatever turns the query into what the tables are made of. Measured are milliseconds of CPU on
one thread: the tables or the code of a query by the method itself, the scan by FAISS over random
codes of as many bytes. Vectors are compared with a tenth of the items, and the time is multiplied.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import faiss
import numpy as np
from numpy.typing import NDArray

from tonotopy.errors import MissingExtra
from tonotopy.hashing import BinaryHash, Hash, method

WORDS, FREE, LANDMARKS = 256, 256, 2048
HIDDEN, OUTPUT = 256, 512  #: of the networks
TRAINING_ROWS, ROUNDS, EXACT_SHARE = 2500, 15, 10


class Sizes(NamedTuple):
    """What costs depend on."""

    items: int
    dim: int
    n_bytes: int
    classes: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=1024)
    parser.add_argument("--bits", type=int, default=64)
    parser.add_argument("--classes", type=int, default=41)
    options = parser.parse_args()
    sizes = Sizes(options.items, options.dim, options.bits // 8, options.classes)
    print(f"{sizes}: counted before and in the scan; ms before and in the scan")
    rng = np.random.default_rng(0)
    query = rng.standard_normal((1, sizes.dim), dtype=np.float32)
    print(f"vectors: 0 + {sizes.items * sizes.dim:.2e}; 0 + {compare_vectors(sizes, query):.2f} ms")
    codes = rng.integers(0, 256, (sizes.items, sizes.n_bytes), dtype=np.uint8)
    scans = {True: scan_bits(codes), False: scan_words(codes)}
    for name, settings in LINES:
        try:
            fitted = fit(name, settings, sizes, rng)
        except MissingExtra as error:
            print(f"{name}: not run: {error}")
            continue
        before, within = count(fitted, sizes)
        prepare = fitted.transform if isinstance(fitted, BinaryHash) else fitted.lookup_tables
        spent = cpu_ms(partial(prepare, query))
        scan = scans[isinstance(fitted, BinaryHash)]
        told = ", ".join(f"{key}={value}" for key, value in settings.items())
        print(f"{name}({told}): {before:.2e} + {within:.2e}; {spent:.2f} + {scan:.2f} ms")


LINES: Sequence[tuple[str, dict[str, Any]]] = (
    ("ITQ", {}),
    ("PQ", {}),
    ("DQN", {"n_steps": 20}),
    ("PosteriorQuantizer", {"graph": False, "w_free": 1.0, "free": "components"}),
    ("PosteriorQuantizer", {"graph": True, "w_free": 1.0, "free": "components"}),
    ("PosteriorQuantizer", {"graph": False, "w_free": 1.0, "free": "diffusion"}),
    ("PosteriorQuantizer", {"graph": True, "w_free": 1.0, "free": "diffusion"}),
)


def fit(name: str, settings: dict[str, Any], sizes: Sizes, rng: np.random.Generator) -> Any:
    """Fit a method to noise: what a query costs does not depend on what was learned."""
    y = np.arange(TRAINING_ROWS) % sizes.classes
    rows = rng.standard_normal((TRAINING_ROWS, sizes.dim), dtype=np.float32)
    return method(name)(8 * sizes.n_bytes, **settings).fit(rows, y)


def count(fitted: Hash, sizes: Sizes) -> tuple[int, int]:
    """Count what comes before the scan, and the scan."""
    n, dim, n_bytes, classes = sizes
    if isinstance(fitted, BinaryHash):
        return dim * 8 * n_bytes, n * n_bytes // 8  # words of 64 bits
    if type(fitted).__name__ == "PQ":
        return WORDS * dim, n * n_bytes
    if type(fitted).__name__ == "DQN":
        return dim * HIDDEN + HIDDEN * OUTPUT + WORDS * OUTPUT, n * n_bytes
    joined = classes + FREE
    graph = FREE * LANDMARKS + LANDMARKS * classes if getattr(fitted, "uses_graph_", False) else 0
    walks = FREE * LANDMARKS if getattr(fitted, "uses_diffusion_", False) else 0
    return dim * joined + graph + walks + n_bytes * WORDS * joined, n * n_bytes


def compare_vectors(sizes: Sizes, query: NDArray[np.float32]) -> float:
    index = faiss.IndexFlatIP(sizes.dim)
    block = np.random.default_rng(1).standard_normal((10_000, sizes.dim), dtype=np.float32)
    for _ in range(sizes.items // EXACT_SHARE // len(block)):
        index.add(block)
    return cpu_ms(lambda: index.search(query, 10)) * sizes.items / index.ntotal


def scan_words(codes: NDArray[np.uint8]) -> float:
    """Scan by tables; each part has one dimension, so the tables cost nothing."""
    n_bytes = codes.shape[1]
    index = faiss.IndexPQ(n_bytes, n_bytes, 8)
    index.train(np.random.default_rng(2).standard_normal((9984, n_bytes), dtype=np.float32))
    index.add_sa_codes(codes)
    query = np.zeros((1, n_bytes), np.float32)
    return cpu_ms(lambda: index.search(query, 10))


def scan_bits(codes: NDArray[np.uint8]) -> float:
    index = faiss.IndexBinaryFlat(8 * codes.shape[1])
    index.add(codes)
    return cpu_ms(lambda: index.search(codes[:1], 10))


def cpu_ms(work: Callable[[], object]) -> float:
    """Take the median of some rounds, after one to warm up."""

    def rounds() -> Iterator[float]:
        for _ in range(ROUNDS):
            started = time.process_time()
            work()
            yield 1000 * (time.process_time() - started)

    work()
    return statistics.median(rounds())


if __name__ == "__main__":
    main()
