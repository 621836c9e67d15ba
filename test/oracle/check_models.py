"""Checks .onnx files as the onnx package does: full check, strict shape inference. Prints a JSON list of what each holds.

Usage: check_models.py FILE...
"""

import json
import sys

import onnx
from onnx import numpy_helper


def summary(path):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)

    def dims(value):
        return [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]

    return {
        "ops": [node.op_type for node in model.graph.node],
        "inputs": {value.name: dims(value) for value in model.graph.input},
        "outputs": {value.name: dims(value) for value in model.graph.output},
        "inferred": {value.name: dims(value) for value in inferred.graph.value_info},
        "initializers": {
            tensor.name: [str(numpy_helper.to_array(tensor).dtype), numpy_helper.to_array(tensor).ravel().tolist()[:100]]
            for tensor in model.graph.initializer
        },
        "metadata": {entry.key: entry.value for entry in model.metadata_props},
    }


print(json.dumps([summary(path) for path in sys.argv[1:]]))
