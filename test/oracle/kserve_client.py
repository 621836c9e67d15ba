"""KServe's own REST client (protocol v2) against a server: what it finds, as JSON.

usage: kserve_client.py URL FOLDER

FOLDER/image.bin is float32 [rows, 1, 28, 28].
"""

import asyncio
import json
import sys
from pathlib import Path

import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

url, folder = sys.argv[1:]
image = np.fromfile(Path(folder) / "image.bin", dtype=np.float32).reshape(-1, 1, 28, 28)


async def infer(client, binary):
    given = InferInput("image", list(image.shape), "FP32")
    given.set_data_from_numpy(image, binary_data=binary)
    response = await client.infer(url, InferRequest("lenet5", [given], request_id="id 1"), model_name="lenet5")
    return {
        "id": response.id,
        "model": response.model_name,
        **{output.name: output.as_numpy().tolist() for output in response.outputs},
    }


async def main():
    client = InferenceRESTClient(RESTConfig(protocol="v2", retries=0))
    found = {
        "live": await client.is_server_live(url),
        "ready": await client.is_server_ready(url),
        "model_ready": await client.is_model_ready(url, "lenet5"),
        "json": await infer(client, binary=False),
        "binary": await infer(client, binary=True),
    }
    await client.close()
    print(json.dumps(found))


asyncio.run(main())
