"""Editable Neural Networks (Sinitsin et al., ICLR 2020) restated in PyTorch: what our numbers are compared with.

Plain on purpose: no caching, no fused kernels. Works with any dtype and device, on PyTorch 1.13 and 2.x.
"""
import torch
import torch.nn.functional as F
from torch import nn

try:
    from torch.func import functional_call
except ImportError:  # PyTorch before 2.0
    from torch.nn.utils.stateless import functional_call


# --- The model: ResNet-18 in its CIFAR form, with torchvision's names -----------------------------------------------


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(x)) + shortcut)


class ResNet18(nn.Module):
    """3x3 stem with stride 1 and no pooling; chains of width w, 2w, 4w, 8w; width 64 is the paper's."""

    def __init__(self, width=64, in_channels=3, num_classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = nn.Sequential(Block(width, width, 1), Block(width, width, 1))
        self.layer2 = nn.Sequential(Block(width, 2 * width, 2), Block(2 * width, 2 * width, 1))
        self.layer3 = nn.Sequential(Block(2 * width, 4 * width, 2), Block(4 * width, 4 * width, 1))
        self.layer4 = nn.Sequential(Block(4 * width, 8 * width, 2), Block(8 * width, 8 * width, 1))
        self.fc = nn.Linear(8 * width, num_classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


# --- The constraint: the target label wins (section 3) --------------------------------------------------------------


def classification_loss(logits, target, margin=0.0):
    """l_e = max(0, max over the other classes of log p - log p(target) + margin); 0 exactly when the target wins."""
    log_p = F.log_softmax(logits, 1)
    wanted = torch.arange(logits.shape[1], device=target.device) == target[:, None]
    others = log_p.masked_fill(wanted, -float("inf")).amax(1)
    return F.relu(others - log_p.gather(1, target[:, None])[:, 0] + margin).mean()


# --- The editors (section 4.1, and the natural-gradient one): (gradients, state or None, hyperparameters) -> (changes of theta, next state) ---
# Hyperparameters are 0-dim tensors; every editor is differentiable in them and in the gradients.


def gd(g, state, h):
    return [-h["learningRate"] * x for x in g], state


def scaled_gd(g, state, h):
    norm = torch.sqrt(sum((x * x).sum() for x in g)) if state is None else state
    return [-h["learningRate"] / norm * x for x in g], norm


def rprop(g, state, h):
    return [-h["learningRate"] * torch.sign(x) for x in g], state


def rmsprop(g, state, h, epsilon=1e-6):
    # rms_0 = g_0^2, so the first step divides by |g_0|.
    rms = [x * x for x in g] if state is None else [h["beta"] * r + (1 - h["beta"]) * x * x for r, x in zip(state, g)]
    return [-h["learningRate"] * x / torch.sqrt(r + epsilon) for x, r in zip(g, rms)], rms


def momentum(g, state, h):
    velocity = state or [torch.zeros_like(x) for x in g]
    velocity = [h["learningRate"] * x + h["momentum"] * v for x, v in zip(g, velocity)]
    return [-v for v in velocity], velocity


def adam(g, state, h, epsilon=1e-8):
    """Kingma & Ba, with epsilon inside the root, sqrt(v + epsilon^2), so that the second derivative is finite at v = 0;
    the denominator differs from theirs by at most epsilon.

    The bias-corrected mean (1 - b) sum b^(t-i) g_i / (1 - b^t) is kept as sum b^(t-i) g_i / sum b^(t-i): the same
    number, but free of cancellation in float32 and defined at b = 1, the end of the paper's range for beta1.
    """
    b1, b2 = h["beta1"], h["beta2"]
    m, v, c1, c2 = state or ([torch.zeros_like(x) for x in g], [torch.zeros_like(x) for x in g], 0.0, 0.0)
    m = [b1 * a + x for a, x in zip(m, g)]
    v = [b2 * a + x * x for a, x in zip(v, g)]
    c1, c2 = b1 * c1 + 1, b2 * c2 + 1
    return [-h["learningRate"] * (a / c1) / torch.sqrt(b / c2 + epsilon**2) for a, b in zip(m, v)], (m, v, c1, c2)


def natural(g, h, loss, solve):
    """The projection theta - (l_e + overshoot) F^-1 g / (g F^-1 g); `solve` applies F^-1, a constant (see kfac.py)."""
    direction = solve(g)
    size = (loss + h["overshoot"]) / sum((x * d).sum() for x, d in zip(g, direction))
    return [-size * d for d in direction]


EDITORS = {"gd": gd, "scaled-gd": scaled_gd, "rprop": rprop, "rmsprop": rmsprop, "momentum": momentum, "adam": adam}


# --- Equation 1: the edit -------------------------------------------------------------------------------------------


def layer_names(model, prefix):
    """Names of the parameters (BatchNorm's included) below a module, such as "layer3"."""
    return [name for name, _ in model.named_parameters() if name.startswith(prefix + ".")]


def edit(model, x, target, editor, hyper, names, max_steps=10, margin=0.0, create_graph=False, solve=None):
    """Change the named parameters until the constraint holds or the steps are spent; the model itself is untouched.

    Returns the path theta_0, theta_1, ... (maps of the named parameters) and the loss l_e at each of them.
    """
    own = dict(model.eval().named_parameters())
    theta, state, path, losses = {name: own[name] for name in names}, None, [], []
    for step in range(max_steps + 1):
        if not create_graph:
            theta = {name: tensor.detach().requires_grad_() for name, tensor in theta.items()}
        loss = classification_loss(functional_call(model, theta, (x,)), target, margin)
        path.append(theta)
        losses.append(loss)
        if step == max_steps or loss.item() <= 0:
            return path, losses
        gradients = torch.autograd.grad(loss, list(theta.values()), create_graph=create_graph)
        if editor == "natural":
            changes = natural(gradients, hyper, loss, solve)
        else:
            changes, state = EDITORS[editor](gradients, state, hyper)
        theta = {name: tensor + change for (name, tensor), change in zip(theta.items(), changes)}


# --- Equations 2-4: the objective of Editable Training --------------------------------------------------------------


def objective(
    model, x, labels, edit_x, target, editor, hyper, names, *, max_steps, c_edit, c_loc, margin=0.0, train=True,
    locality_images=None, solve=None,
):
    """Terms of L_base + c_edit L_edit + c_loc L_loc.

    The base loss comes first, in train mode, and updates BatchNorm's running statistics; the edit and both sides of
    the divergence then run in eval mode with the updated ones. No gradient reaches the unedited side of L_loc,
    which is estimated on the first `locality_images` of the batch, or on all.
    """
    model.train(train)
    base = F.cross_entropy(model(x), labels)
    path, losses = edit(model, edit_x, target, editor, hyper, names, max_steps, margin, create_graph=True, solve=solve)
    compared = x[:locality_images]
    with torch.no_grad():
        before = F.log_softmax(model(compared), 1)
    after = F.log_softmax(functional_call(model, path[-1], (compared,)), 1)
    locality = (before.exp() * (before - after)).sum(1).mean()
    total = base + c_edit * losses[-1] + c_loc * locality
    return {"total": total, "base": base, "edit": losses[-1], "locality": locality}


def gradients(output, inputs):
    """Gradient by name; zero for what the output does not depend on."""
    found = torch.autograd.grad(output, list(inputs.values()), allow_unused=True)
    return {name: torch.zeros_like(x) if g is None else g for (name, x), g in zip(inputs.items(), found)}


# --- Seeded material ------------------------------------------------------------------------------------------------


@torch.no_grad()
def randomise_batch_norm(model, x):
    """Give every BatchNorm an affine map and running statistics near the data's, but none trivially 0 or 1."""
    layers = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for layer in layers:
        layer.weight.uniform_(0.6, 1.4)
        layer.bias.uniform_(-0.3, 0.3)
        layer.momentum = 1.0  # one pass then sets the statistics to this batch's
    model.train()(x)
    for layer in layers:
        layer.momentum = 0.1
        layer.running_mean += 0.1 * torch.randn_like(layer.running_mean)
        layer.running_var *= torch.empty_like(layer.running_var).uniform_(0.8, 1.25)
    return model.eval()
