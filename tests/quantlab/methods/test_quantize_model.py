"""quantize_model end to end: integers by numerics, the caller's model untouched, bad input."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from quantlab.methods import Recipe, Rule, Training, quantize_model
from quantlab.methods.graph.operators import MOVES
from quantlab.methods.ptq.between_integers import CONSTANT
from quantlab.numerics import quantize
from tests.support.networks import NETWORKS, images

RNG = np.random.default_rng(0)
BATCHES = [RNG.normal(size=(2, 3, 8, 8)).astype(np.float32) for _ in range(2)]
MINMAX = Rule(observer="minmax")


def small_net():
    torch.manual_seed(0)
    model = nn.Sequential()
    model.add_module(
        "stem", nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU6())
    )
    model.add_module("body", nn.Conv2d(8, 8, 3, groups=8))
    model.add_module("pool", nn.AdaptiveAvgPool2d(1))
    model.add_module("flat", nn.Flatten())
    model.add_module("head", nn.Linear(8, 4))
    return model


class Chatty(nn.Module):
    """A normalization in the middle, and a residual sum."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 4, 3, padding=1), nn.LayerNorm(8)
        self.body = nn.Conv2d(4, 4, 3, padding="same", padding_mode="reflect")
        self.up = nn.ConvTranspose2d(4, 2, 2, stride=2)

    def forward(self, x):
        y = self.norm(self.stem(x))
        return torch.tanh(self.up(self.body(y) + y) - 1) / 2


@pytest.mark.parametrize("name", NETWORKS)
def test_whole_nets_are_quantized_without_float_layers(name):
    model, data = NETWORKS[name](), images(4)
    quantized = quantize_model(model, [data[:2], data[2:]])
    assert quantized.float_layers == ()
    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(quantized.weights) == len(layers)
    with torch.no_grad():
        expected = model(torch.from_numpy(data)).numpy()
    got = quantized(data)
    assert got.shape == expected.shape
    assert np.isfinite(got).all()
    float_bytes = sum(p.nbytes for p in model.parameters())
    assert float_bytes / 4 < quantized.nbytes < float_bytes / 2.5


def test_more_bits_come_nearer_to_the_float_model():
    """Each bit halves a step: 16 bits leave 1/256 of the error of 8 bits, within a factor of 4."""
    model = small_net().eval()
    weights = ("symmetric", "per-channel", "minmax")
    errors = []
    for bits in (8, 16):
        recipe = Recipe(
            weights=Rule(f"int{bits}", *weights),
            activations=Rule(f"uint{bits}", observer="minmax"),
        )
        with torch.no_grad():
            expected = model(torch.from_numpy(BATCHES[0])).numpy()
        errors.append(np.abs(quantize_model(model, BATCHES, recipe)(BATCHES[0]) - expected).mean())
    assert errors[0] / 1024 < errors[1] < errors[0] / 64


def test_integers_are_numerics_of_the_folded_weights():
    quantized = quantize_model(small_net(), BATCHES)
    for name, weight in quantized.weights.items():
        module = quantized.graph.get_submodule(name.replace("_", "."))
        float_weight = module.weight.detach().numpy()
        np.testing.assert_array_equal(weight.q, quantize(float_weight, weight.qparams))
        assert weight.q.min() >= -127
        # Per channel: each row reaches an end of its ruler.
        assert (np.abs(weight.q).reshape(len(weight.q), -1).max(1) == 127).all()
        np.testing.assert_array_equal(weight.bias, module.bias.detach().numpy())


def test_the_caller_s_model_stays_as_it_is():
    model = small_net().train()
    model.stem[0].register_forward_hook(lambda *_: None)
    before = copy.deepcopy(model.state_dict())
    quantize_model(model, BATCHES)(BATCHES[0])
    assert all(module.training for module in model.modules())
    assert all(p.requires_grad for p in model.parameters())
    assert len(model.stem[0]._forward_hooks) == 1
    assert [name for name, _ in model.named_modules()] == [
        n for n, _ in small_net().named_modules()
    ]
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_a_model_in_training_mode_is_quantized_in_eval_mode():
    model = small_net()
    assert quantize_model(model.train(), BATCHES).activations == (
        quantize_model(model.eval(), BATCHES).activations
    )


def test_a_generator_is_read_once_and_gives_what_a_list_gives():
    batches = (batch for batch in BATCHES)
    assert quantize_model(small_net(), batches).activations == (
        quantize_model(small_net(), BATCHES).activations
    )


def test_layers_that_stay_float_are_reported_by_name_with_the_reason():
    quantized = quantize_model(Chatty(), BATCHES)
    reported = {layer.path: (layer.operator, layer.reason) for layer in quantized.float_layers}
    unknown = "ONNX Runtime has no integer kernel for it"
    assert reported == {
        "norm": ("LayerNorm", unknown),
        "body.padding": ("pad", MOVES),
        "up": (
            "ConvTranspose2d",
            "ONNX Runtime has no integer kernel for transposed convolutions",
        ),
        "sub": ("Add", CONSTANT),
        "tanh": ("tanh", unknown),
        "truediv": ("Mul", CONSTANT),
    }
    assert set(quantized.weights) == {"stem", "body"}
    assert quantized(BATCHES[0]).shape == (2, 2, 16, 16)


