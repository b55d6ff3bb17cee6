"""Fit the layers of the classes by the teacher's answers, and by what is told of sounds.

They see all parts of a vector, as the exported network computes them; the network stays as it is,
and so do vectors. Where a name tells that a class is there, the answer to learn is no lower than
`THERE`, where it tells that a class is not there, no higher than `NOT_THERE`; everything else is
the teacher's, who counts little (`TRUST`) where mixtures may hold instruments that names tell.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from export import PARTS, build_parts, load_student, quantized, run
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

THERE, NOT_THERE = 0.9, 0.01
N_HIDDEN = 512
EPOCHS = 12
BATCH = 512
TOLD_SHARE = 0.3  # of a batch
TRUST = 0.1  # in what the teacher says of instruments that are told
RATE = 1e-3
HELD_OUT = ("sf_GMbank", "lmms-common", "redeclipse-data", "megaglest-data")  # sources to judge by
FRESH = 4  # chunks of mixtures to judge by, the last ones there are


class Classes(nn.Module):
    """From the parts of a vector to the logits of the classes."""

    def __init__(self, features: Tensor, often: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", features.float().mean(dim=0))
        self.register_buffer("deviation", features.float().std(dim=0) + 1e-3)
        self.hidden = nn.Linear(features.shape[1], N_HIDDEN)
        self.last = nn.Linear(N_HIDDEN, len(often))
        self.last.weight.data *= 0.1
        self.last.bias.data = torch.logit(often.float().clamp(1e-5, 1 - 1e-5))

    def forward(self, features: Tensor) -> Tensor:
        """Score parts (n, 639) as logits (n, 521)."""
        return self.last(functional.relu(self.hidden((features - self.mean) / self.deviation)))


@dataclass(frozen=True)
class Answers:
    """What the layers see, and what they are to say."""

    features: Tensor  #: (n, 639)
    scores: Tensor  #: (n, 521)

    def draw(self, n: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw some at random."""
        rows = torch.randint(len(self.features), (n,), generator=random)
        return self.features[rows].float(), self.scores[rows].float()

    def only(self, kept: NDArray[np.bool_]) -> "Answers":
        """Keep some rows."""
        rows = torch.from_numpy(kept)
        return Answers(self.features[rows], self.scores[rows])


def features_of(parts: onnx.ModelProto, log_mel: NDArray[np.float16]) -> Tensor:
    """Run the network up to what the classes are read from, (n, 639)."""
    found = [
        np.concatenate(run(parts, log_mel[start : start + 2000].astype(np.float32), *PARTS), axis=1)
        for start in range(0, len(log_mel), 2000)
    ]
    return torch.from_numpy(np.concatenate(found)).half()


def mixtures(parts: onnx.ModelProto, chunks: list[Path]) -> Answers:
    """Read mixtures and what the teacher says of them."""
    features, scores = [], []
    for path in chunks:
        with np.load(path) as chunk:
            features.append(features_of(parts, chunk["log_mel"]))
            scores.append(torch.from_numpy(chunk["scores"]))
    return Answers(torch.cat(features), torch.cat(scores))


def corrected(scores: NDArray[np.float16], known: NDArray[np.int8]) -> Tensor:
    """Put what is known in place of what the teacher says."""
    raised = np.where(known == 1, np.maximum(scores, np.float16(THERE)), scores)
    lowered = np.where(known == 0, np.minimum(raised, np.float16(NOT_THERE)), raised)
    return torch.from_numpy(lowered)


def entropies(layers: nn.Module, answers: tuple[Tensor, Tensor]) -> Tensor:
    """Compute the cross-entropy of each patch and class."""
    features, scores = answers
    logits = layers(features)
    return functional.binary_cross_entropy_with_logits(logits, scores, reduction="none")


def fit(
    layers: Classes, mixed: Answers, told: Answers, *, told_share: float, trust: Tensor
) -> None:
    """Fit the layers, in place; the teacher is trusted in each class as far as `trust` says."""
    random = torch.Generator().manual_seed(0)
    n_told = int(told_share * BATCH)
    n_steps = EPOCHS * len(mixed.features) // (BATCH - n_told)
    optimizer = torch.optim.AdamW(layers.parameters(), lr=RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2 * RATE, n_steps)
    for step in range(n_steps):
        by_teacher = entropies(layers, mixed.draw(BATCH - n_told, random)) * trust
        by_names = entropies(layers, told.draw(n_told, random))
        value = (by_teacher.sum() + by_names.sum()) / BATCH
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        optimizer.step()
        schedule.step()
        if step % 1000 == 0:
            print(f"step {step} of {n_steps}: {float(value.detach()):.3f}", flush=True)


@torch.no_grad()
def areas(layers: Classes, told: Answers, known: NDArray[np.int8]) -> list[float]:
    """Tell how often a told class scores higher where it is than where it is not, by class."""
    heard = layers(told.features.float()).numpy()
    found = []
    for index in range(known.shape[1]):
        there, not_there = (heard[known[:, index] == each, index] for each in (1, 0))
        if len(there) >= 5 and len(not_there) >= 5:
            found.append(float((there[:, np.newaxis] > not_there).mean()))
    return found


def main() -> None:
    """Fit the layers of the classes and write them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--checkpoint", type=Path, default=Path("work/run/checkpoint.pt"))
    parser.add_argument("--mixtures", type=Path, default=Path("work/mixtures"))
    parser.add_argument("--chunks", type=int, default=100, help="of mixtures to learn from")
    parser.add_argument("--told", type=Path, default=Path("work/told.npz"))
    parser.add_argument("--share", type=float, default=TOLD_SHARE, help="of what is told")
    parser.add_argument("--trust", type=float, default=TRUST, help="in the teacher's instruments")
    parser.add_argument("--out", type=Path, default=Path("work/run/classes.pt"))
    arguments = parser.parse_args()
    torch.manual_seed(0)
    paths = sorted(arguments.mixtures.glob("chunk-????.npz"))
    with np.load(paths[0]) as chunk:
        examples = chunk["log_mel"][::2].astype(np.float32)
    parts = quantized(build_parts(load_student(arguments.checkpoint)), examples)
    mixed = mixtures(parts, paths[: arguments.chunks])
    fresh = mixtures(parts, paths[-FRESH:])
    with np.load(arguments.told) as told:
        known, judged = told["known"], np.isin(told["source"], HELD_OUT)
        both = Answers(features_of(parts, told["log_mel"]), corrected(told["scores"], known))
    layers = Classes(mixed.features[::10], mixed.scores[::10].float().mean(dim=0))
    trust = torch.ones(known.shape[1])
    trust[torch.from_numpy((known == 0).any(axis=0))] = arguments.trust
    fit(layers, mixed, both.only(~judged), told_share=arguments.share, trust=trust)
    found = areas(layers, both.only(judged), known[judged])
    with torch.no_grad():
        apart = entropies(layers, (fresh.features.float(), fresh.scores.float()))
    print(
        f"class loss on fresh mixtures {0.1 * apart.sum(dim=1).mean():.3f}; told instruments of "
        f"sources held out: area under the curve {np.mean(found):.3f} ({len(found)} classes)"
    )
    torch.save(layers.state_dict(), arguments.out)


if __name__ == "__main__":
    main()
