"""Write the trained student as ONNX: 8-bit convolutions, cepstral statistics beside them.

The graph takes log-mel spectrograms (n, 96, 64) and gives ``vectors``, unit norm, and ``scores``
of the teacher's classes.
"""

import argparse
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import torch
from evaluate import cut
from graph import Graph
from network import FLOOR, LAYERS, N_STEPS, RANGE, Student
from numpy.typing import NDArray
from pool import FOLDERS, SAMPLE_RATE, read, training_files

from tonotopy.embedders.cochlea import N_FRAMES, N_MELS, log_mel
from tonotopy.features.cepstra import cosine_basis
from train import N_TARGET

N_CEPSTRA = 13
N_BANDS = 8  # of neighbouring mel bands, whose modulation is measured
RATES = (1, 2, 3, 5, 8, 13, 21, 34)  # edges of modulation rates, in cycles a window
PRESENT = 1e-6  # added to a sum of frames, so that silence divides by something


class Part(NamedTuple):
    """How much a part of the vector counts, and how it is fitted on the pool."""

    weight: float
    whitening: float | None  #: axes are divided by their deviation to this power; None: as taught


PARTS = {
    "scene": Part(1.0, None),  # the last layer, turned to the teacher's space
    "texture": Part(0.5, 0.5),  # the layer before
    "cepstra": Part(0.3, 0.25),
    "modulation": Part(0.4, 0.25),
}
N_DIMENSIONS = 320


@dataclass(frozen=True)
class Affine:
    """``(values - centre) @ projection + offset``."""

    centre: NDArray[np.float32]
    projection: NDArray[np.float32]
    offset: NDArray[np.float32]


def fit_affine(values: NDArray[np.float32], *, power: float) -> Affine:
    """Standardize, turn to principal axes, scale each by its deviation to minus ``power``."""
    centre, scale = values.mean(axis=0), values.std(axis=0) + 1e-6
    variance, axes = np.linalg.eigh(np.corrcoef(values.T).astype(np.float64))
    variance, axes = np.maximum(variance[::-1], 1e-4), axes[:, ::-1]
    projection = axes * variance ** (-power / 2) / scale[:, np.newaxis]
    return Affine(centre, projection.astype(np.float32), np.zeros(len(variance), np.float32))


def taught(student: Student) -> Affine:
    """Read off how the student turns its last layer to the teacher's space."""
    deviation = torch.sqrt(student.centre.running_var + student.centre.eps)
    projection = student.target.weight.detach() / deviation
    return Affine(
        student.centre.running_mean.numpy(),
        projection.numpy().T,
        student.target.bias.detach().numpy(),
    )


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


def layers(graph: Graph, student: Student) -> list[str]:
    """Convolve; return the maps of each layer, (n, channels, time, frequency)."""
    image = graph("Add", graph("Mul", "log_mel", graph.constant(0.35)), graph.constant(1.2))
    image = graph("Unsqueeze", image, graph.constant([1]))
    maps = []
    for (weights, bias), (_, stride, pool) in zip(folded(student), LAYERS, strict=True):
        kernel, offset = graph.constant(weights), graph.constant(bias)
        image = graph(
            "Conv", image, kernel, offset, kernel_shape=[3, 3], pads=[1] * 4, strides=[stride] * 2
        )
        image = graph("Relu", image)
        maps.append(image)
        if pool != (1, 1):
            image = graph("MaxPool", image, kernel_shape=list(pool), strides=list(pool))
    return maps


def step_shares(graph: Graph, present: str) -> str:
    """Weigh the time steps of the last maps by how many of their frames sound, (n, 6, 1)."""
    steps = graph("Reshape", present, graph.constant([0, N_STEPS, -1]))
    share = graph("ReduceMean", steps, axes=[2], keepdims=0)
    share = graph("Add", share, graph.constant(1e-3))
    total = graph("ReduceSum", share, graph.constant([1]), keepdims=1)
    return graph("Unsqueeze", graph("Div", share, total), graph.constant([2]))


def pooled(graph: Graph, maps: str, shares: str, *, channels: int, bands: int) -> str:
    """Average maps over frequency and the time that sounds, (n, channels)."""
    weights = graph("MatMul", shares, graph.constant(np.full((1, bands), 1 / bands)))
    weights = graph("Reshape", weights, graph.constant([0, N_STEPS * bands, 1]))
    flat = graph("Reshape", maps, graph.constant([0, channels, N_STEPS * bands]))
    return graph("Squeeze", graph("MatMul", flat, weights), graph.constant([2]))


