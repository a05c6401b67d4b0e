"""Writes test/fixtures/import-*.{onnx,safetensors}: small CLIP parts as PyTorch exports them, with its outputs and gradients.

    pip install torch transformers open_clip_torch onnx onnxscript && python scripts/reference/make_import_fixtures.py

The files come from both of PyTorch's exporters. Outputs and gradients are computed in float64 from the same float32 weights.
An exporter may transpose a weight and lose its name, so each gradient is kept under the name and in the shape of the file's weight.
"""

import importlib.util
import pathlib

find_spec = importlib.util.find_spec  # torchvision is not needed, and one that does not fit torch breaks the imports below
importlib.util.find_spec = lambda name, package=None: None if name.startswith("torchvision") else find_spec(name, package)

import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPModel
from transformers.models.clip.modeling_clip import CLIPEncoderLayer

from make_fixtures import folder, save, single

torch.set_default_dtype(torch.float32)
tower = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "projection_dim": 12}
text = {"vocab_size": 40, "max_position_embeddings": 8, "bos_token_id": 38, "eos_token_id": 39}
config = CLIPConfig(
    text_config=tower | text, vision_config=tower | {"image_size": 8, "patch_size": 4}, projection_dim=12, attn_implementation="eager"
)


class Calls(nn.Module):
    """A module's function as a module of its own, with the parameters under their own names."""

    def __init__(self, module: nn.Module, function):
        super().__init__()
        self.model, self.function = module, function

    def forward(self, *inputs):
        return self.function(self.model, *inputs)


