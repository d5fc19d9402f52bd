"""The same network behind Python's own HTTP server: a thread a connection, one run a request, binary floats in, JSON out.

serve.py MODEL.safetensors; prints its port. What a team writes in an afternoon: the standard library and PyTorch.
"""
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "test" / "parity"))
import reference as ref  # noqa: E402
import safetensors_io  # noqa: E402

weights = safetensors_io.load(sys.argv[1])
width, channels = weights["conv1.weight"].shape[:2]
model = ref.ResNet18(width, in_channels=channels, num_classes=weights["fc.bias"].shape[0])
model.load_state_dict(weights, strict=False)  # the counts of batches seen are not in the file
model.eval().to(memory_format=torch.channels_last)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body in one packet

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        head = int(self.headers["Inference-Header-Content-Length"])
        shape = json.loads(body[:head])["inputs"][0]["shape"]
        pictures = torch.frombuffer(bytearray(body[head:]), dtype=torch.float32).reshape(shape)
        with torch.inference_mode():
            logits = model(pictures)
        outputs = [{"name": "logits", "datatype": "FP32", "shape": list(logits.shape), "data": logits.flatten().tolist()}]
        answer = json.dumps({"model_name": "model", "outputs": outputs}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
