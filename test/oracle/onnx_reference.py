"""The onnx package's verdict on models: its checker with shape inference, and its reference evaluator.

usage: onnx_reference.py FOLDER

FOLDER/cases.json is a list of {"model", "feeds"}: an .onnx file in FOLDER and, by input, {"type", "shape", "values"}; without
feeds the model is only checked. FOLDER/results.json gets, a case, {"outputs": {name: values}} or {"error": text}.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator


def check(folder, case):
    model = onnx.load(folder / case["model"])
    onnx.checker.check_model(model, full_check=True)
    if "feeds" not in case:
        return {"outputs": {}}
    feeds = {
        name: np.array(feed["values"], dtype=feed["type"]).reshape(feed["shape"]) for name, feed in case["feeds"].items()
    }
    evaluator = ReferenceEvaluator(model)
    outputs = evaluator.run(None, feeds)
    return {"outputs": {name: np.asarray(v).ravel().tolist() for name, v in zip(evaluator.output_names, outputs)}}


def main():
    folder = Path(sys.argv[1])
    results = []
    for case in json.loads((folder / "cases.json").read_text()):
        try:
            results.append(check(folder, case))
        except Exception as error:  # whatever the package says is the verdict
            results.append({"error": f"{type(error).__name__}: {error}"})
    (folder / "results.json").write_text(json.dumps(results))


main()
