"""Measure what the hashes and quantizers without labels cost: seconds of CPU to fit and encode.

    OMP_NUM_THREADS=1 python benchmarks/hashing_speed.py [--fit 100000] [--encode 1000000]
        [--dim 320] [--bits 64] [--methods NAME ...]

Rows are unit vectors around 200 centres, made by a fixed seed. Of `--encode` rows only
`--encode-sample` are held at a time and encoded again and again, so that memory stays small.
"""

import argparse
import time

import numpy as np
from numpy.typing import NDArray

from tonotopy import hashing

CLASSIC = ["LSH", "VQ", "PQ", "OPQ", "RQ", "SpectralHashing", "ITQ", "AnchorGraphHashing"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--fit", type=int, default=100_000)
    parser.add_argument("--encode", type=int, default=1_000_000)
    parser.add_argument("--encode-sample", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=320)
    parser.add_argument("--bits", type=int, default=64)
    parser.add_argument("--methods", nargs="+", default=CLASSIC, choices=CLASSIC, metavar="NAME")
    options = parser.parse_args()
    rows = clouds(max(options.fit, options.encode_sample), options.dim)
    print(f"dim {options.dim}, {options.bits} bits; VQ 8 bits; seconds of CPU")
    print(f"{'method':<20} {'fit ' + str(options.fit):>14} {'encode ' + str(options.encode):>18}")
    for name in options.methods:
        made = hashing.method(name)(8 if name == "VQ" else options.bits)
        started = time.process_time()
        made.fit(rows[: options.fit])
        fitted = time.process_time()
        for start in range(0, options.encode, options.encode_sample):
            made.transform(rows[: min(options.encode_sample, options.encode - start)])
        encoded = time.process_time()
        print(f"{name:<20} {fitted - started:>14.1f} {encoded - fitted:>18.1f}", flush=True)


def clouds(n: int, dim: int) -> NDArray[np.float32]:
    """Make unit vectors around 200 centres."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((200, dim), dtype=np.float32)
    rows = centres[rng.integers(len(centres), size=n)]
    rows += rng.standard_normal((n, dim), dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


if __name__ == "__main__":
    main()
