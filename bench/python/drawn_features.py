"""Random features in the place of an encoder's, as bench/lib/drawn-features.ts has them for limn."""

import torch
from torch import Tensor


def sizes_of(options: dict) -> dict:
    """The fields that the configurations of LIMN and of the captioner share, from the options that a side is started with."""
    picture = options["image"]
    return {
        "vocabulary_size": options["vocabulary"],
        "tokens": picture["tokens"],
        "channels": picture["channels"],
        "global_channels": picture["globalChannels"],
        "colour_channels": picture["colourChannels"],
        **{name: options[name] for name in ("width", "layers", "heads", "words")},
        "dropout": options.get("dropout", 0.0),
    }


class DrawnFeatures:
    """Cached features of so many pictures, in float16."""

    def __init__(self, config, pictures: int):
        self.pictures = pictures
        self.local = torch.randn(pictures, config.tokens, config.channels + config.colour_channels).half()
        self.whole = torch.randn(pictures, config.global_channels + config.colour_channels).half()

    def pairs(self, batch: int) -> dict[str, Tensor]:
        """Rows of references and of targets, as a training loop gathers them."""
        reference, target = torch.randint(self.pictures, (batch,)), torch.randint(self.pictures, (batch,))
        return {
            "reference.local": self.local[reference],
            "reference.global": self.whole[reference],
            "target.local": self.local[target],
            "target.global": self.whole[target],
        }
