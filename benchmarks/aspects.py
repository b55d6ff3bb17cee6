"""Whether pitch, loudness and rhythm are what they say, on real sounds, and what they cost.

    python benchmarks/aspects.py FOLDER [--every N]

FOLDER holds the sounds that are measured: ``philh`` (notes of instruments, the note in each name),
and ``sonicpi`` and ``dirt`` (drum samples: loops, hits). Prints how far pitch is from the notes
beside librosa's pyin on the same files, how exactly a gain is found again, how well rhythm tells
loops from single hits, the time that measuring takes beside hearing with the default embedder, and
the time of a search.
"""

import argparse
import re
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import librosa
import numpy as np
from numpy.typing import NDArray

from tonotopy import audio, catalog, embedders
from tonotopy.catalog import Catalog, NewRecording
from tonotopy.features.aspects import AspectMeter, Aspects
from tonotopy.features.likeness import likeness
from tonotopy.hearing import Hearing, measure_interval
from tonotopy.retrieve import StoredRecording, search

NOTE = re.compile(r"[a-z-]+_([A-G]s?)(\d)_(?:025|05|1|15|long)_[^_]+_(?:arco-)?normal\.ogg")
STEPS = {
    name: n
    for n, name in enumerate(("C", "Cs", "D", "Ds", "E", "F", "Fs", "G", "Gs", "A", "As", "B"))
}
HITS = "bd_*.ogg", "drum_*.ogg", "hat_*.ogg", "sn_*.ogg", "perc_*.ogg", "tabla_*.ogg"
N_RECORDINGS = 20_000
GAINS_DB = (-6, -12, -20, -40)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=10, help="take one note of so many")
    given = parser.parse_args()
    notes = [(path, hz) for path, hz in notes_below(given.folder / "philh")][:: given.every]
    print_pitch(notes)
    print_loudness([path for path, _ in notes[::4]])
    print_rhythm(given.folder)
    print_cost([path for path, _ in notes[::4]])
    print_speed()


def notes_below(folder: Path) -> Iterator[tuple[Path, float]]:
    """List single notes, (path, Hz)."""
    for path in sorted(folder.rglob("*.ogg")):
        if found := NOTE.fullmatch(path.name):
            midi = 12 * (int(found[2]) + 1) + STEPS[found[1]]
            yield path, 440 * 2 ** ((midi - 69) / 12)


def print_pitch(notes: list[tuple[Path, float]]) -> None:
    """Compare pitches with the notes in the names."""
    true = np.array([hz for _, hz in notes])
    ours = [measure_interval(path).pitch_hz or np.nan for path, _ in notes]
    theirs = [pyin(path) for path, _ in notes]
    print(f"pitch of {len(notes)} notes, {true.min():.0f} to {true.max():.0f} Hz:")
    for name, found in (("aspects", np.array(ours)), ("librosa pyin", np.array(theirs))):
        off = np.abs(1200 * np.log2(found / true))
        print(
            f"  {name:13} within 50 cents {np.mean(off < 50):.1%}, an octave off "
            f"{np.mean(np.abs(off - 1200) < 50):.1%}, none {np.mean(np.isnan(off)):.1%}, "
            f"median error {np.nanmedian(off):.0f} cents"
        )
    agree = np.abs(1200 * np.log2(np.array(ours) / np.array(theirs))) < 50
    print(f"  the two agree on {agree.mean():.1%}")


