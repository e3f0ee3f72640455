"""The one table of operators: what ONNX Runtime does with each on 8-bit integers, on a CPU.

Where rulers are laid, what must be guarded to stay float, what the simulator fuses and why a node
fell back are all read from here. A test holds every entry against ONNX Runtime's optimized graph.

Source: onnxruntime/core/optimizer/qdq_transformer (selectors, propagation, clip fusion and
weight_bias_quantization.cc), version 1.32.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class IntegerOperator:
    """An ONNX operator between DequantizeLinear and QuantizeLinear.

    Attributes
    ----------
    name : str
        ONNX's.
    kernel : str or None
        The operator that runs in its place and reads integers; "" where none needs to. None where
        there is none: it runs in float32.
    weighted : bool
        Its inputs are x, weights and perhaps a bias; otherwise all are activations.
    moves : bool
        It moves, repeats or chooses integers: what comes out is on the ruler that went in.
    carries_qparams : bool
        A ruler is carried past it, forward from the DequantizeLinear before it and back from the
        QuantizeLinear behind it, so that a kernel further away can fuse.
    integers_only : bool
        Its kernel writes integers only, so it needs a QuantizeLinear behind; without one the
        operator runs in float32.
    clips : bool
        A Relu or Clip: it needs no kernel where the ruler behind it ends where it clips.
    quantizes_weights : bool
        Float weights between quantized tensors are quantized all the same, with one scale: such a
        layer does not stay float unless something stands between.
    folds : tuple of str
        Operators behind it with a constant operand, that go into its float weights beforehand.
    folds_pad : bool
        A Pad with zeros before it goes into its own padding beforehand.
    passes_factor : bool
        `f(s * x) = s * f(x)` for each channel and every s > 0.
    simulated : bool
        quantlab computes it on integers. Others it computes in float32, to the same numbers.
    """

    name: str
    kernel: str | None
    weighted: bool = False
    moves: bool = False
    carries_qparams: bool = False
    integers_only: bool = True
    clips: bool = False
    quantizes_weights: bool = False
    folds: tuple[str, ...] = ()
    folds_pad: bool = False
    passes_factor: bool = False
    simulated: bool = True

    @property
    def computes(self) -> bool:
        """Whether its kernel makes new integers, on a ruler of their own."""
        return self.kernel is not None and not self.moves

    @property
    def fuses_clip(self) -> bool:
        """Whether a Relu or Clip behind it vanishes into the ruler that its kernel writes on."""
        return self.computes


def _moving(name: str, **fields: Any) -> IntegerOperator:
    return IntegerOperator(name, name, moves=True, **fields)


def _carrying(name: str, **fields: Any) -> IntegerOperator:
    return _moving(name, carries_qparams=True, integers_only=False, **fields)


_TABLE = (
    IntegerOperator(
        "Conv", "QLinearConv", weighted=True, quantizes_weights=True,
        folds=("BatchNormalization", "Mul", "Add"), folds_pad=True,
    ),
    IntegerOperator("Gemm", "QGemm", weighted=True, integers_only=False, quantizes_weights=True),
    # Where it folds it becomes a Gemm, and is quantized like one.
    IntegerOperator(
        "MatMul", "QLinearMatMul", weighted=True, integers_only=False,
        folds=("BatchNormalization", "Add"),
    ),
    IntegerOperator(
        "ConvTranspose", None, weighted=True, integers_only=False, quantizes_weights=True,
        folds=("BatchNormalization",),
    ),
    IntegerOperator("Add", "QLinearAdd"),
    IntegerOperator("Mul", "QLinearMul"),
    IntegerOperator("Concat", "QLinearConcat"),
    IntegerOperator("Where", "QLinearWhere", simulated=False),
    IntegerOperator("AveragePool", "QLinearAveragePool", folds_pad=True, passes_factor=True),
    IntegerOperator("GlobalAveragePool", "QLinearGlobalAveragePool", passes_factor=True),
    IntegerOperator("LeakyRelu", "QLinearLeakyRelu", passes_factor=True),
    IntegerOperator("Sigmoid", "QLinearSigmoid"),
    IntegerOperator("Softmax", "QLinearSoftmax"),
    IntegerOperator("Relu", None, integers_only=False, clips=True, passes_factor=True),
    IntegerOperator("Clip", None, integers_only=False, clips=True),
    _carrying("MaxPool", passes_factor=True),
    _carrying("Reshape"),
    _carrying("Transpose"),
    _carrying("Squeeze"),
    _carrying("Unsqueeze"),
    _carrying("Slice"),
    IntegerOperator(
        "Identity", "", moves=True, carries_qparams=True, integers_only=False, passes_factor=True
    ),
    _moving("Flatten", passes_factor=True),
    _moving("Resize", passes_factor=True),
    _moving("DepthToSpace"),
    _moving("Expand", simulated=False),
    _moving("Gather", simulated=False),
    _moving("GatherElements", simulated=False),
    _moving("ReduceMax", simulated=False),
    _moving("ReduceMin", simulated=False),
    _moving("Split", simulated=False),
    _moving("Tile", simulated=False),
    _moving("ArgMax", integers_only=False, simulated=False),  # it writes places, no numbers
)  # fmt: skip

INTEGER_OPERATORS: Mapping[str, IntegerOperator] = MappingProxyType({o.name: o for o in _TABLE})
_UNKNOWN = IntegerOperator("", None, integers_only=False, simulated=False)


def integer_operator(name: str) -> IntegerOperator:
    """The entry of an operator; one without a kernel for an operator that is not in the table.

    Examples
    --------
    >>> integer_operator("Conv").kernel
    'QLinearConv'
    >>> integer_operator("Tanh").kernel is None
    True
    """
    return INTEGER_OPERATORS.get(name, _UNKNOWN)


def why_no_kernel(name: str, attributes: Mapping[str, Any] = MappingProxyType({})) -> str | None:
    """Why an operator runs in float32 whatever is around it; None where it has an integer kernel.

    Parameters
    ----------
    name : str
        ONNX's.
    attributes : mapping
        The node's, by ONNX's names.

    Examples
    --------
    >>> why_no_kernel("HardSwish")
    'ONNX Runtime has no integer kernel for HardSwish'
    """
    if name == "Resize" and attributes.get("mode", "nearest") != "nearest":
        return "ONNX Runtime resizes integers only to the nearest pixel"
    if integer_operator(name).kernel is None:
        return f"ONNX Runtime has no integer kernel for {name}"
    return None
