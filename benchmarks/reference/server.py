"""The PyTorch side of the benchmarks: one JSON command per line on stdin, one JSON answer per line on stdout.

    {"cmd": "info"}                                                    -> {"torch", "threads", "device", "environment"}
    {"cmd": "run", "row": NAME, "params": {...}, "repeats": n}         -> {"ms": [n times]}
    {"cmd": "forget"}                                                  -> {}     drop what the rows hold in memory
    {"cmd": "memory"}                                                  -> {"peak"}   peak resident bytes of this process

A failed command answers {"error": "..."}. A row is set up and warmed up on first use with its parameters. PyTorch runs
in its default settings; the caller sets OMP_WAIT_POLICY and the like in the environment.
"""
import json
import os
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "test" / "parity"))
import reference as ref  # noqa: E402
import safetensors_io  # noqa: E402
import translation as tr  # noqa: E402

# A margin and steps so small that no edit ends early or diverges, so every step is taken and timed.
UNREACHABLE_MARGIN = 1e4
RMSPROP = {"learningRate": 1e-5, "beta": 0.5}


class Setup:
    """A seeded net and images on the wanted device."""

    def __init__(self, device="cpu", width=64, batch=64, images=0):
        torch.manual_seed(0)
        self.device = device
        self.model = ref.ResNet18(width).to(device)
        count = max(batch, images)
        self.images = torch.randn(count, 3, 32, 32, device=device)
        self.labels = torch.randint(10, [count], device=device)
        self.edit_image = torch.randn(1, 3, 32, 32, device=device)
        self.target = torch.tensor([3], device=device)
        self.names = ref.layer_names(self.model, "layer3")
        self.hyper = {name: torch.tensor(value, device=device) for name, value in RMSPROP.items()}


def edit(at, image, target, steps):
    """The edited parameters after exactly so many steps."""
    path, _ = ref.edit(at.model, image, target, "rmsprop", RMSPROP, at.names, steps, UNREACHABLE_MARGIN)
    assert len(path) == steps + 1, f"an edit took {len(path) - 1} steps of {steps}"
    return path[-1]


# --- Rows: each takes its parameters, prepares, and returns the work to time, with the calls that one timing covers -


def small_op(device="cpu", calls=10_000):
    x, y = torch.randn(10, device=device), torch.randn(10, device=device)

    def run():
        for _ in range(calls):
            x.add(y)

    return run, calls


def train_step(device="cpu", width=64, batch=64, precision="float32"):
    at = Setup(device, width, batch)
    optimizer = torch.optim.Adam(at.model.parameters())
    at.model.train()

    def run():
        optimizer.zero_grad()
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16"):
            logits = at.model(at.images)
        F.cross_entropy(logits.float(), at.labels).backward()
        optimizer.step()

    return run, 1


def edit_step(device="cpu", width=64, steps=10):
    """A whole edit of layer3 with so many RMSProp steps, the whole net in each, and a last look whether it holds."""
    at = Setup(device, width, 1)

    def run():
        edit(at, at.edit_image, at.target, steps)

    return run, steps


def editable_train_step(device="cpu", width=64, batch=64, steps=3, locality=None):
    at = Setup(device, width, batch)
    optimizer = torch.optim.Adam(at.model.parameters())

    def run():
        optimizer.zero_grad()
        terms = ref.objective(
            at.model, at.images, at.labels, at.edit_image, at.target, "rmsprop", at.hyper, at.names,
            max_steps=steps, c_edit=0.01, c_loc=0.01, margin=UNREACHABLE_MARGIN,
            locality_images=locality,
        )
        terms["total"].backward()
        optimizer.step()

    return run, 1


def drawdown(device="cpu", width=64, images=1000, edits=2, batch=500, steps=10):
    """As the authors evaluate: after each edit, of exactly `steps` steps, the whole net sees every image again."""
    at = Setup(device, width, images=images)
    edit_images = torch.randn(edits, 1, 3, 32, 32, device=device)

    @torch.no_grad()
    def error(theta):
        parts = zip(at.images.split(batch), at.labels.split(batch))
        wrong = sum((ref.functional_call(at.model, theta, (x,)).argmax(1) != y).sum() for x, y in parts)
        return wrong.item() / images

    def run():
        before = error(dict(at.model.eval().named_parameters()))
        after = []
        for index in range(edits):
            target = torch.tensor([index % 10], device=device)
            after.append(error(edit(at, edit_images[index], target, steps)))
        return sum(after) / edits - before

    return run, 1


