"""Train the student on stored mixtures; a killed run goes on from its last epoch."""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from evaluate import Heldout
from network import Student
from numpy.typing import NDArray
from pool import FOLDERS
from torch import Tensor
from torch.nn import functional

N_TARGET = 320
WARM_UP = 0.15


class Mixtures:
    """The chunks that `mixtures.py` wrote, in memory."""

    def __init__(self, folder: Path, limit: int) -> None:
        paths = sorted(folder.glob("chunk-????.npz"))[:limit]
        with np.load(paths[0]) as first:
            size = len(first["log_mel"])
            self.log_mel = np.empty((size * len(paths), *first["log_mel"].shape[1:]), np.float16)
        embeddings, scores = [], []
        for number, path in enumerate(paths):
            with np.load(path) as chunk:
                self.log_mel[number * size : (number + 1) * size] = chunk["log_mel"]
                embeddings.append(chunk["embedding"])
                scores.append(chunk["scores"])
        self.embeddings, self.scores = np.concatenate(embeddings), np.concatenate(scores)

    def __len__(self) -> int:
        return len(self.log_mel)


def half_whitening(
    embeddings: NDArray[np.float16], *, n_target: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fit (centre, projection): principal axes of root embeddings, scaled by deviation ** -1/2."""
    sample = np.sqrt(embeddings[::4].astype(np.float32))
    centre = sample.mean(axis=0)
    variance, axes = np.linalg.eigh(np.cov((sample - centre).T).astype(np.float64))
    variance, axes = variance[::-1][:n_target], axes[:, ::-1][:, :n_target]
    return centre, (axes * variance**-0.25).astype(np.float32)


def disturbed(log_mel: Tensor, random: torch.Generator) -> Tensor:
    """Make patches quieter, and shift them a little in time: the answer should stay the same."""
    n = len(log_mel)
    quieter = torch.rand(n, 1, 1, generator=random) * -2.3
    quieter[torch.rand(n, 1, 1, generator=random) < 0.5] = 0
    mel = (log_mel.exp() - 1e-3).clamp(min=0) * quieter.exp().to(log_mel.device)
    shift = int(torch.randint(-6, 7, (1,), generator=random))
    return torch.roll((mel + 1e-3).log(), shift, dims=1)


def loss_terms(
    student: Student, log_mel: Tensor, target: Tensor, scores: Tensor
) -> dict[str, Tensor]:
    """Compare the student's answers with the teacher's.

    The last layer and what is taken for the teacher's embedding both lay a batch out as it does.
    """
    with torch.autocast(log_mel.device.type, dtype=torch.bfloat16):
        pooled, guess, logits = student(log_mel)
    aim = functional.normalize(target, dim=1)
    aims = aim @ aim.T
    relations = []
    for answer in (pooled, guess):
        direction = functional.normalize(answer.float(), dim=1)
        relations.append((direction @ direction.T - aims).square().mean())
    classes = functional.binary_cross_entropy_with_logits(logits.float(), scores, reduction="none")
    return {
        "relations": 20 * torch.stack(relations).sum(),
        "target": (1 - functional.cosine_similarity(guess.float(), target, dim=1)).mean(),
        "classes": 0.1 * classes.sum(dim=1).mean(),
    }


def share_of_rate(progress: float) -> float:
    """One cycle: rise over the first 15 %, then fall along a cosine to 0."""
    if progress < WARM_UP:
        return 0.05 + 0.95 * progress / WARM_UP
    return 0.5 + 0.5 * math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP))


def train_epoch(
    student: Student,
    optimizer: torch.optim.Optimizer,
    mixtures: Mixtures,
    targets: NDArray[np.float32],
    *,
    epoch: int,
    n_epochs: int,
    batch: int,
    rate: float,
    device: torch.device,
) -> dict[str, float]:
    """Pass once over the mixtures in a random order that the epoch decides."""
    student.train()
    random = torch.Generator().manual_seed(epoch)
    order = torch.randperm(len(mixtures), generator=random).numpy()
    sums: dict[str, float] = {}
    n_batches = len(order) // batch
    for number in range(n_batches):
        rows = np.sort(order[number * batch : (number + 1) * batch])
        log_mel = torch.from_numpy(mixtures.log_mel[rows]).to(device).float()
        terms = loss_terms(
            student,
            disturbed(log_mel, random),
            torch.from_numpy(targets[rows]).to(device),
            torch.from_numpy(mixtures.scores[rows].astype(np.float32)).to(device),
        )
        for group in optimizer.param_groups:
            group["lr"] = rate * share_of_rate((epoch + number / n_batches) / n_epochs)
        optimizer.zero_grad(set_to_none=True)
        sum(terms.values()).backward()
        optimizer.step()
        for name, value in terms.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach()) / n_batches
    return sums


def main() -> None:
    """Train for some epochs, keeping a checkpoint and a line of the log for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mixtures", type=Path, default=Path("work/mixtures"))
    parser.add_argument("--limit", type=int, default=300, help="chunks to use")
    parser.add_argument("--pool", type=Path, default=FOLDERS[0], help="of the held-out classes")
    parser.add_argument("--out", type=Path, default=Path("work/run"))
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    mixtures = Mixtures(arguments.mixtures, arguments.limit)
    centre, projection = half_whitening(mixtures.embeddings, n_target=N_TARGET)
    targets = np.concatenate(
        [
            (np.sqrt(part.astype(np.float32)) - centre) @ projection
            for part in np.array_split(mixtures.embeddings, 100)
        ]
    )
    heldout = Heldout(arguments.pool)
    device = torch.device(arguments.device)
    student = Student(N_TARGET).to(memory_format=torch.channels_last)
    student.expect(mixtures.scores.mean(axis=0, dtype=np.float32))
    student.to(device)
    optimizer = torch.optim.AdamW(student.parameters(), lr=arguments.rate, weight_decay=0.05)
    parts = {"student": student, "optimizer": optimizer}
    checkpoint, done = arguments.out / "checkpoint.pt", 0
    if checkpoint.exists():
        stored = torch.load(checkpoint, weights_only=True, map_location=device)
        done = stored.pop("epochs")
        for name, part in parts.items():
            part.load_state_dict(stored[name])
    for epoch in range(done, arguments.epochs):
        began = time.process_time()
        losses = train_epoch(
            student,
            optimizer,
            mixtures,
            targets,
            epoch=epoch,
            n_epochs=arguments.epochs,
            batch=arguments.batch,
            rate=arguments.rate,
            device=device,
        )
        unfinished = checkpoint.with_suffix(".unfinished")
        states = {name: part.state_dict() for name, part in parts.items()}
        torch.save({"epochs": epoch + 1, **states}, unfinished)
        unfinished.rename(checkpoint)
        report = {"epoch": epoch + 1, "cpu_s": round(time.process_time() - began), **losses}
        report.update(heldout.scores(student))
        with (arguments.out / "log.jsonl").open("a") as log:
            log.write(json.dumps(report) + "\n")
        print({key: round(value, 4) for key, value in report.items()}, flush=True)


if __name__ == "__main__":
    main()
