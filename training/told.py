"""Build patches of sounds whose class is told by a name, and ask the teacher what else it hears.

YAMNet says little of single notes, drums and engines. Notes of soundfonts are known by their
programs (``instruments.py``), and many sounds of Debian packages by their files' names
(``names.json``). Windows of them are varied as mixtures are, some with another sound behind.
Written is one file: spectrograms, the teacher's scores, and what is known of each class: 1 that it
is there, 0 that it is not, -1 nothing.
"""

import argparse
import json
import re
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mixtures import coloured_noise, place, reverberate, shape_spectrum, unit_level
from numpy.typing import NDArray
from pool import FOLDERS, WINDOW, read, training_files
from teacher import Teacher

from tonotopy.embedders.cochlea import log_mel
from tonotopy.ontology import CLASSES, ancestors, class_index, class_indices, find

NAMES = Path(__file__).with_name("names.json")
UNTOLD = ("Music", "Sounds of things", "Human sounds")  # above a class, and too wide to be told
PATCHES = 80_000
AT_ONCE = 2000
BEHIND = 0.4  # share of patches with another sound behind
LOUDEST_BEHIND_DB = -6


class Told(NamedTuple):
    """A sound of which a class is known."""

    path: Path
    label: str
    source: str  #: soundfont or package
    alone: bool  #: no other instrument is in it


def of_instruments(folder: Path) -> list[Told]:
    """List the notes that `instruments.py` played."""
    instruments = set(class_indices("Musical instrument"))
    return [
        Told(path, label, path.parent.parent.name, class_index(label) in instruments)
        for path in sorted(folder.glob("*/*/*.flac"))
        for label in [path.parent.name]
    ]


def of_packages(folder: Path) -> list[Told]:
    """List the sounds of packages whose names tell a class."""
    rules = json.loads(NAMES.read_text())
    packages = rules["packages"]
    found = []
    for _, name in training_files([folder]):
        package, _, rest = name.removesuffix(".flac").lower().partition("/")
        drums = any(fnmatch(package, each) for each in packages["drums"])
        if any(fnmatch(package, each) for each in packages["left out"]) or "music" in rest:
            continue
        for label, pattern in rules["drums" if drums else "others"].items():
            if re.search(pattern, f"_{rest}"):
                found.append(Told(folder / name, label, package, drums))
                break
    return found


def known_classes(label: str, *, alone: bool, instruments: Iterable[str]) -> NDArray[np.int8]:
    """Tell what a label says of each class, (521,): 1 there, 0 not there, -1 unknown."""
    sound = find(label)
    if sound is None or sound.index is None:
        raise SystemExit(f"{label!r} is no class that the teacher scores")
    known = np.full(len(CLASSES), -1, np.int8)
    if alone:
        known[[class_index(each) for each in instruments]] = 0
    known[list(class_indices(label))] = -1  # below it: a drum may be a snare drum
    above = [each.index for each in ancestors(sound) if each.name not in UNTOLD]
    known[[index for index in above if index is not None]] = 1
    known[sound.index] = 1
    return known


def varied(
    samples: NDArray[np.int16], behind: NDArray[np.int16] | None, random: np.random.Generator
) -> NDArray[np.float32]:
    """Cut a window out of a sound and vary it, with another one behind."""
    speed = float(np.exp(random.uniform(-0.12, 0.12))) if random.random() < 0.5 else 1.0
    window = place(samples, speed, random)
    if random.random() < 0.3:
        window = shape_spectrum(window, random)
    if random.random() < 0.2:
        window = reverberate(window, random)
    window = unit_level(window)
    if behind is not None:
        level_db = random.uniform(-30, LOUDEST_BEHIND_DB)
        window = window + unit_level(place(behind, 1.0, random)) * np.float32(10 ** (level_db / 20))
    if random.random() < 0.15:
        level_db = random.uniform(-40, -12)
        window = window + unit_level(coloured_noise(random)) * np.float32(10 ** (level_db / 20))
    peak = np.abs(window).max() + 1e-9
    return window / peak * np.float32(10 ** (-random.uniform(0, 20) / 20))


def sixteen_bits(path: Path) -> NDArray[np.int16]:
    """Read a sound as `place` wants it."""
    return (np.clip(read(path), -1, 1) * 32767).astype(np.int16)


def shares(told: list[Told]) -> NDArray[np.float64]:
    """Weigh sounds: classes by the root of their number, their sources alike."""
    of_class: dict[str, dict[str, int]] = {}
    for each in told:
        sources = of_class.setdefault(each.label, {})
        sources[each.source] = sources.get(each.source, 0) + 1
    weights = []
    for each in told:
        sources = of_class[each.label]
        roots = {source: n**0.5 for source, n in sources.items()}
        weight = sum(sources.values()) ** 0.5 * roots[each.source] / sum(roots.values())
        weights.append(weight / sources[each.source])
    return np.array(weights) / np.sum(weights)


def main() -> None:
    """Build, label and store the patches."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instruments", type=Path, default=Path("work/instruments"))
    parser.add_argument("--packages", type=Path, default=FOLDERS[1])
    parser.add_argument("--teacher", type=Path, default=Path("../../shared/models/yamnet.tflite"))
    parser.add_argument("--out", type=Path, default=Path("work/told.npz"))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    told = of_instruments(arguments.instruments) + of_packages(arguments.packages)
    behind = [folder / name for folder, name in training_files([arguments.packages])]
    labels = sorted({each.label for each in told})
    instruments = sorted({each.label for each in told if each.alone})
    print(f"{len(told)} sounds of {len(labels)} classes", flush=True)
    known = {
        (label, alone): known_classes(label, alone=alone, instruments=instruments)
        for label in labels
        for alone in (False, True)
    }
    random = np.random.default_rng(arguments.seed)
    drawn = random.choice(len(told), PATCHES, p=shares(told))
    teacher = Teacher(arguments.teacher)
    spectrograms, scores, says = [], [], []
    windows = np.empty((AT_ONCE, WINDOW), np.float32)
    for start in range(0, PATCHES, AT_ONCE):
        for row, index in enumerate(drawn[start : start + AT_ONCE].tolist()):
            sound = told[index]
            other = behind[random.integers(len(behind))] if random.random() < BEHIND else None
            windows[row] = varied(
                sixteen_bits(sound.path), None if other is None else sixteen_bits(other), random
            )
            says.append(known[sound.label, sound.alone and other is None])
        spectrograms.append(log_mel(windows).astype(np.float16))
        scores.append(teacher.answer(windows)[1].astype(np.float16))
    np.savez(
        arguments.out,
        log_mel=np.concatenate(spectrograms),
        scores=np.concatenate(scores),
        known=np.stack(says),
        source=np.array([told[index].source for index in drawn.tolist()]),
        label=np.array([told[index].label for index in drawn.tolist()]),
    )


if __name__ == "__main__":
    main()
