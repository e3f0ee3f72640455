"""One network, timed: the simulator and ONNX Runtime's float32 in turns. Run by `simulator`."""

import json
import sys
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.quantized_networks import QuantizedNetwork, quantized_network
from quantlab.deploy.latency.timing import Timing, ratio_interval, rounds_in_turn
from quantlab.deploy.runtime.session import open_session
from quantlab.deploy.simulator.execute import execute
from quantlab.deploy.simulator.recognize import plan_of


def timed(net: QuantizedNetwork, seconds: float, seed: int) -> dict[str, Any]:
    """Medians in ms, their ratio and its interval, for the network's images."""
    begin = perf_counter()
    plan = plan_of(net.quantized)
    planned = perf_counter() - begin
    session = open_session(net.float32, threads=1)
    feeds = {plan.inputs[0]: net.x}
    outputs = [entry.name for entry in session.get_outputs()]
    pairs = np.array(
        list(
            rounds_in_turn(
                [lambda: execute(plan, feeds), lambda: session.run(outputs, feeds)], seconds
            )
        )
    )
    ours, theirs = (Timing.of(column) for column in pairs.T)
    return {
        "size": net.x.shape[-1],
        "rounds": len(pairs),
        "simulator_ms": 1000 * ours.median,
        "float32_ms": 1000 * theirs.median,
        "ratio": ours.median / theirs.median,
        "ratio_interval": ratio_interval(pairs, seed=seed),
        "plan_ms": 1000 * planned,
    }


if __name__ == "__main__":
    name, size, seconds, seed = sys.argv[1:]
    network = quantized_network(name, 1, int(size), int(seed))
    print(json.dumps(timed(network, float(seconds), int(seed))))
