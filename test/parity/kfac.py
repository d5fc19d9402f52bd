"""Kronecker-factored curvature in PyTorch, from its formulas: what ours is compared with.

One example and one class at a time, inputs and output gradients from hooks; nothing is batched or shared.
"""
import torch
import torch.nn.functional as F
from torch import nn

RULES = (nn.Conv2d, nn.Linear, nn.BatchNorm2d)


def layers_of(model, names):
    """The layers that have one of the named parameters, by their own names."""
    own = {name.rpartition(".")[0] for name in names}
    return {name: layer for name, layer in model.named_modules() if name in own and isinstance(layer, RULES)}


def factors(model, control, names, classes):
    """By layer (A, G), one matrix a group each, for Conv2d and Linear; (block,) for BatchNorm2d; means over `control`."""
    model.eval()
    layers, sums, calls = layers_of(model, names), {}, {}
    hooks = [layer.register_forward_hook(lambda layer, x, y, at=at: calls.update({at: (x[0], y)}))
             for at, layer in layers.items()]
    for example in control:
        log_p = F.log_softmax(model(example[None]), 1)[0]
        chosen = log_p.detach().topk(classes).indices
        weights = log_p.detach().exp()[chosen]
        weights = weights / weights.sum()
        for at, layer in layers.items():
            if not isinstance(layer, nn.BatchNorm2d):
                accumulate(sums, at, 0, [a @ a.t() for a in inputs(layer, calls[at][0].detach(), at, names)])
        for c, weight in zip(chosen, weights):
            deltas = torch.autograd.grad(log_p[c], [y for _, y in calls.values()], retain_graph=True)
            for (at, (x, _)), delta in zip(calls.items(), deltas):
                if isinstance(layers[at], nn.BatchNorm2d):
                    g = scale_and_shift(layers[at], x.detach(), delta)
                    accumulate(sums, at, 0, weight * torch.outer(g, g))
                else:
                    grouped = outputs(layers[at], delta)
                    accumulate(sums, at, 1, [weight * d @ d.t() / d.shape[1] for d in grouped])
    for hook in hooks:
        hook.remove()
    return {at: tuple(sums[at, i] / len(control) for i in (0, 1) if (at, i) in sums) for at in layers}


def accumulate(sums, at, side, value):
    value = torch.stack(value) if isinstance(value, list) else value
    sums[at, side] = sums.get((at, side), 0) + value


def inputs(layer, x, at, names):
    """What the weight multiplies at each position, a matrix [inputs, positions] for each group; a 1 for the bias."""
    if isinstance(layer, nn.Linear):
        columns = x.reshape(1, -1, x.shape[-1]).transpose(1, 2)
    else:
        unfolded = F.unfold(x, layer.kernel_size, layer.dilation, layer.padding, layer.stride)[0]
        columns = unfolded.reshape(layer.groups, -1, unfolded.shape[1])
    ones = columns.new_ones(columns.shape[0], 1, columns.shape[2])
    return torch.cat([columns, ones], 1) if f"{at}.bias" in names else columns


def outputs(layer, delta):
    """Gradients of the output, a matrix [outputs, positions] for each group."""
    if isinstance(layer, nn.Linear):
        return delta.reshape(1, -1, delta.shape[-1]).transpose(1, 2)
    return delta[0].reshape(layer.groups, layer.out_channels // layer.groups, -1)


def scale_and_shift(layer, x, delta):
    """The gradient of a BatchNorm's weight and bias in eval mode, one vector."""
    across = (1, -1, 1, 1)
    normal = (x - layer.running_mean.view(across)) / (layer.running_var.view(across) + layer.eps).sqrt()
    return torch.cat([(delta * normal).sum((0, 2, 3)), delta.sum((0, 2, 3))])


def mean_diagonal(found):
    """Of F over all parameters: the diagonal of a Kronecker product is all products of the factors' diagonals."""
    diagonals = []
    for matrices in found.values():
        if len(matrices) == 1:
            diagonals.append(matrices[0].diagonal())
        else:
            diagonals += [torch.outer(g.diagonal(), a.diagonal()).flatten() for a, g in zip(*matrices)]
    return torch.cat(diagonals).mean()


def solver(model, found, names, damping):
    """F^-1 as a function of a list of tensors in the order of `names`; damping is relative to the mean of F's diagonal."""
    layers, damped = layers_of(model, names), damping * mean_diagonal(found)

    def solve(vectors):
        given, solved = dict(zip(names, vectors)), {}
        for at, layer in layers.items():
            weight, bias = given[f"{at}.weight"], given.get(f"{at}.bias")
            if isinstance(layer, nn.BatchNorm2d):
                block = found[at][0]
                together = torch.linalg.inv(block + damped * torch.eye(len(block), dtype=block.dtype))
                solved[f"{at}.weight"], solved[f"{at}.bias"] = (together @ torch.cat([weight, bias])).chunk(2)
                continue
            groups = found[at][0].shape[0]
            rows = weight.reshape(groups, weight.shape[0] // groups, -1)
            if bias is not None:
                rows = torch.cat([rows, bias.reshape(groups, -1, 1)], 2)
            parts = torch.stack([solve_group(a, g, row, damped) for a, g, row in zip(*found[at], rows)])
            if bias is not None:
                solved[f"{at}.bias"], parts = parts[:, :, -1].flatten(), parts[:, :, :-1]
            solved[f"{at}.weight"] = parts.reshape(weight.shape)
        return [solved[name] for name in names]

    return solve


def solve_group(a, g, rows, damped):
    """(G + gamma / pi)^-1 rows (A + pi gamma)^-1, gamma^2 the damping (Martens & Grosse, 2015, section 6.3)."""
    pi = ((a.trace() / len(a)) / (g.trace() / len(g))).sqrt()
    gamma = damped.sqrt()
    inverse_g = torch.linalg.inv(g + gamma / pi * torch.eye(len(g), dtype=g.dtype))
    inverse_a = torch.linalg.inv(a + gamma * pi * torch.eye(len(a), dtype=a.dtype))
    return inverse_g @ rows @ inverse_a
