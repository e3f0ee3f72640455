"""One number format or method beyond the course a file, each in a few lines."""
