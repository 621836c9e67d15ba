"""Triton's own message of a model configuration, from texts: what tritonclient carries of model_config.proto.

usage: parse_configs.py FILE...    prints a JSON list of what each says
"""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

from google.protobuf import json_format, text_format

# The package itself would load gRPC, which only a client needs.
sys.path.insert(0, str(Path(find_spec("tritonclient").origin).parent / "grpc"))
from model_config_pb2 import ModelConfig  # noqa: E402

print(json.dumps([json_format.MessageToDict(text_format.Parse(Path(path).read_text(), ModelConfig())) for path in sys.argv[1:]]))
