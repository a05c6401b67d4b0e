"""Writes test/fixtures/preprocessors.safetensors: what transformers, timm and open_clip make of two small pictures.

    pip install torch torchvision transformers timm open_clip_torch && python scripts/reference/make_preprocessor_fixtures.py

For every class that limn's table names (src/models/encoders/hub/processor-classes.ts): its defaults, a size that is a number, and its own
settings. The values are those of the class's Pillow version; the torchvision version is compared with it here, and is the reference
where a class has no other. Of each result every `stride`th value is kept, so that the file stays small.
"""

import torchvision_python  # noqa: F401
import json

import numpy
import open_clip
import timm
import torch
import transformers
from PIL import Image

from make_fixtures import folder, save

torch.set_default_dtype(torch.float32)
kept = 400


def pattern(width: int, height: int) -> Image.Image:
    """Waves, an edge and specks, in 32 colours so that the file is small."""
    y, x = numpy.mgrid[0:height, 0:width].astype(numpy.float64)
    image = numpy.stack([127.5 + 127.5 * numpy.sin(x / (3.0 + c) + c) * numpy.cos(y / (7.0 - c)) for c in range(3)], axis=-1)
    image[(x > width / 3) & (y > height / 2)] = 255 - image[(x > width / 3) & (y > height / 2)]
    image[((x * 7 + y * 13) % 29) == 0] = 255
    return Image.fromarray(image.round().astype(numpy.uint8)).quantize(32, dither=Image.Dither.NONE)


def square(side: int) -> dict:
    return {"height": side, "width": side}


def shortest(side: int) -> dict:
    return {"shortest_edge": side}


