"""Quantization-aware training: fake-quantized layers, learned step sizes, the training loop."""
