"""The plans of the capstone: ways, good and bad, to make an .onnx file of the detector.

The good one was chosen on validation scenes (`python -m benchmarks capstone --validation`).
"""

import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from torch import nn

from benchmarks.capstone_material import (
    EASY_DAY,
    EASY_NIGHT,
    FEW_DAY,
    FEW_NIGHT,
    MIXED,
    Material,
)
from benchmarks.capstone_qat import light_qat
from benchmarks.quantizer_plans import Plan as Peer
from benchmarks.quantizer_plans import nncf_plan, ort_plan
from quantlab.deploy import export_onnx
from quantlab.methods import Recipe, Rule, Training, fold_batchnorm, quantize_model, trace_model

# A plan writes its model to a path.
Plan = Callable[[Material, Path], object]

PER_TENSOR = Rule("int8", "symmetric", "per-tensor", "minmax", narrow=True)
FOUR_BITS = Rule("int4", "symmetric", "per-channel", "minmax", narrow=True)
MIN_MAX = Rule("uint8", "asymmetric", "per-tensor", "minmax")
SYMMETRIC = Rule("uint8", "symmetric", "per-tensor", "minmax")
LIGHT = Training(epochs=1, learning_rate=1e-4, freeze_batchnorm_after=0)

NAIVE = Recipe(weights=PER_TENSOR, activations=MIN_MAX)
GOOD_RECIPE = Recipe(bias_correction="empirical")
HARD = Recipe(weights=FOUR_BITS)
# What speaks of boxes and classes directly: it looks worth protecting.
HEADS = ("extras", "towers", "classes", "boxes")


def float_plan(*, pixels: bool = False) -> Plan:
    """FP32, BatchNorm folded; fed with the picture, what that gains without integers."""

    def write(material: Material, target: Path) -> None:
        example = next(iter(material.batches()))[:1]
        folded = fold_batchnorm(trace_model(material.net, example))
        export_onnx(folded, target, preprocessing=material.preprocessing if pixels else None)

    return write


def our_plan(
    recipe: Recipe,
    scenes: str = MIXED,
    *,
    signed_activations: bool | None = None,
    float_parts: tuple[str, ...] = (),
    pixels: bool = False,
) -> Plan:
    """quantlab's quantize_model and export_onnx; convolutions in `float_parts` stay FP32.

    With `pixels` the file is fed with the picture itself.
    """

    def write(material: Material, target: Path) -> None:
        kept = [
            name
            for name, module in material.net.named_modules()
            if isinstance(module, nn.Conv2d) and name.split(".")[0] in float_parts
        ]
        chosen = replace(recipe, keep_float=kept)
        model = quantize_model(material.net, material.batches(scenes), chosen, progress=True)
        export_onnx(
            model,
            target,
            signed_activations=signed_activations,
            preprocessing=material.preprocessing if pixels else None,
        )

    return write


def qat_plan(recipe: Recipe) -> Plan:
    """prepare_qat, train_qat, convert_qat and export_onnx."""

    def write(material: Material, target: Path) -> None:
        export_onnx(light_qat(material, recipe), target)

    return write


def peer_plan(peer: Peer) -> Plan:
    """A quantizer of another project, on the same FP32 file and the same mixed scenes."""

    def write(material: Material, target: Path) -> None:
        with redirect_stdout(sys.stderr):  # stdout is for the result
            peer(material.folder, target)()

    return write


def ort(*, per_channel: bool, method: str) -> Plan:
    """ONNX Runtime's quantize_static."""
    return peer_plan(ort_plan(per_channel=per_channel, method=method, by_batch=True))


FP32 = "FP32"
NAIVE_DAY, NAIVE_NIGHT = f"naive, {FEW_DAY} easy day scenes", f"naive, {FEW_NIGHT} easy nights"
GOOD = "good, fed with pictures"
#: Before and after light training.
HARDER, TRAINED = "4-bit weights", "4-bit weights, light QAT"
PLANS: Mapping[str, Plan] = {
    FP32: float_plan(),
    "FP32, fed with pictures": float_plan(pixels=True),
    NAIVE_DAY: our_plan(NAIVE, EASY_DAY),
    NAIVE_NIGHT: our_plan(NAIVE, EASY_NIGHT),
    "quantlab's default": our_plan(Recipe()),
    "good": our_plan(GOOD_RECIPE),
    GOOD: our_plan(GOOD_RECIPE, pixels=True),
    "good, but S8 activations": our_plan(GOOD_RECIPE, signed_activations=True),
    "good, but heads in float": our_plan(GOOD_RECIPE, float_parts=HEADS),
    "good, but symmetric activations": our_plan(replace(GOOD_RECIPE, activations=SYMMETRIC)),
    f"good, but {FEW_DAY} easy day scenes": our_plan(GOOD_RECIPE, EASY_DAY),
    HARDER: our_plan(HARD),
    TRAINED: qat_plan(replace(HARD, training=LIGHT)),
    "ORT per-tensor min-max": ort(per_channel=False, method="MinMax"),
    "ORT per-channel min-max": ort(per_channel=True, method="MinMax"),
    "ORT per-channel percentile": ort(per_channel=True, method="Percentile"),
    "NNCF": peer_plan(nncf_plan()),
}


def missing_package(plan: str) -> str | None:
    """The package that a plan needs and that is not installed."""
    return "nncf" if plan == "NNCF" and find_spec("nncf") is None else None
