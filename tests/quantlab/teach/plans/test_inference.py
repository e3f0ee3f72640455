"""How a plan's model is run is plain data, and what is none hears so in one sentence."""

import pytest

from quantlab.methods import Recipe
from quantlab.scenes import Calibration
from quantlab.teach.plans.inference import AS_EXPORTED, Inference
from quantlab.teach.plans.plan import Plan


def test_a_plan_carries_it_through_plain_data():
    plan = Plan(Recipe(), Calibration(4), Inference(pixels=True, signed=False, threads=2))
    assert Plan.from_dict(plan.to_dict()) == plan
    assert plan.with_inference(pixels=False).inference == Inference(signed=False, threads=2)


def test_a_plan_without_it_is_run_as_it_is_exported():
    data = Plan(Recipe(), Calibration(4)).to_dict()
    del data["inference"]
    assert Plan.from_dict(data).inference == AS_EXPORTED


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pixels": "yes"}, "inference.pixels is 'yes'"),
        ({"signed": 1}, "inference.signed is 1"),
        ({"threads": 0}, "whole number of at least 1"),
        ({"threads": 99}, "8 are the most"),
        ({"batch": 4}, "the key 'batch'"),
    ],
)
def test_what_is_no_setting_gets_a_sentence(change, said):
    with pytest.raises(ValueError, match=said):
        Inference.from_dict({**AS_EXPORTED.to_dict(), **change})


def test_a_plan_refuses_another_kind():
    with pytest.raises(ValueError, match="an Inference"):
        Plan(Recipe(), Calibration(4), {"pixels": True})
