"""Find from which score on a tag is usually right, and how often it is.

A class is shown where its score reaches its threshold, which is found in two steps. First, among
mixtures that the student scores so high, the teacher must be sure of the class in the share that
``--precision`` asks for; of instruments, which the teacher knows badly, among sounds that are told
by their names and were not learnt from (`classes.py`). Then, among labelled recordings, half of
them, so many must carry a label that the class fits; where they do not, the threshold is raised.
The other half of the recordings, and ESC-10, which no threshold was chosen on, tell how often shown
tags are right, in the table that is written.

A tag fits a label if it is one of the classes that `label_classes.json` lists for it, or stands
above or below one in AudioSet's tree. Tags of the place and of what no ear can tell (``Inside``,
``Silence``, ``Thump``) are not judged. A recording scores as its best window does, as in a library.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from classes import HELD_OUT
from evaluate import Labelled, folder_set, heldout_set, scene_set
from numpy.typing import NDArray

from tonotopy.embedders.cochlea import Cochlea
from tonotopy.ontology import CLASSES, ancestors, class_indices, find

LABEL_CLASSES = Path(__file__).with_name("label_classes.json")
WEIGHTS = Path("../src/tonotopy/embedders/weights/cochlea.onnx")
CONSTANTS = Path("../src/tonotopy/embedders/constants/cochlea-tags.json")
NOT_JUDGED = ("Channel, environment and background", "Source-ambiguous sounds")
SURE = 0.3  # the teacher's score from which on it is taken to be right
MISTAKEN = 1 / 5000  # of the windows without instruments, that may show one all the same
UNHEARD = 0.05  # the teacher's highest score of music and instruments where there are none
FEWEST_MIXTURES = 10  # shown by a threshold, so that their share means something
FEWEST_RECORDINGS = 5
LOWEST, LOWEST_BY_NAME = 0.1, 0.25  # of a threshold
NEVER = 2.0
BATCH = 256


@dataclass(frozen=True)
class Judged:
    """Scores of labelled recordings, and which of them are right.

    Attributes
    ----------
    scores : ndarray of shape (n_recordings, n_classes)
        Of the best window.
    right, judged : ndarray of shape (n_recordings, n_classes), bool
        Whether a class fits the recording's label; whether that can be said.
    """

    scores: NDArray[np.float32]
    right: NDArray[np.bool_]
    judged: NDArray[np.bool_]

    def half(self, number: int) -> "Judged":
        """Take every second recording."""
        return Judged(self.scores[number::2], self.right[number::2], self.judged[number::2])


def fitting(label: str, classes_of: dict[str, list[str]]) -> NDArray[np.bool_]:
    """Tell which classes fit a label: those listed, with all above and below them."""
    fits = np.zeros(len(CLASSES), bool)
    for name in classes_of[label]:
        sound = find(name)
        if sound is None:
            raise SystemExit(f"{LABEL_CLASSES} names {name!r}, which AudioSet does not know")
        fits[list(class_indices(name))] = True
        fits[[each.index for each in ancestors(sound) if each.index is not None]] = True
    return fits


def judge(embedder: Cochlea, labelled: Labelled) -> Judged:
    """Score labelled recordings; those whose label says nothing of classes are left out."""
    classes_of = json.loads(LABEL_CLASSES.read_text())
    _, scores = embedder.hear(labelled.windows)
    first = np.searchsorted(labelled.recording, np.arange(len(labelled.labels)))
    best = np.maximum.reduceat(scores, first, axis=0)
    known = np.array([label in classes_of for label in labelled.labels])
    right = np.stack([fitting(str(label), classes_of) for label in labelled.labels[known]])
    judged = np.ones(right.shape, bool)
    for name in NOT_JUDGED:
        judged[:, list(class_indices(name))] = False
    return Judged(best[known], right, judged)


def scored(weights: Path, patches: NDArray[np.float16]) -> NDArray[np.float32]:
    """Score patches, (n, 521)."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
    scores = []
    for start in range(0, len(patches), BATCH):
        part = patches[start : start + BATCH].astype(np.float32)
        scores += session.run(["scores"], {"log_mel": part})
    return np.concatenate(scores)


