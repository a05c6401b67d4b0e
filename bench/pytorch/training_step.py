"""The PyTorch side of bench/training-step.mjs: a line of JSON on stdin asks for steps, a line on stdout tells their times."""

import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "scripts" / "reference"))
try:
    import torch
except ImportError:
    print(json.dumps({"error": f"{sys.executable} has no torch: pip install torch, or set LIMN_PYTHON"}), flush=True)
    sys.exit(1)

import limn_torch

options = json.loads(sys.argv[1])
torch.set_num_threads(options["threads"])
torch.manual_seed(1)
batch, picture = options["batch"], options["picture"]
config = limn_torch.Config(
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
model = limn_torch.Limn(config)
optimizer = torch.optim.AdamW(limn_torch.parameter_groups(model, 0.01), lr=1e-3, fused=True)
warm, total = 50, 1000
schedule = torch.optim.lr_scheduler.LambdaLR(
    optimizer,
    lambda t: min((t + 1) / warm, 1) * (1 + torch.cos(torch.tensor(max(t + 1 - warm, 0) / (total - warm) * torch.pi)).item()) / 2,
)

pictures = options["pictures"]
local = torch.randn(pictures, config.tokens, config.channels + config.colour_channels).half()
global_ = torch.randn(pictures, config.global_channels + config.colour_channels).half()
same_target = torch.zeros(batch, batch)


def step() -> float:
    """A step as a training loop takes it: rows of the cached features, forward, backward, clipping, AdamW."""
    reference, target = torch.randint(pictures, (batch,)), torch.randint(pictures, (batch,))
    words = torch.randint(1, config.vocabulary_size, (batch, config.words))
    words[:, config.words // 2 :] *= torch.arange(batch)[:, None] % 2
    loss, _ = model(
        {
            "reference.local": local[reference],
            "reference.global": global_[reference],
            "target.local": local[target],
            "target.global": global_[target],
            "words": words,
            "sameTarget": same_target,
        }
    )
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    schedule.step()
    return loss.item()


def peak_bytes() -> int:
    status = pathlib.Path("/proc/self/status")
    if not status.exists():
        return 0
    return next(int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if line.startswith("VmHWM"))


parameters = sum(p.numel() for p in model.parameters())
print(json.dumps({"ready": True, "version": torch.__version__, "parameters": parameters}), flush=True)
for line in sys.stdin:
    times = []
    loss, cpu = 0.0, time.process_time()
    for _ in range(json.loads(line)["steps"]):
        start = time.perf_counter()
        loss = step()
        times.append((time.perf_counter() - start) * 1000)
    print(json.dumps({"times": times, "loss": loss, "peakBytes": peak_bytes(), "cpu": (time.process_time() - cpu) * 1000}), flush=True)
