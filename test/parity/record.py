"""Record fixtures/ with PyTorch: `python3 test/parity/record.py`.

Material is drawn once in float32 and widened, so both precisions start from the same numbers; that the float32 results
agree with float64's far better than the tests' tolerance shows the fixtures to be well-conditioned.
"""
import copy
import json
from pathlib import Path

import torch
import torch.nn.functional as F

import kfac
import reference as ref
import safetensors_io

OUT = Path(__file__).parent / "fixtures"
# Seeds were chosen for conditioning: with others, some gradients lie near RMSProp's sqrt(epsilon) or some
# ReLU input near 0, and float32 rounding grows past any useful tolerance.
SEEDS = {"resnet18": 7, "editors": 215, "curvature": 35}
RESNET = {"width": 4, "inChannels": 3, "numClasses": 10, "input": [4, 3, 16, 16]}
EDITING = {
    "width": 2, "inChannels": 3, "numClasses": 10, "batchInput": [8, 3, 16, 16], "editInput": [1, 3, 16, 16],
    "layers": "layer3", "margin": 8.0, "editSteps": 5, "objectiveSteps": 3, "cEdit": 0.2, "cLoc": 5.0,
}
HYPERPARAMETERS = {
    "gd": {"learningRate": 0.005},
    "scaled-gd": {"learningRate": 0.05},
    "rprop": {"learningRate": 0.002},
    "rmsprop": {"learningRate": 0.001, "beta": 0.5},
    "momentum": {"learningRate": 0.005, "momentum": 0.6},
    "adam": {"learningRate": 0.002, "beta1": 0.7, "beta2": 0.9},
    "natural": {"overshoot": 1.0},
}
# Of the natural editor: F of the unedited model on the batch's images.
METRIC = {"classes": 4, "damping": 0.01}
CURVATURE = {"control": [12, 4, 9, 9], "editInput": [1, 4, 9, 9], "numClasses": 5, "margin": 2.0, "editSteps": 5}
# Loosest agreement allowed between the float32 and float64 recordings, relative to a tensor's largest element.
CONDITIONING = 5e-5


def prefixed(prefix, tensors):
    return {f"{prefix}.{name}": tensor.detach().clone() for name, tensor in tensors.items()}


def statistics(model):
    return {name: buffer for name, buffer in model.named_buffers() if "running" in name or "tracked" in name}


def record_resnet18(dtype):
    torch.manual_seed(SEEDS["resnet18"])
    model = ref.ResNet18(RESNET["width"], RESNET["inChannels"], RESNET["numClasses"])
    ref.randomise_batch_norm(model, torch.randn(32, *RESNET["input"][1:]))
    x, labels = torch.randn(RESNET["input"]), torch.randint(RESNET["numClasses"], RESNET["input"][:1])
    model, x = model.to(dtype), x.to(dtype)
    theta = dict(model.named_parameters())
    tensors = {"input": x, "labels": labels, **prefixed("model", model.state_dict())}

    logits = model.eval()(x)
    loss = F.cross_entropy(logits, labels)
    first = torch.autograd.grad(loss, list(theta.values()), create_graph=True)
    energy = sum((g * g).sum() for g in first) / 2
    tensors.update({"eval.logits": logits, "eval.loss": loss, "eval.energy": energy})
    tensors.update(prefixed("eval.gradient", dict(zip(theta, first))))
    tensors.update(prefixed("eval.energyGradient", ref.gradients(energy, theta)))

    logits = model.train()(x)
    loss = F.cross_entropy(logits, labels)
    tensors.update({"train.logits": logits, "train.loss": loss})
    tensors.update(prefixed("train.gradient", ref.gradients(loss, theta)))
    tensors.update(prefixed("train.after", statistics(model)))
    return tensors


def record_editors(dtype):
    torch.manual_seed(SEEDS["editors"])
    model = ref.ResNet18(EDITING["width"], EDITING["inChannels"], EDITING["numClasses"])
    ref.randomise_batch_norm(model, torch.randn(32, *EDITING["batchInput"][1:]))
    x, labels = torch.randn(EDITING["batchInput"]), torch.randint(EDITING["numClasses"], EDITING["batchInput"][:1])
    edit_x, target = torch.randn(EDITING["editInput"]), torch.randint(EDITING["numClasses"], [1])
    model, x, edit_x = model.to(dtype), x.to(dtype), edit_x.to(dtype)
    tensors = {"batch.input": x, "batch.labels": labels, "edit.input": edit_x, "edit.target": target}
    tensors.update(prefixed("model", model.state_dict()))
    names = ref.layer_names(model, EDITING["layers"])
    solve = kfac.solver(model, kfac.factors(model, x, names, METRIC["classes"]), names, METRIC["damping"])
    for editor, values in HYPERPARAMETERS.items():
        hyper = {name: torch.tensor(value, dtype=dtype, requires_grad=True) for name, value in values.items()}
        tensors.update(prefixed(f"{editor}.hyperparameter", hyper))
        tensors.update(prefixed(editor, record_steps(model, edit_x, target, editor, hyper, names, EDITING, solve)))
        material = (copy.deepcopy(model), x, labels, edit_x, target)
        tensors.update(prefixed(editor, record_objective(*material, editor, hyper, solve)))
    return tensors


