"""A class of submissions: tasks, the engines that run them, and one grader at a time."""
