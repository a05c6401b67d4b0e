"""Exports small encoders as export_encoders.py does, with what PyTorch says of their training beside each of them.

    pip install torch torchvision transformers timm open_clip_torch onnx onnxscript
    python scripts/reference/encoder_blocks.py --out DIR [--families vit,tv_vit] [--exporters script17,dynamo18]
    node scripts/encoder-gradients.mjs DIR
    python scripts/reference/encoder_blocks.py --out DIR2 --batch dynamic --exporters script17 && node scripts/encoder-training.mjs DIR2
    python scripts/reference/encoder_blocks.py --out DIR --fixtures        writes test/fixtures/encoder-blocks from DIR

DIR/FAMILY/EXPORTER/TOWER.onnx gets TOWER.json with the names of PyTorch's block modules, of the parameters and of the buffers, and
TOWER.safetensors with the inputs, the outputs, `factor.OUTPUT` and, for the sum of the outputs times their factors, the
gradients by all parameters: `gradient.NAME`, with the parameters themselves as `value.NAME`, and both of every convolution that an
exporter may have made one with its batch normalisation as `NAME folded`. What is computed is computed in float64 from the float32 weights. To the families of export_encoders.py it adds those of torchvision and more of the other libraries,
and those of more_encoders.py.
"""

import argparse
import copy
import gzip
import json
import pathlib

import export_encoders as base
import numpy
import onnx
import open_clip
import timm
import torch
import torchvision
import transformers
from export_encoders import Export, Outputs, Tower, blocks_of, eager, families, family, image, of_timm, small, square
from make_fixtures import save_file
from torch import Tensor, nn


def plain(model: nn.Module, blocks: str, size: int, library: str, wrapped: bool = False, call=None, channels: int = 3) -> Export:
    """A model that takes an image alone; `wrapped` puts it into another module, which prefixes or doubles its names."""
    pixels = torch.randn(2, channels, size, size)
    names = blocks_of(model, blocks)
    module = Outputs(model, ["input"], ["output"], call or (lambda model, x: model(x))) if wrapped or call else model
    return Export(library, [Tower("model.onnx", module, {"input": pixels}, ["output"], names)], {})


def tv(blocks: str, size: int, make, **settings) -> Export:
    return plain(make(weights=None, **settings), blocks, size, "torchvision")


vision_models = torchvision.models


@family
def tv_vit() -> Export:
    model = vision_models.VisionTransformer(image_size=32, patch_size=8, num_layers=3, num_heads=2, hidden_dim=16, mlp_dim=24, num_classes=10)
    return plain(model, r"encoder\.layers\.encoder_layer_\d+", 32, "torchvision")


@family
def tv_swin() -> Export:
    model = vision_models.SwinTransformer([2, 2], 8, [2, 2], [2, 2], [4, 4], num_classes=10)
    return plain(model, r"features\.(1|3)\.\d+", 32, "torchvision")


@family
def tv_convnext() -> Export:
    setting = vision_models.convnext.CNBlockConfig
    model = vision_models.ConvNeXt([setting(8, 12, 1), setting(12, 16, 2), setting(16, None, 1)], num_classes=10)
    return plain(model, r"features\.(1|3|5)\.\d+", 32, "torchvision")


@family
def tv_resnet() -> Export:
    model = vision_models.ResNet(vision_models.resnet.BasicBlock, [2, 1, 1, 1], num_classes=10, width_per_group=64)
    return plain(model, r"layer\d+\.\d+", 32, "torchvision")


@family
def tv_resnet_bottleneck() -> Export:
    return tv(r"layer\d+\.\d+", 32, lambda weights: vision_models.ResNet(vision_models.resnet.Bottleneck, [1, 2, 1, 1], num_classes=10))


@family
def tv_mobilenet_v2() -> Export:
    return plain(vision_models.MobileNetV2(num_classes=10, width_mult=0.25), r"features\.(?!0$|18$)\d+", 32, "torchvision")


@family
def tv_mobilenet_v3() -> Export:
    model = vision_models.mobilenet_v3_small(weights=None, width_mult=0.25, num_classes=10)
    return plain(model, r"features\.(?!0$|12$)\d+", 32, "torchvision")