def randomize(module: nn.Module, spread: float) -> None:
    """Moves every parameter, so that no two are equal: the exporter makes equal ones one."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(spread * torch.randn_like(parameter))


def export(name: str, module: nn.Module, inputs: dict[str, Tensor], outputs: list[str], opset: int, dynamo=False, **options) -> None:
    path = folder / f"{name}.onnx"
    axes = (
        {"dynamic_shapes": [{0: torch.export.Dim.DYNAMIC} for _ in inputs], "external_data": False}
        if dynamo
        else {"dynamic_axes": {key: {0: "batch"} for key in inputs}}
    )
    if dynamo:
        axes["dynamic_shapes"] = (tuple(axes["dynamic_shapes"]),)
    arguments = {"input_names": list(inputs), "output_names": outputs, "opset_version": opset, "dynamo": dynamo} | axes | options
    torch.onnx.export(module, tuple(inputs.values()), str(path), **arguments)
    model = onnx.load(path)
    del model.graph.value_info[:], model.metadata_props[:]
    for part in [*model.graph.node, *model.graph.initializer, *model.graph.input, *model.graph.output, model.graph]:
        part.doc_string = ""
        del part.metadata_props[:]
    onnx.save(model, path)
    print(f"{name}.onnx: {path.stat().st_size} bytes, {sorted({node.op_type for node in model.graph.node})}")


def by_file_name(name: str, module: nn.Module, gradients: dict[str, Tensor]) -> dict[str, Tensor]:
    """The gradient of each float initializer of a file that is a parameter, perhaps transposed or reshaped."""
    found = {}
    for initializer in onnx.load(folder / f"{name}.onnx").graph.initializer:
        values = torch.from_numpy(numpy_helper.to_array(initializer).copy())
        if values.dtype != torch.float32:
            continue
        for parameter, weight in module.named_parameters():
            weight, gradient = weight.float(), gradients[parameter]
            if weight.numel() == values.numel() and torch.equal(weight.flatten(), values.flatten()):
                found[initializer.name] = gradient.reshape(values.shape)
            elif weight.dim() == 2 and torch.equal(weight.T, values):
                found[initializer.name] = gradient.T
    return {f"gradient.{key}": value for key, value in found.items()}


def gradients(module: nn.Module, loss: Tensor) -> dict[str, Tensor]:
    names, parameters = zip(*module.named_parameters())
    return dict(zip(names, torch.autograd.grad(loss, parameters, retain_graph=True, materialize_grads=True)))


def block() -> None:
    """One transformer block of CLIP: quick-gelu, separate query, key and value."""
    torch.manual_seed(11)
    module = CLIPEncoderLayer(config.vision_config).eval()
    randomize(module, 0.1)
    x = torch.randn(3, 5, 16)
    call = Calls(module, lambda model, x: model(x, None))
    for opset in (11, 14, 17):
        export(f"import-block-{opset}", call, {"x": x}, ["y"], opset)
    call.double()
    x, weights = x.double().requires_grad_(), single(torch.randn(3, 5, 16))
    y = call(x)
    loss = (y * weights).sum()
    tensors = {"x": x, "weights": weights, "y": y, "gradient.x": torch.autograd.grad(loss, x, retain_graph=True)[0]}
    for opset in (11, 14, 17):
        named = by_file_name(f"import-block-{opset}", call, gradients(call, loss))
        assert len(named) == len(list(call.parameters())), (opset, sorted(named))
        tensors |= {f"{opset}.{key}": value for key, value in named.items()}
    save("import-block", tensors)


def clip() -> None:
    """Both towers of CLIP with its contrastive loss, from both exporters."""
    torch.manual_seed(12)
    module = CLIPModel(config).eval()
    randomize(module, 0.1)
    ids = torch.randint(1, 38, (4, 8))
    ids[:, 0] = 38
    for row, end in enumerate([7, 4, 5, 2]):
        ids[row, end:] = 39
    mask = torch.ones(4, 8, dtype=torch.long)
    mask[1, 5:], mask[3, 3:] = 0, 0
    inputs = {"input_ids": ids, "pixel_values": torch.randn(4, 3, 8, 8), "attention_mask": mask}

    def embed(model, ids, pixels, mask):
        output = model(input_ids=ids, pixel_values=pixels, attention_mask=mask)
        return output.text_embeds, output.image_embeds, output.vision_model_output.last_hidden_state

    call = Calls(module, embed)
    outputs = ["text_embeds", "image_embeds", "image_tokens"]
    export("import-clip-script", call, inputs, outputs, 17)
    export("import-clip-dynamo", call, inputs, outputs, 20, dynamo=True)
    call.double()
    text, image, tokens = call(ids, inputs["pixel_values"].double(), mask)
    scale = torch.tensor(5.0)
    logits = scale * text @ image.T
    rows = torch.arange(4)
    loss = (F.cross_entropy(logits, rows) + F.cross_entropy(logits.T, rows)) / 2
    tensors = inputs | {"scale": scale, "loss": loss} | dict(zip(outputs, (text, image, tokens)))
    for kind in ("script", "dynamo"):
        named = by_file_name(f"import-clip-{kind}", call, gradients(call, loss))
        missing = len(list(call.parameters())) - len(named)
        assert missing <= 1, (kind, sorted(named))  # the file has no use for logit_scale
        tensors |= {f"{kind}.{key}": value for key, value in named.items()}
    save("import-clip", tensors)


class Bottleneck(nn.Module):
    """CLIP's residual block: average pooling in place of strides."""

    def __init__(self, channels: int, width: int, stride: int):
        super().__init__()
        pool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        conv = lambda a, b, k: nn.Sequential(nn.Conv2d(a, b, k, padding=k // 2, bias=False), nn.BatchNorm2d(b))
        self.conv1, self.conv2, self.conv3 = conv(channels, width, 1), conv(width, width, 3), conv(width, 4 * width, 1)
        self.pool, self.down = pool, nn.Sequential(pool, *conv(channels, 4 * width, 1))

    def forward(self, x):
        y = self.pool(F.relu(self.conv2(F.relu(self.conv1(x)))))
        return F.relu(self.conv3(y) + self.down(x))


class ResNet(nn.Module):
    """A small picture encoder in the manner of CLIP's RN50: stem with max pooling, two stages, attention pooling."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.layer1 = nn.Sequential(Bottleneck(8, 4, 1), Bottleneck(16, 4, 1))
        self.layer2 = nn.Sequential(Bottleneck(16, 6, 2))
        self.place = nn.Parameter(torch.randn(17, 24) / 5)
        self.q, self.k, self.v, self.c = (nn.Linear(24, n) for n in (24, 24, 24, 10))

    def forward(self, x):
        x = self.layer2(self.layer1(self.stem(x))).flatten(2).permute(2, 0, 1)
        x = torch.cat([x.mean(dim=0, keepdim=True), x]) + self.place[:, None]
        bias = torch.cat([self.q.bias, self.k.bias, self.v.bias])
        x, _ = F.multi_head_attention_forward(
            x[:1], x, x, 24, 2, None, bias, None, None, False, 0, self.c.weight, self.c.bias, training=False,
            use_separate_proj_weight=True, q_proj_weight=self.q.weight, k_proj_weight=self.k.weight, v_proj_weight=self.v.weight,
        )  # fmt: skip
        return x.squeeze(0)


def resnet() -> None:
    """Once with its normalisations as they are, once with them folded into the convolutions."""
    torch.manual_seed(13)
    module = ResNet().eval()
    randomize(module, 0.05)
    for name, buffer in module.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.copy_(buffer + 0.3 * torch.rand_like(buffer))
    x = torch.randn(2, 3, 32, 32)
    keep = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
    export("import-resnet", module, {"x": x}, ["y"], 17, **keep)
    export("import-resnet-folded", module, {"x": x}, ["y"], 11)
    module.double()
    x, weights = x.double().requires_grad_(), single(torch.randn(2, 10))
    y = module(x)
    loss = (y * weights).sum()
    named = by_file_name("import-resnet", module, gradients(module, loss))
    assert len(named) == len(list(module.parameters())), sorted(named)
    save("import-resnet", {"x": x, "weights": weights, "y": y, "gradient.x": torch.autograd.grad(loss, x, retain_graph=True)[0]} | named)


if __name__ == "__main__":
    for make in (block, clip, resnet):
        make()
