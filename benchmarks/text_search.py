"""Measure how often words find the right sounds, by tags alone.

    OMP_NUM_THREADS=1 python benchmarks/text_search.py AUDIO [--yamnet FILE] [--only PART] [--each]

AUDIO holds ``esc10`` (ten folders of ESC-10) and ``pool`` (folders named by content). Recordings
are copied into one flat folder under random names, added with `tonotopy.add` and searched with
`tonotopy.search(..., text_from=["tags"])`: names, folders and labels say nothing. Printed is the
precision at 10, or at as many as there are right recordings where that is less, averaged over

names
    the names of ESC-10's ten classes, in ESC-10;
parents
    animal (dog, rooster), water (rain, sea waves) and vehicle (helicopter), in ESC-10;
everyday
    the sixty words of ``everyday_words.json``, in the recordings named there, which were fixed
    before any list of words was written; the file says how they are counted;
choice
    words for the classes of ``training/heldout.json``, on which the settings were chosen.

`cochlea` is measured, and with --yamnet its teacher, as an upper bound.
"""

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import tonotopy as tt
from tonotopy import catalog

HERE = Path(__file__).parent
K = 10
PARTS = ("names", "parents", "everyday", "choice")
BARS = {"names": 0.92, "parents": 0.80, "everyday": 0.80}

NAMES = {
    "chainsaw": ["chainsaw"],
    "clock tick": ["clock_tick"],
    "crackling fire": ["fire_crackling"],
    "crying baby": ["baby_cry"],
    "dog": ["dog_bark"],
    "helicopter": ["helicopter"],
    "rain": ["rain"],
    "rooster": ["rooster"],
    "sea waves": ["sea_waves"],
    "sneezing": ["person_sneeze"],
}
PARENTS = {
    "animal": ["dog_bark", "rooster"],
    "water": ["rain", "sea_waves"],
    "vehicle": ["helicopter"],
}
CHOICE = {
    "banjo": ["banjo"],
    "birdsong": ["birds"],
    "burp": ["burping"],
    "violoncello": ["cello"],
    "flute": ["flute"],
    "french horn": ["french horn"],
    "breaking glass": ["glass"],
    "brass": ["french horn", "trombone", "muted trumpet"],
    "guitar": ["guitar"],
    "plucked": ["guitar", "banjo", "pluck"],
    "machine gun": ["gunfire"],
    "shooting": ["gunfire"],
    "drums": ["hi-hat", "kick", "tabla"],
    "kick": ["kick"],
    "pain": ["hurt man", "hurt woman"],
    "monster": ["zombie"],
    "metal": ["metal", "can"],
    "song": ["music"],
    "trumpet": ["muted trumpet"],
    "talking": ["speech", "numbers", "diphone"],
    "raining": ["rain"],
    "sax": ["saxophone"],
    "tabla": ["tabla"],
    "trombone": ["trombone"],
    "howling wind": ["wind"],
    "swish": ["swing"],
    "stabbing": ["stabbing"],
    "walking on grass": ["grass"],
    "synth bass": ["bass synth", "stab"],
    "bowed strings": ["cello"],
}

Collection = dict[Path, str]  # the group of each recording
Words = Mapping[str, Sequence[str]]  # the groups that are right


def main() -> None:
    """Measure what was asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("audio", type=Path, help="the folder with esc10 and pool")
    parser.add_argument("--yamnet", type=Path, help="yamnet.tflite, to measure it as well")
    parser.add_argument("--only", choices=PARTS, help="measure one part")
    parser.add_argument("--each", action="store_true", help="print each word")
    options = parser.parse_args()
    if options.yamnet:
        os.environ["TONOTOPY_YAMNET"] = str(options.yamnet.resolve())
    for name in ["cochlea", "yamnet"] if options.yamnet else ["cochlea"]:
        for parts, collection in collections(options.audio, options.only):
            with flat_library(collection, name) as (library, group_of):
                for part, words in parts.items():
                    report(part, name, library, group_of, words, each=options.each)


def collections(audio: Path, only: str | None) -> Iterator[tuple[dict[str, Words], Collection]]:
    """List the recordings to search, and the words to search them with."""
    esc10 = {path: path.parent.name for path in sorted((audio / "esc10").glob("*/*.ogg"))}
    everyday = json.loads((HERE / "everyday_words.json").read_text("utf-8"))
    most = everyday["most_of_a_pattern"]
    grouped = {
        path: group
        for group, patterns in everyday["groups"].items()
        for pattern in patterns
        for path in spaced(sorted(audio.glob(pattern)), most)
    }
    heldout = json.loads((HERE.parent / "training" / "heldout.json").read_text("utf-8"))
    chosen = {
        path: group
        for group, beginnings in heldout.items()
        for beginning in beginnings
        for path in spaced(sorted((audio / "pool").glob(pattern_of(beginning))), most)
    }
    for parts, collection in (
        ({"names": NAMES, "parents": PARENTS}, esc10),
        ({"everyday": everyday["words"]}, grouped),
        ({"choice": CHOICE}, chosen),
    ):
        wanted: dict[str, Words] = {
            part: words for part, words in parts.items() if only in (None, part)
        }
        if wanted:
            yield wanted, collection


def pattern_of(beginning: str) -> str:
    """Turn the beginning of paths into a pattern for files."""
    if beginning.endswith(".ogg"):
        return beginning
    return beginning + ("**/*.ogg" if beginning.endswith("/") else "*.ogg")


def spaced(paths: Sequence[Path], most: int) -> list[Path]:
    """Choose at most so many of paths, evenly spaced."""
    if len(paths) <= most:
        return list(paths)
    return [paths[at] for at in np.linspace(0, len(paths) - 1, most).round().astype(int)]


@contextmanager
def flat_library(
    collection: Collection, name: str
) -> Iterator[tuple[catalog.Catalog, dict[str, str]]]:
    """Add copies with random names in one folder; tell the group of each name."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "sounds"
        folder.mkdir()
        group_of = {}
        names = np.random.default_rng(0)
        for path, group in collection.items():
            copy = folder / f"{names.bytes(8).hex()}.ogg"
            shutil.copyfile(path, copy)
            group_of[copy.name] = group
        with tt.open(Path(scratch) / "library.db") as library:
            added = tt.add(library, folder, embedder=name, jobs=1)
            if added.failed:
                raise SystemExit(f"{len(added.failed)} recordings could not be added")
            yield library, group_of


def report(
    part: str,
    name: str,
    library: catalog.Catalog,
    group_of: Mapping[str, str],
    words: Words,
    *,
    each: bool,
) -> None:
    """Search with each word and print the mean precision."""
    precisions = {}
    started = time.process_time()
    for word, right in words.items():
        k = min(K, sum(group in right for group in group_of.values()))
        hits = tt.search(library, word, k=k, text_from=["tags"]).hits
        precisions[word] = sum(group_of[Path(hit.path).name] in right for hit in hits) / k
    cpu_ms = 1000 * (time.process_time() - started) / len(words)
    mean = float(np.mean(list(precisions.values())))
    bar = f"bar {BARS[part]:.2f}" if part in BARS else "no bar"
    print(
        f"{part:<9} {name:<8} {mean:.3f}  ({bar}; {len(words)} words, {len(group_of)} recordings, "
        f"{cpu_ms:.0f} CPU ms a search)",
        flush=True,
    )
    if each:
        print("   " + ", ".join(f"{word} {value:.1f}" for word, value in precisions.items()))


if __name__ == "__main__":
    main()
