"""One hypothesis profile for the whole suite: the same examples every run, no clock."""

from hypothesis import settings

settings.register_profile("quantlab", deadline=None, derandomize=True)
settings.load_profile("quantlab")
