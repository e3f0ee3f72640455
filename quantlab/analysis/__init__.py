"""Where the error is, what it costs, and how sure that is."""

from quantlab.analysis.bootstrap import Drop, paired_bootstrap
from quantlab.analysis.mcnemar import McNemar, mcnemar
from quantlab.analysis.pareto import Candidate, ParetoFront, pareto_front
from quantlab.analysis.pixel_relation import PixelRelation
from quantlab.analysis.preprocessing import PreprocessingComparison, compare_preprocessing
from quantlab.analysis.slices import GroupDrop, GroupTable, by_group

__all__ = [
    "Candidate",
    "Drop",
    "GroupDrop",
    "GroupTable",
    "McNemar",
    "ParetoFront",
    "PixelRelation",
    "PreprocessingComparison",
    "by_group",
    "compare_preprocessing",
    "mcnemar",
    "paired_bootstrap",
    "pareto_front",
]
