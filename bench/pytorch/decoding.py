"""The PyTorch side of bench/decoding.mjs: a line of JSON on stdin asks for captions, a line on stdout tells texts and times."""

import json
import pathlib
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "scripts" / "reference"))
try:
    import torch
except ImportError:
    print(json.dumps({"error": f"{sys.executable} has no torch: pip install torch, or set LIMN_PYTHON"}), flush=True)
    sys.exit(1)

from captioner import Captioner, Config


def read_safetensors(path: str) -> dict[str, torch.Tensor]:
    raw = bytearray(pathlib.Path(path).read_bytes())
    (size,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8 : 8 + size])
    kinds = {"F32": torch.float32, "F16": torch.float16}
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        flat = torch.frombuffer(raw, dtype=torch.uint8, count=end - begin, offset=8 + size + begin).clone()
        tensors[name] = flat.view(kinds[entry["dtype"]]).view(entry["shape"])
    return tensors


options = json.loads(sys.argv[1])
torch.set_num_threads(options["threads"])
tensors = read_safetensors(options["file"])
local, whole = tensors.pop("features.local"), tensors.pop("features.global")
picture = options["picture"]
model = Captioner(
    Config(
        vocabulary_size=options["vocabulary"],
        tokens=picture["tokens"],
        channels=picture["channels"],
        global_channels=picture["globalChannels"],
        colour_channels=picture["colourChannels"],
        width=options["width"],
        layers=options["layers"],
        decoder_layers=options["layers"],
        heads=options["heads"],
        words=options["words"],
    ),
    options["forbidden"],
).eval()
model.load(tensors)


def caption(pairs: list, beams: int) -> list[list[int]]:
    """A batch as an application writes it: rows of the cached features, the encoder, the decoding, ids as lists."""
    reference, target = torch.tensor(pairs).unbind(1)
    memories = model.memories((local[reference], whole[reference]), (local[target], whole[target]))
    return model.greedy(memories) if beams == 0 else model.beam(memories, beams)


parameters = sum(p.numel() for p in model.parameters())
print(json.dumps({"ready": True, "version": torch.__version__, "parameters": parameters}), flush=True)
with torch.inference_mode():
    for line in sys.stdin:
        request = json.loads(line)
        times, texts, cpu = [], [], time.process_time()
        for _ in range(request["repeats"]):
            start = time.perf_counter()
            texts = caption(request["pairs"], request["beams"])
            times.append((time.perf_counter() - start) * 1000)
        print(json.dumps({"times": times, "texts": texts, "cpu": (time.process_time() - cpu) * 1000}), flush=True)
