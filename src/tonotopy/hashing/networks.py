"""The small network that learned hashes share: fitted by torch, run by NumPy."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tonotopy.errors import optional
from tonotopy.hashing.base import Hash, check_labels, row_blocks
from tonotopy.hashing.scaling import Scale, learn_scale, standardize
from tonotopy.hashing.threads import one_thread

__all__ = [
    "HIDDEN",
    "Batch",
    "LabelledHash",
    "Layers",
    "NetworkHash",
    "Plan",
    "run",
    "steps",
    "train",
]

HIDDEN = 256  #: units between input and output
BATCH = 256
FEWEST_STEPS, STEPS_PER_BATCH = 200, 60


class Layers(NamedTuple):
    """A network of two layers with a ReLU between them."""

    hidden_weights: NDArray[np.float32]  #: (n_hidden, dim)
    hidden_bias: NDArray[np.float32]  #: (n_hidden,)
    output_weights: NDArray[np.float32]  #: (n_outputs, n_hidden)
    output_bias: NDArray[np.float32]  #: (n_outputs,)


class Plan(NamedTuple):
    """How a network is trained."""

    n_outputs: int
    n_steps: int
    seed: int
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    decoupled: bool = False  #: weight decay apart from the gradient (AdamW)
    drop_input: float = 0.0
    drop_hidden: float = 0.0


@dataclass(frozen=True)
class Batch:
    """What a loss is computed from."""

    torch: Any  #: the module
    outputs: Any  #: tensor (n, n_outputs)
    places: NDArray[np.int64]  #: (n,) rows of the training set
    step: int
    outputs_of_all: Callable[[], NDArray[np.float32]]  #: the network's view of every row, now


Loss = Callable[[Batch], Any]  #: gives a scalar tensor


def torch_or_say_how() -> Any:
    """Import torch, or say which extra brings it.

    Raises
    ------
    MissingExtra
        If torch is not installed.
    """
    return optional("torch", extra="train")


def steps(n_rows: int, wanted: int | None, *, times: int = 1) -> int:
    """Say how many batches a network sees: what is wanted, else more where there is more to learn.

    Raises
    ------
    ValueError
        If fewer than one is wanted.
    """
    if wanted is None:
        return times * max(FEWEST_STEPS, STEPS_PER_BATCH * -(-n_rows // BATCH))
    if wanted < 1:
        raise ValueError(f"n_steps={wanted} must be at least 1, or None")
    return wanted


def train(rows: NDArray[np.float32], loss: Loss, plan: Plan) -> Layers:
    """Fit a network to rows.

    Parameters
    ----------
    rows : ndarray of shape (n, dim)
        What it sees, in batches of 256 drawn without replacement.
    loss : callable
        From a `Batch` to what is made small.
    plan : Plan
        Size, length and seed. The global generator of torch is left as it was.

    Returns
    -------
    Layers
        The weights after the last step.
    """
    torch = torch_or_say_how()
    with torch.random.fork_rng(devices=[]), one_thread(torch):
        torch.manual_seed(plan.seed)
        return _train(torch, rows, loss, plan)


def _train(torch: Any, rows: NDArray[np.float32], loss: Loss, plan: Plan) -> Layers:
    hidden = torch.nn.Linear(rows.shape[1], HIDDEN)
    output = torch.nn.Linear(HIDDEN, plan.n_outputs)
    network = torch.nn.Sequential(
        torch.nn.Dropout(plan.drop_input),
        hidden,
        torch.nn.ReLU(),
        torch.nn.Dropout(plan.drop_hidden),
        output,
    )
    kind = torch.optim.AdamW if plan.decoupled else torch.optim.Adam
    optimizer = kind(network.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, plan.n_steps)
    seen = torch.from_numpy(np.ascontiguousarray(rows))

    def outputs_of_all() -> NDArray[np.float32]:
        return run(rows, _layers(hidden, output))

    for step in range(plan.n_steps):
        places = torch.randperm(len(seen))[:BATCH]
        value = loss(Batch(torch, network(seen[places]), places.numpy(), step, outputs_of_all))
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        schedule.step()
    return _layers(hidden, output)


def _layers(hidden: Any, output: Any) -> Layers:
    parameters = (hidden.weight, hidden.bias, output.weight, output.bias)
    return Layers(*(parameter.detach().numpy().copy() for parameter in parameters))


def run(rows: NDArray[np.float32], layers: Layers) -> NDArray[np.float32]:
    """Compute a network's outputs, (n, dim) -> (n, n_outputs), without torch.

    In float64: a product of matrices rounds a row by where it stands, and equal rows must have
    equal codes.
    """
    outputs = np.empty((len(rows), len(layers.output_bias)), np.float32)
    into_hidden, into_output = (
        weights.T.astype(np.float64) for weights in (layers.hidden_weights, layers.output_weights)
    )
    for block in row_blocks(len(rows)):
        hidden = np.maximum(rows[block] @ into_hidden + layers.hidden_bias, 0)
        outputs[block] = hidden @ into_output + layers.output_bias
    return outputs


class LabelledHash(Hash):
    """A hash whose features are made ready first, and whose network learns from labels.

    A method writes `_learn`, which fits what it needs to the standardized rows.
    """

    classes_: NDArray[Any]
    takes_root_: bool
    mean_: NDArray[np.float64]
    spread_: NDArray[np.float64]

    def _fit(self, X: NDArray[np.float32], y: ArrayLike | None) -> None:
        self.classes_, places = check_labels(y, len(X), method=type(self).__name__)
        self.takes_root_, self.mean_, self.spread_ = learn_scale(X)
        self._learn(self._standardized(X), places)

    @abstractmethod
    def _learn(self, rows: NDArray[np.float32], places: NDArray[np.int64]) -> None:
        """Learn from standardized rows; places are those of the classes, or -1."""

    def _standardized(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        return standardize(X, Scale(self.takes_root_, self.mean_, self.spread_))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


class NetworkHash(LabelledHash):
    """A hash of a network's outputs, whose weights it keeps."""

    hidden_weights_: NDArray[np.float32]
    hidden_bias_: NDArray[np.float32]
    output_weights_: NDArray[np.float32]
    output_bias_: NDArray[np.float32]

    def _keep(self, layers: Layers) -> None:
        self.hidden_weights_, self.hidden_bias_ = layers.hidden_weights, layers.hidden_bias
        self.output_weights_, self.output_bias_ = layers.output_weights, layers.output_bias

    def _outputs(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the network over standardized rows."""
        layers = Layers(
            self.hidden_weights_, self.hidden_bias_, self.output_weights_, self.output_bias_
        )
        return run(rows, layers)
