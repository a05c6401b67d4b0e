"""Writes test/fixtures/clip-*: what open_clip, transformers and PyTorch make of pictures, texts and a tiny CLIP.

    pip install torch torchvision transformers open_clip_torch onnx onnxscript
    python scripts/reference/make_clip_fixtures.py FOLDER_WITH_CLIPS_TOKENIZER

FOLDER_WITH_CLIPS_TOKENIZER holds tokenizer.json, vocab.json and merges.txt of openai/clip-vit-base-patch32. All pictures are
patterns that this script draws.
"""

import hashlib
import json
import pathlib
import shutil
import sys
import warnings

import numpy
import onnx
import open_clip
import torch
from open_clip.modified_resnet import ModifiedResNet
from open_clip.transform import image_transform
from PIL import Image, ImageOps
from transformers import (
    CLIPImageProcessor,
    CLIPImageProcessorPil,
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    CLIPTokenizerFast,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

from make_fixtures import save

warnings.filterwarnings("ignore")
torch.set_default_dtype(torch.float32)
fixtures = pathlib.Path(__file__).parents[2] / "test" / "fixtures"
mean = (0.48145466, 0.4578275, 0.40821073)
deviation = (0.26862954, 0.26130258, 0.27577711)


def pattern(width: int, height: int, channels: int) -> numpy.ndarray:
    """Waves, a sharp edge and a few specks, so that a filter that is wrong shows."""
    y, x = numpy.mgrid[0:height, 0:width].astype(numpy.float64)
    planes = [127.5 + 127.5 * numpy.sin(x / (3.0 + c) + c) * numpy.cos(y / (7.0 - c)) for c in range(channels)]
    image = numpy.stack(planes, axis=-1)
    image[(x > width / 3) & (y > height / 2)] = 255 - image[(x > width / 3) & (y > height / 2)]
    image[((x * 7 + y * 13) % 29) == 0] = 255
    return image.round().astype(numpy.uint8)


def as_bytes(normalised: numpy.ndarray) -> numpy.ndarray:
    """(3, h, w) normalised values back to the (h, w, 3) bytes that they came from."""
    restored = (normalised.transpose(1, 2, 0) * numpy.array(deviation) + numpy.array(mean)) * 255
    return restored.round().clip(0, 255).astype(numpy.uint8)


def processed(kind: type, image: Image.Image, size: int) -> numpy.ndarray:
    processor = kind(size={"shortest_edge": size}, crop_size={"height": size, "width": size}, resample=3)
    return numpy.asarray(processor(image, return_tensors="np")["pixel_values"][0])


def pictures() -> None:
    folder = fixtures / "clip-pictures"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    drawn = {
        "wide": (Image.fromarray(pattern(131, 97, 3)), 48),
        "tall": (Image.fromarray(pattern(61, 150, 3)), 48),
        "crop-of-three": (Image.fromarray(pattern(96, 102, 3)), 48),
        "small": (Image.fromarray(pattern(20, 31, 3)), 48),
        "exact": (Image.fromarray(pattern(48, 48, 3)), 48),
        "grey": (Image.fromarray(pattern(77, 90, 1)[:, :, 0]), 48),
        "alpha": (Image.fromarray(pattern(80, 64, 4), "RGBA"), 48),
        "palette": (Image.fromarray(pattern(75, 64, 3)).quantize(32, dither=Image.Dither.NONE), 48),
        "turned": (Image.fromarray(pattern(90, 60, 3)), 48),
        "full": (Image.fromarray(pattern(317, 233, 3)).quantize(16, dither=Image.Dither.NONE), 224),
    }
    report = {}
    for name, (image, size) in drawn.items():
        exif = Image.Exif()
        if name == "turned":
            exif[0x0112] = 6
        image.save(folder / f"{name}.png", optimize=True, exif=exif)
        # limn turns by EXIF and lays transparency over white before anything else.
        image = ImageOps.exif_transpose(Image.open(folder / f"{name}.png"))
        if image.mode == "RGBA":
            white = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(white, image)
        image = image.convert("RGB")
        open_clip_values = image_transform(size, is_train=False, mean=mean, std=deviation)(image).numpy()
        golden = as_bytes(open_clip_values)
        others = {kind.__name__: as_bytes(processed(kind, image, size)) for kind in (CLIPImageProcessorPil, CLIPImageProcessor)}
        differences = {key: int(numpy.abs(golden.astype(int) - other).max()) for key, other in others.items()}
        # The two crop differently where an odd number of pixels goes: transformers down, torchvision to the even one.
        assert differences["CLIPImageProcessorPil"] == 0 or name == "crop-of-three"
        digests = {key: hashlib.sha256(value.tobytes()).hexdigest() for key, value in (("openClip", golden), ("transformers", others["CLIPImageProcessorPil"]))}
        report[name] = {"size": size, "sha256": digests, "differences": differences, "values": open_clip_values[:, 5, 3:7].round(6).tolist()}
        if size < 100:
            Image.fromarray(others["CLIPImageProcessorPil"]).save(folder / f"{name}.golden.png", optimize=True)
        print(name, differences)
    (fixtures / "clip-pictures.json").write_text(json.dumps({"mean": mean, "deviation": deviation, "pictures": report}))


texts = [
    "a photo of a cat",
    "is red, has short sleeves & a V-neck",
    "It's the women's dress; they've 12 buttons (really!) and don't shine...",
    "",
    "   spaces \t and\nlines  ",
    "Größe 42, café, naïve, Ærø",
    "cafe\u0301 decomposed",
    "日本語のテキスト と 한국어",
    "emoji 😀👗 and 👩‍👩‍👧",
    "smart “quotes” – and — dashes… fi ﬁ ½",
    "a &lt;b&gt; &amp; c &amp;amp; d",
    "snake_case and http://example.com/?a=1&b=2#c",
    "<|startoftext|>nested<|endoftext|> specials",
    "ONE TWO three123four 3.14159",
    "the same but " + "very " * 90 + "long",
    "Ǆ İstanbul straße ΑΣ",
    "tab\u00a0nbsp \u200bzero width\ufeff",
    "schön kaputt: sch\u00c3\u00b6n",
]


def tokens(folder: str) -> None:
    fast = CLIPTokenizerFast.from_pretrained(folder)
    plain = open_clip.SimpleTokenizer(context_length=77)
    cases = []
    for text in texts:
        ids = fast(text, truncation=True, max_length=77)["input_ids"]
        row = plain([text])[0].tolist()
        cases.append({"text": text, "ids": ids, "openClip": row[: row.index(49407) + 1]})
    (fixtures / "clip-tokens.json").write_text(json.dumps(cases, ensure_ascii=True))
    print("texts that open_clip cleans differently:", [case["text"] for case in cases if case["ids"] != case["openClip"]])


def tiny() -> None:
    """A CLIP of two layers, exported in the two ways that PyTorch has, with the embeddings as its only outputs."""
    torch.manual_seed(7)
    vision_config = CLIPVisionConfig(
        hidden_size=24, intermediate_size=48, num_hidden_layers=2, num_attention_heads=3, image_size=32, patch_size=8, projection_dim=16
    )
    text_config = CLIPTextConfig(
        vocab_size=514, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=20,
        projection_dim=16, bos_token_id=512, eos_token_id=513, pad_token_id=513,
    )  # fmt: skip
    vision = CLIPVisionModelWithProjection._from_config(vision_config, attn_implementation="eager").eval()
    text = CLIPTextModelWithProjection._from_config(text_config, attn_implementation="eager").eval()
    with torch.no_grad():
        for parameter in [*vision.parameters(), *text.parameters()]:
            parameter.copy_((parameter + 0.1 * torch.randn_like(parameter)).half().float())
    bytes_ = torch.randint(0, 256, (3, 3, 32, 32))
    pixels = (bytes_ / 255 - torch.tensor(mean)[:, None, None]) / torch.tensor(deviation)[:, None, None]
    # "it is", "a" and "abcdefg" as bytes, 256 more for the last one of a word.
    ids = torch.full((3, 9), 513)
    ids[0, :6] = torch.tensor([512, 105, 372, 105, 371, 513])
    ids[1, :3] = torch.tensor([512, 353, 513])
    ids[2, :9] = torch.tensor([512, 97, 98, 99, 100, 101, 102, 359, 513])
    mask = torch.tensor([[1] * n + [0] * (9 - n) for n in (6, 3, 9)])

    class Vision(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = vision

        def forward(self, pixel_values):
            return self.model(pixel_values=pixel_values).image_embeds

    class Text(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = text

        def forward(self, input_ids, attention_mask):
            return self.model(input_ids=input_ids, attention_mask=attention_mask).text_embeds

    with torch.no_grad():
        seen = vision(pixel_values=pixels)
        read = text(input_ids=ids, attention_mask=mask)
    save(
        "clip-tiny",
        {
            "pixels": pixels,
            "vision.local": seen.last_hidden_state,
            "vision.global": seen.image_embeds,
            "ids": ids,
            "mask": mask,
            "text.local": read.last_hidden_state,
            "text.global": read.text_embeds,
        },
    )
    batch, length = torch.export.Dim("batch", max=64), torch.export.Dim("sequence", max=20)
    for way in ("script", "dynamo"):
        onnx_folder = fixtures / f"clip-tiny-{way}" / "onnx"
        shutil.rmtree(onnx_folder.parent, ignore_errors=True)
        onnx_folder.mkdir(parents=True)
        (onnx_folder.parent / "config.json").write_text(
            json.dumps(
                {
                    "model_type": "clip",
                    "projection_dim": 16,
                    "vision_config": {"image_size": 32, "patch_size": 8},
                    "text_config": {"max_position_embeddings": 20, "eos_token_id": 513},
                }
            )
        )
        for name, model, arguments, inputs, output in (
            ("vision_model", Vision(), (pixels,), ["pixel_values"], "image_embeds"),
            ("text_model", Text(), (ids, mask), ["input_ids", "attention_mask"], "text_embeds"),
        ):
            file = onnx_folder / f"{name}.onnx"
            common = {"input_names": inputs, "output_names": [output]}
            if way == "script":
                axes = {key: {0: "batch"} | ({} if key == "pixel_values" else {1: "sequence"}) for key in inputs}
                torch.onnx.export(
                    model, arguments, file, dynamo=False, opset_version=14, dynamic_axes=axes | {output: {0: "batch"}}, **common
                )
            else:
                shapes = tuple({0: batch} if key == "pixel_values" else {0: batch, 1: length} for key in inputs)
                torch.onnx.export(
                    model, arguments, file, dynamo=True, opset_version=18, dynamic_shapes=shapes, external_data=False, **common
                )
            exported = onnx.load(file)
            exported.graph.ClearField("value_info")
            for part in (exported, exported.graph, *exported.graph.node, *exported.graph.initializer):
                part.ClearField("metadata_props")
                part.ClearField("doc_string")
            onnx.save(exported, file)
            print(file.name, way, file.stat().st_size)


def halved(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Moves every weight to a number that float16 holds exactly, and gives them all."""
    state = {key: value for key, value in module.state_dict().items() if value.is_floating_point()}
    for key, value in state.items():
        spread = 0.05 * torch.randn_like(value)
        value.copy_((value + (spread.abs() if key.endswith("running_var") else spread)).half().float())
    return state


def transformer_layers(state: dict[str, torch.Tensor], count: int) -> dict[str, torch.Tensor]:
    """limn's names and layouts of transformers' encoder layers."""
    names = {f"self_attn.{a}_proj": f"attention.{b}" for a, b in (("q", "query"), ("k", "key"), ("v", "value"), ("out", "out"))}
    names |= {"mlp.fc1": "feed.in", "mlp.fc2": "feed.out"}
    found = {}
    for i in range(count):
        for theirs, ours in names.items():
            found[f"layers.{i}.{ours}.weight"] = state[f"encoder.layers.{i}.{theirs}.weight"].T
            found[f"layers.{i}.{ours}.bias"] = state[f"encoder.layers.{i}.{theirs}.bias"]
        for n in (1, 2):
            found[f"layers.{i}.norm{n}.scale"] = state[f"encoder.layers.{i}.layer_norm{n}.weight"]
            found[f"layers.{i}.norm{n}.bias"] = state[f"encoder.layers.{i}.layer_norm{n}.bias"]
    return found


def towers() -> None:
    """limn's own towers (src/models/encoders/clip/towers.ts) against transformers and open_clip, with equal weights."""
    torch.manual_seed(11)
    tensors: dict[str, torch.Tensor] = {}

    def add(tower: str, weights: dict[str, torch.Tensor], values: dict[str, torch.Tensor]) -> None:
        tensors.update({f"{tower}.weights.{name}": value.half() for name, value in weights.items()})
        tensors.update({f"{tower}.{name}": value for name, value in values.items()})

    config = dict(num_hidden_layers=2, num_attention_heads=2, projection_dim=6)
    vision = CLIPVisionModelWithProjection(
        CLIPVisionConfig(hidden_size=16, intermediate_size=64, image_size=16, patch_size=8, **config)
    ).eval()
    state = {key.removeprefix("vision_model."): value for key, value in halved(vision).items()}
    weights = {
        "class": state["embeddings.class_embedding"],
        "patch": state["embeddings.patch_embedding.weight"],
        "position": state["embeddings.position_embedding.weight"],
        "norm_before.scale": state["pre_layrnorm.weight"],
        "norm_before.bias": state["pre_layrnorm.bias"],
        "norm_after.scale": state["post_layernorm.weight"],
        "norm_after.bias": state["post_layernorm.bias"],
        "projection.weight": state["visual_projection.weight"].T,
    }
    pixels = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        seen = vision(pixel_values=pixels)
    values = {"pixels": pixels, "local": seen.last_hidden_state, "global": seen.image_embeds}
    add("vision", weights | transformer_layers(state, 2), values)

    special = dict(bos_token_id=38, eos_token_id=39, pad_token_id=39)
    text = CLIPTextModelWithProjection(
        CLIPTextConfig(vocab_size=40, hidden_size=16, intermediate_size=64, max_position_embeddings=7, **special, **config)
    ).eval()
    state = {key.removeprefix("text_model."): value for key, value in halved(text).items()}
    weights = {
        "tokens": state["embeddings.token_embedding.weight"],
        "position": state["embeddings.position_embedding.weight"],
        "norm_after.scale": state["final_layer_norm.weight"],
        "norm_after.bias": state["final_layer_norm.bias"],
        "projection.weight": state["text_projection.weight"].T,
    }
    ids = torch.tensor([[38, 5, 6, 7, 39, 39, 39], [38, 9, 39, 39, 39, 39, 39]])
    mask = torch.tensor([[1, 1, 1, 1, 1, 0, 0], [1, 1, 1, 0, 0, 0, 0]])
    with torch.no_grad():
        read = text(input_ids=ids, attention_mask=mask)
    values = {"ids": ids, "mask": mask, "local": read.last_hidden_state, "global": read.text_embeds}
    add("text", weights | transformer_layers(state, 2), values)

    resnet = ModifiedResNet(layers=[2, 1, 1, 1], output_dim=6, heads=4, image_size=64, width=2).eval()
    state = halved(resnet)
    weights = {"pool.position": state["attnpool.positional_embedding"]}
    pairs = [(f"conv{i}", f"bn{i}", f"stem.{i - 1}") for i in (1, 2, 3)]
    for stage, count in enumerate((2, 1, 1, 1)):
        for block in range(count):
            theirs, ours = f"layer{stage + 1}.{block}", f"stages.{stage}.{block}"
            pairs += [(f"{theirs}.conv{i}", f"{theirs}.bn{i}", f"{ours}.conv{i}") for i in (1, 2, 3)]
            if block == 0:
                pairs.append((f"{theirs}.downsample.0", f"{theirs}.downsample.1", f"{ours}.shortcut"))
    parts = {"scale": "weight", "bias": "bias", "mean": "running_mean", "variance": "running_var"}
    for convolution, norm, name in pairs:
        weights[f"{name}.weight"] = state[f"{convolution}.weight"]
        weights |= {f"{name}.{ours}": state[f"{norm}.{theirs}"] for ours, theirs in parts.items()}
    for theirs, ours in (("q", "query"), ("k", "key"), ("v", "value"), ("c", "out")):
        weights[f"pool.{ours}.weight"] = state[f"attnpool.{theirs}_proj.weight"].T
        weights[f"pool.{ours}.bias"] = state[f"attnpool.{theirs}_proj.bias"]
    pixels = torch.randn(2, 3, 64, 64)
    maps = []
    resnet.layer4.register_forward_hook(lambda _module, _inputs, output: maps.append(output))
    with torch.no_grad():
        embedding = resnet(pixels)
    add("resnet", weights, {"pixels": pixels, "local": maps[0], "global": embedding})
    save("clip-towers", tensors)


if __name__ == "__main__":
    towers()
    pictures()
    tokens(sys.argv[1])
    tiny()
