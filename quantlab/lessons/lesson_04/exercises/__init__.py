"""What lesson 04 asks."""
