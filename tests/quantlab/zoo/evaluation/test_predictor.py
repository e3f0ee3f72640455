"""One function whatever runs the network, and the same scores."""

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

from quantlab.deploy import build_onnx, export_onnx, open_session
from quantlab.methods import fold_batchnorm, quantize_model, trace_model
from quantlab.scenes import Preprocessing, Test, Validation, crops
from quantlab.zoo import (
    Classifier,
    Detector,
    Segmenter,
    evaluate_classifier,
    evaluate_segmenter,
    predictor,
)

NETWORKS = {
    "classifier": (Classifier, (2, 3, 32, 32), 1),
    "segmenter": (Segmenter, (2, 3, 64, 64), 1),
    "detector": (Detector, (2, 3, 320, 320), 12),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_gives_a_tuple_of_arrays(name):
    kind, shape, count = NETWORKS[name]
    torch.manual_seed(0)
    net = kind().eval()
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    with torch.no_grad():
        given = net(torch.from_numpy(x))
    expected = [given.numpy()] if count == 1 else [t.numpy() for t in given]
    proto = build_onnx(fold_batchnorm(trace_model(net, x)))
    session = open_session(proto)
    for model in (net, proto, session, lambda x: session.run(None, {"input": x})):
        found = predictor(model)(x)
        assert (type(found), len(found)) == (tuple, count)
        for array, wanted in zip(found, expected, strict=True):
            assert array.dtype == np.float32
            # Float32 rounds some hundreds of sums in a row in another order, each by 2^-24 of them.
            np.testing.assert_allclose(array, wanted, atol=300 * 2**-24 * np.abs(wanted).max())


def test_a_quantized_model_is_as_it_simulates_itself():
    net, x = Classifier().eval(), np.random.default_rng(0).random((4, 3, 32, 32), np.float32)
    model = quantize_model(net, [x])
    (found,) = predictor(model)(x)
    np.testing.assert_array_equal(found, model(x))


def test_a_file_that_takes_pictures_is_shown_pictures(tmp_path):
    """All the same numbers as the preprocessed ones: the runtime's scores do not depend on it."""
    pre = Preprocessing(32, 32, std=(0.5, 0.5, 0.5))
    found, net = crops(Validation, 2), Classifier().eval()
    x = pre.batch(found.images)
    path = export_onnx(net, tmp_path / "net.onnx", x, preprocessing=pre)
    fed = predictor(path)
    assert fed.takes_pictures
    assert not predictor(net).takes_pictures
    expected = evaluate_classifier(net, pre, found).predicted
    np.testing.assert_array_equal(evaluate_classifier(path, pre, found).predicted, expected)
    np.testing.assert_array_equal(fed(found.images)[0].argmax(1), expected)

    scenes = Test(2, width=32, height=32)
    patches = nn.Sequential(nn.Conv2d(3, 9, 4, 4), nn.Upsample(scale_factor=4)).eval()
    path = export_onnx(patches, tmp_path / "patches.onnx", x, preprocessing=pre)
    np.testing.assert_array_equal(
        evaluate_segmenter(path, pre, scenes).confusions,
        evaluate_segmenter(patches, pre, scenes).confusions,
    )


def test_scenes_of_ones_own_are_judged_like_a_split():
    pre, split = Preprocessing(32, 32), Test(3, width=32, height=32)
    net = Segmenter().eval()
    own = evaluate_segmenter(net, pre, list(split))
    np.testing.assert_array_equal(own.confusions, evaluate_segmenter(net, pre, split).confusions)
    with pytest.raises(ValueError, match=r"48 x 32 pixels.*bring pictures and labels to that size"):
        evaluate_segmenter(net, pre, list(Test(1, width=48, height=32)))
    with pytest.raises(ValueError, match="There is no scene"):
        evaluate_segmenter(net, pre, [])


def test_a_network_in_training_mode_is_refused():
    with pytest.raises(ValueError, match=r"call model\.eval\(\) first"):
        predictor(Detector())


def test_what_is_no_network_is_refused():
    with pytest.raises(TypeError, match="model is a int, but a network is expected"):
        predictor(3)
    two = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", 2]) for n in "ab"]
    graph = helper.make_graph(
        [helper.make_node("Add", ["a", "b"], ["y"])],
        "two",
        two,
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 2])],
    )
    opset = [helper.make_opsetid("", 17)]
    with pytest.raises(ValueError, match=r"has 2 inputs \(a, b\)"):
        predictor(helper.make_model(graph, opset_imports=opset, ir_version=8))


def test_a_network_of_many_outputs_is_no_classifier():
    with pytest.raises(ValueError, match="The network gave 12 outputs"):
        evaluate_classifier(lambda x: [x] * 12, Preprocessing(32, 32), crops(Validation, 1))
