"""The PyTorch side of bench/captioner.mjs."""

from side import options, train_when_asked  # first: it finds limn_torch

import torch
from captioner import Captioner, config_of

batch, pictures = options["batch"], options["pictures"]
config = config_of(options)
model = Captioner(config)
local = torch.randn(pictures, config.tokens, config.channels + config.colour_channels).half()
whole = torch.randn(pictures, config.global_channels + config.colour_channels).half()


def draw() -> dict[str, torch.Tensor]:
    """A batch as a training loop makes it: rows of the cached features, and texts; every second one is half as long."""
    reference, target = torch.randint(pictures, (batch,)), torch.randint(pictures, (batch,))
    words = torch.zeros(batch, config.words + 2, dtype=torch.long)
    words[:, 0] = model.start
    for rows, length in ((slice(0, None, 2), (config.words + 1) // 2), (slice(1, None, 2), config.words)):
        words[rows, 1 : length + 1] = torch.randint(1, config.vocabulary_size, words[rows, 1 : length + 1].shape)
        words[rows, length + 1] = model.end
    return {
        "reference.local": local[reference],
        "reference.global": whole[reference],
        "target.local": local[target],
        "target.global": whole[target],
        "words": words,
    }


def loss_of(batch: dict[str, torch.Tensor]) -> torch.Tensor:
    seen = [(batch[f"{side}.local"], batch[f"{side}.global"]) for side in ("reference", "target")]
    return model.loss(*seen, batch["words"])


train_when_asked(model, loss_of, draw)
