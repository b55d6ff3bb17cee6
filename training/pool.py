"""The sounds to train on, and the labelled ones that are kept out to choose with."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

__all__ = [
    "FOLDERS",
    "SAMPLE_RATE",
    "SCENE_S",
    "WINDOW",
    "heldout_clips",
    "read",
    "scene_clips",
    "training_files",
]

SAMPLE_RATE = 16_000
FOLDERS = [Path("../../shared/audio/pool"), Path("work/packages")]
WINDOW = 15_600  # samples the teacher hears at once: 96 frames
HELDOUT = Path(__file__).with_name("heldout.json")
SCENES = Path(__file__).with_name("scenes.json")
EXCLUDED = Path(__file__).with_name("excluded.json")
CLIPS_PER_CLASS = 24  # so that no instrument outweighs the rest
CLIPS_PER_SCENE, SCENE_S = 4, 5


def read(path: Path | BinaryIO) -> NDArray[np.float32]:
    """Read a file, or an open one, as mono, 16 kHz."""
    samples, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    if sample_rate == SAMPLE_RATE:
        return mono
    import soxr

    return soxr.resample(mono, sample_rate, SAMPLE_RATE)


def all_files(folder: Path) -> list[str]:
    """List the audio files of a folder, relative to it, in a fixed order."""
    kinds = {".ogg", ".wav", ".flac", ".mp3"}
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix.lower() in kinds
    )


def training_files(folders: Iterable[Path]) -> list[tuple[Path, str]]:
    """List (folder, name) of what may be trained on.

    Left out are the classes that are held out and the copies of evaluation clips.
    """
    prefixes = tuple(prefix for each in json.loads(HELDOUT.read_text()).values() for prefix in each)
    excluded = set(json.loads(EXCLUDED.read_text())) if EXCLUDED.exists() else set()
    return [
        (folder, name)
        for folder in folders
        for name in all_files(folder)
        if not name.startswith(prefixes) and name not in excluded
    ]


def heldout_clips(folder: Path) -> list[tuple[str, str]]:
    """List (file, class) of the held-out classes, at most `CLIPS_PER_CLASS` of each, spread out."""
    files = all_files(folder)
    clips = []
    for label, prefixes in json.loads(HELDOUT.read_text()).items():
        names = [name for name in files if name.startswith(tuple(prefixes))]
        chosen = (
            np.linspace(0, len(names) - 1, min(len(names), CLIPS_PER_CLASS)).round().astype(int)
        )
        clips += [(names[index], label) for index in chosen]
    return clips


def scene_clips(folder: Path) -> list[tuple[str, int, str]]:
    """List (file, first sample, class) of stretches of ambience; training has heard these files."""
    files = all_files(folder)
    clips = []
    for label, prefixes in json.loads(SCENES.read_text()).items():
        for name in (name for name in files if name.startswith(tuple(prefixes))):
            last = max(0, soundfile.info(folder / name).frames - SCENE_S * SAMPLE_RATE)
            first = np.unique(np.linspace(0, last, CLIPS_PER_SCENE).astype(int))
            clips += [(name, int(start), label) for start in first]
    return clips
