"""Triton's own HTTP client against a server: what it finds, as JSON.

usage: triton_client.py HOST:PORT FOLDER

FOLDER/image.bin is float32 [rows, 1, 28, 28]. The outputs of a request in JSON and of one in binary are lists in the result.
"""

import json
import sys
from pathlib import Path

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

client = triton.InferenceServerClient(sys.argv[1], network_timeout=60, connection_timeout=60)
image = np.fromfile(Path(sys.argv[2]) / "image.bin", dtype=np.float32).reshape(-1, 1, 28, 28)


def tensor(binary):
    given = triton.InferInput("image", list(image.shape), "FP32")
    given.set_data_from_numpy(image, binary_data=binary)
    return given


def infer(binary, outputs=True, **options):
    wanted = [triton.InferRequestedOutput(name, binary_data=binary) for name in ("logits", "probabilities")]
    result = client.infer("lenet5", [tensor(binary)], outputs=wanted if outputs else None, request_id="id 1", **options)
    response = result.get_response()
    return {
        "id": response["id"],
        "model": response["model_name"],
        "version": response["model_version"],
        "logits": result.as_numpy("logits").tolist(),
        "probabilities": result.as_numpy("probabilities").tolist(),
    }


def error(call):
    try:
        call()
    except InferenceServerException as found:
        return found.message()
    return None


print(
    json.dumps(
        {
            "live": client.is_server_live(),
            "ready": client.is_server_ready(),
            "model_ready": client.is_model_ready("lenet5"),
            "other_ready": client.is_model_ready("other"),
            "server": client.get_server_metadata(),
            "metadata": client.get_model_metadata("lenet5", "1"),
            "config": client.get_model_config("lenet5"),
            "index": client.get_model_repository_index(),
            "json": infer(False),
            "binary": infer(True),
            "all_outputs": infer(True, outputs=False, model_version="1"),
            "async": client.async_infer("lenet5", [tensor(True)]).get_result().as_numpy("logits").tolist(),
            "no_such_model": error(lambda: client.get_model_metadata("other")),
            "unload": error(lambda: client.unload_model("lenet5")),
        }
    )
)
