"""MinMaxObserver and MovingAverageObserver against the peers that keep two ends."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from onnxruntime.quantization.calibrate import CalibrationDataReader, MinMaxCalibrater
from torch.ao.quantization.observer import MovingAverageMinMaxObserver

from quantlab.numerics import MinMaxObserver, MovingAverageObserver, choose_qparams


class Once(CalibrationDataReader):
    """One batch for the model's input x."""

    def __init__(self, batch):
        self.left = [{"x": batch}]

    def get_next(self):
        return self.left.pop() if self.left else None


def ranges_of_onnx_runtime(parts, folder, **settings):
    """What ONNX Runtime's calibrator says of a tensor after these batches, one a call."""
    shape = ["n", *parts[0].shape[1:]]
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "one_relu",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
    )
    opsets = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), folder / "m.onnx")
    calibrater = MinMaxCalibrater(
        folder / "m.onnx", ["Relu"], augmented_model_path=folder / "augmented.onnx", **settings
    )
    calibrater.augment_graph()
    calibrater.create_inference_session()
    for part in parts:
        calibrater.collect_data(Once(part))
    return tuple(np.squeeze(end)[()] for end in calibrater.compute_data()["x"].range_value)


def batches(seed=0, count=7):
    rng = np.random.default_rng(seed)
    return [
        (rng.normal(size=(3, 4, 5)) * rng.uniform(0.1, 9)).astype(np.float32) for _ in range(count)
    ]


def test_min_max_equals_onnx_runtime(tmp_path):
    parts = batches()
    observer = MinMaxObserver()
    for part in parts:
        observer.partial_fit(part)
    assert observer.range() == ranges_of_onnx_runtime(parts, tmp_path)


def test_symmetric_min_max_equals_onnx_runtime(tmp_path):
    parts = batches()
    observer = MinMaxObserver(dtype="int8", scheme="symmetric")
    for part in parts:
        observer.partial_fit(part)
    lo, hi = ranges_of_onnx_runtime(parts, tmp_path, symmetric=True)
    assert observer.qparams() == choose_qparams(lo, hi, dtype="int8", scheme="symmetric")


@pytest.mark.parametrize("constant", [0.01, 0.3, 1.0])
def test_moving_average_equals_onnx_runtime(tmp_path, constant):
    parts = batches()
    observer = MovingAverageObserver(averaging_constant=constant)
    for part in parts:
        observer.partial_fit(part)
    settings = {"moving_average": True, "averaging_constant": constant}
    assert observer.range() == ranges_of_onnx_runtime(parts, tmp_path, **settings)


def test_moving_average_equals_torch():
    observer = MovingAverageObserver(averaging_constant=0.2)
    theirs = MovingAverageMinMaxObserver(averaging_constant=0.2)
    for part in batches(seed=1):
        observer.partial_fit(part)
        theirs(torch.from_numpy(part))
    assert observer.range() == (theirs.min_val.item(), theirs.max_val.item())


def test_each_channel_is_averaged_for_itself():
    parts = batches(seed=2)
    together = MovingAverageObserver(axis=-1)
    alone = [MovingAverageObserver() for _ in range(5)]
    for part in parts:
        together.partial_fit(part)
        for channel, observer in enumerate(alone):
            observer.partial_fit(part[..., channel])
    lo, hi = together.range()
    assert list(zip(lo, hi, strict=True)) == [observer.range() for observer in alone]
    assert together.qparams().scale.shape == (5,)


def test_ends_far_apart_stay_in_float32():
    observer = MovingAverageObserver(averaging_constant=0.5)
    lo, hi = observer.partial_fit([-3e38]).partial_fit([3e38]).range()
    assert (lo, hi) == (0.0, 0.0)  # new - old alone would be infinite


@pytest.mark.parametrize("constant", [-0.1, 1.1, float("nan")])
def test_a_constant_outside_0_to_1(constant):
    with pytest.raises(ValueError, match="choose a number from 0 to 1"):
        MovingAverageObserver(averaging_constant=constant).partial_fit([1.0])
