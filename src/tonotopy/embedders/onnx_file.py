"""Any model in an ONNX file that takes a waveform, described by a small JSON card beside it.

Beside ``dir/model.onnx`` stands ``dir/model.json``::

    {
      "name": "birdish",
      "sample_rate": 32000,
      "window_s": 2.0,
      "hop_s": 1.0,
      "metric": "cosine",
      "licence": "MIT",
      "input": "waveform",
      "output": "embedding"
    }

The input takes float32 windows of shape (n, window_s * sample_rate), for any n or for n = 1 only;
the output gives float32 vectors of shape (n, dim). Vectors for the metric ``cosine`` are scaled to
unit norm here.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import Metric
from tonotopy.embedders.standardized import checked_windows, unit_rows
from tonotopy.errors import EmbedderError

__all__ = ["OnnxFile"]

_BATCH = 16  # windows at a time, so that memory does not grow with the recording
_TEXTS = ("name", "metric", "licence", "input", "output")
_NUMBERS = ("sample_rate", "window_s", "hop_s")


class OnnxFile:
    """A waveform-in model from an ONNX file with a JSON card beside it.

    Parameters
    ----------
    path : Path
        The ONNX file; its card is the same path with the suffix ``.json``.

    Raises
    ------
    EmbedderError
        If a file is missing, the card is incomplete, or the model does not fit the card.
    """

    def __init__(self, path: Path) -> None:
        card_path = path.with_suffix(".json")
        model, card_text = _content(path, "model"), _content(card_path, "card of the model")
        card = _checked_card(card_text, card_path)
        self.name = f"onnx:{path.resolve()}"
        self.title = str(card["name"])
        self.sample_rate = int(card["sample_rate"])
        self.window_s = float(card["window_s"])
        self.hop_s = float(card["hop_s"])
        self.metric: Metric = card["metric"]
        self.licence = str(card["licence"])
        self.fingerprint = hashlib.sha256(model + b"\0" + card_text).hexdigest()[:12]
        self._n_samples = round(self.window_s * self.sample_rate)
        self._input, self._output = str(card["input"]), str(card["output"])
        self._session = _session(model, path)
        self._check_names()
        self._batch = self._longest_batch()
        self.dim = self._tried_dim()

    def embed(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embed mono windows in [-1, 1], (n, window_s * sample_rate) -> (n, dim), n >= 0.

        Raises
        ------
        ValueError
            If the shape is wrong, or a row holds NaN or infinity.
        EmbedderError
            If the model gives something else than finite vectors of its dimension.
        """
        windows = checked_windows(windows, n_samples=self._n_samples)
        vectors = np.empty((len(windows), self.dim), np.float32)
        for start in range(0, len(windows), self._batch):
            part = slice(start, start + self._batch)
            vectors[part] = self._run(windows[part], dim=self.dim)
        return unit_rows(vectors) if self.metric == "cosine" else vectors

    def _check_names(self) -> None:
        for kind, wanted, offered in (
            ("input", self._input, [node.name for node in self._session.get_inputs()]),
            ("output", self._output, [node.name for node in self._session.get_outputs()]),
        ):
            if wanted not in offered:
                raise EmbedderError(
                    f"{self.name} has no {kind} {wanted!r}, which its card names; "
                    f"it has {', '.join(offered)}"
                )

    def _longest_batch(self) -> int:
        """Tell how many windows the model takes at once; many exported ones take exactly one."""
        (node,) = (node for node in self._session.get_inputs() if node.name == self._input)
        return 1 if node.shape and node.shape[0] == 1 else _BATCH

    def _tried_dim(self) -> int:
        """Run the model once on silence, which tells the dimension and whether it runs at all."""
        silence = np.zeros((1, self._n_samples), np.float32)
        return int(self._run(silence, dim=None).shape[1])

    def _run(self, windows: NDArray[np.float32], *, dim: int | None) -> NDArray[np.float32]:
        try:
            (output,) = self._session.run([self._output], {self._input: windows})
        except Exception as error:  # onnxruntime's exceptions share no documented base class
            raise EmbedderError(
                f"{self.name} failed on windows of shape {windows.shape}: {error}; "
                "check sample_rate, window_s and input of its card"
            ) from error
        vectors = np.asarray(output)
        if vectors.ndim != 2 or len(vectors) != len(windows) or dim not in (None, vectors.shape[1]):
            raise EmbedderError(
                f"{self.name} gives shape {vectors.shape} for {len(windows)} windows, and "
                f"({len(windows)}, {dim or 'dim'}) is needed; check output of its card"
            )
        if not np.isfinite(vectors).all():
            raise EmbedderError(
                f"{self.name} gives NaN or infinity for finite sound; mend the model"
            )
        return vectors.astype(np.float32)


def _content(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EmbedderError(
            f"cannot read the {what}, {path}: {error.strerror}; "
            "onnx:PATH needs PATH and, beside it, a card with the suffix .json"
        ) from error


def _session(model: bytes, path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # jobs are the parallel unit
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no documented base class
        raise EmbedderError(f"cannot load {path} as an ONNX model: {error}") from error


def _checked_card(text: bytes, path: Path) -> dict[str, Any]:
    try:
        card = json.loads(text)
    except ValueError as error:
        raise EmbedderError(f"the card {path} is not JSON: {error}") from error
    if not isinstance(card, dict):
        raise EmbedderError(f"the card {path} is {card!r}, and must be an object with named fields")
    for field in (*_TEXTS, *_NUMBERS):
        if field not in card:
            raise EmbedderError(f"the card {path} has no {field!r}; add it")
    unknown = sorted(set(card) - {*_TEXTS, *_NUMBERS})
    if unknown:
        raise EmbedderError(
            f"the card {path} has unknown fields: {', '.join(unknown)}; remove them"
        )
    for field in _TEXTS:
        if not isinstance(card[field], str) or not card[field]:
            raise EmbedderError(
                f"the card {path} says {field} = {card[field]!r}; give it some text"
            )
    for field in _NUMBERS:
        _check_number(card[field], field, path)
    _check_fit(card, path)
    return card


def _check_number(value: object, field: str, path: Path) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 < value < np.inf:  # type: ignore[operator]
        raise EmbedderError(f"the card {path} says {field} = {value!r}; give a number above 0")


def _check_fit(card: dict[str, Any], path: Path) -> None:
    if card["metric"] not in get_args(Metric):
        choices = ", ".join(get_args(Metric))
        raise EmbedderError(
            f"the card {path} says metric = {card['metric']!r}; choose one of {choices}"
        )
    if card["sample_rate"] != round(card["sample_rate"]):
        raise EmbedderError(
            f"the card {path} says sample_rate = {card['sample_rate']}; give a whole number of Hz"
        )
    if card["hop_s"] > card["window_s"]:
        raise EmbedderError(
            f"the card {path} says hop_s = {card['hop_s']} and window_s = {card['window_s']}; "
            "a hop longer than a window would leave sound unheard"
        )
    if card["window_s"] * card["sample_rate"] < 1:
        raise EmbedderError(
            f"the card {path} says window_s = {card['window_s']}; give at least one sample"
        )
