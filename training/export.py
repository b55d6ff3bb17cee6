"""Write the trained student as ONNX: 8-bit convolutions, cepstral statistics beside them.

The graph takes log-mel spectrograms (n, 96, 64) and gives ``vectors``, unit norm, and ``scores``
of the teacher's classes.
"""

import argparse
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import torch
from evaluate import cut
from graph import Graph
from network import CHANNELS, FLOOR, LAYERS, N_STEPS, RANGE, Student
from numpy.typing import NDArray
from pool import SAMPLE_RATE, read, training_files
from train import N_TARGET

from tonotopy.embedders.cochlea import log_mel
from tonotopy.features.cepstra import cosine_basis

N_CEPSTRA = 13
CEPSTRA_WEIGHT = 0.5
NETWORK_WHITENING, CEPSTRA_WHITENING = 0.5, 0.25
PRESENT = 1e-6  # added to a sum of frames, so that silence divides by something


@dataclass(frozen=True)
class Affine:
    """``(values - centre) @ projection``."""

    centre: NDArray[np.float32]
    projection: NDArray[np.float32]


def fit_affine(values: NDArray[np.float32], *, power: float, n_kept: int) -> Affine:
    """Standardize, turn to principal axes, scale each by its deviation to minus ``power``."""
    centre, scale = values.mean(axis=0), values.std(axis=0) + 1e-6
    variance, axes = np.linalg.eigh(np.corrcoef(values.T).astype(np.float64))
    variance, axes = np.maximum(variance[::-1][:n_kept], 1e-4), axes[:, ::-1][:, :n_kept]
    projection = axes * variance ** (-power / 2) / scale[:, np.newaxis]
    return Affine(centre, projection.astype(np.float32))


