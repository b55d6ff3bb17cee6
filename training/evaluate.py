"""Score embeddings on labelled sounds: every recording searches for those of its class.

Choices are made on ``heldout``; ESC-10 and FSDD are scored once per release candidate.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import torch
from network import Student
from numpy.typing import NDArray
from pool import SAMPLE_RATE, SCENE_S, WINDOW, all_files, heldout_clips, read, scene_clips

from tonotopy.embedders.cochlea import Cochlea, log_mel
from tonotopy.embedders.yamnet import Yamnet
from tonotopy.metrics import TiedRanking, mean_scores, same_group
from tonotopy.windows import starts

HOP = 7680
LONGEST = 6 * 16_000  # samples of a held-out recording that are used
SILENT = 1e-4  # root mean square


def cut(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut a recording into windows, zeros behind the last."""
    first = starts(len(samples), window=WINDOW, hop=HOP)
    padded = np.zeros(max(len(samples), int(first[-1]) + WINDOW), np.float32)
    padded[: len(samples)] = samples
    return np.stack([padded[start : start + WINDOW] for start in first])


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale rows to unit norm."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


@dataclass(frozen=True)
class Labelled:
    """Windows of labelled recordings."""

    windows: NDArray[np.float32]
    recording: NDArray[np.int64]  #: of each window
    labels: NDArray[np.str_]  #: of each recording
    groups: NDArray[np.int64]  #: of each recording; one's own group is not searched

    def scores(self, vectors: NDArray[np.float32], name: str) -> dict[str, float]:
        """Score vectors of the windows, turned into recordings in three ways.

        ``best``: the mean, over the query's windows, of the best match among the other's;
        ``both``: that from both sides, averaged; ``mean``: the cosine of mean vectors.
        """
        vectors = unit(vectors)
        n_recordings = len(self.labels)
        first = np.searchsorted(self.recording, np.arange(n_recordings))
        counts = np.diff([*first, len(vectors)])[:, np.newaxis]
        best = np.maximum.reduceat(vectors @ vectors.T, first, axis=1)
        matched = np.add.reduceat(best, first, axis=0) / counts
        means = unit(np.add.reduceat(vectors, first, axis=0))
        own = same_group(self.groups, self.groups)
        measures = {
            "mAP": TiedRanking.average_precision,
            "nearest": lambda ranking: ranking.precision(1),
        }
        found = {}
        for pooling, distances in (
            ("best", -matched),
            ("both", -(matched + matched.T) / 2),
            ("mean", -(means @ means.T)),
        ):
            scored = mean_scores(measures, distances, self.labels, self.labels, exclude=own)
            for measure, score in scored.items():
                found[f"{name} {pooling} {measure}"] = float(score.value)
        return found

    def without_silence(self, vectors: NDArray[np.float32]) -> tuple[Self, NDArray[np.float32]]:
        """Leave out the silent windows of recordings that have others."""
        sounding = np.sqrt(np.square(self.windows).mean(axis=1)) > SILENT
        heard = np.bincount(self.recording[sounding], minlength=len(self.labels)) > 0
        kept = sounding | ~heard[self.recording]
        sounding_set = replace(self, windows=self.windows[kept], recording=self.recording[kept])
        return sounding_set, vectors[kept]


def labelled(
    recordings: list[tuple[NDArray[np.float32], str]], groups: NDArray[np.int64] | None = None
) -> Labelled:
    """Cut labelled recordings into windows."""
    pieces = [cut(samples) for samples, _ in recordings]
    numbers = np.arange(len(pieces))
    return Labelled(
        np.concatenate(pieces),
        np.repeat(numbers, [len(piece) for piece in pieces]),
        np.array([label for _, label in recordings]),
        numbers if groups is None else groups,
    )


def heldout_set(pool: Path) -> Labelled:
    """Cut the held-out classes of the pool."""
    clips = [(read(pool / name)[:LONGEST], label) for name, label in heldout_clips(pool)]
    return labelled([clip for clip in clips if len(clip[0])])


def scene_set(pool: Path) -> Labelled:
    """Cut stretches of ambience; those of one file do not count as found by each other."""
    clips = scene_clips(pool)
    length = SCENE_S * SAMPLE_RATE
    _, groups = np.unique([name for name, _, _ in clips], return_inverse=True)
    return labelled(
        [(read(pool / name)[first : first + length], label) for name, first, label in clips], groups
    )


def folder_set(folder: Path, label: Callable[[str], str]) -> Labelled:
    """Cut a folder of recordings whose label is in their path."""
    return labelled([(read(folder / name), label(name)) for name in all_files(folder)])


class Heldout:
    """The held-out classes, heard by a student in training."""

    def __init__(self, pool: Path) -> None:
        self.labelled = heldout_set(pool)
        self.log_mel = torch.from_numpy(log_mel(self.labelled.windows))

    @torch.inference_mode()
    def scores(self, student: Student) -> dict[str, float]:
        """Score the student's embedding, and its guess of the teacher's."""
        student.eval()
        device = student.target.weight.device
        parts = [
            [answer.cpu() for answer in student(part.to(device))[:2]]
            for part in self.log_mel.split(256)
        ]
        pooled, guess = (torch.cat(each).numpy() for each in zip(*parts, strict=True))
        return {
            **self.labelled.scores(pooled, "pooled"),
            **self.labelled.scores(guess, "guess"),
        }


def labelled_set(name: str, audio: Path) -> Labelled:
    """Cut one of the labelled sets in a folder that holds ``pool``, ``esc10`` and ``fsdd``."""
    if name == "heldout":
        return heldout_set(audio / "pool")
    if name == "scenes":
        return scene_set(audio / "pool")
    if name == "esc10":
        return folder_set(audio / "esc10", lambda file: file.split("/")[0])
    return folder_set(audio / "fsdd", lambda file: Path(file).name[0])


def scores_of(embedder: Cochlea | Yamnet, chosen: Labelled) -> dict[str, float]:
    """Score an embedder on a set, with silent windows and without."""
    vectors = embedder.embed(chosen.windows)
    sounding, sounding_vectors = chosen.without_silence(vectors)
    return {
        **chosen.scores(vectors, "all,"),
        **sounding.scores(sounding_vectors, "silence left out,"),
    }


def main() -> None:
    """Score the shipped weights, others, or the teacher on a labelled set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set", choices=["heldout", "scenes", "esc10", "fsdd"])
    parser.add_argument("--weights", type=Path, help="an exported file; default: the shipped one")
    parser.add_argument("--teacher", type=Path, help="score this YAMNet file instead")
    parser.add_argument("--audio", type=Path, default=Path("../../shared/audio"))
    arguments = parser.parse_args()
    embedder = Yamnet(arguments.teacher) if arguments.teacher else Cochlea(arguments.weights)
    named = {"set": arguments.set, "fingerprint": embedder.fingerprint}
    scores = scores_of(embedder, labelled_set(arguments.set, arguments.audio))
    print(json.dumps({**named, **scores}, indent=1))


if __name__ == "__main__":
    main()
