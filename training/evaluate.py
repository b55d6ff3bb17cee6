"""Score embeddings on labelled sounds: every recording searches for those of its class."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from network import Student
from numpy.typing import NDArray
from pool import WINDOW, heldout_clips, read

from tonotopy.embedders.cochlea import log_mel
from tonotopy.metrics import TiedRanking, mean_scores, same_group
from tonotopy.windows import starts

HOP = 7680
LONGEST = 6 * 16_000  # samples of a held-out recording that are used


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

    def scores(self, vectors: NDArray[np.float32], name: str) -> dict[str, float]:
        """Score vectors of the windows by the best match of each window, and by their mean."""
        vectors = unit(vectors)
        n_recordings = len(self.labels)
        first = np.searchsorted(self.recording, np.arange(n_recordings))
        counts = np.diff([*first, len(vectors)])[:, np.newaxis]
        best = np.maximum.reduceat(vectors @ vectors.T, first, axis=1)
        matched = np.add.reduceat(best, first, axis=0) / counts
        means = unit(np.add.reduceat(vectors, first, axis=0))
        numbers = np.arange(n_recordings)
        measures = {
            "mAP": TiedRanking.average_precision,
            "nearest": lambda ranking: ranking.precision(1),
        }
        found = {}
        for pooling, distances in (("best", -matched), ("mean", -(means @ means.T))):
            scored = mean_scores(
                measures, distances, self.labels, self.labels, exclude=same_group(numbers, numbers)
            )
            for measure, score in scored.items():
                found[f"{name} {pooling} {measure}"] = float(score.value)
        return found


def labelled(recordings: list[tuple[NDArray[np.float32], str]]) -> Labelled:
    """Cut labelled recordings into windows."""
    pieces = [cut(samples) for samples, _ in recordings]
    return Labelled(
        np.concatenate(pieces),
        np.repeat(np.arange(len(pieces)), [len(piece) for piece in pieces]),
        np.array([label for _, label in recordings]),
    )


class Heldout:
    """The held-out classes of the pool: what every choice is made on."""

    def __init__(self, pool: Path) -> None:
        clips = [(read(pool / name)[:LONGEST], label) for name, label in heldout_clips(pool)]
        self.labelled = labelled([clip for clip in clips if len(clip[0])])
        self.log_mel = torch.from_numpy(log_mel(self.labelled.windows))

    @torch.inference_mode()
    def scores(self, student: Student) -> dict[str, float]:
        """Score the student's embedding, and its guess of the teacher's."""
        student.eval()
        parts = [student(part)[:2] for part in self.log_mel.split(256)]
        pooled, guess = (torch.cat(each).numpy() for each in zip(*parts, strict=True))
        return {
            **self.labelled.scores(pooled, "pooled"),
            **self.labelled.scores(guess, "guess"),
        }