def answers(weights: Path, chunks: list[Path]) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
    """Score mixtures, (n, 521), and read the teacher's scores of them."""
    scores, teacher = [], []
    for path in chunks:
        with np.load(path) as chunk:
            scores.append(scored(weights, chunk["log_mel"]))
            teacher.append(chunk["scores"])
    return np.concatenate(scores), np.concatenate(teacher)


def lowest_threshold(
    scores: NDArray[np.float32], right: NDArray[np.bool_], *, precision: float, fewest: int
) -> float | None:
    """Find the lowest score above which enough are right, one imagined mistake counted in.

    Parameters
    ----------
    scores : ndarray of shape (n,)
        Of one class.
    right : ndarray of shape (n,)
        Whether showing it is right.
    precision : float
        The share that must be right.
    fewest : int
        How many must be shown.

    Returns
    -------
    float or None
        None where no score will do.
    """
    order = np.argsort(-scores, kind="stable")
    shown = np.arange(1, len(order) + 1)
    share = np.cumsum(right[order]) / (shown + 1)
    enough = np.flatnonzero((share >= precision) & (shown >= fewest))
    return float(scores[order[enough[-1]]]) if len(enough) else None


def thresholds_by_teacher(
    scores: NDArray[np.float32], sure: NDArray[np.bool_], *, precision: float
) -> tuple[dict[int, float], float]:
    """Find thresholds by the teacher's answers; classes it hears too rarely share a high one."""
    found = {}
    for index in range(scores.shape[1]):
        threshold = lowest_threshold(
            scores[:, index], sure[:, index], precision=precision, fewest=FEWEST_MIXTURES
        )
        if threshold is not None:
            found[index] = max(threshold, LOWEST)
    return found, float(np.quantile(list(found.values()), 0.9))


def mistaken(scores: NDArray[np.float32]) -> float:
    """Find the score of an instrument that few windows without it reach."""
    return float(np.quantile(scores, 1 - MISTAKEN))


def thresholds_by_names(
    weights: Path, told: Path, unmusical: NDArray[np.float32], *, precision: float
) -> dict[int, float]:
    """Find thresholds of told instruments.

    Parameters
    ----------
    weights, told : Path
        The network; windows of sounds that are told, of which those of held-out sources are used.
    unmusical : ndarray of shape (n, n_classes)
        Scores of mixtures in which the teacher hears no music: an instrument there is wrong,
        and may be shown in `MISTAKEN` of them.
    precision : float
        The share that must be right.
    """
    with np.load(told) as stored:
        judged = np.isin(stored["source"], HELD_OUT)
        known, patches = stored["known"][judged], stored["log_mel"][judged]
    scores = scored(weights, patches)
    found = {}
    for index in np.flatnonzero((known == 0).any(axis=0)).tolist():
        rows = known[:, index] >= 0
        threshold = lowest_threshold(
            scores[rows, index],
            known[rows, index] == 1,
            precision=precision,
            fewest=FEWEST_MIXTURES,
        )
        if threshold is not None:
            found[index] = max(threshold, mistaken(unmusical[:, index]), LOWEST_BY_NAME)
    return found


def raised(
    thresholds: NDArray[np.float64], judged: Judged, *, precision: float
) -> NDArray[np.float64]:
    """Raise the thresholds of classes that labelled recordings show to be wrong too often."""
    higher = thresholds.copy()
    for index, threshold in enumerate(thresholds.tolist()):
        shown = judged.judged[:, index] & (judged.scores[:, index] >= threshold)
        right = judged.right[shown, index]
        if shown.sum() < FEWEST_RECORDINGS or right.mean() >= precision:
            continue
        scores = judged.scores[shown, index]
        enough = lowest_threshold(scores, right, precision=precision, fewest=FEWEST_RECORDINGS)
        beyond_mistakes = float(np.nextafter(scores[~right].max(), np.float32(NEVER)))
        higher[index] = beyond_mistakes if enough is None else enough
    return higher


