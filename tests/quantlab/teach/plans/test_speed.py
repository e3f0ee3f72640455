"""A plan's file is timed beside FP32 and a good plan's graph; how it is run is what was asked."""

import onnx
import pytest

from quantlab.methods import Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.teach.plans.plan import Plan
from quantlab.teach.plans.speed import float_content, good_content
from quantlab.teach.plans.trial import Trial

TRIAL = Trial("classifier", 10)
PLAN = Plan(Recipe(activations=Rule(observer="minmax")), Calibration(10))


def operators(content):
    return {node.op_type for node in onnx.ModelProto.FromString(content).graph.node}


def test_three_models_are_timed_in_turn():
    speed = TRIAL.speed(PLAN, 0.2)
    assert speed.rounds >= 20
    fp32, plan, good = speed.ms
    assert speed.plan.value == pytest.approx(fp32 / plan)
    assert speed.good.value == pytest.approx(fp32 / good)
    for ratio in (speed.plan, speed.good):
        assert 0 < ratio.low <= ratio.high


def test_float_holds_no_ruler_and_the_good_graph_has_them():
    assert "QuantizeLinear" not in operators(float_content("classifier"))
    assert "QuantizeLinear" in operators(good_content("classifier"))


def test_the_good_graph_of_the_detector_is_fed_with_pictures():
    model = onnx.ModelProto.FromString(good_content("detector"))
    assert [given.name for given in model.graph.input] == ["pixels"]


def test_the_sign_is_the_one_that_was_asked_for():
    """Weights are INT8 in both files; activations alone are UINT8 somewhere."""
    unsigned = {}
    for signed in (False, True):
        content = TRIAL.file(PLAN.with_inference(signed=signed))
        stored = onnx.ModelProto.FromString(content).graph.initializer
        unsigned[signed] = any(t.data_type == onnx.TensorProto.UINT8 for t in stored)
    assert unsigned == {False: True, True: False}


def test_integers_that_no_runtime_holds_are_not_timed():
    plan = Plan(Recipe(weights=Rule("int3")), Calibration(10))
    with pytest.raises(ValueError, match="give them 4, 8 or 16 bits"):
        TRIAL.speed(plan)


def test_pixels_where_a_padding_takes_no_mean_are_refused():
    with pytest.raises(ValueError, match="padding"):
        TRIAL.file(PLAN.with_inference(pixels=True))
