"""Fit the constants of the hand-made embedders on a folder of varied sound.

    OMP_NUM_THREADS=1 python benchmarks/fit_constants.py AUDIO_DIR [--out DIR] [--only NAME ...]

Writes one small safetensors file per embedder: centre and scale of every feature, and for `timbre`
the half-whitening projection. The same files give the same bytes on the same machine.

Every recording counts about equally, however long, because at most a few windows are taken from
it, evenly spread. Where an embedder hears higher than the recordings reach, each is also taken as
though it had been recorded at the embedder's rate, faster and higher, so that the upper bands are
fitted on sound and not on emptiness.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from safetensors.numpy import save

from tonotopy.embedders.klustr import Mfcc, Mir, Stft
from tonotopy.embedders.melstats import MelStats155
from tonotopy.embedders.standardized import StandardizedEmbedder
from tonotopy.embedders.timbre import Timbre, measure
from tonotopy.windows import starts

EMBEDDERS: tuple[type[StandardizedEmbedder], ...] = (MelStats155, Mfcc, Mir, Stft, Timbre)
SUFFIXES = {".flac", ".ogg", ".wav"}
WINDOWS_PER_RENDITION = 6
QUIETEST_PEAK = 1e-3  # windows that never get louder than -60 dB tell nothing about sounds
GROUP_EXPONENT = 0.3  # a group of d features weighs d ** -this a feature: large ones do not rule


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("audio_dir", type=Path)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parents[1] / "src/tonotopy/embedders/constants"
    )
    names = [embedder.name for embedder in EMBEDDERS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME")
    options = parser.parse_args()
    paths = sorted(path for path in options.audio_dir.rglob("*") if path.suffix in SUFFIXES)
    print(f"{len(paths)} recordings under {options.audio_dir}")
    options.out.mkdir(parents=True, exist_ok=True)
    for embedder in EMBEDDERS:
        if embedder.name in options.only:
            fit(embedder, paths, options.out / f"{embedder.name}.safetensors")


def fit(embedder: type[StandardizedEmbedder], paths: list[Path], out: Path) -> None:
    started = time.process_time()
    features = np.concatenate([embedder.raw(part) for part in windows_of(embedder, paths)])
    constants = standardization(features)
    if embedder is Timbre:
        constants["scale"] *= timbre_group_weights()
        constants["projection"] = half_whitening(features, constants, dim=embedder.dim)
    out.write_bytes(save(constants))
    scale = constants["scale"]
    print(
        f"{embedder.name}: {len(features)} windows, {features.shape[1]} features, "
        f"scales {scale.min():.3g} to {scale.max():.3g}, {out.stat().st_size} bytes, "
        f"{time.process_time() - started:.0f} s of CPU"
    )


def standardization(features: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Find what takes each feature to mean 0 and deviation 1; each must vary."""
    centre = features.mean(axis=0, dtype=np.float64)
    scale = features.std(axis=0, dtype=np.float64)
    still = np.flatnonzero(scale <= 1e-6 * np.maximum(1, np.abs(centre)))
    if len(still):
        raise SystemExit(f"features {still.tolist()} are the same in all windows: add other sounds")
    return {"centre": centre.astype(np.float32), "scale": scale.astype(np.float32)}


def timbre_group_weights() -> NDArray[np.float32]:
    """Tell by how much each feature of `timbre` is scaled down for being one of many."""
    groups = measure(np.zeros((1, round(Timbre.window_s * Timbre.sample_rate)), np.float32))
    sizes = [group.shape[1] for group in groups.values()]
    return np.repeat(np.power(sizes, GROUP_EXPONENT), sizes).astype(np.float32)


def half_whitening(
    features: NDArray[np.float32], constants: dict[str, NDArray[np.float32]], *, dim: int
) -> NDArray[np.float32]:
    """Find the first principal components, each divided by the root of its deviation."""
    standard = (features.astype(np.float64) - constants["centre"]) / constants["scale"]
    variances, axes = np.linalg.eigh(standard.T @ standard / len(standard))
    variances, axes = variances[::-1][:dim], axes[:, ::-1][:, :dim]
    largest = np.abs(axes).argmax(axis=0)
    axes = axes * np.sign(axes[largest, np.arange(dim)])  # the sign of an axis is arbitrary
    share = variances.sum() / np.square(standard).mean(axis=0).sum()
    print(f"the first {dim} components hold {share:.1%} of the variance")
    projection: NDArray[np.float32] = (axes * variances**-0.25).astype(np.float32)
    return projection


def windows_of(
    embedder: type[StandardizedEmbedder], paths: list[Path]
) -> Iterator[NDArray[np.float32]]:
    """Cut at most a few windows from each rendition of each recording."""
    length = round(embedder.window_s * embedder.sample_rate)
    for path in paths:
        for sound in renditions(path, embedder.sample_rate):
            first = starts(len(sound), window=length, hop=length // 2)
            chosen = first[
                np.linspace(0, len(first) - 1, WINDOWS_PER_RENDITION).round().astype(int)
            ]
            padded = np.pad(sound, (0, length))
            windows = np.stack([padded[start : start + length] for start in np.unique(chosen)])
            loud = np.abs(windows).max(axis=1) > QUIETEST_PEAK
            if loud.any():
                yield windows[loud]


def renditions(path: Path, sample_rate: int) -> Iterator[NDArray[np.float32]]:
    """Read a recording as mono, resampled, and where it is band-limited also sped up."""
    samples, recorded_rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    if not len(mono):
        return
    yield soxr.resample(mono, recorded_rate, sample_rate)
    if recorded_rate < sample_rate:
        yield mono


if __name__ == "__main__":
    main()
