"""What lesson 09 asks: one concept a module."""
