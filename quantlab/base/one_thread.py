"""Torch on one thread, for work that a second one only slows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread, and on as many as before when it is over.

    A step on a small network is some dozen operators on a few crops. Where another program uses a
    core, two threads wait for each other at each of them, far longer than either computes.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
