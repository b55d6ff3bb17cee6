"""Measure learned codes in cells: recall against time, and what many codes take in memory.

    OMP_NUM_THREADS=1 python benchmarks/code_cells.py [--n 1000000] [--dim 320] [--bits 64]
        [--method PQ] [--learn 20000] [--queries 100] [--kinds codes codes-ivf codes-imi]
        [--json FILE]
    OMP_NUM_THREADS=1 python benchmarks/code_cells.py --n 10000000 --drawn --queries 20

Rows are unit vectors around 200 centres by a fixed seed, made, encoded and compared with
queries a block at a time, so that codes alone stay in memory. Of every kind: CPU milliseconds for a
query, asked alone, for the nearest 100 codes, the forward pass included; the share of what scanning
all codes finds; and how many of the true ten nearest rows are among the first 10 and 100 codes. The
line with a star is what the index chooses by itself, with other queries, to find 99 % of what
scanning all codes finds.

With ``--drawn``, codes are drawn instead: those of ``--learn`` rows, two bytes of each replaced. No
rows are to be found then; what counts is the memory, resident and highest, as the system tells it.
"""

import argparse
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import faiss
import numpy as np
from numpy.typing import NDArray

from codes import clouds, fitted
from tonotopy.distance import distances, top_k
from tonotopy.hashing import Hash
from tonotopy.index.cells import MOST_TABLES
from tonotopy.index.scanning import CellScanner, Nearest, Scanner, holds_nearly_all

DEPTH, TRUE = 100, 10
AT_ONCE = 50_000
PARTS = {"codes": 0, "codes-ivf": 1, "codes-imi": 2}
PROBES = {"codes-ivf": [1, 4, 16, 64, 256], "codes-imi": [16, 64, 256, 1024, 4096]}


Search: TypeAlias = Callable[[NDArray[np.float32], int], Nearest]


class Asked(NamedTuple):
    """Queries, and what should be found."""

    points: NDArray[np.float32]  #: (n_queries, dim)
    true: NDArray[np.int64]  #: (n_queries, 10), or (n_queries, 0) where codes were drawn
    nearest: Nearest  #: what scanning all codes finds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=320)
    parser.add_argument("--bits", type=int, default=64)
    parser.add_argument("--method", default="PQ")
    parser.add_argument("--learn", type=int, default=20_000)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--kinds", nargs="+", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--drawn", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    rows, classes = clouds(options.learn, options.dim)
    hasher = fitted(options.method, options.bits, rows, classes)
    queries, _ = clouds(options.queries, options.dim, seed=2**32 - 1)
    tuning, _ = clouds(3 * options.queries, options.dim, seed=2**32 - 2)
    before = resident_mb()
    if options.drawn:
        codes = drawn(hasher.transform(rows), options.n)
        true = np.zeros((options.queries, 0), np.int64)
    else:
        codes, true = encoded(hasher, options.n, queries)
    every = Scanner(codes, hasher)
    asked, other = (
        Asked(sought, which, every.search(sought, DEPTH))
        for sought, which in ((queries, true), (tuning, true[:0]))
    )
    del every
    points, _ = clouds(MOST_TABLES, options.dim, seed=2**32 - 3)
    print(f"{options.n} codes of {options.bits} bits by {options.method}, {options.dim} dimensions")
    print(f"{codes.nbytes / 1e6:.0f} MB of codes; resident before them {before:.0f} MB")
    lines = []
    for kind in options.kinds:
        lines += measured(kind, codes, hasher, asked, other, points)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"highest resident of the process: {peak:.0f} MB")
    if options.json is not None:
        options.json.write_text(json.dumps({"n": options.n, "peak_mb": peak, "lines": lines}))


