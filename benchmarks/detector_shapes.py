"""What a detector's architecture does to its INT8 speed, in ONNX Runtime on one thread.

Parts of the shipped detector are exchanged one at a time; weights are random, so this is about time
alone. Each shape is exported in FP32 and quantized with the default recipe. The two run in turns on
one image; the ratio is FP32 over INT8 with the 95 % interval of a bootstrap over rounds. For the
shipped shape, the time of its INT8 graph is summed up by kind of operator; the profiler makes small
operators look longer than they are.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from benchmarks.detector_variants import SHAPES, SHIPPED, Shape, build
from quantlab.deploy import build_onnx, measure_latency, precision_report
from quantlab.deploy.onnx_graph.macs import macs_of
from quantlab.deploy.precision.ran_node import NodePrecision
from quantlab.methods import Recipe, quantize_model

STEM_LAYER = "stem.0"
PROFILED_RUNS = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the sub-command."""
    parser.add_argument("--seconds", type=float, default=15.0, help="time for each shape")
    parser.add_argument("--size", type=int, default=320, help="side of the image, 64 or more")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Time every shape: {size, threads, shapes, shipped_int8}."""
    rows = []
    for shape in SHAPES:
        rows.append(measure(shape, args.size, args.seconds))
        print(f"{shape.name}: {rows[-1]['speedup'][0]:.2f}x", file=sys.stderr)
    shipped = next(shape for shape in SHAPES if shape.name == SHIPPED)
    return {
        "size": args.size,
        "threads": 1,
        "shapes": rows,
        "shipped_int8": operators(shipped, args.size),
    }


def measure(shape: Shape, size: int, seconds: float) -> dict[str, Any]:
    """One row: parameters, multiply-accumulates, medians in ms, speed-up with its interval."""
    net, models, image = _models(shape, size)
    latency = measure_latency(models, image.numpy(), threads=1, seconds=seconds)
    speed_up = latency.speed_ups[0]
    macs = macs_of(models["fp32"], {"input": tuple(image.shape)})
    return {
        "shape": shape.name,
        "parameters": sum(p.numel() for p in net.parameters()),
        "macs": sum(count or 0 for count in macs.values()),
        "fp32_ms": 1e3 * latency["fp32"].median,
        "int8_ms": 1e3 * latency["int8"].median,
        "speedup": [speed_up.ratio, speed_up.low, speed_up.high],
        "rounds": latency.rounds,
    }


def operators(shape: Shape, size: int) -> list[dict[str, Any]]:
    """Milliseconds of a shape's INT8 graph by kind of operator, the longest first."""
    net, models, image = _models(shape, size)
    report = precision_report(models["int8"], inputs=image.numpy(), runs=PROFILED_RUNS)
    found: dict[str, list[NodePrecision]] = defaultdict(list)
    for node in report.nodes:
        found[kind(node, net)].append(node)
    rows = [
        {
            "kind": name,
            "nodes": len(nodes),
            "macs": sum(node.macs for node in nodes),
            "ms": 1e3 * sum(node.seconds or 0.0 for node in nodes),
        }
        for name, nodes in found.items()
    ]
    return sorted(rows, key=lambda row: -row["ms"])


def kind(node: NodePrecision, net: nn.Module) -> str:
    """An operator's name; of a convolution also what sort it is."""
    modules = dict(net.named_modules())
    layer = modules.get(node.label)
    if "Conv" not in node.operator or not isinstance(layer, nn.Conv2d):
        return node.operator
    across, stride = layer.kernel_size[0], layer.stride[0]
    sort = "depthwise " if layer.groups > 1 else ""
    return f"{node.operator}, {sort}{across}×{across}, stride {stride}"


def show(result: dict[str, Any]) -> str:
    """The result as two tables."""
    lines = [
        f"one image of {result['size']}×{result['size']}, {result['threads']} thread",
        f"{'detector':<32}{'params':>8}{'MACs':>9}{'FP32 ms':>9}{'INT8 ms':>9}{'ratio':>7}  95 %",
    ]
    for row in result["shapes"]:
        ratio, low, high = row["speedup"]
        lines.append(
            f"{row['shape']:<32}{row['parameters'] / 1e6:>6.2f} M{row['macs'] / 1e6:>7.0f} M"
            f"{row['fp32_ms']:>9.2f}{row['int8_ms']:>9.2f}{ratio:>7.2f}  {low:.2f} to {high:.2f}"
        )
    lines += [
        "",
        f"{'where INT8 time goes (shipped)':<44}{'nodes':>6}{'MACs':>9}{'ms':>8}{'share':>8}",
    ]
    lines += _shares(result["shipped_int8"])
    return "\n".join(lines)


def _shares(rows: Sequence[dict[str, Any]]) -> list[str]:
    total = sum(row["ms"] for row in rows)
    return [
        f"{row['kind']:<44}{row['nodes']:>6}{row['macs'] / 1e6:>7.1f} M{row['ms']:>8.3f}"
        f"{100 * row['ms'] / total:>6.1f} %"
        for row in rows
    ]


def _models(shape: Shape, size: int) -> tuple[nn.Module, dict[str, Any], torch.Tensor]:
    """The net, its FP32 and INT8 graphs, and the image that it was calibrated on."""
    torch.manual_seed(0)
    net, image = build(shape), torch.randn(1, 3, size, size)
    recipe = Recipe(keep_float=(STEM_LAYER,) if shape.float_stem else ())
    quantized = quantize_model(net, [image], recipe)
    models = {"fp32": build_onnx(net, image), "int8": build_onnx(quantized, image)}
    return net, models, image
