"""YAMNet: Google's tagger of everyday sounds, from its LiteRT file.

The network is a MobileNet trained on AudioSet [1]_ [2]_; the file is not part of this package. Its
vectors are the activations before the last layer, its tags the 521 classes of its list.

References
----------
.. [1] M. Plakal and D. Ellis, "YAMNet", TensorFlow Model Garden, 2019.
.. [2] J. F. Gemmeke et al., "Audio Set: an ontology and human-labeled dataset for audio events",
   ICASSP 2017.
"""

import hashlib
import warnings
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tonotopy.distance import Metric
from tonotopy.embedders.model_files import MODEL_FILES, find_weights
from tonotopy.embedders.standardized import checked_windows, unit_rows
from tonotopy.errors import EmbedderError, optional

__all__ = ["Yamnet"]

_SAMPLE_RATE = 16_000
_WINDOW = 15_600  # samples: 96 frames of 25 ms every 10 ms
_VECTOR = "global_average_pooling2d/Mean"  # the end of its name in the files that Google published
_SHAPE_HELP = "take a file yamnet.tflite that Google published with 521 classes"


class Yamnet:
    """Google's tagger of 521 everyday sounds, from its LiteRT file; a download of 4 MB.

    Parameters
    ----------
    weights : Path, optional
        The LiteRT file; by default what the variable ``TONOTOPY_YAMNET`` names, else
        ``yamnet.tflite`` in the user's cache folder for tonotopy, where
        ``tonotopy models --download yamnet`` puts it.

    Raises
    ------
    MissingExtra
        If LiteRT is not installed.
    EmbedderError
        If the file is not there, or is another model.
    """

    name = "yamnet"
    sample_rate = _SAMPLE_RATE
    window_s = _WINDOW / _SAMPLE_RATE
    hop_s = _WINDOW / _SAMPLE_RATE / 2
    dim = 1024
    tag_classes = "audioset"
    n_tags = 521
    metric: Metric = "cosine"
    licence = "Apache-2.0"

    def __init__(self, weights: Path | None = None) -> None:
        path = find_weights(self.name) if weights is None else weights
        content = _content(path)
        self.fingerprint = hashlib.sha256(content).hexdigest()[:12]
        self._interpreter = _interpreter(content, path)
        taken = self._interpreter.get_input_details()[0]
        tensors = self._interpreter.get_tensor_details()
        self._input, self._input_shape = taken["index"], taken["shape"]
        self._vector = _vector_tensor(tensors, self.dim, path)
        self._scores = self._interpreter.get_output_details()[0]["index"]
        self._check_shapes(tensors, path)

    def embed(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embed mono windows in [-1, 1], (n, 15600) -> (n, 1024) of unit norm, n >= 0.

        Raises
        ------
        ValueError
            If the shape is wrong, or a row holds NaN, infinity or samples too loud for float32.
        """
        return self.hear(windows)[0]

    def tag(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score the 521 classes of YAMNet's list, (n, 15600) -> (n, 521), from 0 to 1.

        Raises
        ------
        ValueError
            If the shape is wrong, or a row holds NaN, infinity or samples too loud for float32.
        """
        return self.hear(windows)[1]

    def hear(self, windows: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Embed and score windows at once, (n, 15600) -> (n, 1024) and (n, 521).

        Raises
        ------
        ValueError
            If the shape is wrong, or a row holds NaN, infinity or samples too loud for float32.
        """
        windows = checked_windows(windows, n_samples=_WINDOW)
        vectors = np.empty((len(windows), self.dim), np.float32)
        scores = np.empty((len(windows), self.n_tags), np.float32)
        for row, window in enumerate(windows):
            self._interpreter.set_tensor(self._input, window.reshape(self._input_shape))
            self._interpreter.invoke()
            vectors[row] = self._interpreter.get_tensor(self._vector).reshape(self.dim)
            scores[row] = self._interpreter.get_tensor(self._scores).reshape(self.n_tags)
        finite = np.isfinite(vectors).all(axis=1) & np.isfinite(scores).all(axis=1)
        if not finite.all():
            raise ValueError(f"window {finite.argmin()} is too loud to be measured in float32")
        return unit_rows(vectors), scores

    def tag_thresholds(self) -> NDArray[np.float32]:
        """Tell from which score on a class is shown, (521,): half for all, it is not calibrated."""
        return np.full(self.n_tags, 0.5, np.float32)

    def _check_shapes(self, tensors: list[dict[str, Any]], path: Path) -> None:
        shapes = {each["index"]: tuple(map(int, each["shape"])) for each in tensors}
        for tensor, wanted in ((self._input, _WINDOW), (self._scores, self.n_tags)):
            if prod(shapes[tensor]) != wanted:
                raise EmbedderError(
                    f"{path} has a tensor of shape {shapes[tensor]} where {wanted} values are "
                    f"needed; {_SHAPE_HELP}"
                )


def _vector_tensor(tensors: list[dict[str, Any]], dim: int, path: Path) -> int:
    """Find what the last layer is given, by its name."""
    for each in tensors:
        if each["name"].endswith(_VECTOR) and prod(map(int, each["shape"])) == dim:
            return int(each["index"])
    raise EmbedderError(f"{path} has no tensor of {dim} values named {_VECTOR}; {_SHAPE_HELP}")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EmbedderError(
            f"cannot read the weights of yamnet, {path}: {error.strerror}; "
            "get them with: tonotopy models --download yamnet, "
            f"or name a file you have: --weights PATH, or {MODEL_FILES['yamnet'].environment}"
        ) from error


def _interpreter(content: bytes, path: Path) -> Any:
    litert = optional("ai_edge_litert.interpreter", extra="yamnet")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of the memory that all tensors take
            interpreter = litert.Interpreter(
                model_content=content,
                num_threads=1,  # jobs are the parallel unit
                experimental_preserve_all_tensors=True,  # the vector is not an output of the file
            )
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise EmbedderError(f"{path} is not a LiteRT model: {error}; {_SHAPE_HELP}") from error
    return interpreter
