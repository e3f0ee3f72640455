"""Where the error is, what it costs, and how sure that is.

Statistics, Pareto front and preprocessing need numpy alone. What looks into models loads torch and
ONNX Runtime when it is first asked for.
"""

from typing import TYPE_CHECKING

from quantlab.analysis.bootstrap import paired_bootstrap
from quantlab.analysis.drop import Drop
from quantlab.analysis.mcnemar import McNemar, mcnemar
from quantlab.analysis.pareto import Candidate, ParetoFront, pareto_front
from quantlab.analysis.pixel_relation import PixelRelation
from quantlab.analysis.preprocessing import PreprocessingComparison, compare_preprocessing
from quantlab.analysis.slices import GroupDrop, GroupTable, by_group
from quantlab.base.lazy import lazy_names

if TYPE_CHECKING:
    from quantlab.analysis.float_layers import with_float_layers
    from quantlab.analysis.layer_error import LayerError, LayerErrors, layer_errors
    from quantlab.analysis.ranges_by_pipeline import PipelineRanges, pipeline_ranges
    from quantlab.analysis.sensitivity import LayerScore, Sensitivity, layer_sensitivity
    from quantlab.analysis.trade_off import trade_offs
    from quantlab.analysis.weight_rules import with_weight_rules

# Public name -> the module that is loaded when the name is first used.
_HOMES = {
    "trade_offs": ".trade_off",
    "with_float_layers": ".float_layers",
    "with_weight_rules": ".weight_rules",
    **dict.fromkeys(("LayerError", "LayerErrors", "layer_errors"), ".layer_error"),
    **dict.fromkeys(("PipelineRanges", "pipeline_ranges"), ".ranges_by_pipeline"),
    **dict.fromkeys(("LayerScore", "Sensitivity", "layer_sensitivity"), ".sensitivity"),
}

__all__ = [
    "Candidate",
    "Drop",
    "GroupDrop",
    "GroupTable",
    "LayerError",
    "LayerErrors",
    "LayerScore",
    "McNemar",
    "ParetoFront",
    "PipelineRanges",
    "PixelRelation",
    "PreprocessingComparison",
    "Sensitivity",
    "by_group",
    "compare_preprocessing",
    "layer_errors",
    "layer_sensitivity",
    "mcnemar",
    "paired_bootstrap",
    "pareto_front",
    "pipeline_ranges",
    "trade_offs",
    "with_float_layers",
    "with_weight_rules",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