@family
def tv_efficientnet() -> Export:
    setting = vision_models.efficientnet.MBConvConfig
    settings = [setting(1, 3, 1, 8, 8, 1, 1.0, 1.0), setting(4, 3, 2, 8, 12, 2, 1.0, 1.0), setting(4, 5, 2, 12, 16, 2, 1.0, 1.0)]
    return plain(vision_models.EfficientNet(settings, 0.0, num_classes=10), r"features\.[1-3]\.\d+", 32, "torchvision")


@family
def tv_densenet() -> Export:
    model = vision_models.DenseNet(4, (2, 3, 2), 8, num_classes=10)
    return plain(model, r"features\.denseblock\d+\.denselayer\d+", 32, "torchvision")


@family
def tv_regnet() -> Export:
    settings = vision_models.regnet.BlockParams([1, 2], [8, 16], [4, 4], [1.0, 1.0], [2, 2], se_ratio=0.25)
    model = vision_models.RegNet(settings, num_classes=10, stem_width=8, norm_layer=nn.BatchNorm2d, activation=nn.ReLU)
    return plain(model, r"trunk_output\.block\d+\.block\d+-\d+", 32, "torchvision")


@family
def tv_shufflenet() -> Export:
    return tv(r"stage\d+\.\d+", 32, lambda weights: vision_models.ShuffleNetV2([2, 2, 2], [8, 16, 24, 32, 32], num_classes=10))


def timm_of(name: str, blocks: str, size: int = 32, wrapped: bool = False, **settings) -> Export:
    return plain(timm.create_model(name, pretrained=False, num_classes=0, **settings), blocks, size, "timm", wrapped)


tiny = {"img_size": 32, "patch_size": 8, "embed_dim": 16, "depth": 2, "num_heads": 2}


@family
def timm_vit_plain() -> Export:
    return timm_of("vit_tiny_patch16_224", r"blocks\.\d+", **tiny)


@family
def timm_deit() -> Export:
    return timm_of("deit_tiny_distilled_patch16_224", r"blocks\.\d+", **tiny)


@family
def timm_dinov2() -> Export:
    return timm_of("vit_small_patch14_reg4_dinov2", r"blocks\.\d+", wrapped=True, **tiny)


@family
def timm_dinov3() -> Export:
    return timm_of("vit_small_patch16_dinov3", r"blocks\.\d+", wrapped=True, **tiny)


@family
def timm_eva02() -> Export:
    return timm_of("eva02_tiny_patch14_224", r"blocks\.\d+", wrapped=True, **tiny)


@family
def timm_siglip() -> Export:
    return timm_of("vit_base_patch16_siglip_224", r"blocks\.\d+", wrapped=True, **tiny)


@family
def timm_clip() -> Export:
    return timm_of("vit_base_patch32_clip_224", r"blocks\.\d+", wrapped=True, **tiny)


@family
def timm_beit() -> Export:
    return timm_of("beit_base_patch16_224", r"blocks\.\d+", **tiny)


@family
def timm_cait() -> Export:
    return timm_of("cait_xxs24_224", r"blocks(_token_only)?\.\d+", depth_token_only=1, **tiny)


@family
def timm_mixer() -> Export:
    model = timm.models.mlp_mixer.MlpMixer(num_classes=0, img_size=32, patch_size=8, embed_dim=16, num_blocks=2)
    return plain(model, r"blocks\.\d+", 32, "timm")


@family
def timm_swin() -> Export:
    return timm_of("swin_tiny_patch4_window7_224", r"layers\.\d+\.blocks\.\d+", img_size=32, patch_size=2, window_size=4, embed_dim=8, depths=(2, 2), num_heads=(2, 2))


@family
def timm_swinv2() -> Export:
    return timm_of("swinv2_tiny_window8_256", r"layers\.\d+\.blocks\.\d+", wrapped=True, img_size=32, patch_size=2, window_size=4, embed_dim=8, depths=(2, 2), num_heads=(2, 2))


@family
def timm_convnextv2() -> Export:
    return timm_of("convnextv2_atto", r"stages\.\d+\.blocks\.\d+", 64, True, depths=(1, 1, 2, 1), dims=(8, 12, 16, 20))


@family
def timm_resnet() -> Export:
    return timm_of("resnet18", r"layer\d+\.\d+", 32, True, layers=(1, 2, 1, 1), channels=(8, 8, 12, 16))


@family
def timm_efficientnet() -> Export:
    return timm_of("efficientnet_lite0", r"blocks\.\d+\.\d+", 64, True)


