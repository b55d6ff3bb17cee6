"""Measure what quantizers lose of unit vectors, beside FAISS's own, on few rows and on more.

    python benchmarks/paper/quantizers.py [--features fsdd-yamnet] [--bytes 1 2 8]
        [--rows database all] [--only-ours]

The error is the mean squared distance between a row and what its code stands for, over the rows
that the words were learned from. Codes of 8 bytes have 2,048 words: with hardly more rows than
words every row is nearly a sum of its own, so the error of a residual quantizer says first how many
rows there were. Rows are the database of a 70 / 30 split of every class, and all of the set.
"""

import argparse
from typing import Any

import faiss
import numpy as np
from features import FOLDER
from numpy.typing import NDArray

from tonotopy.benchmark import read_features
from tonotopy.benchmark.hashing_splits import draw_split
from tonotopy.distance import normalized
from tonotopy.hashing import PQ, RQ

CHOICES = ("database", "all")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--features", default="fsdd-yamnet")
    parser.add_argument("--bytes", nargs="+", type=int, default=[1, 2, 8])
    parser.add_argument("--rows", nargs="+", choices=CHOICES, default=CHOICES)
    parser.add_argument("--only-ours", action="store_true", help="FAISS's own takes longer")
    options = parser.parse_args()
    features = read_features(FOLDER / f"{options.features}.npz")
    database = draw_split(features, 0, redraw=True).database
    units = normalized(features.vectors)
    chosen = {"database": units[database], "all": units}
    for name in options.rows:
        rows = chosen[name]
        for n_bytes in options.bytes:
            losses = {"PQ": ours(PQ(8 * n_bytes), rows), "RQ": ours(RQ(8 * n_bytes), rows)}
            if not options.only_ours:
                dim = rows.shape[1]
                losses["FAISS's PQ"] = theirs(faiss.ProductQuantizer(dim, n_bytes, 8), rows)
                losses["FAISS's RQ"] = theirs(faiss.ResidualQuantizer(dim, n_bytes, 8), rows)
            told = ", ".join(f"{method} {loss:.4f}" for method, loss in losses.items())
            print(f"{len(rows)} rows, {n_bytes} bytes: {told}", flush=True)


def ours(method: PQ | RQ, rows: NDArray[np.float32]) -> float:
    return error(rows, method.inverse_transform(method.fit(rows).transform(rows)))


def theirs(quantizer: Any, rows: NDArray[np.float32]) -> float:
    quantizer.cp.min_points_per_centroid = 1
    quantizer.train(rows)
    return error(rows, quantizer.decode(quantizer.compute_codes(rows)))


def error(rows: NDArray[np.float32], decoded: NDArray[np.float32]) -> float:
    return float(((rows - decoded) ** 2).sum(axis=1).mean())


if __name__ == "__main__":
    main()
