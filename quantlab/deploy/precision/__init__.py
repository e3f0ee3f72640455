"""What really ran: INT8 or FP32, node by node, and why."""
