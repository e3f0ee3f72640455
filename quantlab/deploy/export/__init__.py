"""From a quantized model to a QDQ file that ONNX Runtime runs in integers."""
