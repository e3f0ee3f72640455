"""What the kernel imports before it starts: the settings that it makes, and one of ours."""

import logging

_PIPLITE_DISABLE_PYPI = True
_PIPLITE_URLS: list[str] = []

# matplotlib finds its fonts anew in each kernel; its note would stand in red under the first cell.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
