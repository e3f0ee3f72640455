"""FP32 islands, counted in graphs that ONNX Runtime made."""

from quantlab.deploy.precision.report import precision_report
from tests.quantlab.deploy.qdq_net import QdqNet


def test_islands_are_groups_that_hand_each_other_floats():
    net = QdqNet()
    h = net.node("HardSwish", net.x, "h")  # two nodes that run, one island
    y = net.qdq(net.conv(net.qdq(h, "h_out"), "c"), "c_out")
    left, right = net.node("Tanh", y, "t"), net.node("Abs", y, "a")  # join in the Sub: one island
    s = net.node("Sub", [left, net.node("Transpose", right, "r", perm=[0, 1, 3, 2])], "s")
    report = precision_report(net.model(net.qdq(s, "z")), profile=False)
    assert (report.count("FP32"), report.islands) == (5, 2)


def test_islands_that_meet_twice_are_still_one():
    net = QdqNet()
    net.nodes.clear()
    a, b, c = (net.node(op, "input", op) for op in ("Abs", "Tanh", "Neg"))
    ab = net.node("Add", [a, b], "ab")
    bc = net.node("Add", [b, c], "bc")
    report = precision_report(net.model(net.node("Mul", [ab, bc], "m")), profile=False)
    assert report.islands == 1


def test_a_net_in_integers_has_no_island():
    net = QdqNet()
    model = net.model(net.qdq(net.conv(net.x, "c"), "y"))
    assert precision_report(model, profile=False).islands == 0
