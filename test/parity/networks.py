"""Write torchvision's networks with random weights, an input and the logits it gives: `networks.py OUT_DIR [SQUEEZENET]`.

NAME.safetensors      the state dict, as torchvision names it, float32
mobilenet_v2.pth      the same as torch.save writes it
expected.safetensors  NAME.input and NAME.logits of each; with SQUEEZENET, weights of SqueezeNet 1.1, `published.…` of these
"""
import sys
from pathlib import Path

import torch
import torchvision

import reference as ref
import safetensors_io

SEED = 5
CLASSES = 10
# Pixels of a side: odd sizes on the way down show where rounding differs. VGG-16 stretches 2 × 2 positions to 7 × 7.
SIZES = {
    "resnet18": 64, "resnet34": 64, "resnet50": 97, "densenet121": 97, "densenet169": 64, "squeezenet1_0": 97,
    "squeezenet1_1": 97, "mobilenet_v2": 97, "mobilenet_v3_large": 97, "mobilenet_v3_small": 97,
    "vgg16_bn": 64,
}


def network(name, size):
    torch.manual_seed(SEED)
    model = getattr(torchvision.models, name)(num_classes=CLASSES)
    with torch.no_grad():
        ref.randomise_batch_norm(model, torch.randn(4, 3, size, size))
    return model.eval(), torch.randn(2, 3, size, size)


def main(out, squeezenet=None):
    out.mkdir(parents=True, exist_ok=True)
    expected = {}
    with torch.no_grad():
        for name, size in SIZES.items():
            model, x = network(name, size)
            safetensors_io.save(out / f"{name}.safetensors", model.state_dict())
            if name == "mobilenet_v2":
                torch.save(model.state_dict(), out / f"{name}.pth")
            expected.update({f"{name}.input": x, f"{name}.logits": model(x)})
        if squeezenet is not None:
            model = torchvision.models.squeezenet1_1()
            model.load_state_dict(safetensors_io.load(squeezenet))
            x = torch.randn(1, 3, 224, 224)
            expected.update({"published.input": x, "published.logits": model.eval()(x)})
    safetensors_io.save(out / "expected.safetensors", expected, {"torchvision": torchvision.__version__})


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: networks.py OUT_DIR [SQUEEZENET]")
    main(Path(sys.argv[1]), *sys.argv[2:])
