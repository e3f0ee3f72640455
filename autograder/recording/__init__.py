"""What is kept of a graded submission: a JSON record, and nbgrader's gradebook."""
