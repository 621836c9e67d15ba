"""Share of the test pictures that models read rightly, in Python's onnxruntime on the CPU.

Usage: accuracy.py FOLDER MODEL...  FOLDER holds uncompressed IDX files. Prints a JSON list, one number a model.
"""

import json
import pathlib
import sys

import numpy as np
import onnxruntime as ort

folder = pathlib.Path(sys.argv[1])
images = np.frombuffer((folder / "t10k-images-idx3-ubyte").read_bytes(), np.uint8, offset=16)
labels = np.frombuffer((folder / "t10k-labels-idx1-ubyte").read_bytes(), np.uint8, offset=8)
image = images.reshape(-1, 1, 28, 28).astype(np.float32) / 255

shares = []
for path in sys.argv[2:]:
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    (logits,) = session.run(["logits"], {"image": image})
    shares.append(float((logits.argmax(1) == labels).mean()))
print(json.dumps(shares))
