"""Write the manifest of the many-class benchmark: clips, classes, groups and splits.

    python benchmarks/manyclass/make_manifest.py AUDIO_DIR [--check]

AUDIO_DIR holds `esc10/` and `pool/`, see the README beside this file. The same files give the same
bytes; ``--check`` writes nothing and fails where the committed manifest is another one.
"""

import argparse
import hashlib
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
import soxr
from kinds import KINDS, LEFT_OUT
from numpy.typing import NDArray

MANIFEST = Path(__file__).with_name("manifest.json")
SUFFIX = ".ogg"
FEWEST_FILES = 8
MOST_CLIPS = 60  # a class; orchestral folders hold up to 244 and would rule every mean
QUERY_SHARE = 0.3
SEEDS = range(5)
COMPARED_RATE, COMPARED_S = 8000, 2.0
TWIN_CORRELATION = 0.9

#: where file names say which recording a clip was cut from: folder, then what names the source
SOURCES: Sequence[tuple[str, re.Pattern[str]]] = (
    ("esc10/", re.compile(r"^\d-(\d+)-")),  # fold, Freesound id, take
    ("pool/donate/", re.compile(r"^([0-9A-Fa-f-]{36})-")),  # the telephone
    ("pool/philh/", re.compile(r"^(.+?_[A-G]s?\d)_")),  # a note, at any length and loudness
    ("pool/dirt/mute", re.compile(r"^\d+_(FH_[A-G]_?\d)_")),
    ("pool/pyaa/pytests/", re.compile(r"^(.+?)_[\d.]+_[\d.]+$")),  # a video or a track
    ("pool/freedoom/", re.compile(r"^(.+?)\d*$")),
)


class Clip(NamedTuple):
    path: str  #: relative to AUDIO_DIR
    label: str
    source: str  #: clips of one source were cut from one recording


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("audio_dir", type=Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    check_tables(options.audio_dir)
    clips = [clip for label in sorted(KINDS) for clip in clips_of(options.audio_dir, label)]
    text = render(clips, groups_of(options.audio_dir, clips), digest(options.audio_dir, clips))
    if not options.check:
        MANIFEST.write_text(text, encoding="utf-8")
    elif MANIFEST.read_text(encoding="utf-8") != text:
        sys.exit(f"{MANIFEST.name} is not what these files give")
    print(f"{len(KINDS)} classes, {len(clips)} clips, {len(LEFT_OUT)} folders left out")


def check_tables(audio_dir: Path) -> None:
    """Refuse tables that miss a leaf folder with enough files, or name one that is not there."""
    named = [folder for folders in KINDS.values() for folder in folders] + list(LEFT_OUT)
    twice = {folder for folder in named if named.count(folder) > 1}
    found = set()
    for top in ("esc10", "pool"):
        for folder in (audio_dir / top).rglob("*"):
            is_leaf = folder.is_dir() and not any(child.is_dir() for child in folder.iterdir())
            if is_leaf and len(files_of(folder)) >= FEWEST_FILES:
                found.add(folder.relative_to(audio_dir).as_posix())
    if twice or found != set(named):
        sys.exit(f"twice: {twice}; not named: {found - set(named)}; gone: {set(named) - found}")


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix == SUFFIX)


def clips_of(audio_dir: Path, label: str) -> list[Clip]:
    """Take at most `MOST_CLIPS` of a class, from as many sources as there are."""
    by_source: dict[str, list[Clip]] = defaultdict(list)
    for folder in KINDS[label]:
        for path in files_of(audio_dir / folder):
            source = source_of(folder, path.stem)
            by_source[source].append(Clip(f"{folder}/{path.name}", label, source))
    rng = generator(label, "clips")
    sources = [rng.permutation(len(by_source[name])) for name in sorted(by_source)]
    order = rng.permutation(len(sources))
    turns = sorted(
        (turn, place, name)
        for place, name in enumerate(np.array(sorted(by_source))[order].tolist())
        for turn in range(len(by_source[name]))
    )
    shuffled = dict(zip(sorted(by_source), sources, strict=True))
    taken = [by_source[name][shuffled[name][turn]] for turn, _, name in turns[:MOST_CLIPS]]
    return sorted(taken)


def source_of(folder: str, stem: str) -> str:
    """Name the recording that a clip was cut from; by itself where its name does not say."""
    for start, pattern in SOURCES:
        match = pattern.match(stem) if folder.startswith(start) else None
        if match:
            return start + match.group(1)
    return f"{folder}/{stem}"