@family
def timm_mobilenet_v2() -> Export:
    return timm_of("mobilenetv2_050", r"blocks\.\d+\.\d+", 64, True)


@family
def timm_densenet() -> Export:
    return timm_of("densenet121", r"features\.denseblock\d+\.denselayer\d+", 32, True, growth_rate=4, block_config=(2, 3, 2))


@family
def timm_mobilevit() -> Export:
    return timm_of("mobilevit_xxs", r"stages\.\d+\.\d+", 64)


@family
def timm_fastvit() -> Export:
    model = timm.models.FastVit(layers=(1, 1, 2, 1), embed_dims=(8, 16, 32, 64), mlp_ratios=(2, 2, 2, 2), num_classes=0)
    return plain(model, r"stages\.\d+\.blocks\.\d+", 64, "timm", wrapped=True)


@family
def timm_regnet() -> Export:
    return timm_of("regnety_002", r"s\d+\.b\d+", 32, True)


@family
def timm_repvit() -> Export:
    return timm_of("repvit_m0_9", r"stages\.\d+\.blocks\.\d+", 32, embed_dim=(8, 12), depth=(1, 2))


@family
def timm_poolformer() -> Export:
    return timm_of("poolformer_s12", r"stages\.\d+\.blocks\.\d+", 64)


@family
def timm_pvt() -> Export:
    return timm_of("pvt_v2_b0", r"stages\.\d+\.blocks\.\d+", 64, True)


@family
def gem_resnet() -> Export:
    """A pooling whose exponent is learned."""

    class Pooled(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = timm.create_model("resnet18", pretrained=False, num_classes=0, global_pool="", layers=(1, 1, 1, 1), channels=(8, 8, 12, 16))
            self.p = nn.Parameter(torch.full((1,), 3.0))

        def forward(self, x: Tensor) -> Tensor:
            return self.body(x).clamp(min=1e-2).pow(self.p).mean((-2, -1)).pow(1 / self.p)

    return plain(Pooled(), r"body\.layer\d+\.\d+", 64, "timm")


def of_transformers(model: nn.Module, blocks: str, size: int = 32, output: str = "last_hidden_state") -> Export:
    return plain(model, blocks, size, "transformers", call=lambda model, x: model(pixel_values=x)[output])


@family
def swinv2() -> Export:
    config = transformers.Swinv2Config(image_size=32, patch_size=2, embed_dim=8, depths=[2, 2], num_heads=[2, 2], window_size=4)
    return of_transformers(transformers.Swinv2Model._from_config(config, **eager), r".*layers\.\d+\.blocks\.\d+")


@family
def convnextv2() -> Export:
    config = transformers.ConvNextV2Config(hidden_sizes=[8, 12, 16, 20], depths=[1, 1, 2, 1], image_size=64)
    return of_transformers(transformers.ConvNextV2Model(config), r".*stages\.\d+\.layers\.\d+", 64)


@family
def regnet() -> Export:
    config = transformers.RegNetConfig(embedding_size=8, hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 2, 1], groups_width=8)
    return of_transformers(transformers.RegNetModel(config), r".*stages\.\d+\.layers\.\d+", 64)


@family
def vit_msn() -> Export:
    return of_transformers(transformers.ViTMSNModel._from_config(transformers.ViTMSNConfig(**small, **image), **eager), r".*layers?\.\d+")


@family
def ijepa() -> Export:
    return of_transformers(transformers.IJepaModel._from_config(transformers.IJepaConfig(**small, **image), **eager), r".*layers?\.\d+")


@family
def siglip2() -> Export:
    model = transformers.SiglipVisionModel._from_config(transformers.SiglipVisionConfig(**small, **image), **eager)
    return of_transformers(model, r".*layers\.\d+", output="pooler_output")


def reading(model: nn.Module, blocks: str, library: str = "transformers") -> Export:
    call = lambda model, ids, mask: model(input_ids=ids, attention_mask=mask).last_hidden_state
    return Export(library, [base.text(model, base.token_ids(40, 39), ["last_hidden_state"], blocks, call, "model.onnx")], {})


words = {"vocab_size": 40, "max_position_embeddings": 16, "pad_token_id": 39}


