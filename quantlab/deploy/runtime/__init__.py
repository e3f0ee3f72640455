"""ONNX Runtime: sessions, optimized graphs, tensors, times, and our integers beside its own."""
