"""What leaves the grader: text and HTML that carry no one's code."""
