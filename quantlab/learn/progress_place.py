"""Whose progress it is, and in which file it is kept."""

import getpass
import os
from pathlib import Path

import platformdirs


def progress_folder() -> Path | None:
    """`QUANTLAB_HOME`, or the platform's folder for user data; None where there is no home.

    A container may run under a user number that has no name, no home and no HOME.
    """
    home = os.environ.get("QUANTLAB_HOME")
    if home:
        return Path(home)
    try:
        folder = Path(platformdirs.user_data_dir("quantlab", appauthor=False))
    except RuntimeError:  # platformdirs expands ~, and nothing says what that is
        return None
    return folder if folder.is_absolute() else None  # on some systems ~ stays as it is


def progress_path() -> Path | None:
    """Where this user's progress is kept, None where there is no home: then it stays in memory."""
    folder = progress_folder()
    return None if folder is None else folder / "progress.db"


def current_user() -> str:
    """The JupyterHub user if there is one, else the user of the operating system."""
    try:
        return os.environ.get("JUPYTERHUB_USER") or getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "learner"  # a container may run under a number that has no name
