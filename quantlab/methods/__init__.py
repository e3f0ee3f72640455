"""Ways from a float model to a good quantized one, in torch."""
