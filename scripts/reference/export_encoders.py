"""Exports small encoders with random weights, one folder each, as people export them, with PyTorch's outputs beside them.

    pip install torch torchvision transformers timm open_clip_torch onnx onnxscript
    python scripts/reference/export_encoders.py --out DIR [--families vit,clip] [--exporters script17,dynamo18]

DIR/FAMILY/EXPORTER is a folder such as a user has: ONNX files, config.json, the preprocessor's and the tokenizer's settings. Beside
them, FAMILY/EXPORTER.safetensors holds `TOWER.in.NAME` and `TOWER.out.NAME`, with outputs computed in float64 from the float32 weights,
and DIR/picture.png is what the pixels were made of, by the library's own preprocessing. DIR/families.json says what was exported
and what an exporter failed at. A new family is a function with @family; it returns its towers.
"""

import argparse
import copy
import json
import pathlib
import re
import sys
import warnings
from dataclasses import dataclass, field

try:
    import torch
except ImportError:
    print("skipped: PyTorch is not installed")
    sys.exit(0)

import torchvision_python  # noqa: F401
import numpy
import open_clip
import timm
import transformers
from PIL import Image
from torch import Tensor, nn

from make_fixtures import save_file

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
torch.set_default_dtype(torch.float32)
torch.backends.nnpack.set_flags(False)


@dataclass
class Tower:
    """One ONNX file: a module whose forward takes the inputs in their order and gives a tuple of the outputs."""

    file: str
    module: nn.Module
    inputs: dict[str, Tensor]
    outputs: list[str]
    # Names of the blocks' modules, as PyTorch has them.
    blocks: list[str] = field(default_factory=list)
    # By whether the batch is fixed.
    traced: dict = field(default_factory=dict)


@dataclass
class Export:
    library: str
    towers: list[Tower]
    # Further files of the folder: name -> JSON.
    files: dict[str, dict]


families: dict = {}


def family(function):
    families[function.__name__] = function
    return function


class Outputs(nn.Module):
    """A model with the outputs that are wanted of it, or what `call` makes of it."""

    def __init__(self, model: nn.Module, inputs: list[str], outputs: list[str], call=None):
        super().__init__()
        self.model, self.inputs, self.outputs, self.call = model, inputs, outputs, call

    def forward(self, *values):
        if self.call:
            result = self.call(self.model, *values)
            return result if isinstance(result, tuple) else (result,)
        result = self.model(**dict(zip(self.inputs, values)))
        return tuple(result[name] for name in self.outputs)


def picture() -> Image.Image:
    """Waves, an edge and specks, wider than high."""
    y, x = numpy.mgrid[0:53, 0:71].astype(numpy.float64)
    image = numpy.stack([127.5 + 127.5 * numpy.sin(x / (3.0 + c) + c) * numpy.cos(y / (7.0 - c)) for c in range(3)], axis=-1)
    image[(x > 24) & (y > 26)] = 255 - image[(x > 24) & (y > 26)]
    image[((x * 7 + y * 13) % 29) == 0] = 255
    return Image.fromarray(image.round().astype(numpy.uint8))


def two(pixels: Tensor) -> Tensor:
    """(1, 3, h, w) -> (2, 3, h, w): the picture, and the picture mirrored."""
    return torch.cat([pixels, pixels.flip(-1)])


def processed(processor) -> Tensor:
    return two(torch.as_tensor(numpy.asarray(processor(picture(), return_tensors="np")["pixel_values"])).float())


def blocks_of(module: nn.Module, pattern: str) -> list[str]:
    # A block without parameters, as EfficientFormer has one that flattens, is none to be trained.
    return [name for name, part in module.named_modules() if re.fullmatch(pattern, name) and any(True for _ in part.parameters())]


