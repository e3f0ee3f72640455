"""Where the error is, what it costs, and how sure that is."""

from quantlab.analysis.bootstrap import Drop, paired_bootstrap
from quantlab.analysis.mcnemar import McNemar, mcnemar
from quantlab.analysis.pareto import Candidate, ParetoFront, pareto_front
from quantlab.analysis.slices import GroupDrop, GroupTable, by_group

__all__ = [
    "Candidate",
    "Drop",
    "GroupDrop",
    "GroupTable",
    "McNemar",
    "ParetoFront",
    "by_group",
    "mcnemar",
    "paired_bootstrap",
    "pareto_front",
]
