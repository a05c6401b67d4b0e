"""The PyTorch side of bench/races/fine-tune.ts."""

from side import options, train_when_asked  # first: it finds limn_torch

import torch
import torch.nn.functional as F
from clip_vision import VisionTransformer
from torch import Tensor, nn

batch, pictures, size, projection = (options[name] for name in ("batch", "images", "image", "projection"))
# limn's names begin with "encoder".
model = nn.ModuleDict(
    {"encoder": VisionTransformer(size, options["patch"], options["width"], options["layers"], options["heads"], projection)}
)
tables = {"pixels": torch.randn(pictures, 3, size, size), "texts": torch.randn(pictures, projection)}
labels = torch.arange(batch)


def draw() -> dict[str, Tensor]:
    """Pictures and the texts that go with them."""
    rows = torch.randint(pictures, (batch,))
    return {name: table[rows] for name, table in tables.items()}


def loss_of(batch: dict[str, Tensor]) -> Tensor:
    embedded = F.normalize(model["encoder"](batch["pixels"]), dim=-1)
    return F.cross_entropy(20 * embedded @ F.normalize(batch["texts"], dim=-1).T, labels)


train_when_asked(model, loss_of, draw)
