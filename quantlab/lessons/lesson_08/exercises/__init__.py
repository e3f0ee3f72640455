"""What lesson 08 asks: one concept a module."""
