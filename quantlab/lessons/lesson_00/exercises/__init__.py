"""What lesson 00 asks."""
