"""What torchvision makes of photographs for training. One JSON document on stdin, one on stdout.

    {"boxes": [{"width", "height", "scale", "ratio", "draws"}]}       -> {"boxes": [[top, left, height, width], ...]}
    {"crops": [{"file", "box": [top, left, height, width], "side", "mirrored"}]}  -> {"crops": [SHA-256 of [3, side, side], ...]}

`draws` stand in for torch's random numbers: uniform ones from [0, 1), then the place as two whole numbers.
"""
import hashlib
import json
import sys
from types import SimpleNamespace

import numpy as np
import torch
from PIL import Image
from torchvision import transforms
from torchvision.transforms import functional as F


def box(width, height, scale, ratio, draws):
    left = iter(draws)
    drawn = SimpleNamespace(
        uniform_=lambda low, high: torch.tensor([float(low) + (float(high) - float(low)) * next(left)], dtype=torch.float64)
    )
    empty, randint = torch.empty, torch.randint
    torch.empty, torch.randint = lambda *_: drawn, lambda *_, **__: torch.tensor([next(left)])
    try:
        return list(transforms.RandomResizedCrop.get_params(Image.new("L", (width, height)), scale, ratio))
    finally:
        torch.empty, torch.randint = empty, randint


def crop(file, box, side, mirrored):
    with Image.open(file) as image:
        image = F.resized_crop(image.convert("RGB"), *box, [side, side])
    if mirrored:
        image = F.hflip(image)
    return hashlib.sha256(np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1)).tobytes()).hexdigest()


asked = json.load(sys.stdin)
answer = {
    "boxes": [box(**each) for each in asked.get("boxes", [])],
    "crops": [crop(**each) for each in asked.get("crops", [])],
}
json.dump(answer, sys.stdout)
