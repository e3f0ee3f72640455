"""How many bytes a model takes: exact, part by part.

MB means 1,000,000 bytes here and everywhere in quantlab; the mebibyte of 1,048,576 bytes
is not used.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from quantlab.numerics.dtypes import DTYPES
from quantlab.numerics.size_report import SizeReport, TensorSize

FLOAT_BITS = {"float32": 32, "float16": 16, "bfloat16": 16}

# Kind of layer -> axis of its weight that counts the output channels; None stays in FP32.
CHANNEL_AXES: dict[str, int | None] = {
    "conv": 0,  # (out, in / groups, height, width); depthwise too: (channels, 1, height, width)
    "conv_transpose": 1,  # (in, out / groups, height, width)
    "linear": 0,  # (out, in), as torch.nn.Linear
    "matmul": 1,  # (in, out), as ONNX MatMul
    "embedding": 0,  # (entries, width): one ruler an entry
    "norm": None,  # (channels,): LayerNorm, GroupNorm
    "batchnorm": None,  # (channels,) and as many running means and variances
}


@dataclass(frozen=True)
class LayerShape:
    """One row of a layer table.

    Parameters
    ----------
    name : str
    kind : str
        conv, conv_transpose, linear, matmul, embedding, norm or batchnorm.
    weight_shape : tuple of int
        Shape of the weight as stored; CHANNEL_AXES says which axis counts the output channels.
    bias : bool
        Whether there is a bias entry for every output channel.

    Raises
    ------
    ValueError
        Unknown kind, or a shape that such a layer does not have.
    """

    name: str
    kind: str
    weight_shape: tuple[int, ...]
    bias: bool = True

    def __post_init__(self) -> None:
        if self.kind not in CHANNEL_AXES:
            raise ValueError(
                f"layer {self.name!r} is of kind {self.kind!r}, but the kinds are "
                f"{', '.join(CHANNEL_AXES)}: choose the one with the same weight layout."
            )
        object.__setattr__(self, "weight_shape", tuple(int(n) for n in self.weight_shape))
        needed = 1 if self.channel_axis is None else 2
        if len(self.weight_shape) < needed or min(self.weight_shape) < 1:
            raise ValueError(
                f"layer {self.name!r} has weight_shape {self.weight_shape}, but a {self.kind} "
                f"weight has at least {needed} dimension{'s' * (needed > 1)} of 1 or more: "
                f"pass the shape of the stored array."
            )

    @property
    def channel_axis(self) -> int | None:
        """Axis of the weight that counts the output channels; None for layers that stay FP32."""
        return CHANNEL_AXES[self.kind]

    @property
    def channels(self) -> int:
        """Output channels, that is, rulers when quantized per-channel."""
        return self.weight_shape[self.channel_axis or 0]

    @property
    def weights(self) -> int:
        """Entries of the weight; for batchnorm with its running means and variances."""
        return prod(self.weight_shape) * (3 if self.kind == "batchnorm" else 1)

    @property
    def biases(self) -> int:
        """Entries of the bias."""
        return self.channels if self.bias else 0


def size_of_parameters(count: int, dtype: str = "float32") -> int:
    """Bytes that `count` numbers of one type take, without scales and without a container.

    Integers of less than 8 bits are packed without a gap, 4-bit ones two to a byte and 3-bit ones
    eight to three bytes; what is left of the last byte counts.

    Parameters
    ----------
    count : int
        How many numbers, 0 or more.
    dtype : str
        float32, float16, bfloat16, int32, or one of the quantized types int2 to uint16.

    Raises
    ------
    ValueError
        Negative or fractional count, unknown dtype.

    Examples
    --------
    >>> size_of_parameters(45_000_000), size_of_parameters(45_000_000, "int8")
    (180000000, 45000000)
    """
    if count != int(count) or count < 0:
        raise ValueError(
            f"count is {count}, but parameters are counted: pass a whole number of 0 or more."
        )
    return (int(count) * bits_of(dtype) + 7) // 8


def bits_of(dtype: str) -> int:
    """Bits that one stored number of this type takes.

    Raises
    ------
    ValueError
        Unknown dtype.
    """
    known = {**FLOAT_BITS, "int32": 32, **{name: t.bits for name, t in DTYPES.items()}}
    if str(dtype) not in known:
        raise ValueError(
            f"dtype is {dtype!r}, but a parameter is stored as one of {', '.join(known)}: "
            f"name one of these."
        )
    return known[str(dtype)]


def size_of_layers(
    layers: Iterable[LayerShape],
    dtype: str = "int8",
    *,
    per_channel: bool = True,
    keep_float: Iterable[str] = (),
    bias_scales: bool = False,
    activations: int = 0,
    activation_dtype: str = "uint8",
    container: int = 0,
) -> SizeReport:
    """Bytes of a model given as a layer table, with its weights stored as `dtype`.

    What is counted, each tensor rounded up to whole bytes on its own:

    - weights: as `dtype`, those of less than 8 bits packed;
    - scales: float32, one a layer or one an output channel; one for each activation;
    - zero_points: of the weight's or the activation's dtype, as many as scales;
    - biases: int32, the type in which products of two 8-bit integers are summed;
    - float32: layers in `keep_float`, norm and batchnorm layers, weights and biases alike;
    - container: what a file adds around the tensors, as you measured it with `size_of_file`.

    With a float dtype nothing is quantized: biases have that dtype, and there are no scales.

    Parameters
    ----------
    layers : iterable of LayerShape
    dtype : str
        float32, float16, bfloat16, or int2 to uint16.
    per_channel : bool
        One scale for every output channel, or one for the whole weight.
    keep_float : iterable of str
        Names of layers that stay in FP32.
    bias_scales : bool
        Count also a float32 scale and an int32 zero_point for every bias scale, which files in
        ONNX's QDQ form store although scale_x * scale_w says the same.
    activations : int
        How many activation tensors store a scale and a zero_point.
    activation_dtype : str
    container : int
        Bytes of container overhead.

    Raises
    ------
    ValueError
        Unknown dtype, two layers of one name, or a name in `keep_float` that no layer has.
    """
    table = tuple(layers)
    kept = _checked_names(table, keep_float)
    parts = dict.fromkeys(("weights", "scales", "zero_points", "biases", "float32"), 0)
    rows = []
    for layer in table:
        stays = layer.name in kept or layer.channel_axis is None
        sizes = _float_layer(layer) if stays else _layer(layer, dtype, per_channel, bias_scales)
        for part, size in sizes.items():
            parts[part] += size
        rows.append(TensorSize(layer.name, "float32" if stays else dtype, sum(sizes.values())))
    parts["scales"] += activations * size_of_parameters(1, "float32")
    parts["zero_points"] += activations * size_of_parameters(1, activation_dtype)
    parts["container"] = int(container)
    how = "" if dtype in FLOAT_BITS else (" per-channel" if per_channel else " per-tensor")
    return SizeReport(f"{len(table)} layers, {dtype}{how}", tuple(parts.items()), tuple(rows))


def _layer(layer: LayerShape, dtype: str, per_channel: bool, bias_scales: bool) -> dict[str, int]:
    weights = size_of_parameters(layer.weights, dtype)
    if dtype in FLOAT_BITS:
        return {"weights": weights, "biases": size_of_parameters(layer.biases, dtype)}
    scales = layer.channels if per_channel else 1
    scales_of_bias = scales if bias_scales and layer.bias else 0
    return {
        "weights": weights,
        "scales": size_of_parameters(scales + scales_of_bias, "float32"),
        "zero_points": size_of_parameters(scales, dtype)
        + size_of_parameters(scales_of_bias, "int32"),
        "biases": size_of_parameters(layer.biases, "int32"),
    }


def _float_layer(layer: LayerShape) -> dict[str, int]:
    return {"float32": size_of_parameters(layer.weights + layer.biases, "float32")}


def _checked_names(layers: tuple[LayerShape, ...], keep_float: Iterable[str]) -> frozenset[str]:
    names = [layer.name for layer in layers]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            f"two layers are called {twice[0]!r}, but keep_float needs one name for one layer: "
            f"give each layer its own name."
        )
    kept = frozenset((keep_float,) if isinstance(keep_float, str) else keep_float)
    unknown = sorted(kept - set(names))
    if unknown:
        raise ValueError(
            f"keep_float names {unknown[0]!r}, but the layers are {', '.join(names)}: "
            f"check the spelling."
        )
    return kept