def table(thresholds: NDArray[np.float64], judged: Judged, *, precision: float) -> str:
    """Write how often shown tags are right, class by class, as Markdown."""
    shown = judged.judged & (judged.scores >= thresholds)
    n_shown, n_right = shown.sum(axis=0), (shown & judged.right).sum(axis=0)
    tagged = shown.any(axis=1)
    lines = [
        f"Thresholds aim at {precision:.0%}. Of {len(tagged)} labelled recordings "
        f"{tagged.sum()} have tags that can be judged: {n_shown.sum()} of them, "
        f"{n_right.sum()} right ({n_right.sum() / max(1, n_shown.sum()):.1%}).",
        "",
        "| tag | shown from | shown | right |",
        "|---|---|---|---|",
    ]
    for index in np.lexsort((np.arange(len(n_shown)), -n_shown)):
        if n_shown[index]:
            share = n_right[index] / n_shown[index]
            lines.append(
                f"| {CLASSES[index].name} | {thresholds[index]:.2f} | {n_shown[index]} | "
                f"{share:.0%} |"
            )
    return "\n".join(lines) + "\n"


def write_constants(
    path: Path, embedder: Cochlea, thresholds: NDArray[np.float64], *, precision: float, rest: float
) -> None:
    """Write what the embedder reads."""
    own = {
        str(index): round(threshold, 4)
        for index, threshold in enumerate(thresholds.tolist())
        if threshold != rest
    }
    constants: dict[str, Any] = {
        "fingerprint": embedder.fingerprint,
        "precision": precision,
        "otherwise": round(rest, 4),
        "thresholds": own,
    }
    path.write_text(json.dumps(constants, indent=1) + "\n")


def main() -> None:
    """Calibrate the shipped weights, or others, and write thresholds and table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pool", type=Path, default=Path("../../shared/audio/pool"))
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="an exported file")
    parser.add_argument("--mixtures", type=Path, default=Path("work/mixtures"))
    parser.add_argument("--chunks", type=int, default=20, help="how many, the last ones there are")
    parser.add_argument("--told", type=Path, default=Path("work/told.npz"))
    parser.add_argument("--precision", type=float, default=0.85, help="share that must be right")
    parser.add_argument("--constants", type=Path, default=CONSTANTS)
    parser.add_argument("--table", type=Path, default=Path("../docs/tags.md"))
    parser.add_argument("--esc10", type=Path, default=Path("../../shared/audio/esc10"))
    given = parser.parse_args()
    embedder = Cochlea(given.weights)
    chunks = sorted(given.mixtures.glob("chunk-*.npz"))[-given.chunks :]
    scores, teacher = answers(given.weights, chunks)
    by_teacher, rest = thresholds_by_teacher(scores, teacher >= SURE, precision=given.precision)
    print(f"{len(scores)} mixtures: {len(by_teacher)} classes measured, the others from {rest:.2f}")
    unmusical = teacher[:, list(class_indices("Music"))].max(axis=1) < UNHEARD
    by_names = thresholds_by_names(
        given.weights, given.told, scores[unmusical], precision=given.precision
    )
    print(f"{len(by_names)} instruments measured by names")
    measured = by_teacher | by_names
    thresholds = np.array([measured.get(index, rest) for index in range(len(CLASSES))])
    sets = {"held-out sounds": heldout_set(given.pool), "scenes": scene_set(given.pool)}
    judged = {name: judge(embedder, labelled) for name, labelled in sets.items()}
    for each in judged.values():
        thresholds = raised(thresholds, each.half(0), precision=given.precision)
    write_constants(given.constants, embedder, thresholds, precision=given.precision, rest=rest)
    title = f"# How often a shown tag is right\n\n`cochlea` {embedder.fingerprint}, as "
    parts = [title + "`training/calibrate.py` wrote it.\n"]
    told = {name: each.half(1) for name, each in judged.items()}
    told["ESC-10"] = judge(embedder, folder_set(given.esc10, lambda name: name.split("/")[0]))
    for name, each in told.items():
        text = table(thresholds, each, precision=given.precision)
        parts.append(f"## {name[0].upper()}{name[1:]}\n\n{text}")
        print(name, text.partition("\n")[0], sep=": ")
    given.table.write_text("\n".join(parts))


if __name__ == "__main__":
    main()
