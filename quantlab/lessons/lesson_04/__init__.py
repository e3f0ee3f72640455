"""Lesson 04, calibration: the names that its notebook imports."""

from quantlab.base.lazy import lazy_names

_HOMES = {
    "explore_clipping": ".explorer",
    "histogram_figure": ".material.histograms",
    **dict.fromkeys(("activations_of", "inputs_of"), ".material.activations"),
    "show": "quantlab.teach.pictures.figure",
    **dict.fromkeys(("DetectorTrials", "losses_table"), ".material.detector_trials"),
    "observers_named": ".material.observers",
    **dict.fromkeys(("kept_classifier", "kept_detector", "measure"), ".material.kept"),
    "classifier_trials": ".material.classifier_trials",
}
__all__ = sorted(_HOMES)
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
