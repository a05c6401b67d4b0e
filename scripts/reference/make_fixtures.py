"""Writes test/fixtures/*.safetensors: blocks of limn as PyTorch computes them, in float64, kept as float32.

    pip install torch && python scripts/reference/make_fixtures.py [FUNCTION ...]

With names of functions below, it makes the files of those alone.

The blocks are PyTorch's own modules where it has them (LayerNorm, MultiheadAttention, TransformerEncoderLayer, cross_entropy,
AdamW, clip_grad_norm_, LinearLR); LIMN is limn_torch.py, the baselines are baselines_torch.py. Weights are transposed to limn's
(in, out) layout.
"""

import json
import pathlib
import re
import struct
import sys

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import baselines_torch
import limn_torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
folder = pathlib.Path(__file__).parents[2] / "test" / "fixtures"


def save(name: str, tensors: dict[str, Tensor], settings: dict | None = None) -> None:
    size = save_file(folder / f"{name}.safetensors", tensors, settings)
    print(f"{name}: {len(tensors)} tensors, {size} bytes")


def save_file(path: pathlib.Path, tensors: dict[str, Tensor], settings: dict | None = None) -> int:
    """A safetensors file (github.com/huggingface/safetensors) with `settings` as JSON in its metadata. Returns its bytes."""
    kinds = {torch.float32: "F32", torch.float16: "F16", torch.int64: "I64"}
    narrow = lambda t: t.detach().float().contiguous() if t.dtype == torch.float64 else t.detach().contiguous()
    stored = {key: narrow(tensor) for key, tensor in tensors.items()}
    header: dict = {"__metadata__": {"torch": torch.__version__, "settings": json.dumps(settings or {})}}
    parts, offset = [], 0
    for key, tensor in sorted(stored.items(), key=lambda item: (-item[1].element_size(), item[0])):
        raw = tensor.numpy().tobytes()
        header[key] = {"dtype": kinds[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [offset, offset + len(raw)]}
        parts.append(raw)
        offset += len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))
    return 8 + len(text) + offset


def single(tensor: Tensor) -> Tensor:
    """The nearest values that limn, in float32, can be given exactly."""
    return tensor.float().double()


