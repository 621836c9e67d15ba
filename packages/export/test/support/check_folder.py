"""Checks every .onnx file of a folder as the onnx package does: full check, strict shape inference.

Usage: check_folder.py FOLDER. Prints {"checked": count, "refused": ["file: reason", ...]}.
"""

import json
import pathlib
import sys

import onnx

refused = []
files = sorted(pathlib.Path(sys.argv[1]).glob("*.onnx"))
for path in files:
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    except Exception as error:  # noqa: BLE001
        refused.append(f"{path.name}: {error}")
print(json.dumps({"checked": len(files), "refused": refused}))
