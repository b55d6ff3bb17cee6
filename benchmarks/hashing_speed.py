"""Measure what hashes and quantizers cost: seconds to fit and to encode.

    OMP_NUM_THREADS=1 python benchmarks/hashing_speed.py [--fit 100000] [--encode 1000000]
        [--learn 20000] [--dim 320] [--bits 64] [--methods NAME ...]
    OMP_NUM_THREADS=2 python benchmarks/hashing_speed.py --methods RQ DTQ PosteriorQuantizer

Rows are unit vectors around 200 centres, made by a fixed seed; all that are encoded are in memory
at once and encoded by one call. A name may have settings: "PosteriorQuantizer(free=diffusion)".
Methods that learn from labels are fitted to `--learn` rows, of
which a tenth has its centre, by fours, for a class; DTQ needs torch for that. On a busy machine the
CPU tells more than the clock; with two threads the clock may show half of it.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tonotopy import hashing
from tonotopy.benchmark.hashing import parse_methods
from tonotopy.hashing.networks import LabelledHash

CLASSIC = ["LSH", "VQ", "PQ", "OPQ", "RQ", "SpectralHashing", "ITQ", "AnchorGraphHashing"]


AT_ONCE = 50_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--fit", type=int, default=100_000)
    parser.add_argument("--encode", type=int, default=1_000_000)
    parser.add_argument("--learn", type=int, default=20_000)
    parser.add_argument("--dim", type=int, default=320)
    parser.add_argument("--bits", type=int, default=64)
    parser.add_argument("--methods", nargs="+", default=CLASSIC, metavar="NAME")
    options = parser.parse_args()
    rows, classes = clouds(max(options.fit, options.encode), options.dim)
    print(f"dim {options.dim}, {options.bits} bits; VQ 8 bits; seconds of CPU (by the clock)")
    print(f"{'method':<20} {'rows':>8} {'fit':>16} {'encode ' + str(options.encode):>20}")
    for each in parse_methods(",".join(options.methods)):
        kind = hashing.method(each.name)
        made = kind(n_bits=8 if each.name == "VQ" else options.bits, **dict(each.settings))
        n = options.learn if issubclass(kind, LabelledHash) else options.fit
        y = np.where(np.arange(n) % 10, -1, classes[:n])
        fit = seconds(partial(made.fit, rows[:n], y))
        encode = seconds(partial(made.transform, rows[: options.encode]))
        print(f"{each.label:<20} {n:>8} {fit:>16} {encode:>20}", flush=True)


def seconds(work: Callable[[], object]) -> str:
    """Say how much CPU and time it takes."""
    cpu, clock = time.process_time(), time.perf_counter()
    work()
    return f"{time.process_time() - cpu:.1f} ({time.perf_counter() - clock:.1f})"


def clouds(n: int, dim: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Make unit vectors around 200 centres, and say which, by fours."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((200, dim), dtype=np.float32)
    which = rng.integers(len(centres), size=n)
    rows = np.empty((n, dim), np.float32)
    for start in range(0, n, AT_ONCE):
        block = centres[which[start : start + AT_ONCE]]
        block += rng.standard_normal(block.shape, dtype=np.float32)
        rows[start : start + len(block)] = block / np.linalg.norm(block, axis=1, keepdims=True)
    return rows, which // 4


if __name__ == "__main__":
    main()
