"""Write a Transformer's checkpoint as fairseq v0.8.0 does, and what PyTorch makes of it: `transformer.py OUT_DIR`.

checkpoint.pt          `args`, `model` in v0.8.0's names and what else such a file holds
later.pt               the same weights in the names of fairseq since 0.9
float32.safetensors    source, target, logits, loss, `gradient.NAME`, `second.NAME`; and float64.safetensors
beam.json              for each sentence its finished translations by the beam: score, tokens, log-probabilities
"""
import argparse
import json
import sys
from pathlib import Path

import torch
from torch.nn.utils.rnn import pad_sequence

import safetensors_io
import translation as tr

SEED = 3
EDITED = "decoder.layers.1."


def sentences(vocabulary, lengths):
    rows = [torch.randint(4, vocabulary, (n - 1,)).tolist() + [tr.EOS] for n in lengths]
    return torch.tensor([row + [tr.PAD] * (max(lengths) - len(row)) for row in rows])


def train(model, steps=200):
    """A little, on sentences to be reversed, so that translations differ and end by themselves."""
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(steps):
        words = [torch.randint(4, 30, (int(n),)) for n in torch.randint(2, 7, (16,))]
        rows = [[each.tolist() + [tr.EOS] for each in way] for way in (words, [each.flip(0) for each in words])]
        source, target = (pad_sequence([torch.tensor(row) for row in way], True, tr.PAD) for way in rows)
        optimizer.zero_grad()
        (tr.label_smoothed(model(source, target), target) / target.ne(tr.PAD).sum()).backward()
        optimizer.step()


def fairseq_state(model):
    state = dict(model.state_dict())
    for part in ("encoder", "decoder"):
        state[f"{part}.embed_positions._float_tensor"] = torch.zeros(1)
        state[f"{part}.version"] = torch.tensor([3.0])
    return state


def later_state(model):
    state = {}
    for name, value in model.state_dict().items():
        if ".in_proj_" in name:
            for letter, part in zip("qkv", value.chunk(3)):
                state[name.replace("in_proj_", f"{letter}_proj.")] = part.clone()
        else:
            state[name] = value
    state["decoder.output_projection.weight"] = model.decoder.embed_tokens.weight.detach()
    return state


def save_checkpoint(path, state):
    args = argparse.Namespace(arch="transformer_iwslt_de_en", share_decoder_input_output_embed=True)
    extra = {"epoch": 1, "best": 4.2, "train_iterator": {"epoch": 1}}
    torch.save({"args": args, "model": state, "optimizer_history": [{"num_updates": 3}], "extra_state": extra}, path)


def derivatives(model, source, target):
    """Gradients of the loss, and of the squared norm of the edited layer's gradient: second order."""
    named = dict(model.named_parameters())
    logits = model(source, target)
    loss = tr.label_smoothed(logits, target)
    gradients = torch.autograd.grad(loss, list(named.values()), create_graph=True)
    edited = [gradient for name, gradient in zip(named, gradients) if name.startswith(EDITED)]
    norm = sum((each * each).sum() for each in edited)
    second = torch.autograd.grad(norm, list(named.values()), allow_unused=True)
    found = {"source": source, "target": target, "logits": logits, "loss": loss, "norm": norm}
    found.update({f"gradient.{name}": each for name, each in zip(named, gradients)})
    found.update({f"second.{name}": each for name, each in zip(named, second) if each is not None})
    return found


def close(a, b):
    return all(
        x[1] == y[1] and abs(x[0] - y[0]) < 1e-9 for one, other in zip(a, b) for x, y in zip(one, other)
    ) and [len(each) for each in a] == [len(each) for each in b]


def main(out):
    torch.manual_seed(SEED)
    model = tr.Transformer()
    train(model)
    source, target = sentences(30, [7, 5, 9]), sentences(32, [6, 8, 4])
    save_checkpoint(out / "checkpoint.pt", fairseq_state(model))
    save_checkpoint(out / "later.pt", later_state(model))
    for dtype in (torch.float32, torch.float64):
        name = str(dtype).removeprefix("torch.")
        safetensors_io.save(out / f"{name}.safetensors", derivatives(model.to(dtype), source, target))
    found = {}
    for beam, max_length, penalty in ((1, 12, 1.0), (5, 12, 1.0), (5, 12, 0.0), (8, 30, 1.5)):
        settings = dict(beam=beam, max_length=max_length, length_penalty=penalty)
        translations = tr.beam_search(model, source, **settings)
        assert close(translations, tr.beam_search(model, source, **settings, cached=False)), "cached keys change the result"
        found[json.dumps([beam, max_length, penalty], separators=(",", ":"))] = translations
    (out / "beam.json").write_text(json.dumps(found))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: transformer.py OUT_DIR")
    main(Path(sys.argv[1]))
