"""The browser that tests look with: Chromium, Chrome, Edge, or what Playwright fetched."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from playwright.sync_api import sync_playwright

# As packages of Linux name their commands, and where installers put the rest.
COMMANDS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
)
LINUX = ("/opt/google/chrome/chrome", "/opt/microsoft/msedge/msedge")
MACOS = (
    "Chromium.app/Contents/MacOS/Chromium",
    "Google Chrome.app/Contents/MacOS/Google Chrome",
    "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
WINDOWS = (
    "Chromium/Application/chrome.exe",
    "Google/Chrome/Application/chrome.exe",
    "Microsoft/Edge/Application/msedge.exe",
)
# Folders of programs, by the variables in which Windows keeps them.
PROGRAMS = ("LOCALAPPDATA", "PROGRAMFILES", "PROGRAMFILES(X86)")


def usual_places(system: str, env: Mapping[str, str]) -> Iterator[Path]:
    """Where an installed browser may be, the likeliest first. system: as sys.platform says it."""
    if system == "win32":
        folders = [env[name] for name in PROGRAMS if name in env]
        yield from (Path(folder, name) for name in WINDOWS for folder in folders)
    elif system == "darwin":
        folders = ["/Applications", f"{env.get('HOME', '')}/Applications"]
        yield from (Path(folder, name) for name in MACOS for folder in folders)
    else:
        yield from map(Path, LINUX)


def find_browser() -> Path | None:
    """The first browser that is there; Playwright's own is asked for last, as that takes a second.

    A PATH without it does not hide a browser that stands in one of the usual places.
    """
    on_path = [Path(found) for name in COMMANDS if (found := shutil.which(name))]
    installed = (path for path in usual_places(sys.platform, os.environ) if path.is_file())
    for path in (*on_path, *installed):
        return path
    with sync_playwright() as playwright:
        fetched = Path(playwright.chromium.executable_path)
    return fetched if fetched.is_file() else None
