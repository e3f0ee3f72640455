"""What lesson 03 asks: one concept a module."""
