"""The PyTorch side of bench/races/decoding.ts: a line of JSON on stdin asks for captions, a line on stdout tells texts and times."""

import json
import sys

from side import load, options, read_safetensors, ready, tell, timed  # first: it finds limn_torch

import torch
from captioner import Captioner, config_of

tensors = read_safetensors(options["file"])
local, whole = tensors.pop("features.local"), tensors.pop("features.global")
model = Captioner(config_of(options), options["forbidden"]).eval()
load(model, tensors)


def caption(pairs: list, beams: int) -> list[list[int]]:
    """A batch as an application writes it: rows of the cached features, the encoder, the decoding, ids as lists."""
    reference, target = torch.tensor(pairs).unbind(1)
    memories = model.memories((local[reference], whole[reference]), (local[target], whole[target]))
    # Every word reads them, so they are worth a copy.
    memories = [(keys.contiguous(), values.contiguous()) for keys, values in memories]
    return model.greedy(memories) if beams == 0 else model.beam(memories, beams)


tell(ready(model))
with torch.inference_mode():
    for line in sys.stdin:
        request = json.loads(line)
        measured, texts = timed(request["repeats"], lambda: caption(request["pairs"], request["beams"]))
        tell({**measured, "texts": texts})
