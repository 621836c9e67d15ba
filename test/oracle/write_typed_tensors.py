"""Writes a model whose initializers hold their elements in the typed fields of TensorProto, not in raw_data.

Usage: write_typed_tensors.py FILE. Prints JSON: each initializer's name to the hexadecimal raw_data of the same elements.
"""

import json
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CASES = {
    "float": (TensorProto.FLOAT, [0.5, -1.25, 3e38, -0.0]),
    "double": (TensorProto.DOUBLE, [0.1, -1e300]),
    "int32": (TensorProto.INT32, [0, -1, 2**31 - 1, -(2**31)]),
    "int64": (TensorProto.INT64, [0, -1, 2**63 - 1, -(2**63), 2**53 + 1]),
    "uint32": (TensorProto.UINT32, [0, 2**32 - 1]),
    "uint64": (TensorProto.UINT64, [0, 2**64 - 1]),
    "int16": (TensorProto.INT16, [-1, -(2**15), 7]),
    "uint16": (TensorProto.UINT16, [0, 2**16 - 1]),
    "int8": (TensorProto.INT8, [-128, 127, -1]),
    "uint8": (TensorProto.UINT8, [0, 255]),
    "bool": (TensorProto.BOOL, [True, False, True]),
    "float16": (TensorProto.FLOAT16, [0.5, -65504.0]),
    "bfloat16": (TensorProto.BFLOAT16, [0.5, -2.0]),
    "complex64": (TensorProto.COMPLEX64, [1 + 2j, -0.5j]),
    "complex128": (TensorProto.COMPLEX128, [0.1 - 2j]),
    "empty": (TensorProto.FLOAT, []),
}

tensors = {}
for name, (data_type, values) in CASES.items():
    tensors[name] = helper.make_tensor(name, data_type, [len(values)], values)
    assert not tensors[name].HasField("raw_data")
four_bits = helper.make_tensor("int4", TensorProto.INT4, [3], [-8, 7, -1])
tensors["int4"] = four_bits
scalar = helper.make_tensor("scalar", TensorProto.INT64, [], [-3])
tensors["scalar"] = scalar

raw = {}
for name, tensor in tensors.items():
    if name == "int4":
        raw[name] = bytes(tensor.int32_data).hex()
        continue
    array = numpy_helper.to_array(tensor)
    raw[name] = np.ascontiguousarray(array).tobytes().hex()

constant = helper.make_node("Constant", [], ["constant"], value=helper.make_tensor("", TensorProto.FLOAT, [2], [1.0, 2.0]))
floats = helper.make_node("Constant", [], ["floats"], value_floats=[0.5, 1.5])
largest = helper.make_node("Unknown", [], ["far"], "far", domain="own", at=2**63 - 1, to=[1, -(2**63)])
words = helper.make_tensor("words", TensorProto.STRING, [2], ["zero", "n\u00fcll"])
out = helper.make_tensor_value_info("scalar", TensorProto.INT64, [])
graph = helper.make_graph([constant, floats, largest], "typed", [], [out], [*tensors.values(), words])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("own", 1)])
with open(sys.argv[1], "wb") as file:
    file.write(model.SerializeToString())
print(json.dumps(raw))
