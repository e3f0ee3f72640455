"""Submissions that cheat, crash or are merely unusual, with what each of them must come to.

`cases/*.yaml` holds them as data; `autograder attack-suite` grades them all, prints what became of
each beside plain nbgrader on the same files, and fails where one is not as it is written here.
"""
