"""The difference captioner in PyTorch: the computation of src/models/captioner/captioner.ts and src/models/captioner/decoding.ts, written plainly.

It is the rival in bench/races/captioner.ts and bench/races/decoding.ts. A decoding keeps keys and values in buffers of the greatest length,
which each word fills one place further; those of the pictures are computed once a text. Shapes: B batch, n memory tokens, L places
of a text, d width, H heads, V words, k beams.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from drawn_features import sizes_of
from limn_torch import Dropout, Mlp, Picture, TransformerLayer
from torch import Tensor, nn


@dataclass
class Config:
    """The fields of src/models/captioner/captioner-config.ts that matter here."""

    vocabulary_size: int
    tokens: int
    channels: int
    global_channels: int
    colour_channels: int
    width: int = 256
    layers: int = 2
    decoder_layers: int = 2
    heads: int = 8
    expansion: int = 4
    words: int = 24
    dropout: float = 0.0
    label_smoothing: float = 0.1


def config_of(options: dict) -> Config:
    """The options that bench/races/captioner.ts and bench/races/decoding.ts start a side with."""
    return Config(**sizes_of(options), decoder_layers=options["layers"])


class Types(nn.Module):
    def __init__(self, d: int):
        super().__init__()
        for name in ("target", "reference", "difference"):
            setattr(self, name, nn.Parameter(torch.randn(d) * 0.1))


class Encoder(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.types = Types(c.width)
        self.dropout = Dropout(c.dropout)
        for i in range(c.layers):
            self.add_module(f"layer{i}", TransformerLayer(c.width, c.heads, c.expansion, c.dropout))
        self.layers = [self.get_submodule(f"layer{i}") for i in range(c.layers)]
        self.norm = nn.LayerNorm(c.width)

    def forward(self, reference: Tensor, target: Tensor) -> Tensor:
        types = self.types
        x = torch.cat([target + types.target, reference + types.reference, target - reference + types.difference], 1)
        x = self.dropout(x)
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)


class SelfAttention(nn.Module):
    def __init__(self, d: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(d, 3 * d)
        self.out = nn.Linear(d, d)

    def forward(self, x: Tensor, past: tuple[Tensor, Tensor] | None, place: int) -> Tensor:
        """x (R, 1, d); the past, (R, H, L, d/H) each, is filled at this place. Without a past, x (R, L, d) has all places."""
        rows, places, d = x.shape
        q, k, v = self.qkv(x).view(rows, places, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        if past is None:
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            keys, values = past
            keys[:, :, place : place + 1] = k
            values[:, :, place : place + 1] = v
            mixed = F.scaled_dot_product_attention(q, keys[:, :, : place + 1], values[:, :, : place + 1])
        return self.out(mixed.transpose(1, 2).reshape(x.shape))


class CrossAttention(nn.Module):
    def __init__(self, d: int, heads: int):
        super().__init__()
        self.heads = heads
        for name in ("query", "key", "value", "out"):
            setattr(self, name, nn.Linear(d, d))

    def split(self, x: Tensor) -> Tensor:
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def memory(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """y (B, n, d) -> keys and values (B, H, n, d/H)."""
        return self.split(self.key(y)), self.split(self.value(y))

    def forward(self, x: Tensor, memory: tuple[Tensor, Tensor]) -> Tensor:
        """x (R, 1, d) or (B, L, d). The beams of one item look at one memory, as so many queries."""
        q = self.split(self.query(x).view(memory[0].shape[0], -1, x.shape[2]))
        mixed = F.scaled_dot_product_attention(q, *memory)
        return self.out(mixed.transpose(1, 2).reshape(x.shape))


class DecoderLayer(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(c.width) for _ in range(3))
        self.attention = SelfAttention(c.width, c.heads)
        self.cross = CrossAttention(c.width, c.heads)
        self.feed = Mlp(c.width, c.expansion * c.width, c.width)
        self.dropout = Dropout(c.dropout)

    def forward(self, x: Tensor, memory: tuple[Tensor, Tensor], past: tuple[Tensor, Tensor] | None = None, place: int = 0) -> Tensor:
        x = x + self.dropout(self.attention(self.norm1(x), past, place))
        x = x + self.dropout(self.cross(self.norm2(x), memory))
        return x + self.dropout(self.feed(self.norm3(x)))


class Decoder(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.positions = nn.Parameter(torch.randn(c.words + 1, c.width) * 0.02)
        self.words = nn.Embedding(c.vocabulary_size + 2, c.width)
        self.bias = nn.Parameter(torch.zeros(c.vocabulary_size + 2))
        for i in range(c.decoder_layers):
            self.add_module(f"layer{i}", DecoderLayer(c))
        self.layers = [self.get_submodule(f"layer{i}") for i in range(c.decoder_layers)]
        self.norm = nn.LayerNorm(c.width)
        self.scale = c.width**0.5
        self.dropout = Dropout(c.dropout)

    def forward(self, words: Tensor, place: int, memories: list, pasts: list) -> Tensor:
        """words (R) at this place -> log-probabilities (R, V) of the next."""
        x = (self.words(words) * self.scale + self.positions[place]).unsqueeze(1)
        for layer, memory, past in zip(self.layers, memories, pasts):
            x = layer(x, memory, past, place)
        return self.logits(x).squeeze(1).log_softmax(-1)

    def whole(self, words: Tensor, memories: list) -> Tensor:
        """words (B, L) -> logits (B, L, V) of the word behind each place."""
        x = self.dropout(self.words(words) * self.scale + self.positions[: words.shape[1]])
        for layer, memory in zip(self.layers, memories):
            x = layer(x, memory)
        return self.logits(x)

    def logits(self, x: Tensor) -> Tensor:
        return F.linear(self.norm(x), self.words.weight, self.bias)


class Captioner(nn.Module):
    def __init__(self, c: Config, forbidden: tuple[int, ...] = ()):
        super().__init__()
        self.c = c
        self.start, self.end = c.vocabulary_size, c.vocabulary_size + 1
        self.picture = Picture(c)
        self.encoder = Encoder(c)
        self.decoder = Decoder(c)
        never = torch.zeros(c.vocabulary_size + 2)
        never[list(forbidden)] = -torch.inf
        first = never.clone()
        first[self.end] = -torch.inf
        self.never, self.never_first = never, first

    def loss(self, reference: tuple[Tensor, Tensor], target: tuple[Tensor, Tensor], words: Tensor) -> Tensor:
        """Teacher forcing: words (B, L + 1) are start, the text, its end, then 0; every place is to tell the word behind it."""
        logits = self.decoder.whole(words[:, :-1], self.memories(reference, target))
        smoothing = self.c.label_smoothing
        return F.cross_entropy(logits.flatten(0, 1), words[:, 1:].flatten(), ignore_index=0, label_smoothing=smoothing)

    def memories(self, reference: tuple[Tensor, Tensor], target: tuple[Tensor, Tensor]) -> list:
        seen = [torch.cat([local, whole.unsqueeze(1)], 1) for local, whole in (self.picture(*reference), self.picture(*target))]
        memory = self.encoder(*seen)
        return [layer.cross.memory(memory) for layer in self.decoder.layers]

    def pasts(self, rows: int) -> list:
        c = self.c
        shape = (rows, c.heads, c.words + 1, c.width // c.heads)
        return [(torch.empty(shape), torch.empty(shape)) for _ in self.decoder.layers]

    def allowed(self, log_p: Tensor, place: int) -> Tensor:
        return log_p + (self.never_first if place == 0 else self.never)

    def greedy(self, memories: list) -> list[list[int]]:
        rows, length = memories[0][0].shape[0], self.c.words
        pasts = self.pasts(rows)
        last = torch.full((rows,), self.start)
        ended = torch.zeros(rows, dtype=torch.bool)
        sums, texts = torch.zeros(rows), []
        for place in range(length + 1):
            log_p = self.allowed(self.decoder(last, place, memories, pasts), place)
            last = torch.full((rows,), self.end) if place == length else log_p.argmax(-1)
            sums += log_p.gather(1, last[:, None])[:, 0].masked_fill(ended, 0)
            texts.append(last.masked_fill(ended, self.end))
            ended = ended | (last == self.end)
            if ended.all():
                break
        return [text[: text.index(self.end)] for text in torch.stack(texts, 1).tolist()]

    def beam(self, memories: list, beams: int, length_penalty: float = 1.0) -> list[list[int]]:
        items, length, words = memories[0][0].shape[0], self.c.words, self.c.vocabulary_size + 2
        pasts = self.pasts(items * beams)
        # An item begins with one beam; the others are no texts yet.
        sums = torch.full((items, beams), -torch.inf)
        sums[:, 0] = 0
        texts = torch.empty(items, beams, 0, dtype=torch.long)
        last = torch.full((items * beams,), self.start)
        first_rows = torch.arange(items)[:, None] * beams
        done = [False] * items
        finished: list[list[tuple[float, list[int]]]] = [[] for _ in range(items)]
        for place in range(length + 1):
            log_p = self.allowed(self.decoder(last, place, memories, pasts), place).view(items, beams, words)
            weight = (place + 1) ** length_penalty
            if place == length:
                ends = ((sums + log_p[:, :, self.end]) / weight).tolist()
                for item, (scores, written) in enumerate(zip(ends, texts.tolist())):
                    if not done[item]:
                        finished[item] += [*zip(scores, written)]
                break
            scores, at = (sums[:, :, None] + log_p).view(items, -1).topk(2 * beams)
            parents, ids = at // words, at % words
            is_end = ids == self.end
            for item, i in is_end.nonzero().tolist():
                if not done[item] and scores[item, i] > -torch.inf:
                    finished[item].append((scores[item, i].item() / weight, texts[item, parents[item, i]].tolist()))
            sums, order = scores.masked_fill(is_end, -torch.inf).topk(beams)
            parents, ids = parents.gather(1, order), ids.gather(1, order)
            texts = torch.cat([texts.gather(1, parents[:, :, None].expand(-1, -1, place)), ids[:, :, None]], 2)
            bounds = (sums[:, 0] / (length + 1) ** length_penalty).tolist()
            for item, best in enumerate(finished):
                best.sort(key=lambda text: -text[0])
                del best[beams:]
                done[item] = done[item] or (len(best) == beams and best[-1][0] >= bounds[item])
            if all(done):
                break
            last = ids.view(-1)
            rows = (first_rows + parents).view(-1)
            pasts = [(keys.index_select(0, rows), values.index_select(0, rows)) for keys, values in pasts]
        return [max(best, key=lambda text: text[0])[1] for best in finished]
