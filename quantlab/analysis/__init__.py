"""Where the error is, what it costs, and how sure that is."""

from quantlab.analysis.bootstrap import Drop, paired_bootstrap
from quantlab.analysis.float_layers import with_float_layers
from quantlab.analysis.layer_error import LayerError, LayerErrors, layer_errors
from quantlab.analysis.mcnemar import McNemar, mcnemar
from quantlab.analysis.pareto import Candidate, ParetoFront, pareto_front
from quantlab.analysis.pipeline_ranges import PipelineRanges, pipeline_ranges
from quantlab.analysis.pixel_relation import PixelRelation
from quantlab.analysis.preprocessing import PreprocessingComparison, compare_preprocessing
from quantlab.analysis.sensitivity import (
    LayerScore,
    Sensitivity,
    keep_one,
    quantize_one,
)
from quantlab.analysis.slices import GroupDrop, GroupTable, by_group

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
    "keep_one",
    "layer_errors",
    "mcnemar",
    "paired_bootstrap",
    "pareto_front",
    "pipeline_ranges",
    "quantize_one",
    "with_float_layers",
]