cropped = {"size": shortest(21), "crop_size": square(16)}
# Class -> settings beside its defaults and a number for its size.
classes = {
    "Beit": [{"size": square(16)}, {"size": square(20), "crop_size": square(17), "do_center_crop": True}],
    "Bit": [cropped, {"size": shortest(16)}],
    "Blip": [{"size": square(16)}],
    "ChineseCLIP": [cropped],
    "CLIP": [cropped, {"size": 21, "crop_size": 16}, {"size": square(20), "crop_size": square(15)}, {"size": [18, 18], "crop_size": [16, 16]}]
    + [cropped | {"resample": resample} for resample in range(6)]
    + [cropped | {"do_normalize": False}, cropped | {"do_rescale": False}, cropped | {"rescale_factor": 1 / 127.5, "image_mean": [1.0, 1.0, 1.0]}]
    + [{"size": shortest(16), "crop_size": square(22)}, {"size": shortest(17), "crop_size": square(22)}]
    # Null answers a question with no, and what only other classes read is passed over.
    + [cropped | {key: None} for key in ("do_rescale", "do_normalize")]
    + [{"size": square(16), "do_center_crop": None}, cropped | {"do_flip_channel_order": True, "include_top": True, "rescale_offset": True, "crop_pct": 0.5}],
    "ConvNext": [{"size": shortest(16)}, {"size": shortest(20), "crop_pct": 0.7}, {"size": shortest(384), "crop_pct": 0.7}],
    "DeiT": [{"size": square(21), "crop_size": square(16)}, {"size": square(16), "do_center_crop": False}],
    "DINOv3ViT": [{"size": square(16)}, {"size": square(80)}],
    "DPT": [{"size": square(17), "ensure_multiple_of": 4}, {"size": square(18), "ensure_multiple_of": 4}, {"size": square(16), "do_pad": False}],
    "EfficientNet": [
        {"size": square(16)},
        {"size": square(16), "include_top": False},
        {"size": square(16), "rescale_offset": True, "rescale_factor": 1 / 127.5},
        {"size": square(16), "rescale_offset": True, "rescale_factor": 1 / 127.5, "include_top": False},
        {"size": square(16), "do_normalize": False},
        {"size": square(20), "crop_size": square(16), "do_center_crop": True},
    ],
    "Flava": [{"size": square(20), "crop_size": square(16)}],
    "Levit": [{"size": shortest(16), "crop_size": square(16)}, {"size": square(20), "crop_size": square(16)}],
    "MobileNetV1": [cropped],
    "MobileNetV2": [cropped],
    "MobileViT": [cropped, cropped | {"do_flip_channel_order": False}, cropped | {"do_normalize": True}],
    "OwlViT": [{"size": square(16)}, {"size": square(20), "crop_size": square(16), "do_center_crop": True}],
    "PoolFormer": [{"size": shortest(16), "crop_size": square(16)}, {"size": shortest(16), "crop_size": square(16), "crop_pct": 0.7}]
    + [{"size": shortest(16), "crop_size": square(16), "crop_pct": None}],
    "Pvt": [{"size": square(16)}],
    "Segformer": [{"size": square(16)}, {"size": square(16), "crop_size": square(12), "do_center_crop": True}],
    "Siglip": [{"size": square(16)}, {"size": square(16), "resample": 2}],
    "ViT": [{"size": square(16)}, {"size": square(16), "resample": 3}, {"size": square(16), "image_mean": 0.5, "image_std": 0.25}],
}
timm_settings = [
    {"input_size": [3, 16, 16], "interpolation": "bicubic", "crop_pct": 0.9, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
    {"input_size": [3, 16, 16], "interpolation": "bilinear", "crop_pct": 0.76},
    {"input_size": [3, 17, 17], "interpolation": "bicubic", "crop_pct": 1.0, "crop_mode": "center"},
    {"input_size": [3, 16, 16], "interpolation": "bicubic", "crop_pct": 0.8, "crop_mode": "squash"},
    {"input_size": [3, 18, 18]},
    {"input_size": [3, 24, 24], "crop_pct": 1.1},
    {"input_size": [3, 24, 24], "crop_pct": 1.1, "crop_mode": "squash"},
]
open_clip_settings = [{}, {"interpolation": "bilinear", "resize_mode": "squash"}, {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}]


def of_transformers(name: str, settings: dict, picture: Image.Image) -> numpy.ndarray:
    run = lambda kind: numpy.asarray(getattr(transformers, kind)(**settings)(picture, return_tensors="np")["pixel_values"])[0].astype(numpy.float64)
    fast = f"{name}ImageProcessor"
    if not hasattr(transformers, f"{fast}Pil"):
        return run(fast)
    slow = run(f"{fast}Pil")
    if settings.get("resample") in (None, 2, 3):
        same = run(fast)
        assert slow.shape == same.shape, (name, settings, slow.shape, same.shape)
        print(f"{name} {json.dumps(settings)}: torchvision's is {numpy.abs(slow - same).max():.2g} away")
    return slow


def of_timm(settings: dict, picture: Image.Image) -> numpy.ndarray:
    return timm.data.create_transform(**timm.data.resolve_data_config(settings), is_training=False)(picture).numpy()


def of_open_clip(settings: dict, picture: Image.Image) -> numpy.ndarray:
    known = {key: settings[key] for key in ("mean", "std", "interpolation", "resize_mode") if key in settings}
    return open_clip.image_transform(16, is_train=False, **known)(picture).numpy()


def main() -> None:
    pictures = {"landscape": pattern(53, 37), "portrait": pattern(29, 48)}
    cases, tensors = [], {}

    def add(kind: str, name: str, settings: dict, run) -> None:
        for which, picture in pictures.items():
            values = run(picture.convert("RGB"))
            if values.shape[1] != values.shape[2]:
                continue  # pictures of any width, which limn refuses
            stride = max(1, -(-values.size // kept)) | 1
            key = f"{len(cases)}"
            tensors[key] = torch.from_numpy(values.astype(numpy.float32).reshape(-1)[::stride].copy())
            cases.append({"kind": kind, "name": name, "settings": settings, "picture": which, "size": values.shape[1], "stride": stride})

    for name, all_settings in classes.items():
        number = {"size": 20} if name != "DPT" else {"size": 16}
        for settings in [{}, number, *all_settings]:
            add("transformers", f"{name}ImageProcessor", settings, lambda picture: of_transformers(name, settings, picture))
    for settings in timm_settings:
        add("timm", "timm", settings, lambda picture: of_timm(settings, picture))
    for settings in open_clip_settings:
        add("open_clip", "open_clip", settings, lambda picture: of_open_clip(settings, picture))
    for which, picture in pictures.items():
        picture.save(folder / f"preprocessor-{which}.png", optimize=True)
    versions = {module.__name__: module.__version__ for module in (transformers, timm, open_clip)}
    save("preprocessors", tensors, {"versions": versions, "cases": cases})


if __name__ == "__main__":
    main()
