"""What lesson 10 asks: one concept a module."""
