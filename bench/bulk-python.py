# The other side of `bench bulk`: a share of a folder's pictures by Pillow and onnxruntime, in batches, one thread; a line of JSON for each.
import json
import os
import resource
import sys

import numpy as np
import onnxruntime as ort
from PIL import Image

folder, model, shard, count, batch = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), 256
options = ort.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
names = sorted(os.listdir(folder))[shard::count]
for start in range(0, len(names), batch):
    part = names[start : start + batch]
    pictures = [np.asarray(Image.open(os.path.join(folder, name)).convert("L")) for name in part]
    image = np.stack(pictures)[:, None].astype(np.float32) / 255
    (rows,) = session.run(["probabilities"], {"image": image})
    digits = rows.argmax(1)
    for name, digit, row in zip(part, digits, rows):
        sys.stdout.write(json.dumps({"picture": name, "digit": int(digit), "probability": float(row[digit])}) + "\n")

used = resource.getrusage(resource.RUSAGE_SELF)
sys.stderr.write(json.dumps({"cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss}) + "\n")
