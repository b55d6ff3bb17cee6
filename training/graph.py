"""Builds an ONNX graph call by call, with 16-bit constants where they are large."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import TensorProto, helper, numpy_helper

__all__ = ["Graph"]


class Graph:
    """Nodes and constants in the order in which they were asked for."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, values: ArrayLike, *, half: bool = False) -> str:
        """Store values, float32 or int64; ``half`` stores 16 bits, widened when run."""
        array = np.asarray(values)
        array = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
        name = f"constant_{len(self._constants)}"
        if half:
            self._constants.append(numpy_helper.from_array(array.astype(np.float16), name))
            return self("Cast", name, to=TensorProto.FLOAT)
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def __call__(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Add a node; return the name of its output."""
        output = name or f"{operator}_{len(self._nodes)}"
        self._nodes.append(
            helper.make_node(operator, list(inputs), [output], name=output, **attributes)
        )
        return output

    def model(self, inputs: dict[str, list[Any]], outputs: dict[str, list[Any]]) -> onnx.ModelProto:
        """Close the graph over its float32 inputs and outputs, by name and shape."""
        described = [
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in each]
            for each in (inputs.items(), outputs.items())
        ]
        graph = helper.make_graph(self._nodes, "cochlea", *described, self._constants)
        model = helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 17)])
        onnx.checker.check_model(model)
        return model
