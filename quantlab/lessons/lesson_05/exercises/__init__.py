"""What lesson 05 asks."""
