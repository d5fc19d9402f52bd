"""A client in Python's standard library, by the Open Inference Protocol with binary tensors.

python3 client.py MODEL [ADDRESS]: sends a grey picture, prints the release that answered and its classes.
"""

import json
import os
import struct
import sys
import urllib.request

model = sys.argv[1]
address = sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8080"
token = os.environ.get("EDITABLE_TOKEN")
headers = {"Authorization": f"Bearer {token}"} if token else {}


def call(path, body=None, more=None):
    """The answer's bytes and headers; an error's sentence as an exception."""
    request = urllib.request.Request(address + path, data=body, headers={**headers, **(more or {})})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.read(), response.headers
    except urllib.error.HTTPError as error:
        raise SystemExit(json.load(error)["error"])


metadata = json.loads(call(f"/v2/models/{model}")[0])
_, channels, height, width = metadata["inputs"][0]["shape"]
pixels = bytes([128]) * (channels * height * width)  # UINT8: the server normalises, as it did in training

head = json.dumps(
    {
        "inputs": [
            {
                "name": "input",
                "shape": [1, channels, height, width],
                "datatype": "UINT8",
                "parameters": {"binary_data_size": len(pixels)},
            }
        ],
        "outputs": [
            {"name": "logits", "parameters": {"binary_data": True}},
            {"name": "probabilities", "parameters": {"classification": 3}},
        ],
    }
).encode()
answer, answered = call(
    f"/v2/models/{model}/infer",
    head + pixels,
    {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))},
)
length = int(answered["Inference-Header-Content-Length"])
document = json.loads(answer[:length])
classes = (len(answer) - length) // 4
logits = struct.unpack(f"<{classes}f", answer[length:])

print("release", document["model_version"][:10])
print("highest logit", round(max(logits), 3), "of", classes)
for text in document["outputs"][1]["data"]:
    probability, _, name = text.split(":", 2)
    print(f"{100 * float(probability):.1f} %", name)
