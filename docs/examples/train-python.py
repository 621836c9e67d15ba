"""Trains model.onnx by model.train.onnx, both in the working folder, and writes trained.onnx. Python, with onnx and onnxruntime."""

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper

model = onnx.load("model.onnx")
session = ort.InferenceSession("model.train.onnx")
names = [output.name for output in session.get_outputs()]
weights = [w for w in model.graph.initializer if f"{w.name}.next" in names]
state = {w.name: numpy_helper.to_array(w) for w in weights}
rng = np.random.default_rng(0)
for step in range(200):
    x = rng.uniform(-1, 1, (64, 2)).astype(np.float32)
    label = (x[:, 0] > 0) + 2 * (x[:, 1] > 0).astype(np.int64)
    feeds = {**state, "x": x, "label": label, "learning_rate": np.array(0.5, np.float32)}
    results = dict(zip(names, session.run(names, feeds)))
    state = {name: results[f"{name}.next"] for name in state}
    if step % 50 == 0 or step == 199:
        print(f"step {step}  loss {results['loss']:.4f}")
for w in weights:
    w.CopyFrom(numpy_helper.from_array(state[w.name], w.name))
onnx.save(model, "trained.onnx")
