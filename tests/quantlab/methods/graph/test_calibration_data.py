"""What calibration takes: one array as its batches, a split by its role."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from quantlab.methods import Recipe, Rule, calibrate, fold_batchnorm, place_qparams, trace_model
from quantlab.methods.graph.calibration_data import calibration_batches
from quantlab.methods.improve.bias_correction import correct_bias_empirical
from quantlab.methods.qat.qat_model import prepare_qat
from quantlab.methods.quantize_model import quantize_model
from quantlab.methods.recipe import Training

IMAGES = np.random.default_rng(0).normal(size=(70, 3, 8, 8)).astype(np.float32)
# Which batch an image is in is seen by a moving average.
AVERAGING = Recipe(activations=Rule(observer="moving_average"))


class Net(nn.Sequential):
    def __init__(self):
        torch.manual_seed(0)
        super().__init__(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))


@dataclass
class Pictures:
    """As a split of quantlab.scenes: pictures of a purpose, which a preprocessing prepares."""

    role: str

    def __iter__(self):
        raise AssertionError("a picture was drawn")

    def batches(self, preprocessing):
        return Prepared(self.role, preprocessing)


@dataclass
class Prepared:
    role: str
    scale: float

    def __iter__(self):
        if self.role in ("validation", "test"):
            raise AssertionError("a judge was looked at")
        yield from (IMAGES[:32] * self.scale, IMAGES[32:64] * self.scale)


def rulers(calibration, net=None):
    return dict(quantize_model(net or Net(), calibration, AVERAGING).activations)


@pytest.mark.parametrize("images", [IMAGES, torch.from_numpy(IMAGES)])
def test_one_array_is_its_batches_of_32(images):
    assert rulers(images) == rulers([IMAGES[:32], IMAGES[32:64], IMAGES[64:]])
    assert rulers(images) != rulers([IMAGES])


def test_a_prepared_split_is_batches():
    expected = rulers([IMAGES[:32] * np.float32(0.5), IMAGES[32:64] * np.float32(0.5)])
    for role in ("calibration", "train"):
        assert rulers(Prepared(role, np.float32(0.5))) == expected


def test_a_split_of_pictures_is_prepared_as_the_model_says():
    net = Net()
    net.preprocessing = np.float32(0.5)
    assert rulers(Pictures("calibration"), net) == rulers(Prepared("calibration", np.float32(0.5)))
    with pytest.raises(TypeError, match=r"pass split\.batches\(preprocessing\)"):
        rulers(Pictures("calibration"))


@pytest.mark.parametrize("role", ["validation", "test"])
@pytest.mark.parametrize("kind", [Pictures, lambda role: Prepared(role, 1.0)])
def test_what_judges_a_model_lays_no_rulers(role, kind):
    split, net = kind(role), Net()
    net.preprocessing = 1.0
    graph = fold_batchnorm(trace_model(net, IMAGES))
    model = quantize_model(net, IMAGES)
    for verb in (
        lambda: quantize_model(net, split),
        lambda: prepare_qat(net, split, Recipe(training=Training())),
        lambda: calibrate(graph, place_qparams(graph, Recipe()), split, Recipe()),
        lambda: correct_bias_empirical(model, split),
    ):
        with pytest.raises(TypeError, match=f"calibration is a {role} split, but the pictures"):
            verb()


def test_an_iterator_is_left_for_who_reads_it():
    batches = iter([IMAGES])
    assert calibration_batches(batches) is batches
