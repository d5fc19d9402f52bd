"""Write fixtures/tiny.pt, a scripted module of one linear layer, tuple.pt, one that returns a tuple, and classifier.pt, one
of 28 x 28 images: `python3 tiny.py`."""
from pathlib import Path

import torch

OUT = Path(__file__).parent / "fixtures"


class Tiny(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(2, 1)
        self.register_buffer("scale", torch.tensor([2.0]))
        with torch.no_grad():
            self.fc.weight.copy_(torch.tensor([[1.0, 10.0]]))
            self.fc.bias.fill_(100.0)

    def forward(self, x):
        return self.fc(x) * self.scale


class Pair(torch.nn.Module):
    def forward(self, x):
        return x, x


class Classifier(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.hidden = torch.nn.Linear(49, 16)
        self.fc = torch.nn.Linear(16, 10)

    def forward(self, x):
        pooled = torch.nn.functional.avg_pool2d(x, 4)
        return self.fc(torch.relu(self.hidden(pooled.flatten(1))))


OUT.mkdir(exist_ok=True)
torch.jit.script(Tiny()).save(str(OUT / "tiny.pt"))
torch.jit.script(Pair()).save(str(OUT / "tuple.pt"))
torch.jit.script(Classifier()).save(str(OUT / "classifier.pt"))
