"""The PyTorch side of bench/training-step.mjs."""

from side import options, train_when_asked  # first: it finds limn_torch

import torch
from limn_torch import Config, Limn

batch, picture = options["batch"], options["picture"]
config = Config(
    vocabulary_size=options["vocabulary"],
    tokens=picture["tokens"],
    channels=picture["channels"],
    global_channels=picture["globalChannels"],
    colour_channels=picture["colourChannels"],
    width=options["width"],
    factors=options["factors"],
    layers=options["layers"],
    heads=options["heads"],
    dropout=options["dropout"],
    projection=options["projection"],
    words=options["words"],
)
pictures = options["pictures"]
local = torch.randn(pictures, config.tokens, config.channels + config.colour_channels).half()
whole = torch.randn(pictures, config.global_channels + config.colour_channels).half()
same_target = torch.zeros(batch, batch)


def draw() -> dict[str, torch.Tensor]:
    """A batch as a training loop makes it: rows of the cached features, and words; every second text fills half of its places."""
    reference, target = torch.randint(pictures, (batch,)), torch.randint(pictures, (batch,))
    words = torch.randint(1, config.vocabulary_size, (batch, config.words))
    words[:, (config.words + 1) // 2 :] *= torch.arange(batch)[:, None] % 2
    return {
        "reference.local": local[reference],
        "reference.global": whole[reference],
        "target.local": local[target],
        "target.global": whole[target],
        "words": words,
        "sameTarget": same_target,
    }


model = Limn(config)
train_when_asked(model, lambda batch: model(batch)[0], draw)