@family
def distilbert() -> Export:
    config = transformers.DistilBertConfig(dim=16, hidden_dim=24, n_layers=2, n_heads=2, sinusoidal_pos_embds=True, **words)
    return reading(transformers.DistilBertModel._from_config(config, **eager), r"transformer\.layer\.\d+")


@family
def roberta() -> Export:
    config = transformers.RobertaConfig(**small, **(words | {"max_position_embeddings": 64}))
    return reading(transformers.RobertaModel._from_config(config, add_pooling_layer=False, **eager), r".*layer\.\d+")


@family
def mpnet() -> Export:
    config = transformers.MPNetConfig(**small, **(words | {"max_position_embeddings": 64}))
    return reading(transformers.MPNetModel._from_config(config, add_pooling_layer=False, **eager), r".*layer\.\d+")


@family
def modernbert() -> Export:
    special = {"bos_token_id": 38, "eos_token_id": 39, "cls_token_id": 38, "sep_token_id": 39}
    config = transformers.ModernBertConfig(**small, **words, **special, global_attn_every_n_layers=2)
    return reading(transformers.ModernBertModel._from_config(config, **eager), r"layers\.\d+")


@family
def open_clip_resnet() -> Export:
    config = {
        "embed_dim": 12,
        "vision_cfg": {"image_size": 64, "layers": [1, 1, 2, 1], "width": 8, "head_width": 8, "patch_size": None},
        "text_cfg": {"context_length": 5, "vocab_size": 40, "width": 16, "heads": 2, "layers": 2},
    }
    return plain(open_clip.CLIP(**config), r"visual\.layer\d+\.\d+", 64, "open_clip", call=lambda model, x: model.encode_image(x))


@family
def open_clip_siglip() -> Export:
    """open_clip's way of holding a tower of timm's."""
    config = {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 32, "timm_model_name": "vit_tiny_patch16_224", "timm_model_pretrained": False, "timm_pool": "map", "timm_proj": "none"},
        "text_cfg": {"context_length": 5, "vocab_size": 40, "width": 16, "heads": 2, "layers": 2, "no_causal_mask": True},
    }
    model = open_clip.CustomTextCLIP(**(config | {"embed_dim": 192}))
    return plain(model, r"visual\..*blocks\.\d+", 224, "open_clip", call=lambda model, x: model.encode_image(x))


def normalized_convolutions(module: nn.Module, inputs: list[Tensor]) -> list[tuple[str, str]]:
    """Names of convolutions with the batch normalisation that reads their output: exporters make one of the two."""
    made, found, hooks = {}, [], []

    def convolved(name):
        return lambda part, given, result: made.update({id(result): (name, result)})

    def read(name):
        return lambda part, given: found.append((made[id(given[0])][0], name)) if id(given[0]) in made else None

    for name, part in module.named_modules():
        if isinstance(part, nn.Conv2d):
            hooks.append(part.register_forward_hook(convolved(name)))
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            hooks.append(part.register_forward_pre_hook(read(name)))
    with torch.no_grad():
        module(*inputs)
    for hook in hooks:
        hook.remove()
    return found


def folded(module: nn.Module, convolution: str, normalization: str) -> dict[str, Tensor]:
    """What an exporter makes of a convolution and its normalisation, and the gradients by that."""
    conv, norm = module.get_submodule(convolution), module.get_submodule(normalization)
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    bias = norm.bias - norm.running_mean * scale + (0 if conv.bias is None else conv.bias * scale)
    return {
        f"value.{convolution}.weight folded": (conv.weight * scale[:, None, None, None]).detach(),
        f"gradient.{convolution}.weight folded": conv.weight.grad / scale.detach()[:, None, None, None],
        f"value.{normalization}.bias folded": bias.detach(),
        f"gradient.{normalization}.bias folded": norm.bias.grad,
    }


def results_of(module: nn.Module, inputs: list[Tensor]) -> list[Tensor]:
    results = module(*inputs)
    return list(results) if isinstance(results, tuple) else [results]


def differentiate(module: nn.Module, inputs: list[Tensor], factors: list[Tensor]) -> tuple[list[Tensor], dict[str, Tensor]]:
    """The outputs, and the gradients by all parameters of the sum of the outputs times their factors."""
    module.zero_grad()
    outputs = results_of(module, inputs)
    sum((value * factor.to(value.dtype)).sum() for value, factor in zip(outputs, factors)).backward()
    return [value.detach() for value in outputs], {name: each.grad for name, each in module.named_parameters() if each.grad is not None}


