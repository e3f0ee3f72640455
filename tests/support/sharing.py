"""How pytest-xdist shares the tests out: a file goes to one worker, and so do all browser tests.

What a file builds once is built once then, and one JupyterLab and one browser serve every lesson.
"""

from xdist.scheduler import LoadScopeScheduling

BROWSER = "tests/browser"


class WholeFiles(LoadScopeScheduling):
    """Files with many tests first, each to the worker that is free."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return BROWSER if file.startswith(f"{BROWSER}/") else file
