"""The program that runs a submission's cells, inside a sandbox and without the course.

Only this folder, `quantlab` without its lessons, and the libraries stand in a sandbox. Nothing here
knows a right answer, and nothing here gives points: it runs cells and says what came out.
"""
