"""The PyTorch side of bench/races/captioner.ts."""

from side import options, train_when_asked  # first: it finds limn_torch

import torch
from captioner import Captioner, config_of
from drawn_features import DrawnFeatures

batch = options["batch"]
config = config_of(options)
model = Captioner(config)
pictures = DrawnFeatures(config, options["images"])


def draw() -> dict[str, torch.Tensor]:
    """A batch as a training loop makes it: rows of the cached features, and texts; every second one is half as long."""
    pairs = pictures.pairs(batch)
    words = torch.zeros(batch, config.words + 2, dtype=torch.long)
    words[:, 0] = model.start
    for rows, length in ((slice(0, None, 2), (config.words + 1) // 2), (slice(1, None, 2), config.words)):
        words[rows, 1 : length + 1] = torch.randint(1, config.vocabulary_size, words[rows, 1 : length + 1].shape)
        words[rows, length + 1] = model.end
    return {**pairs, "words": words}


def loss_of(batch: dict[str, torch.Tensor]) -> torch.Tensor:
    seen = [(batch[f"{side}.local"], batch[f"{side}.global"]) for side in ("reference", "target")]
    return model.loss(*seen, batch["words"])


train_when_asked(model, loss_of, draw)