def vision(model: nn.Module, processor, outputs: list[str], blocks: str, file="model.onnx", call=None, config=None) -> Export:
    """An image encoder of transformers with its processor's settings."""
    wrapped = Outputs(model, ["pixel_values"], outputs, call)
    tower = Tower(file, wrapped, {"pixel_values": processed(processor)}, outputs, blocks_of(model, blocks))
    settings = processor.to_dict()
    settings["image_processor_type"] = type(processor).__name__.removesuffix("Pil")
    return Export("transformers", [tower], {"config.json": (config or model.config).to_dict(), "preprocessor_config.json": settings})


hidden = ["last_hidden_state", "pooler_output"]
small = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
image = {"image_size": 32, "patch_size": 8}
square = {"height": 32, "width": 32}
shortest = {"size": {"shortest_edge": 32}, "crop_size": square}
eager = {"attn_implementation": "eager"}


def tokenizer(vocabulary: int, length: int, start: str, end: str) -> dict[str, dict]:
    """Words of a text by their letters, for a vocabulary that ends with its special tokens."""
    letters = {letter: index for index, letter in enumerate("abcdefghijklmnopqrstuvwxyz0123456789")}
    vocab = letters | {start: vocabulary - 2, end: vocabulary - 1}
    added = [{"id": vocab[t], "content": t, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True} for t in (start, end)]
    special = lambda token: {"SpecialToken": {"id": token, "type_id": 0}}
    template = [special(start), {"Sequence": {"id": "A", "type_id": 0}}, special(end)]
    content = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "[a-z0-9]"}, "behavior": "Removed", "invert": True},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": template,
            "pair": template,
            "special_tokens": {t: {"id": t, "ids": [vocab[t]], "tokens": [t]} for t in (start, end)},
        },
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocab, "unk_token": end},
    }
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": end, "unk_token": end, "model_max_length": length}
    return {"tokenizer.json": content, "tokenizer_config.json": settings}


def token_ids(vocabulary: int, padding: int, mask=True, types=False) -> dict[str, Tensor]:
    """`abc` and `a` as the tokenizer above reads them."""
    ids = torch.tensor([[vocabulary - 2, 0, 1, 2, vocabulary - 1], [vocabulary - 2, 0, vocabulary - 1, padding, padding]])
    inputs = {"input_ids": ids}
    if mask:
        inputs["attention_mask"] = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    if types:
        inputs["token_type_ids"] = torch.zeros_like(ids)
    return inputs


def text(model: nn.Module, inputs: dict[str, Tensor], outputs: list[str], blocks: str, call=None, file="text_model.onnx") -> Tower:
    return Tower(file, Outputs(model, list(inputs), outputs, call), inputs, outputs, blocks_of(model, blocks))


def pil(name: str, **settings):
    return getattr(transformers, f"{name}Pil")(**settings)


# Models of transformers.


@family
def clip() -> Export:
    sizes = small | {"projection_dim": 12}
    model = transformers.CLIPVisionModelWithProjection._from_config(transformers.CLIPVisionConfig(**sizes, **image), **eager)
    config = transformers.CLIPTextConfig(**sizes, vocab_size=40, max_position_embeddings=8, bos_token_id=38, eos_token_id=39, pad_token_id=39)
    texts = transformers.CLIPTextModelWithProjection._from_config(config, **eager)
    export = vision(model, pil("CLIPImageProcessor", **shortest), ["image_embeds", "last_hidden_state"], r".*layers\.\d+", "onnx/vision_model.onnx")
    export.towers.append(text(texts, token_ids(40, 39), ["text_embeds", "last_hidden_state"], r".*layers\.\d+", file="onnx/text_model.onnx"))
    both = {"model_type": "clip", "vision_config": model.config.to_dict(), "text_config": config.to_dict(), "projection_dim": 12}
    return Export("transformers", export.towers, export.files | {"config.json": both} | tokenizer(40, 8, "<s>", "</s>"))


