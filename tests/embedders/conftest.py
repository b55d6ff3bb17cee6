"""Tiny models made here, and real recordings where there are any beside the repository."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr


@pytest.fixture(scope="session")
def real_recordings() -> Path:
    """The folder of real recordings beside the repository; skips where there is none."""
    folder = Path(__file__).parents[3] / "shared" / "audio"
    if not folder.is_dir():
        pytest.skip(f"no real recordings in {folder}")
    return folder


@pytest.fixture(scope="session")
def real_clips(real_recordings):
    """Cut the first seconds of every n-th recording of a folder, zeros behind short ones."""

    def cut(folder: str, *, sample_rate: int, seconds: float, every: int) -> np.ndarray:
        length = round(sample_rate * seconds)
        clips = []
        for path in sorted((real_recordings / folder).rglob("*.ogg"))[::every]:
            samples, recorded_rate = soundfile.read(path, dtype="float32", always_2d=True)
            mono = soxr.resample(samples.mean(axis=1), recorded_rate, sample_rate)
            clips.append(np.pad(mono[:length], (0, max(0, length - len(mono)))))
        return np.stack(clips)

    return cut


@pytest.fixture(scope="session")
def yamnet_weights() -> Path:
    """YAMNet's file beside the repository; skips where it, or LiteRT, is not there."""
    pytest.importorskip("ai_edge_litert.interpreter", reason="LiteRT is not installed")
    path = Path(__file__).parents[3] / "shared" / "models" / "yamnet.tflite"
    if not path.is_file():
        pytest.skip(f"no weights at {path}")
    return path


@pytest.fixture(scope="session")
def make_onnx(tmp_path_factory):
    """Write a tiny model, |waveform @ weights|, and its card; fields can be changed or left out."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def make(*, n_samples=400, dim=6, batch="n", operator="Abs", outputs="matrix", **changes):
        weights = np.random.default_rng(3).standard_normal((n_samples, dim)).astype(np.float32)
        shape = [batch, dim] if outputs == "matrix" else [batch, dim, 1]
        nodes = [
            helper.make_node("MatMul", ["waveform", "weights"], ["product"]),
            helper.make_node(operator, ["product"], ["flat"]),
            helper.make_node("Identity", ["flat"], ["embedding"])
            if outputs == "matrix"
            else helper.make_node("Unsqueeze", ["flat", "axis"], ["embedding"]),
        ]
        graph = helper.make_graph(
            nodes,
            "tiny",
            [helper.make_tensor_value_info("waveform", TensorProto.FLOAT, [batch, n_samples])],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, shape)],
            [
                numpy_helper.from_array(weights, "weights"),
                numpy_helper.from_array(np.array([2], np.int64), "axis"),
            ],
        )
        model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 17)])
        path = tmp_path_factory.mktemp("model") / "tiny.onnx"
        onnx.save(model, path)
        card = {
            "name": "tiny",
            "sample_rate": 4000,
            "window_s": 0.1,
            "hop_s": 0.05,
            "metric": "cosine",
            "licence": "CC0-1.0",
            "input": "waveform",
            "output": "embedding",
        } | changes
        card = {field: value for field, value in card.items() if value is not ...}
        path.with_suffix(".json").write_text(json.dumps(card))
        return path

    return make
