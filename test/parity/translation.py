"""A Transformer for translation in plain PyTorch, under the names of fairseq v0.8.0, and a beam search with cached keys.

Written from the equations, for comparison only: nothing here is shared with the code under test.
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

PAD, EOS = 1, 2


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * dim, dim))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * dim))
        self.out_proj = nn.Linear(dim, dim)
        nn.init.xavier_uniform_(self.in_proj_weight)

    def project(self, x, part):
        """The parts, of 0 query, 1 key and 2 value, of x [batch, time, dim]: [batch, heads, time, dim / heads] each."""
        dim = x.shape[-1]
        rows = slice(part.start * dim, part.stop * dim)
        y = F.linear(x, self.in_proj_weight[rows], self.in_proj_bias[rows])
        return [z.unflatten(-1, (self.heads, -1)).transpose(1, 2) for z in y.split(dim, -1)]

    def attend(self, q, k, v, hidden):
        """`hidden`: bool, broadcast to [batch, heads, queries, keys], true where a query must not look."""
        scores = (q / math.sqrt(q.shape[-1])) @ k.transpose(-2, -1)
        if hidden is not None:
            scores = scores.masked_fill(hidden, -math.inf)
        return self.out_proj((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))


class Layer(nn.Module):
    def __init__(self, dim, heads, feed_forward, decoder):
        super().__init__()
        self.self_attn = Attention(dim, heads)
        self.self_attn_layer_norm = nn.LayerNorm(dim)
        if decoder:
            self.encoder_attn = Attention(dim, heads)
            self.encoder_attn_layer_norm = nn.LayerNorm(dim)
        self.fc1 = nn.Linear(dim, feed_forward)
        self.fc2 = nn.Linear(feed_forward, dim)
        self.final_layer_norm = nn.LayerNorm(dim)

    def self_attend(self, x, hidden, cache=None):
        q, k, v = self.self_attn.project(x, slice(0, 3))
        if cache is not None:
            if "k" in cache:
                k, v = torch.cat([cache["k"], k], 2), torch.cat([cache["v"], v], 2)
            cache["k"], cache["v"] = k, v
        return self.self_attn_layer_norm(x + self.self_attn.attend(q, k, v, hidden))

    def look(self, x, memory, padding, cache=None):
        (q,) = self.encoder_attn.project(x, slice(0, 1))
        if cache is None or "memory" not in cache:
            kept = self.encoder_attn.project(memory, slice(1, 3))
            if cache is not None:
                cache["memory"] = kept
        else:
            kept = cache["memory"]
        return self.encoder_attn_layer_norm(x + self.encoder_attn.attend(q, *kept, padding[:, None, None]))

    def feed_forward(self, x):
        return self.final_layer_norm(x + self.fc2(self.fc1(x).relu()))


class Part(nn.Module):
    def __init__(self, vocabulary, dim, heads, feed_forward, layers, decoder):
        super().__init__()
        self.embed_tokens = nn.Embedding(vocabulary, dim, padding_idx=PAD)
        nn.init.normal_(self.embed_tokens.weight, std=dim**-0.5)
        nn.init.zeros_(self.embed_tokens.weight[PAD])
        self.layers = nn.ModuleList(Layer(dim, heads, feed_forward, decoder) for _ in range(layers))

    def embed(self, tokens, first=0):
        """`first`: the place of the first column."""
        present = tokens.ne(PAD).long()
        places = (present.cumsum(1) + first) * present + PAD
        dim = self.embed_tokens.embedding_dim
        if not hasattr(self, "table"):
            self.table = sinusoids(512, dim)
        return math.sqrt(dim) * self.embed_tokens(tokens) + self.table.to(self.embed_tokens.weight)[places]


def sinusoids(count, dim):
    """fairseq's: sines in the first half, cosines in the second, zeros for padding."""
    rate = torch.exp(torch.arange(dim // 2).float() * -(math.log(10000) / (dim // 2 - 1)))
    angles = torch.arange(count).float().unsqueeze(1) * rate
    table = torch.cat([angles.sin(), angles.cos()], 1)
    table[PAD] = 0
    return table


class Transformer(nn.Module):
    def __init__(self, source=30, target=32, dim=16, heads=2, feed_forward=24, layers=(2, 2)):
        super().__init__()
        self.encoder = Part(source, dim, heads, feed_forward, layers[0], False)
        self.decoder = Part(target, dim, heads, feed_forward, layers[1], True)

    def encode(self, source):
        padding = source.eq(PAD)
        x = self.encoder.embed(source)
        for layer in self.encoder.layers:
            x = layer.feed_forward(layer.self_attend(x, padding[:, None, None]))
        return x, padding

    def decode(self, previous, memory, padding, caches=None, first=0):
        x = self.decoder.embed(previous, first)
        time = previous.shape[1]
        future = None if caches is not None else torch.ones(time, time, dtype=torch.bool, device=x.device).triu(1)
        for i, layer in enumerate(self.decoder.layers):
            cache = None if caches is None else caches[i]
            x = layer.feed_forward(layer.look(layer.self_attend(x, future, cache), memory, padding, cache))
        return F.linear(x, self.decoder.embed_tokens.weight)

    def forward(self, source, target):
        """Logits of every token of the target, which the tokens before it predict."""
        previous = target.roll(1, 1)
        previous = previous.masked_fill(previous.eq(EOS), PAD)
        previous[:, 0] = EOS
        return self.decode(previous, *self.encode(source))


def with_weights(tensors, heads):
    """The model of weights that have a tensor for each of an attention's three projections."""
    vocabulary, dim = tensors["encoder.embed_tokens.weight"].shape
    tensors.setdefault("decoder.embed_tokens.weight", tensors["encoder.embed_tokens.weight"])
    layers = [len({name.split(".")[2] for name in tensors if name.startswith(f"{part}.layers.")}) for part in ("encoder", "decoder")]
    width = len(tensors["encoder.layers.0.fc1.bias"])
    model = Transformer(vocabulary, len(tensors["decoder.embed_tokens.weight"]), dim, heads, width, layers)

    def found(name):
        parts = [name] if ".in_proj_" not in name else [name.replace("in_proj_", f"{letter}_proj.") for letter in "qkv"]
        return torch.cat([tensors[part] for part in parts])

    model.load_state_dict({name: found(name) for name in model.state_dict()})
    return model


def label_smoothed(logits, target, smoothing=0.1):
    """fairseq's label_smoothed_cross_entropy, summed over the tokens that are not padding."""
    log_p = logits.log_softmax(-1)[target.ne(PAD)]
    nll = -log_p.gather(-1, target[target.ne(PAD)].unsqueeze(-1)).sum()
    return (1 - smoothing) * nll + smoothing / log_p.shape[-1] * -log_p.sum()


@torch.no_grad()
def beam_search(model, source, beam=5, max_length=200, length_penalty=1.0, cached=True):
    """As fairseq's SequenceGenerator does: for each sentence `beam` finished (score, tokens, log-probabilities), best first."""
    batch = source.shape[0]
    memory, padding = (each.repeat_interleave(beam, 0) for each in model.encode(source))
    caches = [{} for _ in model.decoder.layers] if cached else None
    tokens = torch.full((batch * beam, 1), EOS, device=memory.device)
    scores = memory.new_zeros(batch * beam, 0)
    finished = [[] for _ in range(batch)]
    alive = list(range(batch))
    for step in range(max_length + 1):
        if cached:
            logits = model.decode(tokens[:, -1:], memory, padding, caches, step)
        else:
            logits = model.decode(tokens, memory, padding)
        log_p = logits[:, -1].log_softmax(-1)
        log_p[:, PAD] = -math.inf
        if step == 0:
            log_p[:, EOS] = -math.inf
        if step == max_length:
            log_p[:, :EOS] = log_p[:, EOS + 1 :] = -math.inf
        size = log_p.shape[-1]
        total = log_p.view(len(alive), beam, size)
        total = total[:, :1] if step == 0 else total + scores[:, -1].view(-1, beam, 1)
        best, at = total.flatten(1).topk(2 * beam)
        parent = at.div(size, rounding_mode="floor") + torch.arange(len(alive)).unsqueeze(1) * beam
        token = at % size
        ends = token.eq(EOS)
        left = []
        for i, sentence in enumerate(alive):
            for j in range(beam):
                if ends[i, j] and best[i, j] > -math.inf and len(finished[sentence]) < beam:
                    row = parent[i, j]
                    total_scores = torch.cat([scores[row], best[i, j : j + 1]])
                    own = torch.diff(total_scores, prepend=torch.zeros(1, dtype=total_scores.dtype))
                    score = (best[i, j] / (step + 1) ** length_penalty).item()
                    finished[sentence].append((score, tokens[row, 1:].tolist() + [EOS], own.tolist()))
            if len(finished[sentence]) < beam:
                left.append(i)
        if not left:
            break
        # The first `beam` candidates that go on, of each sentence that is not finished.
        going = (ends.long() * 2 * beam + torch.arange(2 * beam)).topk(beam, largest=False).indices[left]
        rows = parent[left].gather(1, going).flatten()
        tokens = torch.cat([tokens[rows], token[left].gather(1, going).view(-1, 1)], 1)
        scores = torch.cat([scores[rows], best[left].gather(1, going).view(-1, 1)], 1)
        memory, padding = memory[rows], padding[rows]
        if cached:
            for cache in caches:
                cache["k"], cache["v"] = cache["k"][rows], cache["v"][rows]
                if len(left) < len(alive):
                    cache["memory"] = [each[rows] for each in cache["memory"]]
        alive = [alive[i] for i in left]
    return [sorted(each, key=lambda hypothesis: -hypothesis[0]) for each in finished]