def randomize(module: nn.Module, spread: float = 0.1) -> None:
    """Moves every parameter, so that no bias is 0 and no scale is 1."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(single(parameter + spread * torch.randn_like(parameter)))


def gradients(output: Tensor, weights: Tensor, of: dict[str, Tensor]) -> dict[str, Tensor]:
    """Gradients of sum(output * weights)."""
    values = torch.autograd.grad((output * weights).sum(), list(of.values()))
    return {f"gradient.{name}": value for name, value in zip(of, values)}


def layer_norm() -> None:
    torch.manual_seed(1)
    norm = nn.LayerNorm(12)
    randomize(norm, 0.5)
    x = single(3 * torch.randn(2, 5, 12) + 1).requires_grad_()
    weights = single(torch.randn(2, 5, 12))
    y = norm(x)
    named = {"x": x, "norm.scale": norm.weight, "norm.bias": norm.bias}
    save("layer-norm", {**named, "weights": weights, "y": y, **gradients(y, weights, named)})


def unpack(attention: nn.MultiheadAttention, of) -> dict[str, Tensor]:
    out = {}
    for part, weight, bias in zip(
        ("query", "key", "value"), of(attention.in_proj_weight).chunk(3), of(attention.in_proj_bias).chunk(3)
    ):
        out |= {f"{part}.weight": weight.T, f"{part}.bias": bias}
    return out | {"out.weight": of(attention.out_proj.weight).T, "out.bias": of(attention.out_proj.bias)}


def with_prefix(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: tensor for name, tensor in tensors.items()}


def attention() -> None:
    """Cross-attention of x to y with hidden tokens."""
    torch.manual_seed(2)
    module = nn.MultiheadAttention(16, 4, batch_first=True)
    randomize(module)
    x = single(torch.randn(3, 4, 16)).requires_grad_()
    y = single(torch.randn(3, 7, 16)).requires_grad_()
    mask = torch.ones(3, 7)
    mask[1, 4:], mask[2, 1:] = 0, 0
    weights = single(torch.randn(3, 4, 16))
    output, _ = module(x, y, y, key_padding_mask=mask == 0, need_weights=False)
    (output * weights).sum().backward()
    save(
        "attention",
        {"x": x, "y": y, "mask": mask, "weights": weights, "output": output}
        | {"gradient.x": x.grad, "gradient.y": y.grad}
        | with_prefix("attention.", unpack(module, lambda p: p))
        | with_prefix("gradient.attention.", unpack(module, lambda p: p.grad)),
        {"heads": 4},
    )


def transformer_layer() -> None:
    """A pre-norm layer with hidden tokens: all positions, and the first three alone."""
    torch.manual_seed(3)
    layer = nn.TransformerEncoderLayer(16, 2, 64, dropout=0, activation=F.gelu, batch_first=True, norm_first=True)
    randomize(layer)
    x = single(torch.randn(3, 6, 16)).requires_grad_()
    mask = torch.ones(3, 6)
    mask[0, 5:], mask[2, 2:] = 0, 0
    weights = single(torch.randn(3, 6, 16))

    def named(of) -> dict[str, Tensor]:
        out = with_prefix("attention.", unpack(layer.self_attn, of))
        for ours, theirs in {"norm1": layer.norm1, "norm2": layer.norm2}.items():
            out |= {f"{ours}.scale": of(theirs.weight), f"{ours}.bias": of(theirs.bias)}
        for ours, theirs in {"feed.in": layer.linear1, "feed.out": layer.linear2}.items():
            out |= {f"{ours}.weight": of(theirs.weight).T, f"{ours}.bias": of(theirs.bias)}
        return with_prefix("layer.", out)

    tensors = {"x": x, "mask": mask, "weights": weights} | named(lambda p: p)
    for name, count in {"all": 6, "first": 3}.items():
        layer.zero_grad()
        x.grad = None
        output = layer(x, src_key_padding_mask=mask == 0)[:, :count]
        (output * weights[:, :count]).sum().backward()
        tensors |= {f"{name}.output": output, f"{name}.gradient.x": x.grad.clone()}
        tensors |= with_prefix(f"{name}.gradient.", named(lambda p: p.grad.clone()))
    save("transformer-layer", tensors, {"heads": 2, "only": 3})


def cross_entropy() -> None:
    torch.manual_seed(4)
    logits = single(4 * torch.randn(5, 7)).requires_grad_()
    labels = torch.tensor([3, 0, 6, 3, 2])
    row_weights = single(torch.tensor([1.0, 0.0, 0.5, 2.0, 1.0]))
    losses = {
        "plain": F.cross_entropy(logits, labels),
        "smooth": F.cross_entropy(logits, labels, label_smoothing=0.1),
        "weighted": (F.cross_entropy(logits, labels, reduction="none", label_smoothing=0.2) * row_weights).sum()
        / row_weights.sum(),
    }
    tensors = {"logits": logits, "oneHot": F.one_hot(labels, 7).double(), "rowWeights": row_weights}
    for name, loss in losses.items():
        tensors |= {name: loss, f"{name}.gradient": torch.autograd.grad(loss, logits, retain_graph=True)[0]}
    save("cross-entropy", tensors)


def adam_w() -> None:
    """20 steps on a small regression: clipping, warm-up and cosine, decay on matrices only, a slower group."""
    torch.manual_seed(5)
    steps, warmup, rate, final, decay, clip = 20, 5, 0.05, 0.1, 0.1, 0.5
    parameters = {
        "in.weight": torch.randn(6, 8) * 0.4,
        "in.bias": torch.randn(8) * 0.1,
        "out.weight": torch.randn(8, 3) * 0.4,
        "table": torch.randn(4, 3) * 0.3,
    }
    parameters = {name: single(value).requires_grad_() for name, value in parameters.items()}
    initial = {name: value.detach().clone() for name, value in parameters.items()}
    x, y = single(torch.randn(steps, 10, 6)), single(torch.randn(steps, 10, 3))
    y[12:] *= 0.05  # small gradients too, which are not clipped
    ids = torch.randint(4, (steps, 10))
    p = parameters
    optimizer = torch.optim.AdamW(
        [
            {"params": [p["in.weight"]], "weight_decay": decay},
            {"params": [p["in.bias"], p["table"]], "weight_decay": 0.0},
            {"params": [p["out.weight"]], "weight_decay": decay, "lr": rate / 2},
        ],
        lr=rate,
    )
    rise = torch.optim.lr_scheduler.LinearLR(optimizer, 1 / warmup, 1, warmup - 1)
    # CosineAnnealingLR knows one eta_min for all groups; the slower group needs one of its own, hence the formula.
    cosine = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda t: final + (1 - final) * (1 + torch.cos(torch.tensor(torch.pi * t / (steps - warmup))).item()) / 2
    )
    schedule = torch.optim.lr_scheduler.SequentialLR(optimizer, [rise, cosine], [warmup - 1])
    tensors = {f"initial.{name}": value for name, value in initial.items()} | {"x": x, "y": y, "ids": ids}
    losses, norms, rates = [], [], []
    for t in range(steps):
        optimizer.zero_grad()
        output = F.gelu(x[t] @ p["in.weight"] + p["in.bias"]) @ p["out.weight"] + p["table"][ids[t]]
        loss = F.mse_loss(output, y[t])
        loss.backward()
        norms.append(nn.utils.clip_grad_norm_(p.values(), clip).item())
        losses.append(loss.item())
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
        if t + 1 in (1, 2, 5, 10, 20):
            tensors |= {f"step{t + 1}.{name}": value.detach().clone() for name, value in p.items()}
    assert min(norms) < clip < max(norms), norms
    tensors |= {"loss": torch.tensor(losses), "gradientNorm": torch.tensor(norms), "learningRate": torch.tensor(rates)}
    settings = {"learningRate": rate, "totalSteps": steps, "warmupSteps": warmup, "finalFraction": final}
    save("adamw", tensors, settings | {"weightDecay": decay, "clipNorm": clip})


def triplets(model: nn.Module, lengths: list[int], negatives: bool = False) -> dict[str, Tensor]:
    """
    Moves the buffers of a model and draws a batch for it; of the texts, only so many words are there. With `negatives` it says too which
    references are answers of other rows: that of row 0 is the target of row 3, that of row 2 the target of row 5.
    """
    for buffer in model.buffers():
        buffer.copy_(single(buffer + 0.2 * torch.rand_like(buffer)))
    local, picture = torch.randn(9, 5, 15).half(), torch.randn(9, 13).half()
    references, targets = torch.tensor([0, 1, 2, 3, 4, 5]), torch.tensor([6, 7, 8, 0, 7, 2])
    words = torch.randint(1, 20, (6, 6))
    for row, length in enumerate(lengths):
        words[row, length:] = 0
    answers = {"referenceAnswers": (targets[:, None] == references).double()} if negatives else {}
    return {
        **answers,
        "reference.local": local[references],
        "reference.global": picture[references],
        "target.local": local[targets],
        "target.global": picture[targets],
        "words": words,
        "sameTarget": (targets[:, None] == targets).double() - torch.eye(6),
    }


def limn() -> None:
    """The whole loss of a tiny LIMN; rows 1 and 4 want the same picture, row 5 has no words at all."""
    torch.manual_seed(6)
    weights = {"factors": 0.7, "agreement": 0.9, "disentangling": 1.3}
    config = limn_torch.Config(
        vocabulary_size=20, tokens=5, channels=12, global_channels=10, colour_channels=3, width=16, factors=4, layers=2,
        heads=2, expansion=4, dropout=0.0, projection=6, local_mass=2.0, text_layers=1, words=6, initial_scale=5.0, weights=weights,
    )  # fmt: skip
    model = limn_torch.Limn(config)
    randomize(model)
    inputs = triplets(model, [6, 3, 5, 1, 4, 0])
    loss, terms = model(inputs)
    loss.backward()
    query = model.embed(inputs["reference.local"], inputs["reference.global"], inputs["words"])
    target = model.embed(inputs["target.local"], inputs["target.global"])
    save(
        "limn",
        inputs
        | with_prefix("parameter.", limn_torch.limn_tensors(model))
        | with_prefix("gradient.", limn_torch.limn_tensors(model, lambda p: p.grad))
        | with_prefix("buffer.", dict(model.named_buffers()))
        | with_prefix("term.", terms)
        | {"loss": loss}
        | with_prefix("query.", dict(zip(("matching", "factors", "tokens"), query)))
        | with_prefix("targetEmbedding.", dict(zip(("matching", "factors", "tokens"), target))),
        {
            "width": 16, "factors": 4, "layers": 2, "heads": 2, "dropout": 0, "projection": 6, "textLayers": 1, "words": 6,
            "vocabularySize": 20, "initialScale": 5, "localMass": 2, "weights": weights,
            "picture": {"kind": "features", "tokens": 5, "channels": 12, "globalChannels": 10, "colourChannels": 3},
        },
    )  # fmt: skip


def small(**changes) -> tuple[limn_torch.Config, dict]:
    """A config of limn_torch.py and the settings of src/models/backbone/config.ts that mean the same."""
    shared = {
        "width": 8, "factors": 3, "layers": 1, "heads": 2, "expansion": 2, "dropout": 0.0, "projection": 4, "words": 6,
        "weights": {"factors": 0.7, "agreement": 0.9, "disentangling": 1.3}, **changes,
    }  # fmt: skip
    config = limn_torch.Config(
        vocabulary_size=20, tokens=5, channels=12, global_channels=10, colour_channels=3, text_layers=1, initial_scale=5.0, **shared
    )
    picture = {"kind": "features", "tokens": 5, "channels": 12, "globalChannels": 10, "colourChannels": 3}
    return config, {**camel(shared), "textLayers": 1, "vocabularySize": 20, "initialScale": 5, "picture": picture}


def camel(settings: dict) -> dict:
    """factor_start -> factorStart"""
    return {re.sub("_(.)", lambda found: found[1].upper(), name): value for name, value in settings.items()}


def used(model: nn.Module) -> dict[str, Tensor]:
    """Parameters on which the loss depends, and its gradients by them."""
    gradients = limn_torch.limn_tensors(model, lambda p: torch.full_like(p, torch.nan) if p.grad is None else p.grad)
    gradients = {name: gradient for name, gradient in gradients.items() if not gradient.isnan().any()}
    parameters = {name: value for name, value in limn_torch.limn_tensors(model).items() if name in gradients}
    return with_prefix("parameter.", parameters) | with_prefix("gradient.", gradients)


def limn_ablations() -> None:
    """LIMN without one thing or another."""
    ablations = {
        "global": {"features": "global"},
        "local": {"features": "local"},
        "adaptive": {"aggregation": "adaptive"},
        "holistic": {"aggregation": "holistic"},
        "one-factor": {"factors": 1},
        "global-start": {"factor_start": "global"},
    }
    for seed, (name, changes) in enumerate(ablations.items(), 7):
        torch.manual_seed(seed)
        config, settings = small(**changes)
        model = limn_torch.Limn(config)
        randomize(model)
        inputs = triplets(model, [6, 3, 5, 1, 4, 0])
        loss, terms = model(inputs)
        loss.backward()
        query = model.embed(inputs["reference.local"], inputs["reference.global"], inputs["words"])
        target = model.embed(inputs["target.local"], inputs["target.global"])
        parts = ("matching", "factors", "tokens")
        save_method(f"limn-{name}", model, inputs, loss, terms, dict(zip(parts, query)), dict(zip(parts, target)), settings)


def baselines() -> None:
    """Every other method; all texts have words."""
    for seed, name in enumerate(baselines_torch.names, 20):
        torch.manual_seed(seed)
        config, settings = small()
        model = baselines_torch.make(name, config)
        randomize(model)
        inputs = triplets(model, [6, 3, 5, 1, 4, 2])
        loss, terms, query, target = model(inputs)
        loss.backward()
        save_method(name, model, inputs, loss, terms, query, target, {**settings, "method": name})


objectives = {
    "reference-negatives": {"reference_negatives": True},
    "symmetric": {"symmetric": 0.4},
    "smoothing": {"label_smoothing": 0.15},
    "factor-weights": {"factor_weights": "learned"},
}


def recipe() -> None:
    """One model and batch a method, with each of the recipe's options and with all of them."""
    everything = {name: value for changes in objectives.values() for name, value in changes.items()}
    for_all = {name: value for name, value in everything.items() if name != "factor_weights"}
    cases = {
        "limn": {**objectives, "all": everything},
        "tirg": {"reference-negatives": objectives["reference-negatives"], "all": for_all},
        "tg-cir": {"reference-negatives": objectives["reference-negatives"], "all": for_all},
        "text-only": {"all": for_all},
    }
    for name, variants in cases.items():
        tensors = {}
        for variant, changes in variants.items():
            torch.manual_seed(40)
            config, settings = small(**changes)
            model = limn_torch.Limn(config) if name == "limn" else baselines_torch.make(name, config)
            # The same parameters in every variant, whatever it has beside them.
            for key, parameter in model.named_parameters():
                torch.manual_seed(sum(map(ord, key)))
                parameter.data.copy_(single(parameter.data + 0.6 * torch.randn_like(parameter)))
            torch.manual_seed(41)
            inputs = triplets(model, [6, 3, 5, 1, 4, 2], negatives=True)
            loss, terms, *_ = model(inputs)
            loss.backward()
            gradients = {key: value for key, value in used(model).items() if key.startswith("gradient.")}
            tensors |= inputs | {k: v for k, v in used(model).items() if k.startswith("parameter.")} | with_prefix("buffer.", dict(model.named_buffers()))
            tensors |= with_prefix(f"{variant}:", {"loss": loss, **with_prefix("term.", terms), **gradients})
        save(f"recipe-{name}", tensors, {**small()[1], "method": name, "variants": {k: camel(v) for k, v in variants.items()}})


def save_method(name, model, inputs, loss, terms, query, target, settings) -> None:
    results = {"loss": loss} | with_prefix("term.", terms) | with_prefix("query.", query) | with_prefix("targetEmbedding.", target)
    save(f"baselines-{name}", inputs | used(model) | with_prefix("buffer.", dict(model.named_buffers())) | results, settings)


if __name__ == "__main__":
    for make in (layer_norm, attention, transformer_layer, cross_entropy, adam_w, limn, limn_ablations, baselines, recipe):
        if make.__name__ in sys.argv[1:] or len(sys.argv) == 1:
            make()
