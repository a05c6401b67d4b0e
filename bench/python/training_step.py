"""The PyTorch side of bench/races/training-step.ts."""

from side import options, train_when_asked  # first: it finds limn_torch

import torch
from drawn_features import DrawnFeatures, sizes_of
from limn_torch import Config, Limn

batch = options["batch"]
config = Config(**sizes_of(options), factors=options["factors"], projection=options["projection"])
pictures = DrawnFeatures(config, options["images"])
same_target = torch.zeros(batch, batch)


def draw() -> dict[str, torch.Tensor]:
    """A batch as a training loop makes it: rows of the cached features, and words; every second text fills half of its places."""
    pairs = pictures.pairs(batch)
    words = torch.randint(1, config.vocabulary_size, (batch, config.words))
    words[:, (config.words + 1) // 2 :] *= torch.arange(batch)[:, None] % 2
    return {**pairs, "words": words, "sameTarget": same_target}


model = Limn(config)
train_when_asked(model, lambda batch: model(batch)[0], draw)
