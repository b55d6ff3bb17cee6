"""The teacher: YAMNet through LiteRT, with its embedding kept."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["Teacher"]

_EMBEDDING = "yamnet_frames/global_average_pooling2d/Mean"


class Teacher:
    """Answers with YAMNet's scores and embedding, one window after the other."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(
            model_path=str(path), num_threads=1, experimental_preserve_all_tensors=True
        )
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        tensors = {each["name"]: each["index"] for each in self._interpreter.get_tensor_details()}
        self._embedding = tensors[_EMBEDDING]
        scores = [
            each for each in self._interpreter.get_output_details() if each["shape"][-1] == 521
        ]
        self._scores = scores[0]["index"]

    def answer(
        self, windows: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return embeddings (n, 1024) and scores (n, 521) of windows (n, 15600)."""
        embeddings = np.empty((len(windows), 1024), np.float32)
        scores = np.empty((len(windows), 521), np.float32)
        for row, window in enumerate(windows):
            self._interpreter.set_tensor(self._input, window[np.newaxis])
            self._interpreter.invoke()
            embeddings[row] = self._interpreter.get_tensor(self._embedding).reshape(-1)
            scores[row] = self._interpreter.get_tensor(self._scores).reshape(-1)
        return embeddings, scores
