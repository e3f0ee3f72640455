"""Every run: one hypothesis profile, whole files to a worker, and what this machine cannot run."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

from tests.support import parts

# The same examples every run, no clock.
settings.register_profile("quantlab", deadline=None, derandomize=True)
settings.load_profile("quantlab")

# A worker has a core to itself: threads of its own would only wait for those of the others.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# Every connection the browser would make by itself is switched off.
BROWSER_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

NOT_RUN = pytest.StashKey[dict[str, list[str]]]()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one browser of a worker: Playwright cannot be started twice in a process."""
    with sync_playwright() as playwright:
        path = parts.find("browser")
        chromium = playwright.chromium.launch(executable_path=path, args=BROWSER_ARGS)
        yield chromium
        chromium.close()


def is_worker(config: pytest.Config) -> bool:
    """Whether this is one of the processes that pytest-xdist shares the tests out to."""
    return hasattr(config, "workerinput")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[NOT_RUN] = {}
    if parts.in_ci() and not is_worker(config):
        for name in parts.PARTS:
            if not parts.find(name):
                raise pytest.UsageError(parts.refusal(name))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    lacking = [(item, parts.missing(item.fixturenames)) for item in items]
    items[:] = [item for item, name in lacking if name is None]
    left_out = [item for item, name in lacking if name is not None]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
    for item, name in lacking:
        if name:
            config.stash[NOT_RUN].setdefault(name, []).append(item.nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from tests.support.sharing import WholeFiles

    return WholeFiles(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node) -> None:
    """Every worker collects every test, so each says the same; one that crashed says nothing."""
    if said := getattr(node, "workeroutput", None):
        node.config.stash[NOT_RUN] = said["not_run"]


def pytest_sessionfinish(session: pytest.Session) -> None:
    if is_worker(session.config):
        session.config.workeroutput["not_run"] = session.config.stash[NOT_RUN]


def pytest_unconfigure(config: pytest.Config) -> None:
    """After pytest's summary; the tests that were found wanting are named, the run succeeds."""
    if is_worker(config):
        return
    for name, tests in config.stash[NOT_RUN].items():
        print(parts.not_run(name, tests))


@pytest.fixture(scope="session")
def bubblewrap() -> Path:
    """The path of bwrap. A test that asks for it runs only where it can make a sandbox."""
    path = parts.find("bubblewrap")
    assert path
    return path


@pytest.fixture(scope="session")
def linux() -> Path:
    """A test that asks for it needs what only Linux' kernel does."""
    path = parts.find("linux")
    assert path
    return path


@pytest.fixture(scope="session")
def namespaces() -> Path:
    """The path of unshare, where accounts can be made that vanish again."""
    path = parts.find("namespaces")
    assert path
    return path


@pytest.fixture(scope="session")
def proxy() -> Path:
    """The path of JupyterHub's proxy."""
    path = parts.find("proxy")
    assert path
    return path