def relative_levels(graph: Graph) -> str:
    """Measure levels above 50 dB below the loudest, (n, 96, 64)."""
    loudest = graph("ReduceMax", "log_mel", axes=[1, 2], keepdims=1)
    lowest = graph("Sub", loudest, graph.constant(RANGE))
    return graph("Relu", graph("Sub", "log_mel", lowest))


def frame_shares(graph: Graph, present: str) -> str:
    """Share out 1 among the frames that sound, (n, 96, 1)."""
    count = graph("ReduceSum", present, graph.constant([1]), keepdims=1)
    shares = graph("Div", present, graph("Add", count, graph.constant(PRESENT)))
    return graph("Unsqueeze", shares, graph.constant([2]))


def cepstral_statistics(graph: Graph, levels: str, shares: str) -> str:
    """Mean and deviation of cepstra and deviation of their changes where it sounds, (n, 39)."""
    cepstra = graph("MatMul", levels, graph.constant(cosine_basis(N_MELS, N_CEPSTRA)))
    mean, deviation = moments(graph, cepstra, shares)
    later = graph("Pad", cepstra, graph.constant([0, -1, 0, 0, 1, 0]), mode="edge")
    earlier = graph("Pad", cepstra, graph.constant([0, 1, 0, 0, -1, 0]), mode="edge")
    _, change = moments(graph, graph("Sub", later, earlier), shares)
    return graph("Concat", mean, deviation, change, axis=1)


