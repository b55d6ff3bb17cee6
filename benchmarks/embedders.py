"""Measure how well and how fast embedders find sounds of the same folder.

    OMP_NUM_THREADS=1 python benchmarks/embedders.py LABELLED_DIR [--embedders NAME ...]

A recording's label is the folder it lies in. Every recording is a query against all others:
`windows` scores them by the mean, over the query's windows, of the best cosine among theirs,
`pooled` by the cosine of the mean vectors. Printed are the mean average precision of both and the
seconds of sound embedded per second of CPU, decoding and resampling aside.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from tonotopy.embedders import BUILTIN, Embedder, load
from tonotopy.windows import starts

SUFFIXES = {".flac", ".ogg", ".wav"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("labelled_dir", type=Path)
    parser.add_argument("--embedders", nargs="+", default=sorted(BUILTIN), metavar="NAME")
    options = parser.parse_args()
    paths = sorted(path for path in options.labelled_dir.rglob("*") if path.suffix in SUFFIXES)
    labels = np.array([path.parent.name for path in paths])
    print(f"{len(paths)} recordings in {len(set(labels))} folders under {options.labelled_dir}")
    print(
        f"{'embedder':<12} {'dim':>5} {'windows mAP':>12} {'pooled mAP':>11} {'sound s/CPU s':>14}"
    )
    for name in options.embedders:
        embedder = load(name)
        vectors, owners, speed = embed_all(embedder, paths)
        by_windows = mean_average_precision(window_scores(vectors, owners), labels)
        pooled = mean_average_precision(pooled_scores(vectors, owners), labels)
        print(f"{name:<12} {embedder.dim:>5} {by_windows:>12.3f} {pooled:>11.3f} {speed:>14.0f}")


def embed_all(
    embedder: Embedder, paths: list[Path]
) -> tuple[NDArray[np.float32], NDArray[np.intp], float]:
    """Embed every recording; tell which recording each vector is of, and the speed."""
    length, hop = (round(s * embedder.sample_rate) for s in (embedder.window_s, embedder.hop_s))
    vectors, sound_s, cpu_s = [], 0.0, 0.0
    for path in paths:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        mono = soxr.resample(samples.mean(axis=1), rate, embedder.sample_rate)
        padded = np.pad(mono, (0, length))
        windows = np.stack(
            [padded[at : at + length] for at in starts(len(mono), window=length, hop=hop)]
        )
        started = time.process_time()
        vectors.append(embedder.embed(windows))
        cpu_s += time.process_time() - started
        sound_s += len(mono) / embedder.sample_rate
    owners = np.repeat(np.arange(len(paths)), [len(part) for part in vectors])
    return np.concatenate(vectors), owners, sound_s / cpu_s


def window_scores(vectors: NDArray[np.float32], owners: NDArray[np.intp]) -> NDArray[np.float32]:
    """Score each recording for each query: mean over its windows of the best cosine."""
    firsts = np.flatnonzero(np.diff(owners, prepend=-1))
    bests = [
        np.maximum.reduceat(query @ vectors.T, firsts, axis=1).mean(axis=0)
        for query in np.split(vectors, firsts[1:])
    ]
    return np.stack(bests)


def pooled_scores(vectors: NDArray[np.float32], owners: NDArray[np.intp]) -> NDArray[np.float32]:
    """Score each recording for each query: cosine of the mean vectors."""
    firsts = np.flatnonzero(np.diff(owners, prepend=-1))
    means = np.add.reduceat(vectors, firsts, axis=0)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    return means @ means.T


def mean_average_precision(scores: NDArray[np.float32], labels: NDArray[np.str_]) -> float:
    """Average over queries the precision at each other recording of the same label."""
    precisions = []
    for query, label in enumerate(labels):
        order = np.argsort(-scores[query], kind="stable")
        relevant = (labels == label)[order[order != query]]
        ranks = np.flatnonzero(relevant) + 1
        if len(ranks):
            precisions.append((np.arange(1, len(ranks) + 1) / ranks).mean())
    return float(np.mean(precisions))


if __name__ == "__main__":
    main()
