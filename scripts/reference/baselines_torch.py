"""The baselines of src/models/methods/baselines in PyTorch, on the encoders of limn_torch.py: the tests' independent reference.

Written from the papers (TIRG: Vo et al., CVPR 2019; Combiner: Baldrati et al., CVPR 2022) and, for the method in the style of
TG-CIR, from the equations in tg-cir.ts. Shapes: B batch, n tokens, d width, A attributes.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import limn_torch


def unit(x: Tensor) -> Tensor:
    return x / x.norm(dim=-1, keepdim=True)


class PictureOnly(nn.Module):
    def __init__(self, d: int):
        super().__init__()

    def forward(self, picture: Tensor, text: Tensor) -> Tensor:
        return picture


class TextOnly(PictureOnly):
    def forward(self, picture: Tensor, text: Tensor) -> Tensor:
        return text


class Sum(PictureOnly):
    def forward(self, picture: Tensor, text: Tensor) -> Tensor:
        return unit(picture) + unit(text)


class Concat(nn.Module):
    def __init__(self, d: int):
        super().__init__()
        self.hidden1 = nn.Linear(2 * d, 2 * d)
        self.hidden2 = nn.Linear(2 * d, 2 * d)
        self.out = nn.Linear(2 * d, d)

    def forward(self, picture: Tensor, text: Tensor) -> Tensor:
        return self.out(self.hidden2(self.hidden1(torch.cat([picture, text], 1)).relu()).relu())


class Tirg(nn.Module):
    def __init__(self, d: int):
        super().__init__()
        self.norm = nn.LayerNorm(2 * d)
        for name in ("gate", "residual"):
            self.add_module(name, nn.ModuleDict({"hidden": nn.Linear(2 * d, 2 * d), "out": nn.Linear(2 * d, d)}))
            self.register_parameter(f"{name}_weight", nn.Parameter(torch.tensor(1.0)))

    def forward(self, picture: Tensor, text: Tensor) -> Tensor:
        both = self.norm(torch.cat([picture, text], 1)).relu()
        gate = self.gate["out"](self.gate["hidden"](both).relu()).sigmoid() * picture
        residual = self.residual["out"](self.residual["hidden"](both).relu())
        return self.gate_weight * gate + self.residual_weight * residual


class Combiner(nn.Module):
    def __init__(self, d: int):
        super().__init__()
        sizes = {"picture": (d, 4 * d), "text": (d, 4 * d), "combine": (8 * d, 8 * d), "out": (8 * d, d)}
        for name, (inputs, outputs) in {**sizes, "balance": (8 * d, 8 * d), "lambda": (8 * d, 1)}.items():
            self.add_module(name, nn.Linear(inputs, outputs))

    def forward(self, picture: Tensor, text: Tensor) -> Tensor:
        both = torch.cat([self.picture(picture).relu(), self.text(text).relu()], 1)
        share = torch.sigmoid(self.get_submodule("lambda")(self.balance(both).relu()))
        return self.out(self.combine(both).relu()) + (1 - share) * picture + share * text


class Loss(nn.Module):
    """A query is classified among the candidates of the batch, without those that are its own in another row."""

    def __init__(self, c: limn_torch.Config):
        super().__init__()
        self.c = c
        self.matching_scale = nn.Parameter(torch.tensor(math.log(c.initial_scale)))

    def logits(self, a: Tensor, b: Tensor, same_target: Tensor) -> Tensor:
        return (a @ b.T * self.matching_scale.exp().clamp(max=100)).masked_fill(same_target > 0, -math.inf)

    def forward(self, query: Tensor, target: Tensor, same_target: Tensor) -> Tensor:
        return limn_torch.classification(self.c, self.logits(query, target, same_target), same_target)


class Baseline(nn.Module):
    """A composition of the two global features, matched by the cosine with the target's."""

    def __init__(self, c: limn_torch.Config, compose: nn.Module):
        super().__init__()
        self.c = c
        self.picture = limn_torch.Picture(c)
        self.text = limn_torch.Text(c)
        self.compose = compose
        self.loss = Loss(c)

    def forward(self, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor], dict[str, Tensor], dict[str, Tensor]]:
        """-> loss, its terms, the query's and the target's embedding."""
        _, reference = self.picture(batch["reference.local"], batch["reference.global"])
        _, target = self.picture(*(limn_torch.candidates(self.c, batch, part) for part in ("local", "global")))
        _, text, _ = self.text(batch["words"])
        query, target = unit(self.compose(reference, text)), unit(target)
        loss = self.loss(query, target, limn_torch.same_target(self.c, batch))
        return loss, {}, {"matching": query}, {"matching": target}


