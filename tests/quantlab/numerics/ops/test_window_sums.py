"""window_sums works in blocks; where they are cut changes nothing."""

import numpy as np
import pytest
import torch

from quantlab.numerics.ops.window_sums import window_sums
from quantlab.numerics.ops.windows import windows


@pytest.mark.parametrize("cached", [1, 300, 10**9])
@pytest.mark.parametrize("groups", [1, 2, 6])
def test_the_sums_are_torchs_whatever_the_block(monkeypatch, cached, groups):
    # Whole numbers far below 2^53: float64 adds them exactly in every order.
    monkeypatch.setattr("quantlab.numerics.ops.window_sums.CACHED", cached)
    rng = np.random.default_rng(60)
    x = rng.integers(-255, 256, (2, 6, 11, 9)).astype(np.float64)
    w = rng.integers(-127, 128, (12, 6 // groups, 3, 2)).astype(np.float64)
    seen = windows((11, 9), (3, 2), strides=(2, 1), dilations=(1, 3))
    theirs = torch.nn.functional.conv2d(
        torch.tensor(x), torch.tensor(w), stride=(2, 1), dilation=(1, 3), groups=groups
    )
    np.testing.assert_array_equal(window_sums(x, w, seen, groups), theirs)
