"""The simulation: every step against numpy, and against ONNX's reference QDQ arithmetic."""

import numpy as np
import pytest
import torch
from torch import nn

from quantlab.methods import Recipe, Rule, quantize_model
from quantlab.numerics import dequantize, fake_quantize, quantize

RNG = np.random.default_rng(1)
BATCHES = [RNG.normal(size=(3, 2, 6, 6)).astype(np.float32) for _ in range(2)]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(2, 4, 3, padding=1)
        self.b = nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        y = torch.relu(self.a(x))
        return {"sum": self.pool(self.b(y) + y), "y": (y, x.mean(1))}


def quantized_net(recipe=None):
    torch.manual_seed(3)
    return quantize_model(Net(), BATCHES, recipe or Recipe())


def conv64(x, weight, bias, **settings):
    """Convolution in float64, rounded once: nearer to the truth than any float32 order of sums."""
    args = [torch.from_numpy(np.asarray(v, np.float64)) for v in (x, weight)]
    b = None if bias is None else torch.from_numpy(np.asarray(bias, np.float64))
    return nn.functional.conv2d(*args, b, **settings).numpy()


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(),
        Recipe(activations=Rule("uint16", observer="minmax")),
        Recipe(weights=Rule("int4", "symmetric", "per-tensor", "mse")),
        *(
            Recipe(
                weights=Rule(f"int{bits}", observer="mse"),
                activations=Rule(f"uint{bits}", observer="minmax"),
                tensors={"input": Rule("uint8")},
            )
            for bits in (2, 3, 4, 6)
        ),
    ],
)
def test_each_step_is_numerics_fake_quantize(recipe):
    model = quantized_net(recipe)
    rulers, weights, x = model.activations, model.weights, BATCHES[0]
    with torch.no_grad():
        run = torch.fx.Interpreter(model.fake_quantized_model, garbage_collect_values=False)
        run.run(torch.from_numpy(x))
    got = {node.name: value for node, value in run.env.items()}
    for name in model.placement.own_qparams:
        before, after = got[name].numpy(), got[f"{name}_fake_quantize"].numpy()
        np.testing.assert_array_equal(after, fake_quantize(before, rulers[name]), err_msg=name)
    x_dq = got["x_fake_quantize"].numpy()
    exact = conv64(x_dq, weights["a"].dequantized, weights["a"].dequantized_bias, padding=1)
    # float32 sums of 19 terms, each below 4 * 1: 19 roundings of 2^-24 of at most 76.
    np.testing.assert_allclose(got["a"].numpy(), exact, rtol=0, atol=19 * 2**-24 * 76)
    y_dq = got["relu_fake_quantize"].numpy()
    exact = conv64(y_dq, weights["b"].dequantized, None, padding=1, groups=4)
    np.testing.assert_allclose(got["b"].numpy(), exact, rtol=0, atol=9 * 2**-24 * 36)


def test_the_simulation_is_the_integers_but_for_values_next_to_a_tie():
    """Exact integer sums of the first layer, requantized in float64."""
    model = quantized_net()
    x_ruler, y_ruler = model.activations["x"], model.activations["relu"]
    weight = model.weights["a"]
    x_q = quantize(BATCHES[0], x_ruler).astype(np.int64) - int(x_ruler.zero_point)
    sums = conv64(x_q, weight.q, weight.bias_q, padding=1)  # integers below 2^53: exact
    steps = sums * (weight.bias_scale.astype(np.float64) / y_ruler.scale).reshape(1, -1, 1, 1)
    expected = np.clip(np.rint(steps) + y_ruler.zero_point, y_ruler.qmin, y_ruler.qmax)
    with torch.no_grad():
        run = torch.fx.Interpreter(model.fake_quantized_model, garbage_collect_values=False)
        run.run(torch.from_numpy(BATCHES[0]))
    got = next(v for node, v in run.env.items() if node.name == "relu_fake_quantize").numpy()
    got_q = quantize(got, y_ruler).astype(np.int64)
    # The float path rounds at most 19 sums, of 19 terms no larger than `term`, and 0.01 steps are
    # more than that.
    term = np.abs(weight.dequantized).max() * np.abs(BATCHES[0]).max()
    assert 19 * 2**-24 * 19 * term / y_ruler.scale < 0.01
    near_a_tie = np.abs(steps - np.floor(steps) - 0.5) < 0.01
    np.testing.assert_array_equal(got_q[~near_a_tie], expected[~near_a_tie])
    assert near_a_tie.mean() < 0.05


def test_outputs_keep_their_structure_and_kind():
    model = quantized_net()
    arrays = model(BATCHES[0])
    assert list(arrays) == ["sum", "y"]
    assert isinstance(arrays["y"][0], np.ndarray)
    tensors = model(torch.from_numpy(BATCHES[0]))
    assert isinstance(tensors["y"][1], torch.Tensor)
    np.testing.assert_array_equal(arrays["sum"], tensors["sum"].numpy())
    assert not tensors["sum"].requires_grad


def test_outputs_of_quantized_operators_are_on_their_rulers():
    model = quantized_net()
    outputs = model(BATCHES[0])
    ruler = model.activations["pool"]
    assert ruler is model.activations[model.placement.shared_qparams["pool"]]
    np.testing.assert_array_equal(outputs["sum"], fake_quantize(outputs["sum"], ruler))
    # mean over channels stays float
    assert "mean" not in model.activations


def test_another_batch_size_is_taken():
    assert quantized_net()(BATCHES[0][:1])["sum"].shape == (1, 4, 3, 3)


@pytest.mark.parametrize("x", [np.zeros((1, 2, 6, 6)), [1.0], "x"])
def test_what_is_no_batch_is_refused(x):
    with pytest.raises(TypeError, match=r"^x (has dtype float64|is a list|is a str)"):
        quantized_net()(x)


def test_another_size_is_refused():
    with pytest.raises(ValueError, match=r"x has shape \(1, 2, 5, 6\), but .* for \(N, 2, 6, 6\)"):
        quantized_net()(np.zeros((1, 2, 5, 6), np.float32))


def test_the_value_is_frozen():
    model = quantized_net()
    with pytest.raises(AttributeError):
        model.recipe = Recipe()
    with pytest.raises(TypeError):
        model.activations["x"] = None
    with pytest.raises(ValueError, match="read-only"):
        model.weights["a"].q[:] = 0


def test_bytes_are_integers_scales_and_float_parameters():
    model = quantized_net()
    sizes = {name: (w.q.size, len(w.q)) for name, w in model.weights.items()}
    # int8 weights, float32 scales and int8 zero_points; layer b has no bias
    expected = sum(size + 5 * channels for size, channels in sizes.values()) + 4 * 4
    assert model.nbytes == expected
    kept = quantize_model(Net(), BATCHES, Recipe(keep_float=["b"]))
    assert kept.nbytes == expected - (36 + 20) + 36 * 4


def test_dequantized_weights_are_numerics_own():
    for weight in quantized_net().weights.values():
        np.testing.assert_array_equal(weight.dequantized, dequantize(weight.q, weight.qparams))


def test_it_is_shown_in_one_line():
    model = quantized_net(Recipe(layers={"b": Rule("int4", "symmetric")}, keep_float=["pool"]))
    assert repr(model) == (
        "<QuantizedModel: 2 layers with int4 and int8 weights, 4 rulers, 2 float layers, "
        f"{model.nbytes:,} bytes>"
    )