@family
def siglip() -> Export:
    model = transformers.SiglipVisionModel._from_config(transformers.SiglipVisionConfig(**small, **image), **eager)
    config = transformers.SiglipTextConfig(**small, vocab_size=40, max_position_embeddings=5, projection_size=16, pad_token_id=39)
    texts = transformers.SiglipTextModel._from_config(config, **eager)
    export = vision(model, pil("SiglipImageProcessor", size=square), hidden, r".*layers\.\d+", "onnx/vision_model.onnx")
    export.towers.append(text(texts, token_ids(40, 39, mask=False), hidden, r".*layers\.\d+", file="onnx/text_model.onnx"))
    both = {"model_type": "siglip", "vision_config": model.config.to_dict(), "text_config": config.to_dict()}
    return Export("transformers", export.towers, export.files | {"config.json": both} | tokenizer(40, 5, "<s>", "</s>"))


@family
def chinese_clip() -> Export:
    sizes = small | {"projection_dim": 12}
    words = small | {"vocab_size": 40, "max_position_embeddings": 16, "pad_token_id": 39}
    config = transformers.ChineseCLIPConfig(text_config=words, vision_config=sizes | image, projection_dim=12)
    model = transformers.ChineseCLIPModel._from_config(config, **eager)

    def seen(model, pixels):
        result = model.vision_model(pixel_values=pixels)
        return model.visual_projection(result.pooler_output), result.last_hidden_state

    def read(model, ids, mask, types):
        states = model.text_model(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state
        return model.text_projection(states[:, 0]), states

    processor = pil("ChineseCLIPImageProcessor", **shortest)
    export = vision(model, processor, ["image_embeds", "last_hidden_state"], r"vision_model.*layers\.\d+", "onnx/vision_model.onnx", seen)
    inputs = token_ids(40, 39, types=True)
    export.towers.append(text(model, inputs, ["text_embeds", "last_hidden_state"], r"text_model.*layer\.\d+", read, "onnx/text_model.onnx"))
    return Export("transformers", export.towers, export.files | tokenizer(40, 16, "[CLS]", "[SEP]"))


@family
def vit() -> Export:
    model = transformers.ViTModel._from_config(transformers.ViTConfig(**small, **image), add_pooling_layer=False, **eager)
    return vision(model, pil("ViTImageProcessor", size=square), hidden[:1], r".*layers?\.\d+")


@family
def deit() -> Export:
    model = transformers.DeiTModel._from_config(transformers.DeiTConfig(**small, **image), add_pooling_layer=False, **eager)
    processor = pil("DeiTImageProcessor", size={"height": 40, "width": 40}, crop_size=square)
    return vision(model, processor, hidden[:1], r".*layers?\.\d+")


@family
def beit() -> Export:
    config = transformers.BeitConfig(**small, **image, use_relative_position_bias=True)
    model = transformers.BeitModel._from_config(config, **eager)
    return vision(model, pil("BeitImageProcessor", size=square), hidden, r".*layers?\.\d+")


@family
def dinov2() -> Export:
    model = transformers.Dinov2Model._from_config(transformers.Dinov2Config(**small, **image, mlp_ratio=2), **eager)
    return vision(model, pil("BitImageProcessor", **shortest), hidden[:1], r".*layers?\.\d+")


@family
def dinov2_with_registers() -> Export:
    config = transformers.Dinov2WithRegistersConfig(**small, **image, mlp_ratio=2, num_register_tokens=4)
    model = transformers.Dinov2WithRegistersModel._from_config(config, **eager)
    return vision(model, pil("BitImageProcessor", **shortest), hidden[:1], r".*layers?\.\d+")


@family
def dinov3() -> Export:
    model = transformers.DINOv3ViTModel._from_config(transformers.DINOv3ViTConfig(**small, **image, num_register_tokens=4), **eager)
    processor = transformers.DINOv3ViTImageProcessor(size=square)
    return vision(model, processor, hidden, r".*layers?\.\d+")


@family
def blip() -> Export:
    model = transformers.BlipVisionModel._from_config(transformers.BlipVisionConfig(**small, **image), **eager)
    return vision(model, pil("BlipImageProcessor", size=square), hidden, r".*layers\.\d+")


@family
def swin() -> Export:
    config = transformers.SwinConfig(image_size=32, patch_size=2, embed_dim=8, depths=[2, 2], num_heads=[2, 2], window_size=4)
    model = transformers.SwinModel._from_config(config, **eager)
    return vision(model, pil("ViTImageProcessor", size=square, resample=3), hidden, r".*layers\.\d+\.blocks\.\d+")


@family
def convnext() -> Export:
    model = transformers.ConvNextModel(transformers.ConvNextConfig(hidden_sizes=[8, 12, 16, 20], depths=[1, 1, 2, 1], image_size=64))
    return vision(model, pil("ConvNextImageProcessor", size={"shortest_edge": 64}), hidden, r".*stages\.\d+\.layers\.\d+")


@family
def resnet() -> Export:
    config = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 12, 16, 20], depths=[1, 1, 2, 1], layer_type="basic")
    return vision(transformers.ResNetModel(config), pil("ConvNextImageProcessor", size={"shortest_edge": 64}), hidden, r".*stages\.\d+\.layers\.\d+")


