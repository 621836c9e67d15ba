"""One training step of ONNX models in PyTorch, in float64: the oracle of the training-step graphs.

In float32 PyTorch itself is off by 1e-3 where the sign of a number near 0, and with it a ReLU, depends on rounding.

usage: torch_step.py FOLDER

FOLDER/cases.json is a list of {"model", "image", "label", "masks"}: an inference-form .onnx file in FOLDER whose initializers
are the parameters, a batch {"shape", "values"}, its labels, and what each Dropout multiplies by (lists {"shape", "values"}, in
the order of the nodes). The forward pass is the graph's own, node by node in torch.nn.functional, BatchNormalization and Dropout as in
training; the gradients are autograd's. FOLDER/results.json gets, a case, {"loss", "correct", "arrays": {name: [offset, count]}}: the
parameters' gradients and the running statistics after the step, float32 in FOLDER/results.bin.
"""

import json
import sys
from pathlib import Path

import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper


def window(attributes, x):
    """Symmetric padding, or the input padded by hand where PyTorch's functions can't."""
    rank = x.dim() - 2
    pads = attributes.get("pads", [0] * 2 * rank)
    begin, end = pads[:rank], pads[rank:]
    return begin, end, attributes.get("strides", [1] * rank), attributes.get("dilations", [1] * rank)


def padded(x, begin, end, value=0.0):
    if not any(begin) and not any(end):
        return x
    pairs = [side for axis in reversed(range(len(begin))) for side in (begin[axis], end[axis])]
    return F.pad(x, pairs, value=value)


def conv(attributes, x, w, b=None):
    begin, end, strides, dilations = window(attributes, x)
    function = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[x.dim() - 2]
    return function(padded(x, begin, end), w, b, strides, 0, dilations, attributes.get("group", 1))


def max_pool(attributes, x):
    begin, end, strides, dilations = window(attributes, x)
    return F.max_pool2d(padded(x, begin, end, float("-inf")), attributes["kernel_shape"], strides, 0, dilations)


def average_pool(attributes, x):
    begin, end, strides, _ = window(attributes, x)
    assert not any(begin) and not any(end), "only without padding"
    return F.avg_pool2d(x, attributes["kernel_shape"], strides)


def gemm(attributes, a, b, c=None):
    a = a.T if attributes.get("transA", 0) else a
    b = b.T if attributes.get("transB", 0) else b
    product = attributes.get("alpha", 1.0) * (a @ b)
    return product if c is None else product + attributes.get("beta", 1.0) * c


def resize(attributes, x, _roi=None, _scales=None, sizes=None):
    assert attributes["mode"] == b"linear" and attributes["coordinate_transformation_mode"] == b"half_pixel"
    return F.interpolate(x, size=[int(size) for size in sizes[2:]], mode="bilinear", align_corners=False)


def batch_normalization(attributes, x, scale, bias, mean, variance):
    momentum = 1 - attributes.get("momentum", 0.9)
    return F.batch_norm(x, mean, variance, scale, bias, True, momentum, attributes.get("epsilon", 1e-5))


def pad(_attributes, x, pads):
    half = len(pads) // 2
    return padded(x, [int(p) for p in pads[2:half]], [int(p) for p in pads[half + 2 :]])


OPERATORS = {
    "Add": lambda _, a, b: a + b,
    "AveragePool": average_pool,
    "BatchNormalization": batch_normalization,
    "Concat": lambda attributes, *parts: torch.cat(parts, attributes["axis"]),
    "Conv": conv,
    "Flatten": lambda _, x: x.flatten(1),
    "Gemm": gemm,
    "GlobalAveragePool": lambda _, x: x.mean(dim=tuple(range(2, x.dim())), keepdim=True),
    "MaxPool": max_pool,
    "Pad": pad,
    "Relu": lambda _, x: F.relu(x),
    "Reshape": lambda _, x, shape: x.reshape([x.shape[i] if s == 0 else int(s) for i, s in enumerate(shape)]),
    "Resize": resize,
    "Shape": lambda attributes, x: torch.tensor(x.shape[attributes.get("start", 0) : attributes.get("end")]),
    "Sigmoid": lambda _, x: torch.sigmoid(x),
}


class Network:
    """An inference-form graph whose initializers are parameters and running statistics, evaluated node by node as in training."""

    def __init__(self, graph, dtype=torch.float64):
        self.graph = graph
        self.dtype = dtype
        self.values = {t.name: self.constant(numpy_helper.to_array(t)) for t in graph.initializer}
        self.statistics = {
            name for node in graph.node if node.op_type == "BatchNormalization" for name in node.input[3:5]
        }
        self.trained = {
            name: t
            for name, t in self.values.items()
            if t.is_floating_point() and t.dim() > 0 and name not in self.statistics
        }
        for parameter in self.trained.values():
            parameter.requires_grad_(True)

    def constant(self, array):
        tensor = torch.from_numpy(array.copy())
        return tensor.to(self.dtype) if tensor.is_floating_point() else tensor

    def forward(self, image, masks=(), overrides=None):
        """The values by name. `overrides`: op type -> function(node, input) in place of the operator's own."""
        values = {**self.values, self.graph.input[0].name: image.to(self.dtype)}
        masks = iter(masks)
        for node in self.graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            inputs = [values[name] if name else None for name in node.input]
            if node.op_type == "Dropout":
                values[node.output[0]] = inputs[0] * next(masks).to(self.dtype)
            elif overrides and node.op_type in overrides:
                values[node.output[0]] = overrides[node.op_type](node, inputs[0])
            else:
                values[node.output[0]] = OPERATORS[node.op_type](attributes, *inputs)
        return values

    def gradients(self):
        return {name: t.grad for name, t in self.trained.items() if t.grad is not None}


def tensor(array):
    return torch.tensor(array["values"], dtype=torch.float64).reshape(array["shape"])


def step(folder, case):
    network = Network(onnx.load(folder / case["model"]).graph)
    logits = network.forward(tensor(case["image"]), [tensor(mask) for mask in case.get("masks", [])])["logits"]
    label = torch.tensor(case["label"])
    loss = F.cross_entropy(logits, label)
    loss.backward()
    arrays = {**network.gradients(), **{name: network.values[name] for name in network.statistics}}
    return loss.item(), int((logits.argmax(1) == label).sum()), arrays


def main():
    folder = Path(sys.argv[1])
    torch.manual_seed(0)
    torch.set_num_threads(2)
    results, offset = [], 0
    with open(folder / "results.bin", "wb") as binary:
        for case in json.loads((folder / "cases.json").read_text()):
            loss, correct, arrays = step(folder, case)
            index = {}
            for name, array in arrays.items():
                data = array.detach().contiguous().numpy().astype("<f4").tobytes()
                binary.write(data)
                index[name] = [offset, len(data) // 4]
                offset += len(data)
            results.append({"loss": loss, "correct": correct, "arrays": index})
    (folder / "results.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main()
