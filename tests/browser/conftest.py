"""A real JupyterLab on loopback, a real browser, and a learner's own copy of the course."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from quantlab.learn.course import course_root
from tests.support.axe import violations

ROOT = course_root()
TOKEN = "browser-test"
#: How long an element may take to come. A busy machine takes minutes for what takes seconds.
PATIENCE_MS = 180_000
THEMES = ("JupyterLab Light", "JupyterLab Dark")
# Every cell stays in the page, so that a test sees what a reader reaches by scrolling.
SETTINGS = {
    "@jupyterlab/notebook-extension/tracker": '{"windowingMode": "none"}',
    "@jupyterlab/apputils-extension/notification": '{"fetchNews": "false"}',
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def jupyter(folder: Path, home: Path, *options: str):
    """JupyterLab over `folder`; yields its address. Stopped, with its kernels, on leaving."""
    settings = home / "settings"
    for name, content in SETTINGS.items():
        file = settings / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    port = free_port()
    env = os.environ | {
        "QUANTLAB_HOME": str(home / "quantlab"),
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTER_TOKEN": TOKEN,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}"]
    command += ["--LabApp.news_url=None", *options]
    log = (home / "jupyter.log").open("wb")
    server = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/api", server, home / "jupyter.log")
        yield address
    finally:
        server.terminate()
        server.wait(timeout=300)
        log.close()


def _wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(3000):
        if server.poll() is not None:
            raise RuntimeError(f"JupyterLab ended with {server.returncode}:\n{log.read_text()}")
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab does not answer at {address}:\n{log.read_text()}")


@pytest.fixture(scope="session")
def classroom(tmp_path_factory):
    """A learner's copy of the course and its JupyterLab: (folder, address)."""
    folder = tmp_path_factory.mktemp("course")
    for name in ("notebooks", "solutions"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "course.py", folder)
    home = tmp_path_factory.mktemp("home")
    with jupyter(folder / "notebooks", home) as address:
        yield folder, address


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    yield page
    page.close()


def open_notebook(page, address: str, name: str, stem: str = "") -> None:
    """Open NAME/STEM.ipynb, fold the file list away, and wait until the kernel is idle."""
    page.goto(f"{address}/lab/tree/{name}/{stem or name}.ipynb?token={TOKEN}&reset")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    page.locator('.jp-SideBar .lm-TabBar-tab[data-id="filebrowser"]').click()
    page.locator(".jp-DirListing-content").wait_for(state="hidden")
    wait_for_kernel(page)


def wait_for_kernel(page) -> None:
    page.get_by_text("Python 3 (ipykernel) | Idle").first.wait_for()


def end_kernels(address: str) -> None:
    """End what the notebooks of this JupyterLab hold: a lesson's kernel keeps its models."""
    headers = {"Authorization": f"token {TOKEN}"}
    sessions = f"{address}/api/sessions"
    with urllib.request.urlopen(urllib.request.Request(sessions, headers=headers)) as said:
        running = json.load(said)
    for session in running:
        end = urllib.request.Request(
            f"{sessions}/{session['id']}", headers=headers, method="DELETE"
        )
        urllib.request.urlopen(end).close()


def menu(page, top: str, item: str) -> None:
    """Choose an entry of JupyterLab's menu bar by its words."""
    page.locator(".lm-MenuBar-item", has_text=top).first.click()
    page.locator(".lm-Menu-item", has_text=item).first.click()


def run_all(page, timeout_s: float = 480) -> None:
    """Run > Run All Cells, and wait until every code cell has a number."""
    menu(page, "Run", "Run All Cells")
    page.wait_for_function(
        """() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
                  .every(prompt => /\\[\\d+\\]/.test(prompt.textContent))""",
        timeout=timeout_s * 1000,
    )
    wait_for_kernel(page)


def run_cell(page, cell, source: str | None = None) -> None:
    """Run one cell by keyboard, with a new source typed into it first where one is given."""
    cell.locator(".cm-content").click()
    if source is not None:
        page.keyboard.press("Control+A")
        page.keyboard.insert_text(source)
    page.keyboard.press("Control+Enter")
    wait_for_kernel(page)


def restart_kernel(page) -> None:
    menu(page, "Kernel", "Restart Kernel…")
    page.locator(".jp-Dialog button.jp-mod-accept").click()
    wait_for_kernel(page)


@contextmanager
def widen(page, width: int):
    """The page at another width; back to what it was on leaving."""
    before = page.viewport_size
    page.set_viewport_size({"width": width, "height": before["height"]})
    page.wait_for_timeout(1000)  # JupyterLab lays its panels out anew
    yield
    page.set_viewport_size(before)


def errors(page) -> list[str]:
    """What stands in red: tracebacks, and text that went to stderr."""
    red = '[data-mime-type="application/vnd.jupyter.error"]'
    return page.locator(
        f'{red}, [data-mime-type="application/vnd.jupyter.stderr"]'
    ).all_inner_texts()


def too_wide(page) -> list[str]:
    """The beginnings of texts and outputs that the page cuts off or scrolls sideways.

    Looks into them, too: a wide table in a box that scrolls is still a table that does not fit.
    Only the code of a solution may scroll: broken lines would no longer be the code.
    """
    return page.evaluate(
        """() => [...document.querySelectorAll(':is(.jp-OutputArea-output, .jp-RenderedMarkdown)')]
                  .flatMap(e => [e, ...e.querySelectorAll('*')])
                  .filter(e => e instanceof HTMLElement && e.clientWidth > 0)
                  .filter(e => e.matches('.jp-OutputArea-output, .jp-RenderedMarkdown, pre') ||
                               !['visible', 'clip'].includes(getComputedStyle(e).overflowX))
                  .filter(e => e.scrollWidth > e.clientWidth + 1 && !e.closest('section'))
                  .map(e => e.innerText.slice(0, 80) || e.outerHTML.slice(0, 80))"""
    )


def choose_theme(page, name: str) -> None:
    """Settings > Theme > NAME, as a reader does it."""
    page.locator(".lm-MenuBar-item", has_text="Settings").first.click()
    page.locator(".lm-Menu-item", has_text="Theme").first.hover()
    page.locator(".lm-Menu-item", has_text=name).first.click()
    light = "false" if "Dark" in name else "true"
    page.locator(f'body[data-jp-theme-light="{light}"]').wait_for(state="attached")


def broken_rules(page) -> list[str]:
    """The rules of WCAG that outputs of cells break; JupyterLab's own shell is not ours.

    axe takes what lies outside of an element that hides its overflow for hidden or obscured, and
    judges no letter of it. JupyterLab's body is such an element, 0 pixels high. So the body shows
    everything, and the page is as high as the notebook.
    """
    shown = page.add_style_tag(content="body {overflow: visible !important}")
    before = page.viewport_size
    panel = page.locator(".jp-WindowedPanel-outer").first
    high = panel.evaluate("e => e.scrollHeight") + 400  # with menu, tabs and tools
    page.set_viewport_size({"width": before["width"], "height": high})
    page.wait_for_function(
        """panel => {
            panel.scrollTop = 0;
            const last = [...panel.querySelectorAll('.jp-Cell')].at(-1);
            return last.getBoundingClientRect().bottom < panel.getBoundingClientRect().bottom;
        }""",
        arg=panel.element_handle(),
    )
    try:
        return violations(page, ".jp-OutputArea-output")
    finally:
        page.set_viewport_size(before)
        shown.evaluate("e => e.remove()")