@family
def mobilenet_v2() -> Export:
    model = transformers.MobileNetV2Model(transformers.MobileNetV2Config(image_size=64, depth_multiplier=0.25))
    processor = pil("MobileNetV2ImageProcessor", size={"shortest_edge": 72}, crop_size={"height": 64, "width": 64})
    return vision(model, processor, hidden, r"layer\.\d+")


@family
def mobilevit() -> Export:
    config = transformers.MobileViTConfig(
        image_size=64, hidden_sizes=[16, 20, 24], neck_hidden_sizes=[8, 8, 12, 16, 20, 24, 32], num_attention_heads=2
    )
    processor = pil("MobileViTImageProcessor", size={"shortest_edge": 72}, crop_size={"height": 64, "width": 64})
    return vision(transformers.MobileViTModel._from_config(config, **eager), processor, hidden, r"encoder\.layer\.\d+")


@family
def efficientnet() -> Export:
    config = transformers.EfficientNetConfig(image_size=64, width_coefficient=0.25, depth_coefficient=0.3, hidden_dim=320)
    model = transformers.EfficientNetModel(config)
    size = {"height": 64, "width": 64}
    return vision(model, pil("EfficientNetImageProcessor", size=size), hidden, r"encoder\.blocks\.\d+")


@family
def bert() -> Export:
    config = transformers.BertConfig(**small, vocab_size=40, max_position_embeddings=16, pad_token_id=39)
    tower = text(transformers.BertModel._from_config(config, **eager), token_ids(40, 39, types=True), hidden, r".*layer\.\d+", file="model.onnx")
    return Export("transformers", [tower], {"config.json": config.to_dict()} | tokenizer(40, 16, "[CLS]", "[SEP]"))


