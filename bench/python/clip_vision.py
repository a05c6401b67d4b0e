"""CLIP's vision Transformer in PyTorch: the computation of src/models/encoders/clip/towers.ts, written plainly.

It is the rival in bench/races/fine-tune.ts. Shapes: B batch, n tokens (the class token and the patches), d width.
"""

import torch
import torch.nn.functional as F
from limn_torch import TransformerLayer
from torch import Tensor, nn


class VisionTransformer(nn.Module):
    def __init__(self, size: int, patch: int, d: int, layers: int, heads: int, projection: int):
        super().__init__()
        self.size = patch
        self.patch = nn.Parameter(torch.randn(d, 3, patch, patch))
        self.register_parameter("class", nn.Parameter(torch.randn(d)))
        self.position = nn.Parameter(torch.randn(1 + (size // patch) ** 2, d))
        self.norm_before = nn.LayerNorm(d)
        self.layers = nn.ModuleList(TransformerLayer(d, heads, 4, 0.0, quick_gelu) for _ in range(layers))
        self.norm_after = nn.LayerNorm(d)
        self.projection = nn.Linear(d, projection, bias=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """pixels (B, 3, size, size) -> embeddings (B, projection)"""
        patches = F.conv2d(pixels, self.patch, stride=self.size).flatten(2).transpose(1, 2)
        first = self.get_parameter("class").expand(pixels.shape[0], 1, -1)
        x = self.norm_before(torch.cat([first, patches], 1) + self.position)
        for layer in self.layers:
            x = layer(x)
        return self.projection(self.norm_after(x[:, 0]))


def quick_gelu(x: Tensor) -> Tensor:
    return x * torch.sigmoid(1.702 * x)