def translate(device="cpu", file=None, heads=4, beam=5, max_length=20, quick=False):
    """A plain beam search with cached keys over all sentences at once; its scores must be those in the file."""
    tensors = safetensors_io.load(file)
    sources, scores = tensors.pop("sources"), tensors.pop("scores")
    model = tr.with_weights(tensors, heads).to(device).eval()

    def run():
        found = tr.beam_search(model, sources.to(device), beam, max_length)
        best = torch.tensor([hypotheses[0][0] for hypotheses in found])
        assert torch.allclose(best, scores, atol=1e-3), "the two sides find other translations"

    return run, len(sources)


def conv_double_backward(device="cpu", channels=256, size=8, batch=1):
    """A 3x3 convolution forward, its gradients, and the gradients of those."""
    torch.manual_seed(0)
    x = torch.randn(batch, channels, size, size, device=device, requires_grad=True)
    weight = (torch.randn(channels, channels, 3, 3, device=device) / (3 * channels**0.5)).requires_grad_()

    def run():
        y = F.conv2d(x, weight, padding=1)
        first = torch.autograd.grad((y * y).sum(), (x, weight), create_graph=True)
        torch.autograd.grad(sum((g * g).sum() for g in first), (x, weight))

    return run, 1


def photographs(folder, batch=64, workers=2):
    """An epoch of a folder's batches as ImageNet's classifiers are trained on them; timed by the image."""
    from torchvision import datasets, transforms

    transform = transforms.Compose([
        transforms.RandomResizedCrop(224),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ])
    data = datasets.ImageFolder(folder, transform)
    # The workers stay between epochs, as ours do.
    loader = torch.utils.data.DataLoader(
        data, batch_size=batch, shuffle=True, drop_last=True, num_workers=workers, persistent_workers=True
    )

    def run():
        seen = sum(len(labels) for _, labels in loader)
        assert seen == len(data), f"{seen} of {len(data)} photographs were read"

    return run, len(data)


ROWS = {
    "small-op": small_op,
    "train-step": train_step,
    "edit-step": edit_step,
    "editable-train-step": editable_train_step,
    "drawdown": drawdown,
    "translate": translate,
    "conv-double-backward": conv_double_backward,
    "photographs": photographs,
}
WARM_UPS = {"drawdown": 0, "photographs": 1, "train-step": 2, "editable-train-step": 2}  # long enough to need fewer


def milliseconds(run, calls, device):
    synchronize = torch.cuda.synchronize if device == "cuda" else lambda: None
    synchronize()
    start = time.perf_counter()
    run()
    synchronize()
    return (time.perf_counter() - start) * 1e3 / calls


def info():
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    environment = {name: value for name, value in os.environ.items() if name.startswith(("OMP_", "GOMP_", "MKL_"))}
    threads = torch.get_num_threads()
    return {"torch": torch.__version__, "threads": threads, "device": device, "environment": environment}


def peak_resident():
    # Not getrusage's: that begins with what the parent held when this process was forked.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def answer(command, prepared):
    if command["cmd"] == "info":
        return info()
    if command["cmd"] == "forget":
        prepared.clear()
        return {}
    if command["cmd"] == "memory":
        return {"peak": peak_resident()}
    if command["cmd"] != "run" or command["row"] not in ROWS:
        raise ValueError(f"unknown command or row; rows are {', '.join(ROWS)}")
    row, params = command["row"], command.get("params", {})
    device = params.get("device", "cpu")
    key = json.dumps([row, params], sort_keys=True)
    if key not in prepared:
        prepared[key] = ROWS[row](**params)
        for _ in range(WARM_UPS.get(row, 3)):
            milliseconds(*prepared[key], device)
    return {"ms": [milliseconds(*prepared[key], device) for _ in range(command.get("repeats", 1))]}


def main():
    prepared = {}
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            reply = answer(json.loads(line), prepared)
        except Exception as error:  # the caller decides what a failed row means
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
