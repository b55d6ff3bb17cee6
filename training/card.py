"""Measure the shipped weights and their teacher, and write what the model card says of them.

The part of ``docs/cochlea.md`` between two marks is replaced; what it says in words stays.
"""

import argparse
import os
import tempfile
from pathlib import Path

from evaluate import labelled_set, scores_of
from speed import windows_a_second

import tonotopy
from tonotopy.benchmark import benchmark_retrieval
from tonotopy.embedders.cochlea import Cochlea
from tonotopy.embedders.yamnet import Yamnet

CARD = Path("../docs/cochlea.md")
BEGIN, END = "<!-- measured by training/card.py -->\n", "<!-- end of what was measured -->\n"
SETS = {
    "esc10": "ESC-10 (400 clips, 10 classes)",
    "fsdd": "FSDD (3,000 spoken digits)",
    "heldout": "held-out classes (547 recordings, 34 classes)",
    "scenes": "ambiences (415 stretches, 16 classes; trained on)",
}
WAYS = {
    "all, best": "one way",
    "all, both": "both ways",
    "silence left out, both": "both ways, silent windows left out",
}
N_RUNS = 15


def main() -> None:
    """Write the measured part of the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audio", type=Path, default=Path("../../shared/audio"))
    parser.add_argument("--teacher", type=Path, default=Path("../../shared/models/yamnet.tflite"))
    parser.add_argument("--card", type=Path, default=CARD)
    given = parser.parse_args()
    if os.environ.get("OMP_NUM_THREADS") != "1":
        parser.error("set OMP_NUM_THREADS=1: speed is that of one thread")
    embedders = (Cochlea(), Yamnet(given.teacher))
    lines = [*score_lines(embedders, given.audio), "", *speed_lines(embedders)]
    text = given.card.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        parser.error(f"{given.card} lacks the lines {BEGIN.strip()!r} and {END.strip()!r}")
    given.card.write_text(before + BEGIN + "\n" + "\n".join(lines) + "\n\n" + END + after)
    print("\n".join(lines))


def score_lines(embedders: tuple[Cochlea, Yamnet], audio: Path) -> list[str]:
    """Score both on all sets: mAP and how often the nearest neighbour's class is right."""
    lines = [
        f"`cochlea` {embedders[0].fingerprint}, `yamnet` {embedders[1].fingerprint}; mAP / nearest "
        "neighbour's class right.",
        "",
        "| set | recordings are compared | YAMNet | Cochlea |",
        "|---|---|---|---|",
    ]
    for name, title in SETS.items():
        labelled = labelled_set(name, audio)
        student, teacher = (scores_of(each, labelled) for each in embedders)
        if name == "esc10":
            ours = as_searched(audio / name)
            lines.append(f"| {title} | as `tonotopy search` does | | **{ours}** |")
        for way, said in WAYS.items():
            both = (
                f"{each[f'{way} mAP']:.3f} / {each[f'{way} nearest']:.3f}"
                for each in (teacher, student)
            )
            lines.append(f"| {title} | {said} | {' | '.join(both)} |")
    return lines


def as_searched(folder: Path) -> str:
    """Score a library of labelled folders as ``tonotopy benchmark retrieval`` does."""
    with tempfile.TemporaryDirectory() as place:
        library = tonotopy.open(Path(place) / "library.db")
        tonotopy.add(library, folder, jobs=1)
        (plain,) = benchmark_retrieval(library, labels="folder")
        return f"{plain.scores['mAP']:.3f} / {plain.scores['nearest right']:.3f}"


def speed_lines(embedders: tuple[Cochlea, Yamnet]) -> list[str]:
    """Time both."""
    ours, theirs = windows_a_second(embedders, n_runs=N_RUNS)
    return [
        "| one thread, front end included | YAMNet through LiteRT | Cochlea | ratio |",
        "|---|---|---|---|",
        f"| windows for a CPU second | {theirs:,.0f} | **{ours:,.0f}** | {ours / theirs:.2f} |",
    ]


if __name__ == "__main__":
    main()
