"""Write a torchvision ResNet-18 as TorchScript, and what eager PyTorch makes of it.

Run as `python3 test/parity/torchscript.py OUT_DIR`. It leaves scripted.pt, traced.pt (eval mode, so it has
no train mode) and expected.safetensors (float32).
"""
import copy
import sys
from pathlib import Path

import torch
import torchvision

import reference as ref
import safetensors_io

# Chosen so that no ReLU input lies within float32 rounding of 0: one flipped gradient changes everything after it.
SEED = 17
BATCH = [2, 3, 64, 64]
MARGIN = 8.0
HYPERPARAMETERS = {"gd": {"learningRate": 0.003}, "rmsprop": {"learningRate": 0.0001, "beta": 0.5}}
STEPS = 3
C_EDIT, C_LOC = 0.2, 5.0
STORED_PREFIX = "layer3.1."  # layer3.0 is left out for size
GRADIENTS = ["conv1.weight", "layer3.0.conv1.weight", "fc.weight"]


def material():
    torch.manual_seed(SEED)
    model = torchvision.models.resnet18(num_classes=10)
    ref.randomise_batch_norm(model, torch.randn(16, 3, 64, 64))
    x, labels = torch.randn(BATCH), torch.randint(10, BATCH[:1])
    return model, x, labels, torch.randn(1, 3, 64, 64), torch.randint(10, [1])


def record_edit(model, x, edit_x, target, editor, hyper):
    names = ref.layer_names(model, "layer3")
    path, losses = ref.edit(model, edit_x, target, editor, hyper, names, STEPS, MARGIN)
    assert len(path) == STEPS + 1, f"{editor} stopped early: all steps must run"
    tensors = {f"theta.{name}": tensor for name, tensor in path[-1].items() if name.startswith(STORED_PREFIX)}
    tensors.update({f"loss.{step}": loss for step, loss in enumerate(losses)})
    with torch.no_grad():
        tensors["logits"] = ref.functional_call(model, path[-1], (x,))
    return tensors


def record_objective(model, x, labels, edit_x, target, editor, hyper, train):
    model, names = copy.deepcopy(model), ref.layer_names(model, "layer3")
    terms = ref.objective(
        model, x, labels, edit_x, target, editor, hyper, names,
        max_steps=STEPS, c_edit=C_EDIT, c_loc=C_LOC, margin=MARGIN, train=train,
    )
    theta = dict(model.named_parameters())
    found = ref.gradients(terms["total"], {**{name: theta[name] for name in GRADIENTS}, **hyper})
    tensors = {**terms, **{f"gradient.{name}": found[name] for name in GRADIENTS}}
    tensors.update({f"hypergradient.{name}": found[name] for name in hyper})
    return tensors


def record(dtype=torch.float32):
    model, x, labels, edit_x, target = material()
    model, x, edit_x = model.to(dtype), x.to(dtype), edit_x.to(dtype)
    with torch.no_grad():
        logits = model.eval()(x)
    tensors = {"input": x, "labels": labels, "edit.input": edit_x, "edit.target": target, "logits": logits}
    tensors.update({"margin": torch.tensor(MARGIN), "cEdit": torch.tensor(C_EDIT), "cLoc": torch.tensor(C_LOC)})
    for editor, values in HYPERPARAMETERS.items():
        hyper = {name: torch.tensor(value, dtype=dtype, requires_grad=True) for name, value in values.items()}
        found = {f"hyperparameter.{name}": value for name, value in hyper.items()}
        found.update(record_edit(model, x, edit_x, target, editor, hyper))
        tensors.update({f"{editor}.{name}": tensor for name, tensor in found.items()})
    # The last editor of the table, RMSProp, stands for Editable Training.
    for mode in ("eval", "train"):
        found = record_objective(model, x, labels, edit_x, target, editor, hyper, mode == "train")
        tensors.update({f"objective.{mode}.{name}": tensor for name, tensor in found.items()})
    assert all(torch.isfinite(tensor).all() for tensor in tensors.values())
    return tensors


def main():
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    model, x = material()[:2]
    torch.jit.script(model).save(str(out / "scripted.pt"))
    torch.jit.trace(model, x).save(str(out / "traced.pt"))
    safetensors_io.save(out / "expected.safetensors", record(), {"torch": torch.__version__, "seed": SEED})


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: torchscript.py OUT_DIR")
    main()
