"""An ONNX model in integers: first a plan, recognized from the graph, then its execution.

`graph` reads the file, `recognize` finds the groups that ONNX Runtime fuses and writes them down as
`steps`, `execute` runs these. `operators` and `moves` list what is known, one entry an operator.
"""