def distance(a: Tensor, b: Tensor, floor: float = 0.0) -> float:
    return ((a.double() - b).abs().max() / max(b.abs().max().item(), floor, 1e-12)).item()


def largest_error(gradients: dict[str, Tensor], exact: dict[str, Tensor]) -> float:
    """Of all gradients, each relative to its largest value, small ones to the thousandth part of the largest of all."""
    floor = 1e-3 * max(value.abs().max().item() for value in exact.values())
    return max(distance(gradients[name], value, floor) for name, value in exact.items())


def is_steady(module: nn.Module, inputs: list[Tensor], factors: list[Tensor], gradients: dict[str, Tensor]) -> bool:
    """Whether roundings of the weights leave the gradients as they are: no activation stands at a kink."""
    for _ in range(2):
        moved = copy.deepcopy(module)
        with torch.no_grad():
            for parameter in moved.parameters():
                parameter.mul_(1 + 1.2e-7 * torch.randn_like(parameter))
        _, others = differentiate(moved, inputs, factors)
        if largest_error(others, gradients) > 5e-5:
            return False
    return True


def truth(tower: Tower) -> tuple[dict, dict[str, Tensor]]:
    module = copy.deepcopy(tower.module).double()
    for part in module.modules():
        if isinstance(part, nn.Embedding):
            # PyTorch withholds the gradient of this row; a file knows nothing of it.
            part.padding_idx = None
    factors = [torch.randn_like(value).float() for value in results_of(module, [wide(value) for value in tower.inputs.values()])]
    for draws in range(1, 21):
        inputs = [wide(value) for value in tower.inputs.values()]
        outputs, gradients = differentiate(module, inputs, factors)
        gradients = {name: value.clone() for name, value in gradients.items()}
        if is_steady(module, inputs, factors, gradients):
            break
        tower.inputs |= {name: value + 0.1 * torch.randn_like(value) for name, value in tower.inputs.items() if value.is_floating_point()}
    tensors = {f"in.{name}": value for name, value in tower.inputs.items()}
    for name, value, factor in zip(tower.outputs, outputs, factors):
        tensors |= {f"out.{name}": value.float(), f"factor.{name}": factor}
    for name, parameter in module.named_parameters():
        if name in gradients:
            tensors |= {f"gradient.{name}": gradients[name].float(), f"value.{name}": parameter.detach().float()}
    for convolution, normalization in normalized_convolutions(module, inputs):
        tensors |= {key: value.float() for key, value in folded(module, convolution, normalization).items()}
    single, single_gradients = differentiate(copy.deepcopy(tower.module), list(tower.inputs.values()), factors)
    facts = {
        "blocks": tower.blocks,
        "parameters": list(gradients),
        "buffers": [name for name, _ in module.named_buffers()],
        # How far PyTorch itself is away in float32, and how often inputs at a kink were drawn again.
        "float32": max(distance(value, exact) for value, exact in zip(single, outputs)),
        "float32 gradients": largest_error(single_gradients, gradients),
        "several": handing_on_several(module, inputs, tower.blocks),
        "draws": draws,
    }
    return facts, tensors


def handing_on_several(module: nn.Module, inputs: list[Tensor], blocks: list[str]) -> list[str]:
    """The blocks that return more than one tensor, as T5's do with the bias of positions: no single value stands for them."""
    found: list[str] = []

    def note(name):
        return lambda part, given, result: found.append(name) if sum(isinstance(each, Tensor) for each in tensors_in(result)) > 1 else None

    within = [(name, part) for path, part in module.named_modules() for name in blocks if f".{path}".endswith(f".{name}")]
    hooks = [part.register_forward_hook(note(name)) for name, part in within]
    with torch.no_grad():
        module(*inputs)
    for hook in hooks:
        hook.remove()
    return list(dict.fromkeys(found))


def tensors_in(result) -> list:
    return [each for part in result for each in tensors_in(part)] if isinstance(result, (tuple, list)) else [result]


def wide(value: Tensor) -> Tensor:
    return value.double() if value.is_floating_point() else value


