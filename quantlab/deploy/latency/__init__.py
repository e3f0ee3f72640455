"""How fast: two files side by side in one run, with an interval of the ratio."""
