"""What lesson 07 asks: one self-check a module."""
