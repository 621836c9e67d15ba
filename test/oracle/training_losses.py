"""The losses of many training steps: graphs run by Python's onnxruntime, and PyTorch from the same weights and batches.

usage: training_losses.py FOLDER

FOLDER/cases.json is a list of {"model", "images", "labels", "batch", "steps", "learning_rate", "perturbed", "graphs": {name: file}}: an
inference-form model whose initializers the run begins with, all pictures [count * 784] (0...1) and labels as lists, taken batch after batch
from the front and again, and training-step graphs of that model with its update. FOLDER/results.json gets, a case, {name: [loss...]}:
"torch" (float32), "torch 1" to "torch <perturbed>", whose initial weights are multiplied by 1 + 1e-7 normal, and each graph.
"""

import json
import sys
from pathlib import Path

import numpy
import onnx
import onnxruntime
import torch
import torch.nn.functional as F

from torch_step import Network


def batches(case):
    images = numpy.array(case["images"], dtype=numpy.float32).reshape(-1, 1, 28, 28)
    labels = numpy.array(case["labels"], dtype=numpy.int64)
    for step in range(case["steps"]):
        rows = numpy.arange(step * case["batch"], (step + 1) * case["batch"]) % len(labels)
        yield images[rows], labels[rows]


def torch_losses(graph, case, perturbation=0.0, seed=0):
    network = Network(graph, torch.float32)
    generator = torch.Generator().manual_seed(seed)
    losses = []
    with torch.no_grad():
        for parameter in network.trained.values():
            parameter *= 1 + perturbation * torch.randn(parameter.shape, generator=generator)
    for image, label in batches(case):
        # A ratio of 0 drops nothing.
        logits = network.forward(torch.from_numpy(image), iter(lambda: torch.ones(1), None))["logits"]
        loss = F.cross_entropy(logits, torch.from_numpy(label))
        loss.backward()
        with torch.no_grad():
            for parameter in network.trained.values():
                if parameter.grad is not None:
                    parameter -= case["learning_rate"] * parameter.grad
                    parameter.grad = None
        losses.append(loss.item())
    return losses


def graph_losses(file, graph, case):
    options = onnxruntime.SessionOptions()
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    inputs, outputs = ([i.name for i in infos] for infos in (session.get_inputs(), session.get_outputs()))
    state = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer if t.name in inputs}
    state["learning_rate"] = numpy.float32(case["learning_rate"])
    losses = []
    for step, (image, label) in enumerate(batches(case)):
        feeds = {**state, "image": image, "label": label, "seed": numpy.int64(step)}
        results = dict(zip(outputs, session.run(outputs, {k: numpy.asarray(v) for k, v in feeds.items() if k in inputs})))
        losses.append(float(results["loss"]))
        state |= {name[: -len(".next")]: value for name, value in results.items() if name.endswith(".next")}
    return losses


def losses_of(folder, case):
    graph = onnx.load(folder / case["model"]).graph
    results = {"torch": torch_losses(graph, case)}
    results |= {f"torch {n}": torch_losses(graph, case, 1e-7, n) for n in range(1, case["perturbed"] + 1)}
    return results | {name: graph_losses(folder / file, graph, case) for name, file in case["graphs"].items()}


def main():
    folder = Path(sys.argv[1])
    torch.set_num_threads(2)
    results = [losses_of(folder, case) for case in json.loads((folder / "cases.json").read_text())]
    (folder / "results.json").write_text(json.dumps(results))


main()
