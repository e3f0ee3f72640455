"""What lesson 02 asks: bytes first, then work and time."""
