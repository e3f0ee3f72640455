"""What is nobody's: writing a file whole, a progress bar, plain data, names that load late."""
