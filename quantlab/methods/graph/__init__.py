"""A torch model as a graph of ONNX operators: traced, in normal form, its layers by name."""
