"""From a float .onnx file of whatever origin to a quantized one, by the recipe of torch models."""