def run(name: str, exporters: list[str], out: pathlib.Path, fixed_batch: bool) -> None:
    torch.manual_seed(0)
    export = families[name]()
    for tower in export.towers:
        base.randomize(tower)
    told = [truth(tower) for tower in export.towers]
    for exporter in exporters:
        for tower, (facts, tensors) in zip(export.towers, told):
            path = out / name / exporter / pathlib.PurePosixPath(tower.file).name
            try:
                base.export_tower(tower, path, exporter, fixed_batch)
            except Exception as error:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.unlink(missing_ok=True)
                facts = facts | {"failed": str(error).strip().splitlines()[0][:200]}
            for file, content in settings_of(export).items():
                (path.parent / file).write_text(json.dumps(content, indent=1))
            path.with_suffix(".json").write_text(json.dumps(facts | {"library": export.library}, indent=1))
            save_file(path.with_suffix(".safetensors"), tensors, {"family": name, "exporter": exporter})
            said = facts.get("failed", f"{len(facts['blocks'])} blocks")
            print(f"{name} {exporter} {path.name}: {said}", flush=True)


def settings_of(export: Export) -> dict[str, dict]:
    """The files that a user has beside the ONNX file, as far as there are any."""
    reads = any("input_ids" in tower.inputs for tower in export.towers)
    return export.files or (base.tokenizer(40, 16, "<s>", "</s>") if reads else {})


kept = ("pkg.torch.export.graph_signature.InputSpec.kind", "pkg.torch.export.ExportedProgram.graph_signature", "pkg.onnxscript.optimizer.folded_from", "pkg.torch.onnx.name_scopes")


def shrink(path: pathlib.Path) -> bytes:
    """The file with one number all over in the weights of products, and of its notes those that say what is a parameter and where."""
    model = onnx.load(path)
    factors = {name for node in model.graph.node if node.op_type in ("Conv", "Gemm", "MatMul") for name in node.input[1:2]}
    for tensor in model.graph.initializer:
        if tensor.name in factors and tensor.data_type == onnx.TensorProto.FLOAT:
            tensor.raw_data = numpy.full(list(tensor.dims), 0.03125, numpy.float32).tobytes()
    noted = [model.graph, *model.graph.node, *model.graph.initializer, *model.graph.value_info, *model.graph.input]
    for thing in noted:
        notes = [(note.key, note.value) for note in thing.metadata_props if note.key in kept]
        del thing.metadata_props[:]
        for key, value in notes:
            thing.metadata_props.add(key=key, value=value)
    for node in model.graph.node:
        node.doc_string = ""
    return gzip.compress(model.SerializeToString(), 9, mtime=0)


def write_fixtures(out: pathlib.Path, names: list[str]) -> None:
    folder = pathlib.Path(__file__).parents[2] / "test" / "fixtures" / "encoder-blocks"
    folder.mkdir(parents=True, exist_ok=True)
    known = folder / "expected.json"
    expected = json.loads(known.read_text()) if known.exists() else {}
    for name in names:
        for path in sorted((out / name).glob("*/*.onnx")):
            tower = name if path.stem == "model" else f"{name}-{path.stem.removesuffix('_model')}"
            (folder / f"{tower}-{path.parent.name}.onnx.gz").write_bytes(shrink(path))
            facts = json.loads(path.with_suffix(".json").read_text())
            expected[tower] = {key: facts[key] for key in ("blocks", "parameters", "buffers")}
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in sorted(expected.items()))
    known.write_text("{\n" + lines + "\n}\n")


def main() -> None:
    # It takes what it needs from this file.
    import more_encoders

    more_encoders.register()
    parser = argparse.ArgumentParser(description="Exports small encoders with PyTorch's blocks, parameters and gradients.")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--families", default=",".join(families), help="of " + ", ".join(families))
    parser.add_argument("--exporters", default="script17,dynamo18", help="script or dynamo and the opset")
    parser.add_argument("--batch", choices=["fixed", "dynamic"], default="fixed", help="of the exported graphs; to be trained it must be dynamic")
    parser.add_argument("--fixtures", action="store_true", help="make the fixtures of limn's tests of what --out holds already")
    options = parser.parse_args()
    if options.fixtures:
        write_fixtures(options.out, options.families.split(","))
        return
    for name in options.families.split(","):
        try:
            run(name, options.exporters.split(","), options.out, options.batch == "fixed")
        except Exception as error:
            print(f"{name}: not made: {str(error).strip().splitlines()[:1]}", flush=True)


if __name__ == "__main__":
    main()
