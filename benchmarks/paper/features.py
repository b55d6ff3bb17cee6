"""Make the labelled feature files that the tables of codes are measured on.

    python benchmarks/paper/features.py --audio DIR [--embedder NAME] [--weights FILE]
        [--sets fsdd ...]

DIR holds what there is of

fsdd/               ``digit_speaker_take.wav``
esc10/              a folder a class, names as ESC-50's
pool/               of which the manifest in ``benchmarks/manyclass/`` says what is used
FSDKaggle2018.meta/, FSDKaggle2018.audio_train/, FSDKaggle2018.audio_test/
                    the archives of https://zenodo.org/records/2552860, unpacked
ESC-50-master/      https://github.com/karolpiczak/ESC-50

Every recording becomes one row: the mean, over its windows, of what the embedder hears; of YAMNet,
of its activations as they are, before they become unit vectors. Written are npz files into
``bench-results/features``, with ``X (n, dim)`` float32, ``y (n,)`` class, ``name (n,)`` file,
``group (n,)`` where the recording comes from, and ``split (n,)``: ``database`` or ``query``. The
file of a set whose sounds are not there is not written.

FSDD's queries are takes 0 to 4, its test set as published; those of ESC-10 and ESC-50 are fold 5,
FSDKaggle2018's the scored clips of its test part. The many-class set's are those of seed 0 of its
manifest; ``splits (n,)`` has a letter for each seed, ``d`` or ``q``, with groups kept on one side.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from tonotopy.benchmark.hashing_protocols import esc_clips, fsdkaggle2018_clips
from tonotopy.embedders import Embedder, load, with_weights
from tonotopy.embedders.yamnet import Yamnet
from tonotopy.windows import starts

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = ROOT / "benchmarks" / "manyclass" / "manifest.json"
FOLDER = ROOT / "bench-results" / "features"
TOLD_EVERY = 100


class Clip(NamedTuple):
    """A recording of a labelled set."""

    path: Path
    label: str
    group: str  #: clips of one group come from one source
    split: str  #: "database" or "query"
    splits: str = ""  #: a letter for each seed, where the set fixes them


class Activations(Yamnet):
    """YAMNet whose vectors keep their length, so that loud windows weigh more in a mean."""

    def embed(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Hear windows, (n, 15600) -> (n, 1024)."""
        activations = np.empty((len(windows), self.dim), np.float32)
        for row in range(len(windows)):
            self.hear(windows[row : row + 1])
            activations[row] = self._interpreter.get_tensor(self._vector).reshape(self.dim)
        return activations


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--audio", type=Path, required=True)
    parser.add_argument("--weights", type=Path, help="by default where tonotopy looks")
    parser.add_argument("--embedder", default="yamnet")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    options = parser.parse_args()
    embedder = find_embedder(options.embedder, options.weights)
    for name in options.sets:
        clips = list(SETS[name](options.audio))
        if clips:
            print(f"{write(name, clips, embedder)}: {len(clips)} recordings")
        else:
            print(f"{name}: its sounds are not in {options.audio}")


def find_embedder(name: str, weights: Path | None) -> Embedder:
    """Load an embedder.

    Raises
    ------
    EmbedderError
        If there is none of this name, or its weights are not there.
    MissingExtra
        If it needs a package that is not installed.
    """
    return Activations(weights) if name == Activations.name else load(with_weights(name, weights))


def write(name: str, clips: list[Clip], embedder: Embedder) -> Path:
    """Embed the clips of a set and write them, all at once."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    vectors = []
    for number, clip in enumerate(clips):
        if number % TOLD_EVERY == 0:
            print(f"{name}, {embedder.name}: {number} of {len(clips)}", file=sys.stderr, flush=True)
        vectors.append(embed(clip.path, embedder))
    target = FOLDER / f"{name}-{embedder.name}.npz"
    np.savez(
        target,
        X=np.stack(vectors),
        y=[clip.label for clip in clips],
        group=[clip.group for clip in clips],
        split=[clip.split for clip in clips],
        splits=[clip.splits for clip in clips],
        name=[clip.path.name for clip in clips],
    )
    return target


def embed(path: Path, embedder: Embedder) -> NDArray[np.float32]:
    """Average the vectors of a recording's windows."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = soxr.resample(samples.mean(axis=1), rate, embedder.sample_rate)
    length, hop = (round(s * embedder.sample_rate) for s in (embedder.window_s, embedder.hop_s))
    padded = np.pad(mono, (0, length))
    firsts = starts(max(1, len(mono)), window=length, hop=hop)
    windows = np.stack([padded[first : first + length] for first in firsts])
    mean: NDArray[np.float32] = embedder.embed(windows).mean(axis=0)
    return mean


def fsdd(audio: Path) -> Iterator[Clip]:
    for path in sorted((audio / "fsdd").glob("*.wav")):
        digit, speaker, take = path.stem.split("_")
        yield Clip(path, digit, speaker, "query" if int(take) < 5 else "database")


def esc10(audio: Path) -> Iterator[Clip]:
    for path in sorted((audio / "esc10").glob("*/*.ogg")):
        fold, source, _ = path.stem.split("-")[:3]
        yield Clip(path, path.parent.name, source, "query" if fold == "5" else "database")


def manyclass(audio: Path) -> Iterator[Clip]:
    if not (audio / "pool").is_dir():
        return
    manifest = json.loads(MANIFEST.read_text())
    for row in manifest["clips"]:
        clip = dict(zip(manifest["columns"], row, strict=True))
        splits = clip["grouped"]
        split = {"d": "database", "q": "query"}[splits[0]]
        yield Clip(audio / clip["path"], clip["class"], clip["group"], split, splits)


def fsdkaggle2018(audio: Path) -> Iterator[Clip]:
    lists = audio / "FSDKaggle2018.meta"
    if lists.is_dir():
        for stem, clip in fsdkaggle2018_clips(lists).items():
            part, split = [("train", "database"), ("test", "query")][clip.part]
            folder = audio / f"FSDKaggle2018.audio_{part}"
            yield Clip(folder / f"{stem}.wav", clip.label, "", split)


def esc50(audio: Path) -> Iterator[Clip]:
    folder = audio / "ESC-50-master"
    if folder.is_dir():
        for stem, clip in esc_clips(folder).items():
            split = "query" if clip.part == 5 else "database"
            yield Clip(folder / "audio" / f"{stem}.wav", clip.label, clip.group, split)


SETS: dict[str, Callable[[Path], Iterator[Clip]]] = {
    "fsdd": fsdd,
    "esc10": esc10,
    "manyclass": manyclass,
    "fsdkaggle2018": fsdkaggle2018,
    "esc50": esc50,
}


if __name__ == "__main__":
    main()
