"""The same network as a Keras model, saved as TensorFlow's SavedModel, for tf2onnx. Usage: save-keras.py FOLDER TARGET; FOLDER holds
model.json and weights.bin of TensorFlow.js."""
import json
import pathlib
import sys

import numpy as np
import tensorflow as tf

folder, target = map(pathlib.Path, sys.argv[1:])
saved = json.loads((folder / "model.json").read_text())
topology = saved["modelTopology"]
topology = topology.get("model_config", topology)
for layer in topology["config"]["layers"]:
    # Keras's own layer of the same arithmetic.
    if layer["class_name"].endswith("HalfPixelResizing"):
        layer["class_name"] = "Resizing"
        kept = {key: layer["config"][key] for key in ("name", "height", "width")}
        layer["config"] = {**kept, "interpolation": "bilinear"}
model = tf.keras.models.model_from_json(json.dumps(topology))

(group,) = saved["weightsManifest"]
data = np.fromfile(folder / "weights.bin", np.float32)
weights, offset = {}, 0
for spec in group["weights"]:
    count = int(np.prod(spec["shape"]))
    weights[spec["name"]] = data[offset : offset + count].reshape(spec["shape"])
    offset += count
for weight in model.weights:
    weight.assign(weights[weight.name.removesuffix(":0")])
tf.saved_model.save(model, str(target))
