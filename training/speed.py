"""Time Cochlea against YAMNet through LiteRT: windows of samples in, vectors out, one thread.

Both hear the same minute of noise, cut at a hop of half a window; CPU time, best of several runs
that take turns.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from pool import SAMPLE_RATE, WINDOW

from tonotopy.embedders.cochlea import Cochlea
from tonotopy.embedders.yamnet import Yamnet

N_WINDOWS = 128


def main() -> None:
    """Print windows per CPU second of both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teacher", type=Path, default=Path("../../shared/models/yamnet.tflite"))
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--runs", type=int, default=15)
    arguments = parser.parse_args()
    if os.environ.get("OMP_NUM_THREADS") != "1":
        parser.error("set OMP_NUM_THREADS=1: one thread each")
    embedders = (Cochlea(arguments.weights), Yamnet(arguments.teacher))
    rates = windows_a_second(embedders, n_runs=arguments.runs)
    for embedder, rate in zip(embedders, rates, strict=True):
        print(f"{embedder.name}: {rate:.0f} windows per CPU second, every {embedder.hop_s} s")
    print(f"ratio {rates[0] / rates[1]:.2f}")


def windows_a_second(embedders: tuple[Cochlea, Yamnet], *, n_runs: int) -> list[float]:
    """Time embedders in turn; return the windows per CPU second of each one's best run."""
    fastest = [np.inf, np.inf]
    for _ in range(n_runs):
        for number, embedder in enumerate(embedders):
            hop = round(embedder.hop_s * SAMPLE_RATE)
            windows = recording(hop)
            fastest[number] = min(fastest[number], cpu_time(embedder.embed, windows))
    return [N_WINDOWS / seconds for seconds in fastest]


def recording(hop: int) -> np.ndarray:
    """Cut noise into overlapping windows."""
    length = hop * (N_WINDOWS - 1) + WINDOW
    noise = np.random.default_rng(0).normal(0, 0.1, length).astype(np.float32)
    return np.lib.stride_tricks.sliding_window_view(noise, WINDOW)[::hop].copy()


def cpu_time(embed: Callable[[np.ndarray], np.ndarray], windows: np.ndarray) -> float:
    """Time one call."""
    began = time.process_time()
    embed(windows)
    return time.process_time() - began


if __name__ == "__main__":
    main()
