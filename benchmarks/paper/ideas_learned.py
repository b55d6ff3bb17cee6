"""Posterior codes whose label-free part gives way to a learned one: the losses that were tried.

A small network starts as the identity on the label-free part f, and learns unit vectors z. Words
are learned with it by straight-through gradients: the loss sees what the words stand for, and its
gradient goes to the words and, as if they were not there, to the network. After training the words
are learned again on the outputs of all rows.
"""

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tonotopy.errors import optional
from tonotopy.hashing.additive import learn_books
from tonotopy.hashing.hidden_labels import (
    GRAPH_SHARE,
    SHARPNESS,
    Rows,
    classifier,
    spread,
)
from tonotopy.hashing.posterior import PosteriorQuantizer
from tonotopy.hashing.product import PQ
from tonotopy.hashing.scaling import unit_rows
from tonotopy.hashing.softmax import Softmax, posteriors

_BATCH = 128  #: rows of all, whose cosines are kept
_ROWS_LEARNED_BY_LOSS = 256  #: rows in a batch that the loss is told of
_WITHOUT_WORDS = 0.5  #: of the steps


class Recipe(NamedTuple):
    """One idea with its settings."""

    loss: Literal["contrast", "proxy", "anchor", "rank"] = "contrast"
    labels: Literal["given", "spread"] = "given"  #: spread: over the graph first
    teacher: Literal["posterior", "joined"] = "joined"  #: whose rankings "rank" follows
    through: Literal["residual", "product", "nothing"] = "residual"  #: straight-through words
    beside: Literal["nothing", "posterior"] = "nothing"  #: what is coded with z
    free: Literal["components", "auto"] = "components"  #: auto: diffused vectors where they win
    keep: float = 0.0  #: weight of cosines staying as f has them, on all rows
    temperature: float = 0.1
    n_hidden: int = 256
    n_steps: int = 150
    learning_rate: float = 1e-3
    refit: bool = True  #: words after training


