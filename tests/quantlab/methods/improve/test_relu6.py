"""replace_relu6 on models and graphs: equal below the clip, unbounded above."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from quantlab.methods.graph.tracing import trace_model
from quantlab.methods.improve.relu6 import replace_relu6


class Net(nn.Module):
    def __init__(self, clip=None):
        super().__init__()
        self.first, self.shared, self.clip = nn.Conv2d(1, 1, 1), nn.ReLU6(inplace=True), clip
        self.also, self.other = nn.Hardtanh(0.0, 2.0), nn.Hardtanh(-1.0, 1.0)
        self.preprocessing = "kept"
        nn.init.ones_(self.first.weight)
        nn.init.zeros_(self.first.bias)

    def forward(self, x):
        y = self.also(self.shared(self.first(x)))
        y = y if self.clip is None else self.clip(y)
        return y, self.other(x)


X = torch.linspace(-9, 9, 19).reshape(1, 1, 1, 19)


def test_a_plain_model_stays_the_class_that_it_is():
    model = Net()
    made = replace_relu6(model)
    assert (type(made), made.preprocessing, made.shared.inplace) == (Net, "kept", True)
    assert isinstance(model.shared, nn.ReLU6)
    clipped, other = made(X)
    torch.testing.assert_close(clipped, X.clamp(min=0), rtol=0, atol=0)
    torch.testing.assert_close(other, X.clamp(-1, 1), rtol=0, atol=0)
    graph = replace_relu6(trace_model(model, X))
    torch.testing.assert_close(graph(X), (clipped, other), rtol=0, atol=0)
    assert isinstance(replace_relu6(nn.ReLU6()), nn.ReLU)


def test_a_shared_module_is_replaced_wherever_it_hangs():
    model = Net()
    model.again = model.shared
    made = replace_relu6(model)
    assert not any(isinstance(m, nn.ReLU6) for m in made.modules())


@pytest.mark.parametrize(
    "clip", [F.relu6, lambda y: y.clamp(0, 3), lambda y: F.hardtanh(y, 0.0, 5.0)]
)
def test_a_function_is_no_module_but_a_node_of_a_graph(clip):
    with pytest.raises(
        ValueError, match=r"as a function \(.*\), .*pass trace_model\(model, images"
    ):
        replace_relu6(Net(clip))
    made = replace_relu6(trace_model(Net(clip), X))
    torch.testing.assert_close(made(X)[0], X.clamp(min=0), rtol=0, atol=0)


def test_other_functions_stay():
    for clip in (F.relu, lambda y: y.clamp(-1, 3), lambda y: y.flatten(1)):
        replace_relu6(Net(clip))
