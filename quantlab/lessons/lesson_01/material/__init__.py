"""What lesson 01 shows a ruler: the first layer of a small network."""
