"""What lesson 01 asks: one exercise a file, numpy alone."""