def encoded(
    hasher: Hash, n: int, queries: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Make rows, encode them, and find the true nearest of queries; a block at a time."""
    codes = np.empty((n, hasher.n_bits // 8), np.uint8)
    apart = np.full((len(queries), TRUE), np.inf, np.float32)
    true = np.full((len(queries), TRUE), -1, np.int64)
    for start in range(0, n, AT_ONCE):
        rows, _ = clouds(min(AT_ONCE, n - start), queries.shape[1], seed=1 + start)
        codes[start : start + len(rows)] = hasher.transform(rows)
        both = np.hstack([apart, distances(queries, rows, "cosine")])
        numbers = np.hstack([true, np.tile(np.arange(start, start + len(rows)), (len(true), 1))])
        best, apart = top_k(both, TRUE)
        true = np.take_along_axis(numbers, best, axis=1)
    return codes, true


def drawn(learned: NDArray[np.uint8], n: int) -> NDArray[np.uint8]:
    """Draw codes like those learned, with two bytes of each replaced."""
    rng = np.random.default_rng(1)
    codes = np.empty((n, learned.shape[1]), np.uint8)
    for start in range(0, n, AT_ONCE):
        block = learned[rng.integers(len(learned), size=min(AT_ONCE, n - start))]
        for _ in range(2):
            column = rng.integers(block.shape[1], size=len(block))
            block[np.arange(len(block)), column] = rng.integers(256, size=len(block))
        codes[start : start + len(block)] = block
    return codes


def measured(
    kind: str,
    codes: NDArray[np.uint8],
    hasher: Hash,
    asked: Asked,
    other: Asked,
    points: NDArray[np.float32],
) -> list[dict[str, Any]]:
    """Search one kind of index, with several numbers of cells and with the one it chooses."""
    before, started = resident_mb(), time.process_time()
    n_parts = PARTS[kind]
    if n_parts:
        cells = CellScanner.learn(codes, hasher, points, n_parts)
        built = time.process_time() - started
        cells.tune(other.points, DEPTH, lambda found: holds_nearly_all(found, other.nearest))
        searches = [(str(each), looking_into(cells, each)) for each in PROBES[kind]]
        searches.append((f"{cells.n_probes} *", cells.search))
        n_cells = len(cells.cells)
    else:
        searches, n_cells = [("all", Scanner(codes, hasher).search)], 1
        built = time.process_time() - started
    taken = resident_mb() - before
    print(f"\n{kind}: {n_cells} cells, built in {built:.1f} s of CPU, {taken:.0f} MB more resident")
    print(f"{'probed':>8} {'CPU ms':>8} {'of all codes':>13} {'true 10 in 10':>14} {'in 100':>8}")
    lines = []
    for probed, search in searches:
        line = {"kind": kind, "probed": probed} | quality(search, asked)
        lines.append(line)
        print(
            f"{probed:>8} {line['cpu_ms']:>8.3f} {line['of_all']:>13.3f} "
            f"{line['in_10']:>14.3f} {line['in_100']:>8.3f}",
            flush=True,
        )
    return lines


def looking_into(cells: CellScanner, n_probes: int) -> Search:
    """Search with a fixed number of cells."""
    return lambda points, depth: cells._scan(points, depth, n_probes)


def quality(search: Search, asked: Asked) -> dict[str, float]:
    """Ask every query alone, and say how long it took and what was found."""
    started = time.process_time()
    found = [search(point[np.newaxis], DEPTH) for point in asked.points]
    cpu_ms = 1e3 * (time.process_time() - started) / len(asked.points)
    positions = np.vstack([each.positions for each in found])
    apart = np.vstack([each.distances for each in found])
    in_10, in_100 = (
        np.mean([np.isin(a, b).mean() for a, b in zip(asked.true, positions[:, :n], strict=True)])
        if asked.true.size
        else np.nan
        for n in (10, 100)
    )
    of_all = (apart <= asked.nearest.distances[:, -1:]).mean()
    return {"cpu_ms": cpu_ms, "of_all": of_all, "in_10": in_10, "in_100": in_100}


def resident_mb() -> float:
    """Ask the system how much memory the process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


if __name__ == "__main__":
    main()
