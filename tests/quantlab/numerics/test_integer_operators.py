"""The table of operators against ONNX Runtime's optimized graph: each field, operator by operator.

A net is one quantized input, the operator under test, and what the field is about. What ONNX
Runtime made of it says whether the field is right. Rulers are zero-centred, so that no Relu or Clip
is done by one unless the test wants it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import pytest

from quantlab.deploy.onnx_graph.graph import Graph
from quantlab.deploy.runtime.optimized_graph import optimized_graph
from quantlab.deploy.runtime.session import open_session
from quantlab.numerics.integer_operators import INTEGER_OPERATORS, integer_operator
from tests.quantlab.deploy.qdq_net import QdqNet

SHAPE = (2, 8, 16, 16)
# Attributes, and the inputs behind x that are no tensors of the net.
SETTINGS: dict[str, dict[str, Any]] = {
    "Conv": {"pads": [1] * 4},
    "ConvTranspose": {"pads": [1] * 4},
    "Concat": {"axis": 1},
    "AveragePool": {"kernel_shape": [2, 2]},
    "MaxPool": {"kernel_shape": [2, 2]},
    "LeakyRelu": {"alpha": 0.1},
    "Transpose": {"perm": [0, 2, 1, 3]},
    "DepthToSpace": {"blocksize": 2},
    "Split": {"axis": 1, "num_outputs": 2},
    "Softmax": {"axis": 1},
    "Gather": {"axis": 1},
    "GatherElements": {"axis": 1},
}
FURTHER: dict[str, list[np.ndarray | None]] = {
    "Reshape": [np.array([2, -1])],
    "Unsqueeze": [np.array([0])],
    "Slice": [np.array([0]), np.array([4]), np.array([1])],
    "Resize": [None, np.array([1, 1, 2, 2], np.float32)],
    "Expand": [np.array([3, 1, 1, 1, 1])],
    "Gather": [np.array([0, 1])],
    "GatherElements": [np.zeros(SHAPE, np.int64)],
    "ReduceMax": [np.array([1])],
    "ReduceMin": [np.array([1])],
    "Tile": [np.array([1, 2, 1, 1])],
}
WEIGHTS = {"Conv": (8, 8, 3, 3), "ConvTranspose": (8, 8, 3, 3)}
TWO_TENSORS = ("Add", "Mul", "Concat", "Where")
OF_TWO_AXES = ("Gemm", "MatMul")
EACH = pytest.mark.parametrize("name", INTEGER_OPERATORS)


class Net(QdqNet):
    """One quantized input; `op` is the operator under test."""

    def under_test(
        self, name: str, x: str = "", weights: str = "integers", ends: Sequence[float] = (-0.5, 0.5)
    ) -> str:
        """The operator behind x, and what makes float of its output where that is none.

        weights : "integers", "float", or "signed": a second operand of INT8 beside UINT8.
        ends : of a Clip.
        """
        x = x or self.x
        if name in OF_TWO_AXES:
            x = self.node("Reshape", [x, self.constant("rows", np.array([-1, 16]))], "rows_of_x")
        further = map(np.float32, ends) if name == "Clip" else FURTHER.get(name, [])
        inputs = [x, *self._second(name, x, weights)]
        for at, value in enumerate(further):
            inputs.append("" if value is None else self.constant(f"further_{at}", value))
        if name == "Where":
            inputs.insert(0, self.constant("condition", np.arange(16) % 2 == 0))
        out = self.node(name, inputs, "op", **SETTINGS.get(name, {}))
        if name == "Split":  # all its pieces must become integers again
            self.nodes[-1].output.append("op_rest")
            self.q("op_rest", "rest")
        if name == "ArgMax":  # it writes places
            return self.node("Cast", out, "op_float", to=onnx.TensorProto.FLOAT)
        return out

    def _second(self, name: str, x: str, weights: str) -> list[str]:
        if not integer_operator(name).weighted and name not in TWO_TENSORS:
            return []
        shape = WEIGHTS.get(name, (16, 16) if name in OF_TWO_AXES else SHAPE)
        if weights == "float":
            return [self.float_weights("w", shape)]
        if weights == "integers" and name in TWO_TENSORS:
            return [x]
        self.constant("w_q", self.rng.integers(1, 60, shape).astype(np.int8))
        return [self.dq("w_q", "w", zero_point=self.constant("w_zero", np.int8(0)))]

    def ran(self, output: str) -> Graph:
        """What ONNX Runtime makes of the net."""
        model = self.model(output)
        for size, axis in zip(SHAPE, model.graph.input[0].type.tensor_type.shape.dim, strict=True):
            axis.dim_value = size
        return optimized_graph(model, {}).graph


def kinds(graph: Graph) -> list[str]:
    return [node.operator for node in graph.nodes]


def reads_integers(graph: Graph, operators: Sequence[str]) -> bool:
    """Whether one of these operators runs, and not on what a DequantizeLinear wrote."""
    writers = {tensor: node.operator for node in graph.nodes for tensor in node.outputs}
    return any(
        writers.get(tensor) in WRITE_INTEGERS
        for node in graph.nodes
        if node.operator in operators
        for tensor in node.inputs
    )


# Before a kernel stands a QuantizeLinear, or what changes how its integers lie in memory.
WRITE_INTEGERS = ("QuantizeLinear", "Transpose", "Reshape")


@EACH
def test_the_kernel_is_what_runs_in_its_place(name: str) -> None:
    operator, net = integer_operator(name), Net()
    graph = net.ran(net.qdq(net.under_test(name), "y"))
    if operator.kernel is None:
        assert not any((operator.moves, operator.carries_qparams, operator.integers_only))
        assert name in kinds(graph)
        assert not reads_integers(graph, [name])
    elif operator.kernel == "":
        assert kinds(graph) == ["QuantizeLinear", "DequantizeLinear"]
    else:
        assert reads_integers(graph, [operator.kernel])
        assert name == operator.kernel or name not in kinds(graph)


@EACH
def test_without_a_quantizer_behind_it_one_of_integers_only_runs_in_float(name: str) -> None:
    operator, net = integer_operator(name), Net()
    graph = net.ran(net.node("Tanh", net.under_test(name), "end"))
    names = {operator.kernel, name, "MatMulIntegerToFloat"}
    on_integers = reads_integers(graph, [n for n in names if n]) or operator.kernel == ""
    assert on_integers == (operator.kernel is not None and not operator.integers_only)


@EACH
def test_a_ruler_is_carried_past_it_or_is_not(name: str) -> None:
    """Sigmoid has an integer kernel, if a ruler reaches it: from before, and from behind."""
    forward = Net()
    out = forward.under_test(name)
    ran = kinds(forward.ran(forward.qdq(forward.node("Sigmoid", out, "s"), "y")))
    carries = integer_operator(name).carries_qparams
    assert ("QLinearSigmoid" in ran) == carries
    back = Net()
    s = back.node("Sigmoid", back.x, "s")
    ran = kinds(back.ran(back.qdq(back.under_test(name, s), "y")))
    assert ("QLinearSigmoid" in ran) == carries


@EACH
def test_what_moves_integers_needs_the_same_ruler_on_both_sides(name: str) -> None:
    operator, net = integer_operator(name), Net()
    scale = net.constant("other", np.float32(0.07))
    out = net.under_test(name)
    graph = net.ran(net.dq(net.q(out, "y_q", scale), "y", scale))
    if operator.kernel:
        # A place is a place by any ruler.
        assert reads_integers(graph, [operator.kernel]) == (not operator.moves or name == "ArgMax")


@EACH
def test_a_relu_behind_it_vanishes_into_its_ruler_or_does_not(name: str) -> None:
    """Where it does not, its result is quantized by a QuantizeLinear of its own."""
    net = Net()
    zero = net.constant("lowest", np.uint8(0))
    relu = net.node("Relu", net.under_test(name), "r")
    graph = net.ran(net.dq(net.q(relu, "y_q", zero_point=zero), "y", zero_point=zero))
    fused = kinds(graph).count("QuantizeLinear") == 1
    assert fused == integer_operator(name).fuses_clip


def test_a_relu_or_clip_vanishes_before_a_quantizer_that_clips_alike() -> None:
    gone = set()
    for name in INTEGER_OPERATORS:
        net = Net()
        zero = net.constant("lowest", np.uint8(0))
        out = net.under_test(name, net.node("Tanh", net.x, "t"), ends=(0, 9))
        graph = net.ran(net.dq(net.q(out, "y_q", zero_point=zero), "y", zero_point=zero))
        if name not in kinds(graph):
            gone.add(name)
    assert gone - {"Identity"} == {o.name for o in INTEGER_OPERATORS.values() if o.clips}


@pytest.mark.parametrize("name", [*OF_TWO_AXES, *TWO_TENSORS, "Conv"])
def test_weights_may_be_of_another_type_than_activations(name: str) -> None:
    net, operator = Net(), integer_operator(name)
    graph = net.ran(net.qdq(net.under_test(name, weights="signed"), "y"))
    assert (operator.kernel in kinds(graph)) == operator.weighted


@pytest.mark.parametrize("name", [*OF_TWO_AXES, *TWO_TENSORS, *WEIGHTS])
def test_float_weights_between_quantized_tensors_are_quantized_or_not(name: str) -> None:
    net = Net()
    graph = net.ran(net.qdq(net.under_test(name, weights="float"), "y"))
    stay = any("w" in node.inputs for node in graph.nodes)
    stored = graph.constants.get("w")
    assert (not stay or stored is None) == integer_operator(name).quantizes_weights


def test_only_what_has_a_second_operand_is_weighted_or_quantizes_weights() -> None:
    for operator in INTEGER_OPERATORS.values():
        if operator.weighted or operator.quantizes_weights or operator.folds:
            assert operator.name in {*OF_TWO_AXES, *WEIGHTS}


@pytest.mark.parametrize("behind", ["BatchNormalization", "Mul", "Add", "Sub", "Div", "Max"])
@pytest.mark.parametrize("name", [*OF_TWO_AXES, *WEIGHTS])
def test_what_is_behind_float_weights_goes_into_them_or_does_not(name: str, behind: str) -> None:
    net = Net()
    out, of_rows = net.under_test(name, weights="float"), name in OF_TWO_AXES
    if behind == "BatchNormalization":
        count = 16 if of_rows else 8
        parts = [net.constant(f"bn_{k}", np.full(count, k + 1, np.float32)) for k in range(4)]
    else:
        shape = 16 if of_rows else (1, 8, 1, 1)
        parts = [net.constant("half", np.full(shape, 0.5, np.float32))]
    graph = net.ran(net.node("Tanh", net.node(behind, [out, *parts], "behind"), "end"))
    assert (behind not in kinds(graph)) == (behind in integer_operator(name).folds)


@EACH
def test_a_pad_goes_into_what_is_behind_it_or_does_not(name: str) -> None:
    if name in OF_TWO_AXES or name in TWO_TENSORS or name == "GatherElements":
        assert not integer_operator(name).folds_pad  # they have no padding to put it in
        return
    net = Net()
    padded = net.node("Pad", [net.x, net.constant("pads", np.array([0, 0, 1, 1] * 2))], "pad")
    graph = net.ran(net.node("Tanh", net.under_test(name, padded, weights="float"), "end"))
    assert ("Pad" not in kinds(graph)) == integer_operator(name).folds_pad


# Squeeze has no axis of 1 to drop here, so it would hand on each factor.
ONE_TENSOR = [
    name
    for name in INTEGER_OPERATORS
    if name not in {*OF_TWO_AXES, *TWO_TENSORS, *WEIGHTS, "Squeeze"}
]


def test_what_a_factor_passes_has_one_tensor() -> None:
    assert {o.name for o in INTEGER_OPERATORS.values() if o.passes_factor} <= set(ONE_TENSOR)


@pytest.mark.parametrize("name", ONE_TENSOR)
def test_a_factor_a_channel_passes_or_does_not(name: str) -> None:
    """By ONNX Runtime in float32, with powers of two: nothing is rounded otherwise by them. What
    moves integers moves channels here, if it can."""
    operator = integer_operator(name)
    rng = np.random.default_rng(11)
    x = rng.normal(0, 3, SHAPE).astype(np.float32)
    factor = (2.0 ** rng.integers(-3, 4, (1, 8, 1, 1))).astype(np.float32)
    net = Net()
    net.nodes.clear()
    model = net.model(net.under_test(name, "input"))
    session = open_session(model)
    plain, scaled = (session.run(None, {"input": v})[0] for v in (x, x * factor))
    if name == "Flatten":
        plain = plain.reshape(2, 8, -1, 1)
        scaled = scaled.reshape(plain.shape)
    same = plain.ndim == 4 and plain.shape[1] == 8 and np.array_equal(scaled, plain * factor)
    assert same == operator.passes_factor


def test_no_operator_with_an_integer_kernel_is_missing() -> None:
    """Every operator of ONNX for which one or two tensors of this shape are enough."""
    tried, found = set(), set()
    for schema in onnx.defs.get_all_schemas():
        if schema.domain or schema.deprecated or schema.name in {"QuantizeLinear", "Identity"}:
            continue
        if any(attribute.required for attribute in schema.attributes.values()):
            continue
        net = Net()
        out = net.node(schema.name, [net.x] * max(1, schema.min_input), "op")
        try:
            graph = net.ran(net.qdq(out, "y"))
        except Exception:
            continue
        tried.add(schema.name)
        kernel = integer_operator(schema.name).kernel or f"QLinear{schema.name}"
        if reads_integers(graph, [kernel, schema.name]):
            found.add(schema.name)
    assert found <= {o.name for o in INTEGER_OPERATORS.values() if o.kernel}
    assert len(tried) > 60
    assert {"Add", "Mul", "Sigmoid", "LeakyRelu", "GlobalAveragePool"} <= found
