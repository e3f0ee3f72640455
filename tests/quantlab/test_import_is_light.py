"""`import quantlab` loads nothing heavy; each public name comes when it is asked for."""

import json
import subprocess
import sys

import pytest

import quantlab

# Room -> what it offers under the short name, from a recipe to a figure with its interval.
SHORT = {
    "methods": (
        "LearnedRounding", "QuantizedModel", "Recipe", "Rule", "Training", "convert_qat",
        "prepare_qat", "quantize_model", "train_qat",
    ),
    "deploy": (
        "can_quantize", "compare_with_runtime", "export_onnx", "measure_latency", "open_session",
        "precision_report", "quantize_onnx", "saturation_report", "simulate",
    ),
    "analysis": (
        "by_group", "compare_preprocessing", "layer_errors", "layer_sensitivity",
        "paired_bootstrap",
    ),
    "scenes": ("Calibration", "Preprocessing", "Test", "Train", "Validation"),
    "zoo": ("evaluate_classifier", "evaluate_detector", "evaluate_segmenter", "predictor"),
    "learn": ("check", "hint", "i_can", "predict", "quiz", "reveal", "solution"),
}  # fmt: skip
HEAVY = {"torch", "matplotlib", "onnx", "onnxruntime", "IPython", "ipywidgets", "pandas"}


def loaded_after(statement: str) -> set[str]:
    """Top-level packages and quantlab's own modules that a fresh interpreter holds afterwards."""
    code = f"{statement}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300
    )
    names = json.loads(done.stdout)
    return {name if name.startswith("quantlab") else name.split(".")[0] for name in names}


def test_import_quantlab_loads_only_itself():
    loaded = loaded_after("import quantlab")
    assert {name for name in loaded if name.startswith("quantlab")} == {
        "quantlab",
        "quantlab.base",
        "quantlab.base.lazy",
    }
    assert not loaded & (HEAVY | {"numpy"})


def test_a_first_use_loads_numpy_and_nothing_heavy():
    loaded = loaded_after("from quantlab import quantize, choose_qparams, size_of_file")
    assert "numpy" in loaded
    assert not loaded & HEAVY


def test_reports_and_figure_settings_load_nothing_heavy():
    loaded = loaded_after("from quantlab.base import figure_style, palette, report")
    assert not loaded & (HEAVY | {"rich"})


def test_a_recipe_and_a_plan_load_nothing_heavy():
    assert not loaded_after("from quantlab.methods import Recipe, Rule, Training") & HEAVY
    assert not loaded_after("import quantlab.teach.plans.plan, quantlab.teach.plans.trial") & HEAVY


def test_figures_of_lessons_do_not_load_the_analyses():
    loaded = loaded_after("import quantlab.teach.pictures.figure")
    assert not {name for name in loaded if name.startswith("quantlab.analysis")}


def test_numerics_is_all_there_under_the_short_name():
    for name in quantlab.numerics.__all__:
        assert getattr(quantlab, name) is getattr(quantlab.numerics, name)


@pytest.mark.parametrize("room", SHORT)
def test_the_names_of_a_whole_job_are_short(room):
    """What the rooms offer beyond these is asked of the room."""
    for name in SHORT[room]:
        assert getattr(quantlab, name) is getattr(getattr(quantlab, room), name)


@pytest.mark.parametrize(
    "room", ["analysis", "deploy", "learn", "methods", "numerics", "scenes", "zoo"]
)
def test_a_room_needs_no_import_of_its_own(room):
    loaded = loaded_after(f"import quantlab\nassert '{room}' in dir(quantlab)\nquantlab.{room}")
    assert f"quantlab.{room}" in loaded


def test_dir_lists_what_can_be_had():
    assert {"quantize", "check", "__version__"} <= set(dir(quantlab))
    assert set(quantlab.__all__) == {
        *quantlab.numerics.__all__,
        *(name for names in SHORT.values() for name in names),
    }


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'quantlab' has no attribute 'quantise'"):
        quantlab.quantise  # noqa: B018