def test_mixed_precision():
    four = Rule("int4", "symmetric", "per-channel", "minmax")
    recipe = Recipe(layers={"stem": four, "head": Rule("int8", "symmetric", "per-tensor", "mse")})
    weights = quantize_model(small_net(), BATCHES, recipe).weights
    assert [w.qparams.dtype for w in weights.values()] == ["int4", "int8", "int8"]
    assert [w.qparams.axis for w in weights.values()] == [0, 0, None]
    assert np.abs(weights["stem_0"].q).max() <= 8


def test_keep_float():
    quantized = quantize_model(small_net(), BATCHES, Recipe(keep_float=["body"]))
    assert list(quantized.weights) == ["stem_0", "head"]
    assert [str(layer) for layer in quantized.float_layers] == [
        "body (Conv) stays float: keep_float names body"
    ]


@pytest.mark.parametrize(
    ("recipe", "sentence"),
    [
        (Recipe(keep_float=["boddy"]), "keep_float names 'boddy', .* did you mean body"),
        (Recipe(layers={"hed": MINMAX}), "layers names 'hed', .* did you mean head"),
        (Recipe(layers={"pool": MINMAX}), "layers names 'pool', but pool has no weights"),
        (
            Recipe(keep_float=["body"], layers={"body": MINMAX}),
            "layers names 'body', but body has no weights to quantize or stays float",
        ),
    ],
)
def test_names_that_do_not_fit_are_refused_before_calibration(recipe, sentence):
    def one_batch_only():
        yield BATCHES[0]
        raise AssertionError("calibration had begun")

    with pytest.raises(ValueError, match=sentence):
        quantize_model(small_net(), one_batch_only(), recipe)


@pytest.mark.parametrize(
    ("calibration", "error", "sentence"),
    [
        ([], ValueError, "calibration holds no batch"),
        (iter(()), ValueError, "calibration holds no batch"),
        (BATCHES[0][0], ValueError, r"calibration is one array of shape \(3, 8, 8\)"),
        (torch.zeros(3, 8, 8), ValueError, r"add the batch dimension, x\[None\]"),
        (BATCHES[0][:0], ValueError, r"batch 0 has shape \(0, 3, 8, 8\)"),
        (BATCHES[0].astype(np.uint8), TypeError, "calibration batch 0 has dtype uint8"),
        (3, TypeError, "calibration is a int, but it is an iterable of batches"),
        ("data", TypeError, "calibration is a str"),
        ([(BATCHES[0], 1)], TypeError, "calibration batch 0 is a tuple of 2"),
        ([BATCHES[0].astype(np.float64)], TypeError, "calibration batch 0 has dtype float64"),
        ([BATCHES[0][:, :1]], ValueError, "the model does not run on the example of shape"),
        ([BATCHES[0] * np.nan], ValueError, "a calibration batch holds NaN or infinity"),
    ],
)
def test_calibration_data_that_do_not_fit_are_refused(calibration, error, sentence):
    with pytest.raises(error, match=sentence):
        quantize_model(small_net(), calibration)


def test_training_is_not_left_out_silently():
    with pytest.raises(ValueError, match="quantize_model does not train: call prepare_qat"):
        quantize_model(small_net(), BATCHES, Recipe(training=Training()))


def test_ctrl_c_leaves_the_model_alone():
    model = small_net().train()
    before = copy.deepcopy(model.state_dict())

    def interrupted():
        yield BATCHES[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quantize_model(model, interrupted())
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_the_bias_of_a_dead_channel_survives():
    model = small_net().eval()
    with torch.no_grad():
        model.body.weight[3] = 0
        model.body.bias[3] = 0.7
        model.stem[1].weight[2] = 0  # gamma 0: BatchNorm kills the channel, its beta remains
        model.stem[1].bias[2] = 0.4
    quantized = quantize_model(model, BATCHES)
    # 2^23 steps, each half a step off at most, and two float32 roundings: within 2^-22.
    assert abs(quantized.weights["body"].dequantized_bias[3] - 0.7) < 0.7 * 2**-22
    assert abs(quantized.weights["stem_0"].dequantized_bias[2] - 0.4) < 0.4 * 2**-22
    assert np.isfinite(quantized(BATCHES[0])).all()


@pytest.mark.parametrize("part", ["weight", "bias"])
def test_weights_that_are_not_finite_are_refused_with_the_layer_s_name(part):
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Conv2d(4, 2, 1))
    with torch.no_grad():
        # A ReLU makes 0 of it, so that no activation shows it.
        getattr(model[0], part)[0] = -float("inf")
    positive = [np.abs(batch) + 1 for batch in BATCHES]
    with pytest.raises(ValueError, match="layer 0 has a weight or bias that is NaN or infinite"):
        quantize_model(model, positive)


class FourAtOnce(nn.Module):
    """Its Python writes the number of images down."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, x):
        return self.conv(x).view(4, 4 * 8 * 8)


@pytest.mark.parametrize(("model", "traced_with"), [(small_net, 2), (FourAtOnce, 4)])
def test_two_images_of_a_batch_are_traced_with_where_another_number_is_free(model, traced_with):
    """Tracing takes longer the more images it has, and finds nothing more."""
    batch = RNG.normal(size=(4, 3, 8, 8)).astype(np.float32)
    quantized = quantize_model(model(), [batch], Recipe(activations=MINMAX))
    source = next(n for n in quantized.graph.graph.nodes if n.op == "placeholder")
    assert source.meta["shape"] == (traced_with, 3, 8, 8)
    low, high = min(batch.min(), 0), max(batch.max(), 0)
    ruler = quantized.activations[source.name]  # of all four
    assert (ruler.lo, ruler.hi) == pytest.approx((low, high), abs=float(ruler.scale))
    assert len(quantized(batch)) == 4
