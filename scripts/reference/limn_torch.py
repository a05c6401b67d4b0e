"""LIMN in PyTorch: the computation of src/models/methods/limn.ts, written the way PyTorch does it fastest.

It is the independent reference of the tests (make_fixtures.py) and the rival in the race (bench/races/training-step.ts).
Pictures are features of a frozen encoder. Shapes: B batch, N picture tokens, M words, d width, K factors, p projection.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass
class Config:
    """The fields of src/models/backbone/config.ts that matter here."""

    vocabulary_size: int
    tokens: int
    channels: int
    global_channels: int
    colour_channels: int
    width: int = 256
    factors: int = 8
    layers: int = 2
    heads: int = 8
    expansion: int = 4
    dropout: float = 0.1
    projection: int = 64
    local_mass: float | None = None
    text_layers: int = 0
    words: int = 32
    initial_scale: float = 20.0
    weights: dict = field(default_factory=lambda: {"factors": 1.0, "agreement": 1.0, "disentangling": 1.0})
    factor_start: str = "tokens"
    features: str = "both"
    aggregation: str = "both"
    reference_negatives: bool = False
    symmetric: float = 0.0
    label_smoothing: float = 0.0
    factor_weights: str = "equal"


class Dropout(nn.Module):
    """One mask for all tokens of a sequence: of x (B, ..., d) a channel of an item is dropped in all of its tokens."""

    def __init__(self, rate: float):
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        return x * F.dropout(x.new_ones(x.shape[0], *[1] * (x.ndim - 2), x.shape[-1]), self.rate)


class Mlp(nn.Module):
    def __init__(self, inputs: int, hidden: int, out: int, dropout: float = 0.0, activation: Callable[[Tensor], Tensor] = F.gelu):
        super().__init__()
        self.add_module("in", nn.Linear(inputs, hidden))
        self.activation = activation
        self.dropout = Dropout(dropout)
        self.out = nn.Linear(hidden, out)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.dropout(self.activation(self.get_submodule("in")(x))))


class Attention(nn.Module):
    """Queries from x (B, m, d), keys and values from y (B, n, d); query, key and value weights are packed into one matrix."""

    def __init__(self, d: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(d, 3 * d)
        self.out = nn.Linear(d, d)

    def forward(self, x: Tensor, only: int | None, bias: Tensor | None) -> Tensor:
        batch, n, d = x.shape

        def split(y: Tensor, parts: int):  # (B, n, parts d) -> parts of (B, H, n, d/H)
            return y.view(batch, y.shape[1], parts, self.heads, d // self.heads).permute(2, 0, 3, 1, 4).unbind(0)

        if only is None:
            q, k, v = split(self.qkv(x), 3)
        else:
            (q,) = split(F.linear(x[:, :only], self.qkv.weight[:d], self.qkv.bias[:d]), 1)
            k, v = split(F.linear(x, self.qkv.weight[d:], self.qkv.bias[d:]), 2)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        return self.out(mixed.transpose(1, 2).reshape(batch, q.shape[2], d))


class TransformerLayer(nn.Module):
    """A pre-norm layer; with `only`, of the first so many positions."""

    def __init__(self, d: int, heads: int, expansion: int, dropout: float, activation: Callable[[Tensor], Tensor] = F.gelu):
        super().__init__()
        self.norm1 = nn.LayerNorm(d)
        self.attention = Attention(d, heads)
        self.norm2 = nn.LayerNorm(d)
        self.feed = Mlp(d, expansion * d, d, activation=activation)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, bias: Tensor | None = None, only: int | None = None) -> Tensor:
        x_first = x if only is None else x[:, :only]
        middle = x_first + self.dropout(self.attention(self.norm1(x), only, bias))
        return middle + self.dropout(self.feed(self.norm2(middle)))


class FeatureProjection(nn.Module):
    """(..., channels + colours) float16 -> (..., d)."""

    def __init__(self, channels: int, colours: int, d: int):
        super().__init__()
        self.channels = channels
        self.register_buffer("mean", torch.zeros(channels + colours))
        self.register_buffer("inverse_deviation", torch.ones(channels + colours))
        self.content = nn.Linear(channels, d)
        self.colour = Mlp(colours, 128, d) if colours else None

    def forward(self, raw: Tensor) -> Tensor:
        standard = (raw.to(self.mean.dtype) - self.mean) * self.inverse_deviation
        projected = self.content(F.layer_norm(standard[..., : self.channels], (self.channels,)))
        return projected if self.colour is None else projected + self.colour(standard[..., self.channels :])


class Picture(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.positions = nn.Parameter(torch.randn(c.tokens, c.width) * 0.1)
        self.local = FeatureProjection(c.channels, c.colour_channels, c.width)
        self.add_module("global", FeatureProjection(c.global_channels, c.colour_channels, c.width))

    def forward(self, local: Tensor, global_: Tensor) -> tuple[Tensor, Tensor]:
        return self.local(local) + self.positions, self.get_submodule("global")(global_)


class Text(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.positions = nn.Parameter(torch.randn(c.words, c.width) * 0.02)
        self.words = nn.Embedding(c.vocabulary_size, c.width)
        nn.init.normal_(self.words.weight, std=0.3)
        for i in range(c.text_layers):
            self.add_module(f"layer{i}", TransformerLayer(c.width, c.heads, c.expansion, c.dropout))
        self.layers = c.text_layers
        self.add_module("global", nn.Linear(c.width, c.width))

    def forward(self, words: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mask = (words > 0).to(self.positions.dtype)  # (B, M)
        x = self.words(words) + self.positions
        for i in range(self.layers):
            x = self.get_submodule(f"layer{i}")(x, mask_bias(mask))
        weights = (mask / mask.sum(1, keepdim=True).clamp(min=1)).unsqueeze(2)
        return x, self.get_submodule("global")((x * weights).sum(1)), mask


class Aggregation(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.c = c
        self.factors = nn.Parameter(torch.randn(1, c.factors, c.width) * 0.5)
        self.start = nn.Linear(c.width, c.factors * c.width, bias=False) if c.factor_start == "global" else None
        self.dropout = Dropout(c.dropout)
        for i in range(c.layers):
            self.add_module(f"layer{i}", TransformerLayer(c.width, c.heads, c.expansion, c.dropout))
        self.norm = nn.LayerNorm(c.width)

    def forward(self, sequences: list[Tensor], bias: Tensor | None, fused: Tensor | None) -> Tensor:
        batch = sequences[0].shape[0]
        factors = self.factors.expand(batch, -1, -1)
        if self.start is not None:
            factors = factors + self.start(fused).unflatten(1, factors.shape[1:])
        x = self.dropout(torch.cat([factors, *sequences], 1))
        for i in range(self.c.layers):
            last = i == self.c.layers - 1
            x = self.get_submodule(f"layer{i}")(x, bias, self.c.factors if last else None)
        return self.norm(x)  # (B, K, d)


class Fusion(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.gate = nn.Linear(2 * c.width, c.width)
        self.residual = Mlp(2 * c.width, 2 * c.width, c.width, c.dropout)
        self.norm = nn.LayerNorm(c.width)

    def forward(self, picture: Tensor, text: Tensor | None) -> Tensor:
        if text is None:
            return self.norm(picture)
        both = torch.cat([picture, text], 1)
        return self.norm(torch.sigmoid(self.gate(both)) * picture + self.residual(both))


class Matching(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.aggregation = c.aggregation
        self.attend = nn.Linear(c.width, c.width)
        self.energy = nn.Linear(c.width, 1)
        self.holistic = Mlp(c.width if c.features == "local" else 2 * c.width, 2 * c.width, c.width, c.dropout)
        self.projection = nn.Linear(c.width, c.projection, bias=False)

    def forward(self, tokens: Tensor, global_: Tensor | None) -> tuple[Tensor, Tensor]:
        matching = 0
        if self.aggregation != "holistic":
            weights = self.energy(torch.tanh(self.attend(tokens))).transpose(1, 2).softmax(-1)  # (B, 1, K)
            matching = (weights @ tokens).squeeze(1)
        if self.aggregation != "adaptive":
            mean = tokens.mean(1)
            matching = matching + self.holistic(mean if global_ is None else torch.cat([mean, global_], 1))
        return F.normalize(matching, dim=-1, eps=1e-6), F.normalize(self.projection(tokens), dim=-1, eps=1e-6)


class FactorWeights(nn.Module):
    """How much a query counts each factor, K in sum: (B, K, d) -> (B, K, 1)."""

    def __init__(self, d: int):
        super().__init__()
        self.hidden = nn.Linear(d, d)
        self.energy = nn.Linear(d, 1, bias=False)
        nn.init.zeros_(self.energy.weight)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.energy(torch.tanh(self.hidden(tokens))).softmax(1) * tokens.shape[1]


class Loss(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.c = c
        self.matching_scale = nn.Parameter(torch.tensor(math.log(c.initial_scale)))
        self.factor_scale = nn.Parameter(torch.tensor(math.log(c.initial_scale)))

    def forward(self, query, target, same_target: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        (matching_q, factors_q, tokens_q), (matching_t, factors_t, tokens_t) = query, target
        hidden = same_target * -1e4
        by_matching = matching_q @ matching_t.T * self.matching_scale.exp().clamp(max=100) + hidden
        mean_cosine = factors_q.flatten(1) @ factors_t.flatten(1).T / self.c.factors
        by_factors = mean_cosine * self.factor_scale.exp().clamp(max=100) + hidden
        terms = {
            "matching": classification(self.c, by_matching, same_target),
            "factors": classification(self.c, by_factors, same_target),
            "agreement": symmetric_kl(by_matching, by_factors),
            "disentangling": disentangling(tokens_q) + disentangling(tokens_t),
        }
        weights = {"matching": 1.0, **self.c.weights}
        return sum(weights[name] * term for name, term in terms.items()), terms


def classification(c: Config, logits: Tensor, same_target: Tensor) -> Tensor:
    """Each query among the candidates (B, C) and, in part, each of the B targets among the queries."""
    batch = logits.shape[0]
    loss = smooth_cross_entropy(logits, same_target, c.label_smoothing)
    if c.symmetric == 0:
        return loss
    back = smooth_cross_entropy(logits[:, :batch].T, same_target[:, :batch].T, c.label_smoothing)
    return (1 - c.symmetric) * loss + c.symmetric * back


def smooth_cross_entropy(logits: Tensor, hidden: Tensor, smoothing: float) -> Tensor:
    """Of row i choosing column i; what is hidden gets no part of the smoothing."""
    own = logits.diagonal()
    counted = (hidden == 0).to(logits.dtype)
    seen = logits.masked_fill(hidden > 0, 0.0)
    spread = (seen * counted).sum(1) / counted.sum(1)
    return (logits.logsumexp(1) - (1 - smoothing) * own - smoothing * spread).mean()


def symmetric_kl(a: Tensor, b: Tensor) -> Tensor:
    p, q = a.log_softmax(-1), b.log_softmax(-1)
    kl = lambda x, y: F.kl_div(y, x, reduction="batchmean", log_target=True)  # KL(x || y)
    return (kl(p, q) + kl(q, p)) / 2


def disentangling(tokens: Tensor) -> Tensor:
    """Mean over i != j of cos(F_i, F_j)^2."""
    batch, count, _ = tokens.shape
    if count == 1:
        return tokens.new_zeros(())
    normal = F.normalize(tokens, dim=-1, eps=1e-6)
    cosines = normal @ normal.transpose(1, 2)
    return (cosines.square().sum() - batch * count) / (batch * count * (count - 1))


def candidates(c: Config, batch: dict[str, Tensor], part: str) -> Tensor:
    """The pictures that queries are classified among: the targets and, as further negatives, the references."""
    targets, references = batch[f"target.{part}"], batch[f"reference.{part}"]
    return torch.cat([targets, references]) if c.reference_negatives else targets


def same_target(c: Config, batch: dict[str, Tensor]) -> Tensor:
    if not c.reference_negatives:
        return batch["sameTarget"]
    return torch.cat([batch["sameTarget"], batch["referenceAnswers"]], 1)


def mask_bias(mask: Tensor) -> Tensor:
    return (1 - mask)[:, None, None, :] * -1e9


class Types(nn.Module):
    def __init__(self, d: int):
        super().__init__()
        for name in ("picture", "picture_global", "word", "text_global"):
            setattr(self, name, nn.Parameter(torch.randn(d) * 0.1))


class Limn(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.c = c
        self.picture = Picture(c)
        self.types = Types(c.width)
        self.text = Text(c)
        self.aggregation = Aggregation(c)
        self.fusion = Fusion(c)
        self.matching = Matching(c)
        if c.factor_weights == "learned":
            self.factor_weights = FactorWeights(c.width)
        self.loss = Loss(c)

    def embed(self, local: Tensor, global_: Tensor, words: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """-> matching token (B, d), factor projections (B, K, p), factor tokens (B, K, d)."""
        c, types = self.c, self.types
        tokens, picture = self.picture(local, global_)
        # The local tokens together weigh like local_mass tokens.
        prior = local.new_full((1, c.tokens), math.log((c.local_mass or c.tokens) / c.tokens), dtype=torch.float32)
        parts = self.used(tokens + types.picture, prior, picture + types.picture_global)
        text = None
        if words is not None:
            tokens, text, mask = self.text(words)
            parts += self.used(tokens + types.word, (1 - mask) * -1e9, text + types.text_global)
        sequences, biases = zip(*parts)
        rows = max(bias.shape[0] for bias in biases)
        bias = torch.cat([bias.expand(rows, -1) for bias in (prior.new_zeros(1, c.factors), *biases)], 1)[:, None, None, :]
        fused = None if c.features == "local" else self.fusion(picture, text)
        factors = self.aggregation(sequences, bias, fused)
        matching, projected = self.matching(factors, fused)
        if words is not None and self.c.factor_weights == "learned":
            projected = projected * self.factor_weights(factors)
        return matching, projected, factors

    def used(self, tokens: Tensor, bias: Tensor, global_: Tensor) -> list[tuple[Tensor, Tensor]]:
        """The features that the config wants, each with what is added to its attention logits."""
        whole = (global_.unsqueeze(1), bias.new_zeros(1, 1))
        return {"both": [(tokens, bias), whole], "local": [(tokens, bias)], "global": [whole]}[self.c.features]

    def forward(self, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        query = self.embed(batch["reference.local"], batch["reference.global"], batch["words"])
        return self.loss(query, self.candidates(batch), same_target(self.c, batch))

    def candidates(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        return self.embed(candidates(self.c, batch, "local"), candidates(self.c, batch, "global"))


def limn_tensors(model: nn.Module, of=lambda parameter: parameter, prefix: str = "") -> dict[str, Tensor]:
    """Parameters, or what `of` makes of them (of its gradient, say), under limn's names and in its (in, out) layout."""
    out = {}
    for name, module in model.named_modules(prefix=prefix):
        under = f"{name}." if name else ""
        for key, parameter in module.named_parameters(recurse=False):
            value = of(parameter)
            if isinstance(module, nn.Linear) and name.endswith("qkv"):
                for part, piece in zip(("query", "key", "value"), value.chunk(3)):
                    out[f"{name.removesuffix('qkv')}{part}.{key}"] = piece.T if key == "weight" else piece
            elif isinstance(module, nn.Linear):
                out[under + key] = value.T if key == "weight" else value
            elif isinstance(module, nn.LayerNorm):
                out[under + {"weight": "scale", "bias": "bias"}[key]] = value
            elif isinstance(module, nn.Embedding):
                out[name] = value
            else:
                out[under + key] = value
    return out


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Decay on matrices only: not on vectors, positions, word embeddings and factor tokens."""
    free = [p for n, p in model.named_parameters() if p.ndim < 2 or n.endswith((".positions", ".factors", "words.weight"))]
    ids = {id(p) for p in free}
    decayed = [p for p in model.parameters() if id(p) not in ids]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]