def generator(*words: object) -> np.random.Generator:
    """Make random numbers that depend on the words alone."""
    text = "/".join(map(str, words))
    return np.random.default_rng(list(hashlib.sha256(text.encode()).digest()))


def groups_of(audio_dir: Path, clips: Sequence[Clip]) -> list[str]:
    """Name the group of each clip: same source, or waveforms that are nearly the same."""
    group = {clip.path: clip.source for clip in clips}
    for label in sorted(KINDS):
        members = [clip for clip in clips if clip.label == label]
        spectra = np.stack([spectrum(audio_dir / clip.path) for clip in members])
        for first, second in twins(spectra):
            kept, gone = sorted((group[members[first].path], group[members[second].path]))
            for clip in members:
                if group[clip.path] == gone:
                    group[clip.path] = kept
    return [group[clip.path] for clip in clips]


def spectrum(path: Path) -> NDArray[np.complex128]:
    """Transform the first seconds of a clip from its onset, scaled to unit energy."""
    samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    mono = soxr.resample(samples.mean(axis=1), rate, COMPARED_RATE)
    onset = int(np.argmax(np.abs(mono) > 0.05 * np.abs(mono).max(initial=0.0)))
    length = round(COMPARED_S * COMPARED_RATE)
    heard = mono[onset : onset + length]
    energy = np.sqrt((heard**2).sum())
    return np.fft.rfft(heard / energy if energy > 0 else heard, 2 * length)


def twins(spectra: NDArray[np.complex128]) -> Iterable[tuple[int, int]]:
    """Find the pairs whose cross-correlation reaches `TWIN_CORRELATION` at some shift."""
    for first in range(len(spectra) - 1):
        products = spectra[first + 1 :] * spectra[first].conj()
        highest = np.fft.irfft(products, axis=1).max(axis=1)
        for offset in np.flatnonzero(highest >= TWIN_CORRELATION):
            yield first, first + 1 + int(offset)


def split(sizes: dict[str, int], rng: np.random.Generator) -> set[str]:
    """Choose the groups that are queries: whole ones, up to three tenths of a class's clips."""
    wanted = round(QUERY_SHARE * sum(sizes.values()))
    chosen: set[str] = set()
    filled = 0
    for name in rng.permutation(sorted(sizes)).tolist():
        if filled + sizes[name] <= wanted:
            chosen.add(name)
            filled += sizes[name]
    return chosen or {min(sizes, key=lambda name: (sizes[name], name))}


def sides(clips: Sequence[Clip], groups: Sequence[str], kind: str) -> list[str]:
    """Write for each clip a letter a seed: d in the database, q among the queries."""
    letters = [""] * len(clips)
    for seed in SEEDS:
        for label in sorted(KINDS):
            members = [place for place, clip in enumerate(clips) if clip.label == label]
            sizes: dict[str, int] = defaultdict(int)
            for place in members:
                sizes[groups[place]] += 1
            queries = split(sizes, generator(kind, seed, label))
            for place in members:
                letters[place] += "q" if groups[place] in queries else "d"
    return letters


def digest(audio_dir: Path, clips: Sequence[Clip]) -> str:
    """Hash the bytes of all clips in order, so that other files are noticed."""
    hashed = hashlib.sha256()
    for clip in clips:
        hashed.update((audio_dir / clip.path).read_bytes())
    return hashed.hexdigest()


def render(clips: Sequence[Clip], groups: Sequence[str], sha256: str) -> str:
    """Write JSON with a clip a line."""
    grouped = sides(clips, groups, "grouped")
    plain = sides(clips, [clip.path for clip in clips], "plain")
    head = {
        "most_clips": MOST_CLIPS,
        "query_share": QUERY_SHARE,
        "seeds": list(SEEDS),
        "sha256": sha256,
        "classes": {label: list(KINDS[label]) for label in sorted(KINDS)},
        "left_out": dict(LEFT_OUT),
        "columns": ["path", "class", "group", "grouped", "plain"],
    }
    lines = [
        json.dumps([clip.path, clip.label, *rest], ensure_ascii=False)
        for clip, *rest in zip(clips, groups, grouped, plain, strict=True)
    ]
    opening = json.dumps(head, indent=1, ensure_ascii=False)[:-2]
    return opening + ',\n "clips": [\n  ' + ",\n  ".join(lines) + "\n ]\n}\n"


if __name__ == "__main__":
    main()