class Attributes(nn.Module):
    """A attributes, for each of which a learned query attends over the tokens, and the global feature: (B, A + 1, d)."""

    def __init__(self, c: limn_torch.Config):
        super().__init__()
        self.queries = nn.Parameter(torch.randn(c.factors, c.width) / math.sqrt(c.width))
        self.key = nn.Linear(c.width, c.width)
        self.value = nn.Linear(c.width, c.width)

    def forward(self, tokens: Tensor, global_: Tensor, read: Tensor | None = None) -> Tensor:
        queries = self.queries.expand(tokens.shape[0], -1, -1)
        seen = None if read is None else (read > 0).unsqueeze(1)
        attributes = F.scaled_dot_product_attention(queries, self.key(tokens), self.value(tokens), attn_mask=seen, scale=1.0)
        return torch.cat([attributes, global_.unsqueeze(1)], 1)


class KeepOrReplace(nn.Module):
    """keep * reference + replace * text."""

    def __init__(self, d: int):
        super().__init__()
        for name in ("keep", "replace"):
            self.add_module(name, nn.ModuleDict({"in": nn.Linear(2 * d, d), "out": nn.Linear(d, d)}))

    def forward(self, reference: Tensor, text: Tensor) -> Tensor:
        both = torch.cat([reference, text], -1)
        gate = lambda layers: layers["out"](layers["in"](both).relu()).sigmoid()
        return gate(self.keep) * reference + gate(self.replace) * text


class TgCir(nn.Module):
    def __init__(self, c: limn_torch.Config):
        super().__init__()
        self.c = c
        self.picture = limn_torch.Picture(c)
        self.text = limn_torch.Text(c)
        self.picture_attributes = Attributes(c)
        self.text_attributes = Attributes(c)
        self.compose = KeepOrReplace(c.width)
        self.loss = Loss(c)

    def forward(self, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor], dict[str, Tensor], dict[str, Tensor]]:
        reference = self.picture_attributes(*self.picture(batch["reference.local"], batch["reference.global"]))
        candidates = (limn_torch.candidates(self.c, batch, part) for part in ("local", "global"))
        target = self.picture_attributes(*self.picture(*candidates))
        composed = self.compose(reference, self.text_attributes(*self.text(batch["words"])))
        side_by_side = lambda x: unit(x).flatten(1) / math.sqrt(x.shape[1])
        queries, targets = side_by_side(composed), side_by_side(target)
        same_target = limn_torch.same_target(self.c, batch)
        terms = {
            "classification": self.loss(queries, targets, same_target),
            "regulariser": self.regulariser(queries, targets, same_target),
            "disentangling": limn_torch.disentangling(reference[:, :-1]) + limn_torch.disentangling(target[:, :-1]),
        }
        weights = {"regulariser": self.c.weights["agreement"], "disentangling": self.c.weights["disentangling"]}
        loss = sum(weights.get(name, 1.0) * term for name, term in terms.items())
        embedding = lambda matching, attributes: {"matching": matching, "attributes": attributes[:, :-1]}
        return loss, terms, embedding(queries, reference), embedding(targets, target)

    def regulariser(self, queries: Tensor, targets: Tensor, same_target: Tensor) -> Tensor:
        """How far the scores of a query are from those that its target would get as a query, over what counts in its row."""
        likeness, found = (self.loss.logits(x, targets, same_target) for x in (targets[: queries.shape[0]], queries))
        rows = []
        for wanted, given, hidden in zip(likeness, found, same_target > 0):
            p, q = wanted[~hidden].softmax(0), given[~hidden].softmax(0)
            rows.append((p * (p / q).log()).sum())
        return torch.stack(rows).mean()


compositions = {
    "picture-only": PictureOnly,
    "text-only": TextOnly,
    "sum": Sum,
    "concat": Concat,
    "tirg": Tirg,
    "combiner": Combiner,
}


def make(name: str, c: limn_torch.Config) -> nn.Module:
    """A baseline by its name in src/models/retrieval/config.ts."""
    return TgCir(c) if name == "tg-cir" else Baseline(c, compositions[name](c.width))


names = (*compositions, "tg-cir")
