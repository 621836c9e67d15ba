"""Whole training steps as graphs, run by Python's onnxruntime, against PyTorch in float64; and PyTorch's own float32 beside them.

A number near 0 before a ReLU, or two near each other before a max pool, may fall to either side by rounding, and each that does moves
gradients by 1e-3. So each run is compared twice: with PyTorch as it is, and with PyTorch made to let through the ReLUs and to
take the pools' winners of that very run. What is left of the second difference is arithmetic; the two counts say how many fell otherwise.

usage: whole_steps.py FOLDER

FOLDER/cases.json is a list of {"model", "image", "label", "masks", "seed", "steps": {name: file}}: as for torch_step.py, and
training-step graphs of that model which give gradients (summed over the batch) and the outputs of its ReLUs. FOLDER/results.json gets, a case,
{name: {"loss", "statistics", "gradients", "forced", "worst", "relus", "winners"}}, for "torch float32" too: relative errors (of gradients
in norm, of the worst parameter) and counts.
"""

import json
import sys
from pathlib import Path

import numpy
import onnx
import onnxruntime
import torch
import torch.nn.functional as F

from torch_step import Network, padded, tensor, window


def pool_winners(node, x):
    """Index into each window's padded map; the first where several are equal."""
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    begin, end, strides, _ = window(attributes, x)
    x = padded(x, begin, end, float("-inf"))
    _, winners = F.max_pool2d(x, attributes["kernel_shape"], strides, return_indices=True)
    return winners


def take_winners(node, x, winners):
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    begin, end, _, _ = window(attributes, x)
    flat = padded(x, begin, end, float("-inf")).flatten(2)
    return flat.gather(2, winners.flatten(2)).reshape(winners.shape)


def torch_run(network, case, activations=None):
    """Loss, gradients, statistics, ReLU outputs; with `activations` ReLUs and pools decide as they did there."""
    overrides = activations and {
        "Relu": lambda node, x: x * (activations[node.output[0]] > 0).to(x.dtype),
        "MaxPool": lambda node, x: take_winners(node, x, pool_winners(node, activations[node.input[0]])),
    }
    values = network.forward(tensor(case["image"]), [tensor(mask) for mask in case["masks"]], overrides)
    loss = F.cross_entropy(values["logits"], torch.tensor(case["label"]))
    loss.backward()
    return {
        "loss": loss.item(),
        "gradients": {name: t.numpy() for name, t in network.gradients().items()},
        "statistics": {name: network.values[name].detach().numpy() for name in network.statistics},
        "activations": {n.output[0]: values[n.output[0]].detach() for n in network.graph.node if n.op_type == "Relu"},
    }


def onnx_run(file, network, case, activations):
    options = onnxruntime.SessionOptions()
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    inputs = {i.name for i in session.get_inputs()}
    image, label = tensor(case["image"]).float().numpy(), numpy.array(case["label"], dtype=numpy.int64)
    feeds = {"image": image, "label": label, "seed": numpy.array(case["seed"], dtype=numpy.int64)}
    feeds |= {name: t.detach().float().numpy() for name, t in network.values.items() if name not in feeds}
    names = [o.name for o in session.get_outputs()]
    results = dict(zip(names, session.run(names, {k: v for k, v in feeds.items() if k in inputs})))
    count = len(case["label"])
    return {
        "loss": float(results["loss"]) / count,
        "gradients": {n[: -len(".gradient")]: a / count for n, a in results.items() if n.endswith(".gradient")},
        "statistics": {n[: -len(".next")]: a for n, a in results.items() if n.endswith(".next")},
        "activations": {name: torch.from_numpy(results[name]) for name in activations},
    }


def error(found, expected):
    """In norm; of what is 0 but for rounding (a bias below a batch normalization), 0 where the other is as good as 0 too."""
    norm = numpy.linalg.norm(expected)
    difference = numpy.linalg.norm(found.astype(numpy.float64).ravel() - expected.ravel())
    return float(difference / norm) if norm > 1e-9 else 0.0 if difference < 1e-2 else 1e9


def errors(found, expected):
    by_name = {name: error(found[name], array) for name, array in expected.items()}
    worst = max(by_name, key=by_name.get, default=None)
    return (by_name[worst], worst) if worst is not None else (0.0, None)


def compare(run, exact, graph, case):
    forced = torch_run(Network(graph), case, run["activations"])
    gradients, worst = errors(run["gradients"], exact["gradients"])
    relus = sum(int(((a > 0) != (exact["activations"][n] > 0)).sum()) for n, a in run["activations"].items())
    pools = [n for n in graph.node if n.op_type == "MaxPool"]
    winners = sum(
        int((pool_winners(n, run["activations"][n.input[0]]) != pool_winners(n, exact["activations"][n.input[0]])).sum())
        for n in pools
    )
    return {
        "loss": abs(run["loss"] - exact["loss"]) / exact["loss"],
        "statistics": errors(run["statistics"], exact["statistics"])[0],
        "gradients": gradients,
        "worst": worst,
        "forced": errors(run["gradients"], forced["gradients"])[0],
        "relus": relus,
        "winners": winners,
    }


def compared(folder, case):
    graph = onnx.load(folder / case["model"]).graph
    exact = torch_run(Network(graph), case)
    results = {"torch float32": compare(torch_run(Network(graph, torch.float32), case), exact, graph, case)}
    for name, file in case["steps"].items():
        run = onnx_run(folder / file, Network(graph, torch.float32), case, exact["activations"])
        results[name] = compare(run, exact, graph, case)
    return results


def main():
    folder = Path(sys.argv[1])
    torch.set_num_threads(2)
    results = [compared(folder, case) for case in json.loads((folder / "cases.json").read_text())]
    (folder / "results.json").write_text(json.dumps(results))


main()
