"""What the PyTorch sides of bench/races have in common: options, files, answers, and training as bench/lib/step-race.ts races it.

Nothing makes these models faster here that is not used: torch.compile (inductor), memory that malloc keeps and huge pages change a
step of LIMN's by less than 5 %.
"""

import json
import math
import pathlib
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "scripts" / "reference"))


def tell(message: dict) -> None:
    print(json.dumps(message), flush=True)


try:
    import torch
except ImportError:
    tell({"error": f"{sys.executable} has no torch: pip install torch, or set LIMN_PYTHON"})
    sys.exit(1)

from limn_torch import limn_tensors, parameter_groups
from torch import Tensor, nn

options = json.loads(sys.argv[1])
torch.set_num_threads(options["threads"])
torch.manual_seed(1)
device = torch.device("cuda" if options.get("device") == "cuda" else "cpu")
if device.type == "cuda" and not torch.cuda.is_available():
    tell({"error": f"{sys.executable} has a torch without CUDA"})
    sys.exit(1)


def read_safetensors(path: str) -> dict[str, Tensor]:
    raw = bytearray(pathlib.Path(path).read_bytes())
    (size,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8 : 8 + size])
    kinds = {"F32": torch.float32, "F16": torch.float16, "I64": torch.int64}
    tensors = {}
    header.pop("__metadata__", None)
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        flat = torch.frombuffer(raw, dtype=torch.uint8, count=end - begin, offset=8 + size + begin).clone()
        tensors[name] = flat.view(kinds[entry["dtype"]]).view(entry["shape"])
    return tensors


def load(model: nn.Module, weights: dict[str, Tensor]) -> None:
    """Gives a model limn's weights, by limn's names and in its layout."""
    with torch.no_grad():
        for name, view in [*limn_tensors(model).items(), *model.named_buffers()]:
            view.copy_(weights.pop(name))
    if weights:
        raise ValueError(f"the PyTorch model has no {', '.join(weights)}")


def ready(model: nn.Module) -> dict:
    return {"ready": True, "version": torch.__version__, "parameters": sum(p.numel() for p in model.parameters())}


def timed(count: int, work: Callable[[], Any]) -> tuple[dict, Any]:
    """Does it so many times: milliseconds of each and of all threads in all, with the peak memory, and what it gave last."""
    times, result, cpu = [], None, time.process_time()
    for _ in range(count):
        start = time.perf_counter()
        result = work()
        times.append((time.perf_counter() - start) * 1000)
    return {"times": times, "cpu": (time.process_time() - cpu) * 1000, "peakBytes": peak_bytes()}, result


def peak_bytes() -> int:
    status = pathlib.Path("/proc/self/status")
    if not status.exists():
        return 0
    return next(int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if line.startswith("VmHWM"))


def train_when_asked(model: nn.Module, loss_of: Callable[[dict[str, Tensor]], Tensor], draw: Callable[[], dict[str, Tensor]]) -> None:
    """Training steps of batches that `draw` gives, from the weights in options["file"]."""
    tensors = read_safetensors(options["file"])
    first = {name.removeprefix("batch."): tensors.pop(name) for name in [*tensors] if name.startswith("batch.")}
    load(model, tensors)
    model.to(device)
    settings = options["optimizer"]
    groups = parameter_groups(model, settings["weightDecay"])
    optimizer = torch.optim.AdamW(groups, lr=settings["learningRate"], fused=True)
    warm, total = settings["warmupSteps"], settings["totalSteps"]
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda t: min((t + 1) / warm, 1) * (1 + math.cos(max(t + 1 - warm, 0) / (total - warm) * math.pi)) / 2
    )

    def step(batch: dict[str, Tensor]) -> tuple[float, Tensor]:
        """Forward, backward, clipping, AdamW."""
        loss = loss_of({name: value.to(device) for name, value in batch.items()})
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), settings["clipNorm"])
        optimizer.step()
        schedule.step()
        return loss.item(), norm

    def check(steps: int) -> dict:
        """The first batch again and again, without dropout."""
        model.eval()
        done = [step(first) for _ in range(steps)]
        model.train()
        return {"losses": [loss for loss, _ in done], "norms": [norm.item() for _, norm in done]}

    tell(ready(model))
    for line in sys.stdin:
        request = json.loads(line)
        if "check" in request:
            tell(check(request["check"]))
        else:
            measured, _ = timed(request["steps"], lambda: step(draw()))
            tell(measured)