def pyin(path: Path) -> float:
    """Find the median pitch by librosa's pyin; NaN where it finds none."""
    sound, rate = loaded(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pitch, voiced, _ = librosa.pyin(sound, fmin=27.5, fmax=4200, sr=rate, frame_length=2048)
    return float(np.nanmedian(pitch)) if voiced.any() else np.nan


def print_loudness(paths: list[Path]) -> None:
    """Amplify sounds by known gains, and see whether loudness moves by as much."""
    errors = []
    for path in paths:
        sound, rate = loaded(path)
        before = measured(sound, rate).loudness_db
        for gain in GAINS_DB:
            after = measured(sound * np.float32(10 ** (gain / 20)), rate).loudness_db
            errors.append(abs(after - before - gain))
    print(
        f"loudness of {len(paths)} sounds at {len(GAINS_DB)} gains: largest error "
        f"{max(errors):.2f} dB, median {np.median(errors):.3f} dB"
    )


def print_rhythm(folder: Path) -> None:
    """See whether loops find loops and hits find hits."""
    sonicpi = folder / "sonicpi"
    loops = sorted({*sonicpi.glob("loop_*.ogg"), *(folder / "dirt").glob("breaks*/*.ogg")})
    hits = sorted({path for pattern in HITS for path in sonicpi.glob(pattern)})
    heard = [measure_interval(path) for path in (*loops, *hits)]
    values = np.array(heard, np.float64)
    is_loop = np.arange(len(heard)) < len(loops)
    right = []
    for row, each in enumerate(heard):
        alike = likeness("rhythm", each, values)
        alike[row] = -1
        nearest = np.argsort(-alike, kind="stable")[:5]
        right.append(np.mean(is_loop[nearest] == is_loop[row]))
    counts = [f"{np.mean(values[part, 4] > 0.5):.0%}" for part in (is_loop, ~is_loop)]
    print(
        f"rhythm of {len(loops)} loops and {len(hits)} hits: an onset every 2 s or more often in "
        f"{counts[0]} and {counts[1]}; of the 5 most alike, of the same kind: "
        f"loops {np.mean(np.array(right)[is_loop]):.0%} (by chance {np.mean(is_loop):.0%}), "
        f"hits {np.mean(np.array(right)[~is_loop]):.0%} (by chance {np.mean(~is_loop):.0%})"
    )


def print_cost(paths: list[Path]) -> None:
    """Time hearing without and with measuring, in turns."""
    embedder = embedders.load(embedders.DEFAULT)
    spent = {False: 0.0, True: 0.0}
    for turn in range(3):
        for path in paths:
            for with_aspects in (False, True):
                began = time.process_time()
                hearing = Hearing(path, embedder, hop_s=embedder.hop_s, measured=with_aspects)
                for _ in hearing.rows():
                    pass
                if turn:
                    spent[with_aspects] += time.process_time() - began
    print(
        f"cost: hearing {len(paths)} sounds takes {spent[True] / spent[False] - 1:.1%} more CPU "
        f"time with aspects, {(spent[True] - spent[False]) / 2 / len(paths) * 1e3:.2f} ms a sound"
    )


def print_speed() -> None:
    """Time searching a made-up library by three aspects, all recordings compared."""
    rng = np.random.default_rng(0)
    with (
        tempfile.TemporaryDirectory() as home,
        catalog.open_catalog(Path(home) / "sounds.db") as library,
    ):
        fill(library, rng)
        weights = {"pitch": 1.0, "loudness": 0.5, "rhythm": 1.0}
        spent = []
        for query in range(1, 12):
            began = time.perf_counter()
            search(library, StoredRecording(query), k=20, aspects=weights)
            spent.append(time.perf_counter() - began)
    print(
        f"search of {N_RECORDINGS:,} recordings by three aspects: "
        f"{1e3 * np.median(spent[1:]):.0f} ms, the first {1e3 * spent[0]:.0f} ms"
    )


def fill(library: Catalog, rng: np.random.Generator) -> None:
    """Store recordings with a window each and aspects at random."""
    with library.write() as connection:
        space = catalog.create_space(
            connection,
            name="made-up",
            embedder="",
            fingerprint="",
            dim=2,
            sample_rate=0,
            window_s=1.0,
            hop_s=1.0,
        )
        catalog.root_for(connection, "/sounds")
        vector = np.array([1, 0], "<f2").tobytes()
        for number in range(N_RECORDINGS):
            name = f"{number}.wav"
            new = NewRecording(
                f"/sounds/{name}", number, number, name, 1.0, 8000, 1, "wav", b"", None
            )
            recording_id = catalog.put_recording(connection, new, None, root="/sounds")
            catalog.put_windows(connection, space, recording_id, [(None, 0, 0.0, 1.0, vector)])
            level, high, rate, length = rng.uniform(size=4)
            pitch = 55 * 2 ** (6 * high)
            aspects = Aspects(-40 * level, pitch, 1.0, 2 * pitch, 4 * rate, rate, 0.01, length)
            catalog.put_aspects(connection, recording_id, aspects)


def loaded(path: Path) -> tuple[NDArray[np.float32], int]:
    """Decode a file, channels mixed."""
    with audio.open_audio(path) as reader:
        return np.concatenate([audio.mix(block) for block in reader.blocks()]), reader.sample_rate


def measured(sound: NDArray[np.float32], rate: int) -> Aspects:
    """Measure a sound in memory."""
    meter = AspectMeter(rate)
    meter.push(sound)
    return meter.finish()


if __name__ == "__main__":
    main()