@family
def sentence_bert() -> Export:
    """As sentence-transformers exports: the tokens, and their mean over the text."""
    config = transformers.BertConfig(**small, vocab_size=40, max_position_embeddings=16, pad_token_id=39)
    model = transformers.BertModel._from_config(config, add_pooling_layer=False, **eager)

    def read(model, ids, mask, types):
        states = model(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state
        weights = mask[:, :, None].to(states.dtype)
        return states, (states * weights).sum(1) / weights.sum(1).clamp(min=1e-9)

    inputs = token_ids(40, 39, types=True)
    tower = text(model, inputs, ["token_embeddings", "sentence_embedding"], r".*layer\.\d+", read, "onnx/model.onnx")
    return Export("sentence-transformers", [tower], {"config.json": config.to_dict()} | tokenizer(40, 16, "[CLS]", "[SEP]"))


# Models of timm, with the config.json that timm saves.


def of_timm(name: str, blocks: str, size=32, **settings) -> Export:
    model = timm.create_model(name, pretrained=False, num_classes=0, **settings)
    config = {"input_size": (3, size, size), "interpolation": "bicubic", "crop_pct": 0.9, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
    transform = timm.data.create_transform(**timm.data.resolve_data_config(config), is_training=False)
    pixels = two(transform(picture())[None])
    tower = Tower("model.onnx", Outputs(model, ["input"], ["output"], lambda model, x: model(x)), {"input": pixels}, ["output"], blocks_of(model, blocks))
    saved = {"architecture": name, "num_classes": 0, "num_features": model.num_features, "pretrained_cfg": config | {"crop_mode": "center", "fixed_input_size": True}}
    return Export("timm", [tower], {"config.json": saved})


@family
def timm_vit() -> Export:
    return of_timm("vit_tiny_patch16_224", r"blocks\.\d+", img_size=32, patch_size=8, embed_dim=16, depth=2, num_heads=2)


@family
def timm_convnext() -> Export:
    return of_timm("convnext_atto", r"stages\.\d+\.blocks\.\d+", size=64, depths=(1, 1, 2, 1), dims=(8, 12, 16, 20))


@family
def timm_mobilenetv3() -> Export:
    return of_timm("mobilenetv3_small_050", r"blocks\.\d+\.\d+", size=64)


# Models of open_clip, with the config that it saves.


@family
def open_clip_vit() -> Export:
    config = {
        "embed_dim": 12,
        "vision_cfg": {"image_size": 32, "layers": 2, "width": 16, "head_width": 8, "patch_size": 8},
        "text_cfg": {"context_length": 5, "vocab_size": 40, "width": 16, "heads": 2, "layers": 2},
    }
    model = open_clip.CLIP(**config)
    steps = {"mean": open_clip.OPENAI_DATASET_MEAN, "std": open_clip.OPENAI_DATASET_STD, "interpolation": "bicubic", "resize_mode": "shortest"}
    transform = open_clip.image_transform(32, is_train=False, **{key: steps[key] for key in ("mean", "std", "interpolation", "resize_mode")})
    pixels = two(transform(picture())[None])
    towers = [
        Tower(
            "onnx/vision_model.onnx",
            Outputs(model, ["pixel_values"], ["image_embeds"], lambda model, x: model.encode_image(x)),
            {"pixel_values": pixels},
            ["image_embeds"],
            blocks_of(model, r"visual\..*resblocks\.\d+"),
        ),
        text(model, token_ids(40, 0, mask=False), ["text_embeds"], r"transformer\.resblocks\.\d+", lambda model, ids: model.encode_text(ids), "onnx/text_model.onnx"),
    ]
    settings = tokenizer(40, 5, "<s>", "</s>")
    settings["tokenizer_config.json"]["pad_token"] = "a"
    return Export("open_clip", towers, {"open_clip_config.json": {"model_cfg": config, "preprocess_cfg": steps}} | settings)


# The exporters.


def randomize(tower: Tower) -> None:
    """Moves every parameter, so that no part of a model is without effect, and sets the running statistics near those of random images.

    Statistics that do not fit the activations make a deep network so steep that one rounding of its weights moves its outputs by 5e-5.
    """
    tower.module.eval()
    normalizations = [part for part in tower.module.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    with torch.no_grad():
        for parameter in tower.module.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        if not normalizations:
            return
        for part in normalizations:
            part.reset_running_stats()
            part.train().momentum = None
        tower.module(*(value.std() * torch.randn(16, *value.shape[1:]) + value.mean() for value in tower.inputs.values()))
        for part in normalizations:
            part.eval()
            part.running_mean.add_(0.1 * part.running_var.sqrt() * torch.randn_like(part.running_mean))
            part.running_var.mul_(torch.empty_like(part.running_var).uniform_(0.7, 1.4)).add_(1e-2)


def export_tower(tower: Tower, path: pathlib.Path, exporter: str, fixed_batch: bool) -> None:
    way, opset = re.fullmatch(r"(script|dynamo)(\d+)", exporter).groups()
    path.parent.mkdir(parents=True, exist_ok=True)
    axes = {} if fixed_batch else {name: {0: "batch"} for name in [*tower.inputs, *tower.outputs]}
    common = {"input_names": list(tower.inputs), "output_names": tower.outputs, "opset_version": int(opset), "verbose": False}
    if way == "script":
        torch.onnx.export(tower.module, tuple(tower.inputs.values()), path, dynamo=False, dynamic_axes=axes, **common)
        return
    torch.onnx.export(traced(tower, fixed_batch), (), path, dynamo=True, external_data=False, **common)


def traced(tower: Tower, fixed_batch: bool) -> torch.export.ExportedProgram:
    """What the newer exporter starts from, once for all operator sets."""
    if fixed_batch not in tower.traced:
        batch = torch.export.Dim("batch", min=1, max=64)
        each = tuple({0: batch} for _ in tower.inputs)
        # Outputs takes its inputs as one *values.
        shapes = None if fixed_batch else (each,) if isinstance(tower.module, Outputs) else each
        tower.traced[fixed_batch] = torch.export.export(tower.module, tuple(tower.inputs.values()), dynamic_shapes=shapes)
    return tower.traced[fixed_batch]


def outputs_of(tower: Tower) -> dict[str, Tensor]:
    module = copy.deepcopy(tower.module).double()
    with torch.no_grad():
        values = module(*(value.double() if value.is_floating_point() else value for value in tower.inputs.values()))
    return {name: value.float() for name, value in zip(tower.outputs, values)}


def reference(export: Export) -> dict[str, Tensor]:
    tensors = {}
    for tower in export.towers:
        prefix = pathlib.PurePosixPath(tower.file).stem
        for kind, values in (("in", tower.inputs), ("out", outputs_of(tower))):
            tensors |= {f"{prefix}.{kind}.{name}": value for name, value in values.items()}
    return tensors


def run(name: str, exporters: list[str], out: pathlib.Path) -> dict:
    torch.manual_seed(0)
    export = families[name]()
    for tower in export.towers:
        randomize(tower)
    done = {}
    tensors = reference(export)
    for exporter in exporters:
        folder = out / name / exporter
        fixed = []
        try:
            for tower in export.towers:
                try:
                    export_tower(tower, folder / tower.file, exporter, fixed_batch=False)
                except Exception:
                    export_tower(tower, folder / tower.file, exporter, fixed_batch=True)
                    fixed.append(tower.file)
        except Exception as error:  # an exporter's failure is a row of the table, not the end of it
            done[exporter] = {"failed": str(error).strip().splitlines()[0][:200]}
            print(f"{name} {exporter}: failed: {done[exporter]['failed']}", flush=True)
            continue
        for file, content in export.files.items():
            (folder / file).write_text(json.dumps(content, indent=1))
        save_file(out / name / f"{exporter}.safetensors", tensors, {"family": name, "exporter": exporter})
        done[exporter] = {"fixedBatch": fixed}
        print(f"{name} {exporter}: {', '.join(tower.file for tower in export.towers)}", flush=True)
    blocks = {tower.file: tower.blocks for tower in export.towers}
    return {"library": export.library, "blocks": blocks, "exporters": done}


def main() -> None:
    parser = argparse.ArgumentParser(description="Exports small encoders with random weights.")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--families", default=",".join(families), help="of " + ", ".join(families))
    parser.add_argument("--exporters", default="script17,dynamo18", help="script or dynamo and the opset")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    picture().save(options.out / "picture.png")
    report = options.out / "families.json"
    found = json.loads(report.read_text())["families"] if report.exists() else {}
    for name in options.families.split(","):
        exported = run(name, options.exporters.split(","), options.out)
        exported["exporters"] = found.get(name, {}).get("exporters", {}) | exported["exporters"]
        found[name] = exported
        versions = {module.__name__: module.__version__ for module in (torch, transformers, timm, open_clip)}
        report.write_text(json.dumps({"versions": versions, "families": found}, indent=1))


if __name__ == "__main__":
    main()
