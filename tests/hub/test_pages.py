"""docs/hub and docs/class.md: their versions, numbers, files and links are the project's."""

import re
import tomllib

import pytest

from autograder.intake.exchange import SAME_TIME_SECONDS
from quantlab.learn.progress_locks import STALE_SECONDS
from tests.support.hub import ROOT, commands

PAGES = sorted((ROOT / "docs" / "hub").glob("*.md"))


def text(path):
    return " ".join(path.read_text("utf-8").split())


def test_the_programs_are_installed_as_ci_installs_them():
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    apt, *node = commands("hub/one_machine.md", "Programs")
    assert len(node) == 4
    for line in node:
        assert f"    {line}\n" in ci, line
    for package in apt.removeprefix("apt-get install ").split():
        assert re.search(rf"\b{package}\b", ci), package


def test_the_extra_is_the_hub_that_the_configuration_is_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (pin,) = project["optional-dependencies"]["hub"]
    major = pin.removeprefix("jupyterhub==").split(".")[0]
    config = (ROOT / "docs" / "hub" / "jupyterhub_config.py").read_text("utf-8")
    assert f"Read by JupyterHub {major}." in config


def test_the_numbers_of_the_pages():
    assert SAME_TIME_SECONDS == 300
    assert "within five minutes" in text(ROOT / "docs" / "class.md")
    assert STALE_SECONDS == 30
    assert "after half a minute" in text(ROOT / "docs" / "hub" / "one_machine.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_was_not_tried_says_so(page):
    assert ("Not tried." in page.read_text("utf-8")) == (page.name != "one_machine.md")


@pytest.mark.parametrize("page", [ROOT / "docs" / "class.md", *PAGES], ids=lambda page: page.name)
def test_links_and_paths_lead_somewhere(page):
    written = page.read_text("utf-8")
    for link in re.findall(r"\]\(([^)#]+)\)", written):
        assert (page.parent / link).is_file(), link
    for path in re.findall(r"`((?:docs|tests|autograder)/[\w./]+)`", written):
        assert (ROOT / path).exists(), path