def modulation(graph: Graph, levels: str, present: str, shares: str) -> str:
    """Measure how strongly bands rise and fall at each rate, log power, (n, 56)."""
    bands = np.kron(np.eye(N_BANDS), np.full((N_MELS // N_BANDS, 1), N_BANDS / N_MELS))
    curves = graph("MatMul", levels, graph.constant(bands))
    mean = graph("ReduceSum", graph("Mul", curves, shares), graph.constant([1]), keepdims=1)
    here = graph("Unsqueeze", present, graph.constant([2]))
    swings = graph("Mul", graph("Sub", curves, mean), here)
    turns = np.outer(np.arange(RATES[0], RATES[-1]), np.arange(N_FRAMES)) / N_FRAMES
    waves = np.concatenate([np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)])
    spectrum = graph("MatMul", graph.constant(waves), swings)  # (n, 2 * rates, bands)
    power = graph("Mul", spectrum, spectrum)
    sums = np.zeros((len(RATES) - 1, len(waves)))
    for row, (low, high) in enumerate(pairwise(RATES)):
        for half in (0, len(turns)):
            sums[row, half + low - RATES[0] : half + high - RATES[0]] = 1 / (high - low) / N_FRAMES
    rates = graph("MatMul", graph.constant(sums), power)
    logarithm = graph("Log", graph("Add", rates, graph.constant(1e-2)))
    return graph("Reshape", logarithm, graph.constant([0, N_BANDS * (len(RATES) - 1)]))


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
    turned = graph("Add", turned, graph.constant(affine.offset))
    return scaled(graph, turned, length=length)


def scaled(graph: Graph, turned: str, *, length: float, name: str = "") -> str:
    """Scale rows to a length."""
    norm = graph("ReduceL2", turned, axes=[1], keepdims=1)
    norm = graph("Max", norm, graph.constant(1e-9))
    return graph("Mul", graph("Div", turned, norm), graph.constant(length), name=name)


def measured(graph: Graph, student: Student) -> dict[str, str]:
    """Compute the parts of a vector, before they are fitted."""
    present = presence(graph)
    maps, steps = layers(graph, student), step_shares(graph, present)
    levels, frames = relative_levels(graph), frame_shares(graph, present)
    return {
        "scene": pooled(graph, maps[-1], steps, channels=LAYERS[-1][0], bands=2),
        "texture": pooled(graph, maps[-2], steps, channels=LAYERS[-2][0], bands=4),
        "cepstra": cepstral_statistics(graph, levels, frames),
        "modulation": modulation(graph, levels, present, frames),
    }


def build_parts(student: Student) -> onnx.ModelProto:
    """Make the graph that gives the parts as they are."""
    graph = Graph()
    for name, part in measured(graph, student).items():
        graph("Identity", part, name=name)
    return graph.model({"log_mel": ["n", N_FRAMES, N_MELS]}, {name: ["n", None] for name in PARTS})


def build(
    student: Student,
    fitted: dict[str, Affine],
    turn: NDArray[np.float32] | None,
    classes: dict[str, torch.Tensor],
) -> onnx.ModelProto:
    """Make the graph that gives vectors and scores; without the last turn, of all dimensions."""
    graph = Graph()
    parts = measured(graph, student)
    vectors = graph(
        "Concat",
        *[applied(graph, parts[name], fitted[name], length=PARTS[name].weight) for name in PARTS],
        axis=1,
    )
    n_dimensions = sum(affine.projection.shape[1] for affine in fitted.values())
    if turn is not None:
        vectors = graph("MatMul", vectors, graph.constant(turn, half=True))
        n_dimensions = turn.shape[1]
    scaled(graph, vectors, length=1.0, name="vectors")
    class_scores(graph, parts, classes)
    return graph.model(
        {"log_mel": ["n", N_FRAMES, N_MELS]},
        {"vectors": ["n", n_dimensions], "scores": ["n", len(classes["last.bias"])]},
    )


def class_scores(graph: Graph, parts: dict[str, str], classes: dict[str, torch.Tensor]) -> None:
    """Score the teacher's classes by layers that `classes.py` fitted, ``scores`` (n, 521)."""
    weights = {name: tensor.numpy() for name, tensor in classes.items()}
    values = graph("Concat", *[parts[name] for name in PARTS], axis=1)
    values = graph("Sub", values, graph.constant(weights["mean"]))
    values = graph("Div", values, graph.constant(weights["deviation"]))
    for layer in ("hidden", "last"):
        matrix = graph.constant(weights[f"{layer}.weight"].T, half=True)
        values = graph("MatMul", values, matrix)
        values = graph("Add", values, graph.constant(weights[f"{layer}.bias"]))
        values = graph("Relu", values) if layer == "hidden" else values
    graph("Sigmoid", values, name="scores")


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

    first_layer = [node.name for node in model.graph.node if node.op_type in ("Conv", "Relu")][:2]
    with tempfile.TemporaryDirectory() as folder:
        whole, small = Path(folder) / "whole.onnx", Path(folder) / "small.onnx"
        onnx.save(model, whole)
        quantize_static(
            whole,
            small,
            Examples(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Relu", "MaxPool"],
            nodes_to_exclude=first_layer,  # of one input channel: 32 bits are faster there
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
    student.load_state_dict(
        torch.load(checkpoint, weights_only=True, map_location="cpu")["student"]
    )
    return student.eval()


def pool_log_mel(folders: list[Path]) -> NDArray[np.float32]:
    """Hear one to a dozen windows of each training file, more of long ones, unmixed."""
    random = np.random.default_rng(0)
    patches = []
    for folder, name in training_files(folders):
        samples = read(folder / name)
        if len(samples) and np.abs(samples).max() > 1e-3:
            windows = cut(samples)
            n_kept = min(len(windows), 1 + min(11, len(samples) // (5 * SAMPLE_RATE)))
            chosen = windows[random.permutation(len(windows))[:n_kept]]
            patches.append(log_mel(chosen[np.abs(chosen).max(axis=1) > 1e-3]))
    return np.concatenate(patches)


def fit(student: Student, pool: NDArray[np.float32]) -> dict[str, Affine]:
    """Fit each part as its entry in `PARTS` says."""
    parts = build_parts(student)
    found = {}
    for name, part in PARTS.items():
        if part.whitening is None:
            found[name] = taught(student)
        else:
            found[name] = fit_affine(run(parts, pool, name)[0], power=part.whitening)
    return found


def main() -> None:
    """Fit what comes behind the network, quantize and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, default=Path("work/run/checkpoint.pt"))
    parser.add_argument("--classes", type=Path, default=Path("work/run/classes.pt"))
    parser.add_argument("--mixtures", type=Path, default=Path("work/mixtures"))
    parser.add_argument("--pool", type=Path, nargs="+", default=FOLDERS[:1])
    parser.add_argument(
        "--out", type=Path, default=Path("../src/tonotopy/embedders/weights/cochlea.onnx")
    )
    arguments = parser.parse_args()
    student = load_student(arguments.checkpoint)
    classes = torch.load(arguments.classes, weights_only=True)
    with np.load(arguments.mixtures / "chunk-0000.npz") as chunk:
        mixtures = chunk["log_mel"][::2].astype(np.float32)
    pool = pool_log_mel(arguments.pool)
    fitted = fit(student, pool)
    (vectors,) = run(build(student, fitted, None, classes), pool, "vectors")
    turn = np.linalg.svd(vectors, full_matrices=False)[2][:N_DIMENSIONS].T
    whole = build(student, fitted, turn, classes)
    model = quantized(whole, mixtures)
    (exact,), (rounded,) = (run(each, pool[::5], "vectors") for each in (whole, model))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size} bytes, {rounded.shape[1]} dimensions")
    print(f"8 bits against 32: mean cosine {(exact * rounded).sum(axis=1).mean():.4f}")


if __name__ == "__main__":
    main()
