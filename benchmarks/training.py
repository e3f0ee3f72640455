"""Nets for the drawn shapes and their training: seeded, minutes on one core."""

import sys

import numpy as np
import torch
from torch import nn

from benchmarks.shapes import Images
from tests.support.networks import MobileNetV2

BATCH, LEARNING_RATE = 32, 0.005
# Three rows of MobileNetV2's table with a stride of 8 in all, for images of 48 pixels.
STAGES = ((1, 16, 1, 1), (4, 24, 2, 2), (4, 40, 3, 2))


def small_mobilenet(width: float, seed: int = 0) -> nn.Module:
    """A MobileNetV2 of few blocks for the ten shapes, with the weights that the seed draws."""
    torch.manual_seed(seed)
    return MobileNetV2(width, stages=STAGES, stem=16, last=128)


def train(net: nn.Module, data: Images, *, epochs: int, seed: int) -> nn.Module:
    """The net, trained with AdamW and a one-cycle schedule; each epoch's loss goes to stderr."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # the same sums, and so the same net, on any number of cores
    x, y = torch.from_numpy(data.x), torch.from_numpy(data.y)
    net = net.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(net.parameters(), LEARNING_RATE, weight_decay=0.01)
    steps = epochs * (len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    for epoch in range(epochs):
        losses = []
        for rows in torch.randperm(len(x))[: len(x) // BATCH * BATCH].view(-1, BATCH):
            batch = x[rows].contiguous(memory_format=torch.channels_last)
            loss = nn.functional.cross_entropy(net(batch), y[rows], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        print(f"epoch {epoch + 1}/{epochs}: loss {np.mean(losses):.3f}", file=sys.stderr)
    return net.to(memory_format=torch.contiguous_format).eval()
