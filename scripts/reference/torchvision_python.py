"""Import this first: lets torchvision, timm and open_clip load where torchvision's compiled operators do not fit the torch that is there.

Only Python code of theirs is used here; the operators, of which detection alone makes use, are declared and never called.
"""

import torch

operators = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def declare() -> None:
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        import sys

        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "FRAGMENT")
        for operator in operators:
            library.define(operator)
        kept.append(library)
        import torchvision  # noqa: F401


kept: list = []
declare()