class Learned(PosteriorQuantizer):
    """Codes of a network's outputs, alone or beside class probabilities."""

    def __init__(
        self,
        n_bits: int = 64,
        *,
        recipe: Recipe = Recipe(),  # noqa: B008  # immutable
        graph: bool | Literal["auto"] = "auto",
        w_free: float | Literal["auto"] = "auto",
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        super().__init__(
            n_bits, graph=graph, w_free=w_free, free=recipe.free, random_state=random_state
        )
        self.recipe = recipe

    def _learn(self, rows: NDArray[np.float32], places: NDArray[np.int64]) -> None:
        rng = np.random.default_rng(self._seed())
        directions = unit_rows(rows)
        self._learn_free(directions)
        free = self._free(directions)
        n_classes = len(self.classes_)
        self.class_weights_, self.class_bias_ = classifier(directions, places, n_classes)
        self._choose(Rows(directions, free, places), rng)
        likely = posteriors(SHARPNESS * directions, self._plain())
        if self.uses_graph_ or self.recipe.labels == "spread":
            plain, likely = likely, spread(free, likely, places)
            if self.uses_graph_:
                self._learn_student(free, likely, places, rng)
            likely = GRAPH_SHARE * likely + (1 - GRAPH_SHARE) * plain
        seen = self._beside(free, np.float64)
        goal = _goal(self.recipe, likely, seen, places, self.w_free_)
        trainer = Trainer(self.recipe, self.n_bits // 8, int(rng.integers(2**31 - 1)))
        self.network_, words = trainer.train(seen, goal)
        joined = self._joined(rows)
        if words is None or self.recipe.refit or self.recipe.beside != "nothing":
            words = learn_books(joined, self.n_bits // 8, seed=int(rng.integers(2**31 - 1)))
        self.codebooks_ = words

    def _plain(self) -> Softmax:
        return Softmax(self.class_weights_, self.class_bias_)

    def _joined(
        self, rows: NDArray[np.float32], precision: type[np.floating] = np.float64
    ) -> NDArray[np.float32]:
        learned = self._network(self._beside(self._free(unit_rows(rows)), np.float64))
        if self.recipe.beside == "nothing":
            return learned
        posterior = super()._joined(rows, precision)[:, : len(self.classes_)]
        return np.hstack([posterior, np.float32(np.sqrt(self.w_free_)) * learned])

    def _network(self, free: NDArray[np.float32]) -> NDArray[np.float32]:
        into, bias, out = self.network_
        outputs = free.astype(np.float64)
        return unit_rows(outputs + np.maximum(outputs @ into + bias, 0) @ out)


class Goal(NamedTuple):
    """What training is told of each row."""

    classes: Any  #: (n, n_classes) probabilities
    certainty: Any  #: (n,), 0: says nothing
    teacher: Any  #: (n, dim) whose inner products are rankings to follow


def _goal(
    recipe: Recipe,
    likely: NDArray[np.float32],
    free: NDArray[np.float32],
    places: NDArray[np.int64],
    w_free: float,
) -> Goal:
    known = places >= 0
    classes = likely.copy()
    classes[known] = np.eye(likely.shape[1], dtype=np.float32)[places[known]]
    spreads = recipe.labels == "spread" or recipe.loss == "rank"
    certainty = classes.max(axis=1) if spreads else known.astype(np.float32)
    teacher = classes
    if recipe.teacher == "joined":
        teacher = np.hstack([classes, np.float32(np.sqrt(w_free)) * free])
    return Goal(classes, certainty.astype(np.float32), teacher)


class Trainer:
    """The training loop that all ideas share."""

    def __init__(self, recipe: Recipe, n_books: int, seed: int) -> None:
        self.recipe, self.n_books, self.seed = recipe, n_books, seed
        self.torch = optional("torch", extra="train")

    def train(self, free: NDArray[np.float32], goal: Goal) -> tuple[Any, Any]:
        with self.torch.random.fork_rng(devices=[]):
            self.torch.manual_seed(self.seed)
            return self._train(free, goal)

    def _train(self, free: NDArray[np.float32], goal: Goal) -> tuple[Any, Any]:
        torch, recipe = self.torch, self.recipe
        seen = torch.from_numpy(free)
        told = Goal(*(torch.from_numpy(each) for each in goal))
        layers = self._layers(free.shape[1])
        proxies = torch.randn(goal.classes.shape[1], free.shape[1]).requires_grad_()
        groups = [
            {"params": layers, "lr": recipe.learning_rate},
            {"params": [proxies], "lr": 30 * recipe.learning_rate},
        ]
        optimizer = torch.optim.Adam(groups)
        taught = np.flatnonzero(goal.certainty > 0)
        rng = np.random.default_rng(self.seed)
        words = None
        for step in range(recipe.n_steps):
            if recipe.through != "nothing" and step == int(_WITHOUT_WORDS * recipe.n_steps):
                words = self._first_words(self._outputs(layers, seen).detach().numpy())
                optimizer.add_param_group({"params": [words], "lr": recipe.learning_rate})
            fall = 0.5 * (1 + np.cos(np.pi * step / recipe.n_steps))
            for group in optimizer.param_groups:
                group["lr"] = (30 if group["params"][0] is proxies else 1) * (
                    fall * recipe.learning_rate
                )
            rows = rng.permutation(taught)[:_ROWS_LEARNED_BY_LOSS]
            others = rng.permutation(len(free))[:_BATCH]
            value = self._loss(layers, words, proxies, seen, told, rows, others)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
        found = None if words is None else self._books(words)
        return tuple(each.detach().numpy().astype(np.float64) for each in layers), found

    def _layers(self, dim: int) -> list[Any]:
        torch, n_hidden = self.torch, self.recipe.n_hidden
        into = torch.randn(dim, n_hidden) / np.sqrt(dim) * 2
        return [
            into.requires_grad_(),
            torch.zeros(n_hidden).requires_grad_(),
            torch.zeros(n_hidden, dim).requires_grad_(),
        ]

    def _outputs(self, layers: list[Any], rows: Any) -> Any:
        into, bias, out = layers
        rows = rows + self.torch.relu(rows @ into + bias) @ out
        return self.torch.nn.functional.normalize(rows)

    def _first_words(self, outputs: NDArray[np.float32]) -> Any:
        if self.recipe.through == "residual":
            books = learn_books(outputs, self.n_books, seed=self.seed, beam=1)
        else:
            books = PQ(8 * self.n_books, random_state=self.seed).fit(outputs).codebooks_
        return self.torch.from_numpy(books.copy()).requires_grad_()

    def _books(self, words: Any) -> NDArray[np.float32]:
        """Give words as rows over all dimensions, whatever they were."""
        books: NDArray[np.float32] = words.detach().numpy().copy()
        if self.recipe.through == "residual":
            return books
        n_books, n_words, part = books.shape
        wide = np.zeros((n_books, n_words, n_books * part), np.float32)
        for place, book in enumerate(books):
            wide[place, :, place * part : (place + 1) * part] = book
        return wide[:, :, :256]

    def _coded(self, outputs: Any, words: Any) -> tuple[Any, Any]:
        """Give what words stand for with straight-through gradients, and the error."""
        torch = self.torch
        if words is None:
            return outputs, 0.0
        total = torch.zeros_like(outputs)
        if self.recipe.through == "residual":
            for book in words:
                left = (outputs - total).detach()
                nearest = ((book**2).sum(dim=1) - 2 * left @ book.T).argmin(dim=1)
                total = total + book[nearest]
        else:
            parts = torch.split(outputs, words.shape[2], dim=1)
            found = []
            for part, book in zip(parts, words, strict=True):
                book = book[:, : part.shape[1]]
                nearest = ((book**2).sum(dim=1) - 2 * part.detach() @ book.T).argmin(dim=1)
                found.append(book[nearest])
            total = torch.cat(found, dim=1)
        error = ((outputs.detach() - total) ** 2).sum(dim=1).mean()
        error = error + 0.25 * ((outputs - total.detach()) ** 2).sum(dim=1).mean()
        return total + outputs - outputs.detach(), error

    def _loss(
        self,
        layers: list[Any],
        words: Any,
        proxies: Any,
        seen: Any,
        told: Goal,
        rows: NDArray[np.int64],
        others: NDArray[np.int64],
    ) -> Any:
        recipe = self.recipe
        outputs = self._outputs(layers, seen[rows])
        coded, error = self._coded(outputs, words)
        part = Goal(*(each[rows] for each in told))
        total = LOSSES[recipe.loss](self.torch, outputs, coded, proxies, part, recipe) + error
        if recipe.keep:
            kept = self._outputs(layers, seen[others])
            coded, error = self._coded(kept, words)
            before = seen[others]
            change = (kept @ coded.T - before @ before.T) ** 2
            total = total + recipe.keep * change.mean() * len(others) + error
        return total


def _contrast(torch: Any, z: Any, coded: Any, proxies: Any, told: Goal, recipe: Recipe) -> Any:  # noqa: ARG001
    """Supervised contrast (Khosla et al., NeurIPS 2020), query against codes."""
    return _follow(torch, z, coded, told.classes @ told.classes.T, told.certainty, recipe)


def _rank(torch: Any, z: Any, coded: Any, proxies: Any, told: Goal, recipe: Recipe) -> Any:  # noqa: ARG001
    """Rankings of a teacher, as a distribution over the batch."""
    teacher = told.teacher @ told.teacher.T / recipe.temperature
    teacher.fill_diagonal_(-1e9)
    return _follow(torch, z, coded, torch.softmax(teacher, dim=1), None, recipe)


def _follow(torch: Any, z: Any, coded: Any, wanted: Any, certainty: Any, recipe: Recipe) -> Any:
    logits = z @ coded.T / recipe.temperature
    itself = torch.eye(len(z), dtype=bool)
    logs = torch.log_softmax(logits.masked_fill(itself, -1e9), dim=1)
    wanted = wanted.masked_fill(itself, 0.0)
    sums = wanted.sum(dim=1, keepdim=True)
    errors = -(wanted / sums.clamp(min=1e-9) * logs).sum(dim=1)
    weights = (sums[:, 0] > 1e-6).float()
    if certainty is not None:
        weights = weights * certainty
    return (weights * errors).sum() / weights.sum().clamp(min=1e-9)


def _proxy(torch: Any, z: Any, coded: Any, proxies: Any, told: Goal, recipe: Recipe) -> Any:
    """Normalized softmax over a vector a class (Zhai and Wu, BMVC 2019); codes see it too."""
    unit = torch.nn.functional.normalize(proxies)
    errors = 0.0
    for each in (z, coded):
        logs = torch.log_softmax(each @ unit.T / recipe.temperature, dim=1)
        errors = errors - (told.classes * logs).sum(dim=1) / 2
    return (told.certainty * errors).sum() / told.certainty.sum()


def _anchor(torch: Any, z: Any, coded: Any, proxies: Any, told: Goal, recipe: Recipe) -> Any:
    """Proxies as anchors (Kim et al., CVPR 2020), margin 0.1."""
    unit = torch.nn.functional.normalize(proxies)
    scale, margin = 1 / recipe.temperature, 0.1
    cosines = (z + coded) @ unit.T / 2
    weights = told.certainty[:, None]
    near = weights * told.classes * torch.exp(-scale * (cosines - margin))
    far = weights * (1 - told.classes) * torch.exp(scale * (cosines + margin))
    present = (weights * told.classes).sum(dim=0) > 1e-6
    return torch.log1p(near.sum(dim=0))[present].mean() + torch.log1p(far.sum(dim=0)).mean()


LOSSES = {"contrast": _contrast, "proxy": _proxy, "anchor": _anchor, "rank": _rank}
