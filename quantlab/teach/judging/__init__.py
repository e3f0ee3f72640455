"""An exercise is one value, and one function judges the answers to it."""