def folded(student: Student) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Fold each batch normalization into the convolution before it."""
    layers = list(student.layers)
    found = []
    for convolution, norm in pairwise(layers):
        if isinstance(convolution, torch.nn.Conv2d):
            scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            weights = convolution.weight * scale[:, None, None, None]
            bias = norm.bias - norm.running_mean * scale
            found.append((weights.detach().numpy(), bias.detach().numpy()))
    return found


def presence(graph: Graph) -> str:
    """Mark the frames that sound, (n, 96)."""
    loudness = graph("ReduceMax", "log_mel", axes=[2], keepdims=0)
    loudest = graph("ReduceMax", loudness, axes=[1], keepdims=1)
    lowered = graph("Sub", loudest, graph.constant(RANGE))
    threshold = graph("Max", lowered, graph.constant(FLOOR))
    return graph("Cast", graph("Greater", loudness, threshold), to=onnx.TensorProto.FLOAT)


def pooled(graph: Graph, student: Student, present: str) -> str:
    """Convolve, and average what is left over frequency and the time that sounds, (n, 320)."""
    image = graph("Add", graph("Mul", "log_mel", graph.constant(0.35)), graph.constant(1.2))
    image = graph("Unsqueeze", image, graph.constant([1]))
    for (weights, bias), (_, stride, pool) in zip(folded(student), LAYERS, strict=True):
        kernel, offset = graph.constant(weights), graph.constant(bias)
        image = graph(
            "Conv", image, kernel, offset, kernel_shape=[3, 3], pads=[1] * 4, strides=[stride] * 2
        )
        image = graph("Relu", image)
        if pool != (1, 1):
            image = graph("MaxPool", image, kernel_shape=list(pool), strides=list(pool))
    steps = graph("Reshape", present, graph.constant([0, N_STEPS, -1]))
    share = graph("ReduceMean", steps, axes=[2], keepdims=0)
    share = graph("Add", share, graph.constant(1e-3))
    total = graph("ReduceSum", share, graph.constant([1]), keepdims=1)
    weights = graph("Unsqueeze", graph("Div", share, total), graph.constant([1]))
    maps = graph("ReduceMean", image, axes=[3], keepdims=0)
    return graph("ReduceSum", graph("Mul", maps, weights), graph.constant([2]), keepdims=0)


def cepstral_statistics(graph: Graph, present: str) -> str:
    """Mean and deviation of cepstra and deviation of their changes where it sounds, (n, 39)."""
    loudest = graph("ReduceMax", "log_mel", axes=[1, 2], keepdims=1)
    lowest = graph("Sub", loudest, graph.constant(RANGE))
    levels = graph("Relu", graph("Sub", "log_mel", lowest))
    cepstra = graph("MatMul", levels, graph.constant(cosine_basis(64, N_CEPSTRA)))
    count = graph("ReduceSum", present, graph.constant([1]), keepdims=1)
    shares = graph("Div", present, graph("Add", count, graph.constant(PRESENT)))
    shares = graph("Unsqueeze", shares, graph.constant([2]))
    mean, deviation = moments(graph, cepstra, shares)
    later = graph("Pad", cepstra, graph.constant([0, -1, 0, 0, 1, 0]), mode="edge")
    earlier = graph("Pad", cepstra, graph.constant([0, 1, 0, 0, -1, 0]), mode="edge")
    _, change = moments(graph, graph("Sub", later, earlier), shares)
    return graph("Concat", mean, deviation, change, axis=1)


def moments(graph: Graph, curves: str, shares: str) -> tuple[str, str]:
    """Average curves (n, 96, k) and their squared distance from it, weighted by frame."""
    over_time = graph.constant([1])
    mean = graph("ReduceSum", graph("Mul", curves, shares), over_time, keepdims=1)
    apart = graph("Sub", curves, mean)
    squares = graph("Mul", graph("Mul", apart, apart), shares)
    variance = graph("ReduceSum", squares, over_time, keepdims=0)
    deviation = graph("Sqrt", graph("Add", variance, graph.constant(1e-6)))
    return graph("Squeeze", mean, over_time), deviation


def applied(graph: Graph, values: str, affine: Affine, *, length: float) -> str:
    """Centre, project and scale to a length."""
    centred = graph("Sub", values, graph.constant(affine.centre))
    turned = graph("MatMul", centred, graph.constant(affine.projection, half=True))
    norm = graph("ReduceL2", turned, axes=[1], keepdims=1)
    norm = graph("Max", norm, graph.constant(1e-9))
    return graph("Mul", graph("Div", turned, norm), graph.constant(length))


def build(student: Student, parts: tuple[Affine, Affine] | None) -> onnx.ModelProto:
    """Put the graph together; without the affine maps it gives what they are fitted on."""
    graph = Graph()
    present = presence(graph)
    features, statistics = pooled(graph, student, present), cepstral_statistics(graph, present)
    if parts is None:
        graph("Identity", features, name="pooled")
        graph("Identity", statistics, name="statistics")
        return graph.model(
            {"log_mel": ["n", 96, 64]},
            {"pooled": ["n", CHANNELS], "statistics": ["n", 3 * N_CEPSTRA]},
        )
    lengths = np.array([1, CEPSTRA_WEIGHT]) / np.hypot(1, CEPSTRA_WEIGHT)
    vectors = [
        applied(graph, values, affine, length=length)
        for values, affine, length in zip((features, statistics), parts, lengths, strict=True)
    ]
    graph("Concat", *vectors, axis=1, name="vectors")
    centre = student.centre
    deviation = torch.sqrt(centre.running_var + centre.eps)
    normal = graph("Sub", features, graph.constant(centre.running_mean.numpy()))
    normal = graph("Div", normal, graph.constant(deviation.numpy()))
    weights = graph.constant(student.classes.weight.detach().numpy().T, half=True)
    logits = graph(
        "Add",
        graph("MatMul", normal, weights),
        graph.constant(student.classes.bias.detach().numpy()),
    )
    graph("Sigmoid", logits, name="scores")
    n_dim = sum(affine.projection.shape[1] for affine in parts)
    return graph.model(
        {"log_mel": ["n", 96, 64]},
        {"vectors": ["n", n_dim], "scores": ["n", student.classes.out_features]},
    )


def quantized(model: onnx.ModelProto, examples: NDArray[np.float32]) -> onnx.ModelProto:
    """Store and run the convolutions in 8 bits, their ranges measured on examples."""
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    class Examples(CalibrationDataReader):
        def __init__(self) -> None:
            self._batches = iter(np.array_split(examples, max(1, len(examples) // 64)))

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            batch = next(self._batches, None)
            return None if batch is None else {"log_mel": batch}

    with tempfile.TemporaryDirectory() as folder:
        whole, small = Path(folder) / "whole.onnx", Path(folder) / "small.onnx"
        onnx.save(model, whole)
        quantize_static(
            whole,
            small,
            Examples(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Relu", "MaxPool"],
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,  # 7 bits: sums of pairs must not overflow 16 bits on older CPUs
            calibrate_method=CalibrationMethod.MinMax,
        )
        return onnx.load(small)


def run(
    model: onnx.ModelProto, log_mel: NDArray[np.float32], *outputs: str
) -> list[NDArray[np.float32]]:
    """Run a model on log-mel spectrograms, some at a time."""
    import onnxruntime

    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    batches = np.array_split(log_mel, max(1, len(log_mel) // 64))
    parts = [session.run(list(outputs), {"log_mel": batch}) for batch in batches]
    return [np.concatenate(each) for each in zip(*parts, strict=True)]


def load_student(checkpoint: Path) -> Student:
    """Load the student of a checkpoint, ready to answer."""
    student = Student(N_TARGET)
    student.load_state_dict(torch.load(checkpoint, weights_only=True)["student"])
    return student.eval()


def pool_log_mel(folder: Path) -> NDArray[np.float32]:
    """Hear one to a dozen windows of each training file, more of long ones, unmixed."""
    random = np.random.default_rng(0)
    patches = []
    for name in training_files(folder):
        samples = read(folder / name)
        if len(samples) and np.abs(samples).max() > 1e-3:
            windows = cut(samples)
            n_kept = min(len(windows), 1 + min(11, len(samples) // (5 * SAMPLE_RATE)))
            chosen = windows[random.permutation(len(windows))[:n_kept]]
            patches.append(log_mel(chosen[np.abs(chosen).max(axis=1) > 1e-3]))
    return np.concatenate(patches)


def main() -> None:
    """Fit what comes behind the network, quantize and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, default=Path("work/run/checkpoint.pt"))
    parser.add_argument("--mixtures", type=Path, default=Path("work/mixtures"))
    parser.add_argument("--pool", type=Path, default=Path("../../shared/audio/pool"))
    parser.add_argument(
        "--out", type=Path, default=Path("../src/tonotopy/embedders/weights/cochlea.onnx")
    )
    parser.add_argument("--n-kept", type=int, default=CHANNELS)
    arguments = parser.parse_args()
    student = load_student(arguments.checkpoint)
    chunks = sorted(arguments.mixtures.glob("chunk-????.npz"))[:4]
    examples = np.concatenate([np.load(chunk)["log_mel"] for chunk in chunks]).astype(np.float32)
    plain = build(student, None)
    (features,) = run(plain, examples, "pooled")
    (statistics,) = run(plain, pool_log_mel(arguments.pool), "statistics")
    parts = (
        fit_affine(features, power=NETWORK_WHITENING, n_kept=arguments.n_kept),
        fit_affine(statistics, power=CEPSTRA_WHITENING, n_kept=statistics.shape[1]),
    )
    whole = build(student, parts)
    model = quantized(whole, examples[::8])
    (exact,), (rounded,) = (run(each, examples[1::8], "vectors") for each in (whole, model))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size} bytes, {rounded.shape[1]} dimensions")
    print(f"8 bits against 32: mean cosine {(exact * rounded).sum(axis=1).mean():.4f}")


if __name__ == "__main__":
    main()