def record_steps(model, edit_x, target, editor, hyper, names, settings, solve):
    steps, margin = settings["editSteps"], settings["margin"]
    path, losses = ref.edit(model, edit_x, target, editor, hyper, names, steps, margin, solve=solve)
    assert len(path) == steps + 1, f"{editor} stopped early: all steps must run"
    tensors = {f"loss.{step}": loss for step, loss in enumerate(losses)}
    for step, theta in enumerate(path[1:], 1):
        tensors.update(prefixed(f"theta.{step}", theta))
    return tensors


def record_objective(model, x, labels, edit_x, target, editor, hyper, solve):
    names = ref.layer_names(model, EDITING["layers"])
    terms = ref.objective(
        model, x, labels, edit_x, target, editor, hyper, names, max_steps=EDITING["objectiveSteps"],
        c_edit=EDITING["cEdit"], c_loc=EDITING["cLoc"], margin=EDITING["margin"], solve=solve,
    )
    theta = dict(model.named_parameters())
    found = ref.gradients(terms["total"], {**theta, **hyper})
    tensors = prefixed("objective", terms)
    tensors.update(prefixed("objective.gradient", {name: found[name] for name in theta}))
    tensors.update(prefixed("objective.hypergradient", {name: found[name] for name in hyper}))
    tensors.update(prefixed("objective.after", statistics(model)))
    return tensors


class Mixed(torch.nn.Module):
    """A layer of each kind and shape that has a rule: convolutions with and without bias, strided, dilated, in groups."""

    def __init__(self):
        super().__init__()
        self.strided = torch.nn.Conv2d(4, 6, 3, stride=2, padding=1, bias=False)
        self.bn = torch.nn.BatchNorm2d(6)
        self.grouped = torch.nn.Conv2d(6, 4, 3, padding=2, dilation=2, groups=2)
        self.fc = torch.nn.Linear(4, CURVATURE["numClasses"])

    def forward(self, x):
        x = torch.tanh(self.bn(self.strided(x)))
        return self.fc(torch.tanh(self.grouped(x)).mean((2, 3)))


def record_curvature(dtype):
    torch.manual_seed(SEEDS["curvature"])
    model = Mixed()
    ref.randomise_batch_norm(model, torch.randn(32, *CURVATURE["control"][1:]))
    control, edit_x = torch.randn(CURVATURE["control"]), torch.randn(CURVATURE["editInput"])
    vectors = {name: torch.randn(2, *value.shape) for name, value in model.named_parameters()}
    model, control, edit_x = model.to(dtype), control.to(dtype), edit_x.to(dtype)
    names, target = list(vectors), model(edit_x).argmin(1)
    tensors = {"control": control, "edit.input": edit_x, "edit.target": target, **prefixed("model", model.state_dict())}
    found = kfac.factors(model, control, names, METRIC["classes"])
    for at, matrices in found.items():
        tensors.update({f"factors.{at}.{i}": matrix for i, matrix in enumerate(matrices)})
    solve = kfac.solver(model, found, names, METRIC["damping"])
    vectors = {name: vector.to(dtype) for name, vector in vectors.items()}
    each = [solve([vector[i] for vector in vectors.values()]) for i in range(2)]
    tensors.update(prefixed("vectors", vectors))
    tensors.update({f"solved.{name}": torch.stack(pair) for name, *pair in zip(names, *each)})
    hyper = {"overshoot": torch.tensor(HYPERPARAMETERS["natural"]["overshoot"], dtype=dtype)}
    tensors.update(record_steps(model, edit_x, target, "natural", hyper, names, CURVATURE, solve))
    assert tensors[f"loss.{CURVATURE['editSteps']}"] == 0, "the last step must be the one that succeeds"
    return tensors


def conditioning(single, double):
    """Largest disagreement of the two precisions, as (relative difference, tensor)."""
    def difference(name):
        scale = double[name].abs().max().clamp_min(1e-12)
        return float((single[name].double() - double[name]).abs().max() / scale)
    return max((difference(name), name) for name in double)


def main():
    OUT.mkdir(exist_ok=True)
    manifest = {
        "torch": torch.__version__, "seeds": SEEDS, "resnet18": RESNET,
        "editors": {**EDITING, "epsilon": {"rmsprop": 1e-6, "adam": 1e-8}, "hyperparameters": HYPERPARAMETERS},
        "metric": METRIC, "curvature": CURVATURE,
        "float32VersusFloat64": {},
    }
    recorders = {"resnet18": record_resnet18, "editors": record_editors, "curvature": record_curvature}
    for name, record in recorders.items():
        single, double = record(torch.float32), record(torch.float64)
        assert all(torch.isfinite(tensor).all() for tensor in {**single, **double}.values())
        worst, where = conditioning(single, double)
        print(f"{name}: {len(double)} tensors; float32 differs from float64 by at most {worst:.1e} ({where})")
        assert worst < CONDITIONING, "badly conditioned: draw other material"
        manifest["float32VersusFloat64"][name] = {"relative": float(f"{worst:.1e}"), "tensor": where}
        safetensors_io.save(OUT / f"{name}-float32.safetensors", single)
        safetensors_io.save(OUT / f"{name}-float64.safetensors", double)
    (OUT / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    main()
