"""Statistics streamed over batches against numpy on all values at once."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn

from quantlab.methods.graph.tracing import trace_model
from quantlab.methods.ptq.channel_statistics import ChannelStatistics, measure_statistics
from quantlab.methods.ptq.fold import fold_batchnorm


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 5))


def test_equal_to_numpy_on_all_values():
    model = net()
    model[0].bias.data += 1000.0  # squares of large means must not be subtracted
    graph = trace_model(model, torch.zeros(1, 3, 8, 8))
    rng = np.random.default_rng(1)
    batches = [rng.normal(size=(n, 3, 8, 8)).astype(np.float32) for n in (3, 1, 4)]
    got = measure_statistics(graph, batches, ["_0", "_3"])
    images = torch.from_numpy(np.concatenate(batches))
    convolved = model[0](images)
    for name, values in (("_0", convolved), ("_3", model[3](convolved.relu().flatten(1)))):
        rows = values.detach().double().transpose(0, 1).flatten(1).numpy()
        # Values near 10^3 in float32, whose sums may be ordered differently for other batch sizes:
        # a sum of at most 145 terms of that size is off by 145 * 2^-24 * 10^3 = 0.009 at most.
        np.testing.assert_allclose(got[name].mean, rows.mean(axis=1), rtol=0, atol=0.009)
        np.testing.assert_allclose(got[name].std, rows.std(axis=1), rtol=0, atol=0.009)


def test_batches_may_be_cut_anywhere():
    graph = trace_model(net(), torch.zeros(1, 3, 8, 8))
    images = torch.randn(12, 3, 8, 8, generator=torch.Generator().manual_seed(2))
    whole = measure_statistics(graph, [images], ["_0"])["_0"]
    parts = measure_statistics(graph, images.split([5, 1, 6]), ["_0"])["_0"]
    # float32 outputs of 28 terms of magnitude below 4, whatever the batch: 28 * 2^-24 * 4.
    for one, other in ((whole.mean, parts.mean), (whole.std, parts.std)):
        np.testing.assert_allclose(one, other, rtol=0, atol=28 * 2**-22)


def test_no_batches_and_no_numbers_are_refused():
    graph = trace_model(net(), torch.zeros(1, 3, 8, 8))
    with pytest.raises(ValueError, match="calibration holds no batch"):
        measure_statistics(graph, [], ["_0"])
    with pytest.raises(ValueError, match="output of _0 holds NaN or infinity"):
        measure_statistics(graph, [torch.full((1, 3, 8, 8), torch.nan)], ["_0"])


def test_kept_statistics_are_found_scaled_and_shifted():
    graph = trace_model(net(), torch.zeros(1, 3, 8, 8))
    node = next(node for node in graph.graph.nodes if node.name == "_0")
    assert ChannelStatistics.kept_by(node) is None
    statistics = ChannelStatistics(np.array([1.0, -2.0]), np.array([0.5, 3.0]))
    statistics.scaled(np.array([2.0, 4.0])).shifted(np.array([1.0, 0.0])).keep(node)
    kept = ChannelStatistics.kept_by(node)
    assert kept.mean.tolist() == [3.0, -8.0]
    assert kept.std.tolist() == [1.0, 12.0]


def test_folding_keeps_beta_and_gamma_through_copies():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 1),
                          nn.BatchNorm2d(4, affine=False))  # fmt: skip
    model[1].weight.data = torch.tensor([1.0, -2.0, 0.0, 0.5])
    model[1].bias.data = torch.tensor([0.0, 3.0, -1.0, 0.25])
    folded = fold_batchnorm(trace_model(model, torch.zeros(1, 3, 8, 8)))
    for graph in (folded, deepcopy(folded)):
        first, second = (
            ChannelStatistics.kept_by(node)
            for node in graph.graph.nodes
            if node.name in ("_0", "_3")
        )
        assert first.mean.tolist() == [0.0, 3.0, -1.0, 0.25]
        assert first.std.tolist() == [1.0, 2.0, 0.0, 0.5]
        assert second.mean.tolist() == [0.0] * 4
        assert second.std.tolist() == [1.0] * 4


def test_the_channels_of_a_linear_layer_lie_along_the_last_axis():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(2), nn.Linear(36, 7))
    graph = trace_model(model, torch.zeros(1, 3, 8, 8))
    x = torch.randn(6, 3, 8, 8, generator=torch.Generator().manual_seed(3))
    got = measure_statistics(graph, x.split([4, 2]), ["_2"])["_2"]
    values = model(x).detach().double().numpy()
    # Sums of 37 terms below 4, in two orders: 37 * 2^-24 * 4.
    np.testing.assert_allclose(got.mean, values.mean(axis=(0, 1)), rtol=0, atol=37 * 2**-22)
    np.testing.assert_allclose(got.std, values.std(axis=(0, 1)), rtol=0, atol=37 * 2**-22)
