"""The student: a plain network of 3x3 convolutions over a log-mel spectrogram."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["CHANNELS", "LAYERS", "N_STEPS", "Student", "step_weights"]

LAYERS = (  # channels, stride, maximum over (time, frequency) behind it
    (24, 2, (1, 1)),
    (48, 2, (1, 1)),
    (64, 1, (2, 2)),
    (128, 1, (2, 2)),
    (224, 1, (1, 2)),
    (320, 1, (1, 1)),
)
CHANNELS = LAYERS[-1][0]
N_STEPS = 6  # time steps that are left
N_HIDDEN = 512  # between the last layer and the classes
RANGE = 5.8  # log units, 50 dB: frames farther below the loudest do not count
FLOOR = -6.2  # log units: frames whose loudest band is below count as silence


def step_weights(log_mel: Tensor) -> Tensor:
    """Weigh time steps by their share of frames that sound, (n, 96, 64) -> (n, 6), sum 1."""
    loudness = log_mel.amax(dim=2)
    threshold = (loudness.amax(dim=1, keepdim=True) - RANGE).clamp(min=FLOOR)
    present = (loudness > threshold).float().unflatten(1, (N_STEPS, -1)).mean(dim=2) + 1e-3
    return present / present.sum(dim=1, keepdim=True)


class Student(nn.Module):
    """Embeds patches, and in training also answers as the teacher does."""

    def __init__(self, n_target: int, n_classes: int = 521) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        n_inputs = 1
        for n_outputs, stride, pool in LAYERS:
            layers.append(nn.Conv2d(n_inputs, n_outputs, 3, stride, padding=1, bias=False))
            layers.append(nn.BatchNorm2d(n_outputs))
            layers.append(nn.ReLU(inplace=True))
            if pool != (1, 1):
                layers.append(nn.MaxPool2d(pool))
            n_inputs = n_outputs
        self.layers = nn.Sequential(*layers)
        self.centre = nn.BatchNorm1d(CHANNELS, affine=False)
        self.target = nn.Linear(CHANNELS, n_target)
        self.classes = nn.Sequential(
            nn.Linear(CHANNELS, N_HIDDEN), nn.ReLU(), nn.Linear(N_HIDDEN, n_classes)
        )

    def expect(self, often: NDArray[np.float32]) -> None:
        """Begin from how often the teacher hears each class: a bias moves slowly."""
        last = self.classes[-1]
        often = np.clip(often, 1e-5, 1 - 1e-5)
        last.bias.data = torch.from_numpy(np.log(often / (1 - often)))
        last.weight.data *= 0.1

    def forward(self, log_mel: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return embeddings (n, 320), the teacher's (n, n_target) and logits (n, 521)."""
        weights = step_weights(log_mel)
        image = (log_mel[:, None] * 0.35 + 1.2).contiguous(memory_format=torch.channels_last)
        maps = self.layers(image).float().mean(dim=3)
        pooled = self.centre(torch.einsum("nct,nt->nc", maps, weights))
        return pooled, self.target(pooled), self.classes(pooled)
