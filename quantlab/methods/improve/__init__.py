"""What wins accuracy back without labels: equalize, absorb, correct biases, learn the rounding."""
