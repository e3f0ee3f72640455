"""Whether quantlab's simulator and ONNX Runtime compute the same integers.

Every operator alone, over random shapes, settings and rulers, UINT8 and INT8 in turns; then whole
networks, at every quantized tensor. A value is one integer of one tensor, computed by both. The
sessions add products in 32 bits, which without VNNI x86 CPUs do only with the session setting
"session.x64quantprecision".

Beside it stands how often ONNX Runtime's fused kernel differs from the QDQ definition, which is the
same model in the same ONNX Runtime without optimization, in float32: the simulator follows the
kernel. `why` explains the operators whose kernels differ.
"""

import argparse
import sys
from collections.abc import Callable
from typing import Any
from zlib import crc32

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper

from benchmarks.quantized_networks import QuantizedNetwork, quantized_network
from quantlab.deploy.runtime.agreement import agreement, compare_with_runtime
from quantlab.deploy.runtime.tensors import runtime_tensors
from quantlab.deploy.simulator.simulate import simulate
from tests.support.networks import NETWORKS
from tests.support.operator_models import fused_operators, run_in_runtime, session_options
from tests.support.operator_questions import QUESTIONS
from tests.support.question import Question

NEAR_TIES = "exact int32 sums times one quotient of the scales; float32 sums round at other places"
WHY = {
    "add": "QLinearAdd divides the scales first and adds the output's zero_point before it rounds: "
    "ties go to the even integer, not to the even number of steps",
    "mul": "QLinearMul multiplies by one quotient of the scales and adds the output's zero_point "
    "before it rounds: ties go to the even integer, not to the even number of steps",
    "global_average_pool": "QLinearGlobalAveragePool sums integers and multiplies by one quotient "
    "of the scales; float32 rounds at other places",
    "average_pool": "QLinearAveragePool adds the output's zero_point before it rounds: ties go to "
    "the even integer, not to the even number of steps",
    "average_pool, ceil + pads": "a window that ceil_mode lets reach beyond the padding is divided "
    "by the size of the kernel; the definition counts what lies within the padding",
    "softmax": "QLinearSoftmax cuts 1 / scale of the output down to a whole number, and adds "
    "float32 powers out of a table",
    "sigmoid": "QLinearSigmoid reads a table made with an approximation of exp",
    "conv": NEAR_TIES,
    "conv + relu": NEAR_TIES,
    "conv + relu6": NEAR_TIES,
    "gemm": NEAR_TIES,
    "matmul": NEAR_TIES,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the sub-command."""
    parser.add_argument("--cases", type=int, default=240, help="random cases of each operator")
    parser.add_argument("--images", type=int, default=2, help="images through each network")
    parser.add_argument("--size", type=int, default=96, help="their height and width")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """{values, mismatches, cases, seed, per_operator, per_net}."""
    per_operator, per_net = {}, {}
    for name, ask in QUESTIONS.items():
        per_operator[name] = one_operator(name, ask, args.cases, args.seed)
        _say(name, per_operator[name])
    for name in NETWORKS:
        per_net[name] = one_network(quantized_network(name, args.images, args.size, args.seed))
        _say(name, per_net[name])
    rows = [*per_operator.values(), *per_net.values()]
    return {
        "values": sum(row["values"] for row in rows),
        "mismatches": sum(row["mismatches"] for row in rows),
        "cases": args.cases,
        "seed": args.seed,
        "images": args.images,
        "size": args.size,
        "per_operator": per_operator,
        "per_net": per_net,
    }


def show(result: dict[str, Any]) -> str:
    """The result as two tables, and what is to be said about them."""
    lines = [
        f"{'operator':<27}{'values':>11}{'mismatches':>12}   "
        f"{'ONNX Runtime: kernel and definition differ':<42}"
    ]
    for name, row in result["per_operator"].items():
        apart = f"{row['beside_definition']:,}" if row["beside_definition"] else "-"
        most = f", by up to {row['beside_definition_by']} LSB" if apart != "-" else ""
        lines.append(f"{name:<27}{row['values']:>11,}{row['mismatches']:>12,}   {apart}{most}")
    lines += ["", f"{'network':<27}{'values':>11}{'mismatches':>12}   quantized tensors"]
    for name, row in result["per_net"].items():
        lines.append(f"{name:<27}{row['values']:>11,}{row['mismatches']:>12,}   {row['tensors']}")
    lines.append(f"{'total':<27}{result['values']:>11,}{result['mismatches']:>12,}")
    lines += [
        "",
        *_saturation(result),
        "",
        "Where ONNX Runtime's kernel is not the QDQ definition:",
    ]
    lines += [f"  {name}: {row['why']}" for name, row in _explained(result)]
    return "\n".join(lines)


def one_operator(
    name: str, ask: Callable[[np.random.Generator, str], Question], cases: int, seed: int
) -> dict[str, Any]:
    """Values, mismatches and differences from the definition over random cases of one operator."""
    rng = np.random.default_rng([seed, crc32(name.encode())])
    values = mismatches = largest = beside = beside_by = 0
    kernels: set[str] = set()
    for case in range(cases):
        asked = ask(rng, ("uint8", "int8")[case % 2])
        if case < 2:
            kernels |= set(fused_operators(asked.model)) - AROUND
        feeds = [asked.feeds[entry.name] for entry in asked.model.graph.input]
        theirs = run_in_runtime(asked.model, *feeds)
        apart = steps_apart(asked.model, simulate(asked.model, asked.feeds).outputs["y"], theirs)
        off = steps_apart(asked.model, as_defined(asked), theirs)
        values, largest = values + apart.size, max(largest, int(apart.max()))
        mismatches, beside = mismatches + int((apart > 0).sum()), beside + int((off > 0).sum())
        beside_by = max(beside_by, int(off.max()))
    return {
        "cases": cases,
        "values": values,
        "mismatches": mismatches,
        "largest_lsb": largest,
        "kernels": sorted(kernels),
        "beside_definition": beside,
        "beside_definition_by": beside_by,
        "why": WHY.get(name) if beside else None,
    }


def one_network(net: QuantizedNetwork) -> dict[str, Any]:
    """Values and mismatches at every quantized tensor of a network."""
    compared = compare_with_runtime(net.quantized, net.x)
    return {
        "values": compared.values,
        "mismatches": compared.mismatches,
        "largest_lsb": compared.largest,
        "tensors": len(compared.layers),
        "first_mismatch": compared.first.name if compared.first else None,
        "without_vnni": without_vnni(net),
    }


def without_vnni(net: QuantizedNetwork) -> dict[str, int] | None:
    """The same where products are added in 16 bits; None where this processor does not do so.

    `beside_exact` counts the integers that are others than with 32 bits.
    """
    exact = simulate(net.quantized, net.x)
    by_default = runtime_tensors(net.quantized, net.x)
    beside_exact = agreement(exact, by_default.tensors).mismatches
    if not beside_exact:
        return None
    predicted = agreement(simulate(net.quantized, net.x, exact=False), by_default.tensors)
    return {
        "values": predicted.values,
        "mismatches": predicted.mismatches,
        "beside_exact": beside_exact,
    }


#: Nodes around the kernel: they say nothing about what computes the operator.
AROUND = {"QuantizeLinear", "DequantizeLinear"}


def as_defined(asked: Question) -> np.ndarray:
    """The same model in float32, node by node as it is written."""
    options = session_options()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(
        asked.model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    output: np.ndarray = session.run(None, asked.feeds)[0]
    return output


def steps_apart(model: onnx.ModelProto, ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """How many steps of the output's ruler two dequantized outputs are apart, value by value."""
    if ours.shape != theirs.shape:
        raise ValueError(f"ours has shape {ours.shape}, theirs {theirs.shape}.")
    scale = next(numpy_helper.to_array(t) for t in model.graph.initializer if t.name == "sy")
    return np.rint(np.abs(ours.astype(np.float64) - theirs) / float(scale))


def _explained(result: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(name, row) for name, row in result["per_operator"].items() if row["why"]]


def _saturation(result: dict[str, Any]) -> list[str]:
    """What is to be said about sums in 16 bits, network by network."""
    rows = {name: row["without_vnni"] for name, row in result["per_net"].items()}
    if not any(rows.values()):
        return ["This processor adds products in 32 bits by default."]
    return ["This processor adds products in 16 bits by default; simulated so:"] + [
        f"  {name}: {row['mismatches']:,} of {row['values']:,} integers differ from ONNX "
        f"Runtime's, of which {row['beside_exact']:,} are not the exact ones"
        for name, row in rows.items()
        if row
    ]


def _say(name: str, row: dict[str, Any]) -> None:
    print(f"{name}: {row['mismatches']:,} of {row['values']:,} differ", file=sys.stderr)
