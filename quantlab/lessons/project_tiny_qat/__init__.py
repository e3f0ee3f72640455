"""Project, tiny QAT: the name that its notebook imports."""

from quantlab.base.lazy import lazy_names

_HOMES = {"review": ".look"}
__all__ = sorted(_HOMES)
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
