"""Reading the profiler's events: names, unnamed nodes, warm-up runs, a robust mean."""

import pytest
from onnx import helper

from quantlab.deploy.onnx_graph.feeds import random_feeds
from quantlab.deploy.onnx_graph.graph import read_graph
from quantlab.deploy.onnx_graph.load import load_model
from quantlab.deploy.runtime.node_times import middle_mean, node_seconds, seconds_of_events
from quantlab.deploy.runtime.session import open_session
from tests.quantlab.deploy.qdq_net import QdqNet


def nodes_of(*described):
    """Nodes in a row, each (operator, name)."""
    nodes = [
        helper.make_node(operator, [f"t{k}"], [f"t{k + 1}"], name=name)
        for k, (operator, name) in enumerate(described)
    ]
    return read_graph(helper.make_model(helper.make_graph(nodes, "row", [], []))).nodes


def event(name, operator, duration, kind="kernel_time"):
    args = {"op_name": operator}
    return {"cat": "Node", "name": f"{name}_{kind}", "args": args, "dur": duration}


def test_durations_are_matched_by_name_and_warm_up_is_left_out():
    nodes = nodes_of(("Conv", "c"), ("Relu", "r"))
    runs = [[900, 800], [10, 2], [20, 4]]  # the first is warm-up
    events = [e for c, r in runs for e in (event("c", "Conv", c), event("r", "Relu", r))]
    assert seconds_of_events(events, nodes, 2) == pytest.approx((15e-6, 3e-6))


def test_unnamed_nodes_run_in_the_order_of_the_graph():
    nodes = nodes_of(("Mul", ""), ("Conv", "c"), ("Mul", ""), ("Add", ""))
    row = [event("Mul_7", "Mul", 1), event("c", "Conv", 2), event("Mul_3", "Mul", 3)]
    assert seconds_of_events([*row, event("Add_9", "Add", 4)], nodes, 1) == pytest.approx(
        (1e-6, 2e-6, 3e-6, 4e-6)
    )


def test_other_events_and_nodes_that_never_ran_count_nothing():
    nodes = nodes_of(("Conv", "c"), ("Add", ""))
    others = [
        event("c", "Conv", 99, kind="fence_before"),
        {"cat": "Session", "name": "model_run", "dur": 1000},
        event("c", "Conv", 5),
    ]
    assert seconds_of_events(others, nodes, 1) == pytest.approx((5e-6, 0.0))


def test_one_disturbed_run_does_not_move_the_mean():
    assert middle_mean([10, 11, 10, 11, 10, 11, 10, 50_000]) == 10.5
    assert middle_mean([3.0]) == 3.0
    assert middle_mean([]) == 0.0


def test_a_real_profile_times_every_node_and_is_removed(tmp_path):
    net = QdqNet()
    h = net.node("HardSwish", net.qdq(net.conv(net.x, "c"), "y"), "h")
    path = tmp_path / "optimized.onnx"
    model = net.model(net.qdq(h, "z"))
    session = open_session(model, optimized_path=path, profile=tmp_path / "profile")
    nodes = read_graph(load_model(path)).nodes
    assert "" in {node.proto.name for node in nodes}, "HardSwish is a function of unnamed nodes"
    seconds = node_seconds(session, random_feeds(session), nodes, 5)
    assert len(seconds) == len(nodes)
    assert sum(seconds) > 0
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
