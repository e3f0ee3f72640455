"""pyproject.toml, environment.yml, course.py, LICENSE and what is installed say the same."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

import course
import course_setup

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))

# What conda-forge calls a package that has another name on PyPI.
CONDA_NAMES = {"torch": "pytorch"}

PINS = dict(line.split("==") for line in PROJECT["dependencies"])
EXTRAS = {
    name: dict(line.split("==") for line in lines if "==" in line)
    for name, lines in PROJECT["optional-dependencies"].items()
}
EVERY_PIN = {**PINS, **{name: pin for extra in EXTRAS.values() for name, pin in extra.items()}}


def test_conda_has_the_same_packages_in_the_same_versions() -> None:
    lines = [line for line in CONDA["dependencies"] if isinstance(line, str)]
    conda = dict(line.split(" ==") for line in lines if " ==" in line)
    assert conda == {CONDA_NAMES.get(name, name): pin for name, pin in PINS.items()}
    assert [line for line in lines if " ==" not in line] == ["python >=3.11", "pip"]


def test_conda_takes_the_project_itself_from_here() -> None:
    (pip,) = [line for line in CONDA["dependencies"] if isinstance(line, dict)]
    assert pip == {"pip": ["-e ."]}
    assert CONDA["name"] == PROJECT["name"]
    assert CONDA["channels"] == ["conda-forge", "nodefaults"]


# The peers of the benchmarks are large, and no test needs them.
INSTALLED = {name: pin for name, pin in EVERY_PIN.items() if name not in EXTRAS["peers"]}


@pytest.mark.parametrize(("name", "pin"), sorted(INSTALLED.items()))
def test_the_pinned_version_is_the_one_at_work(name: str, pin: str) -> None:
    """A build's own mark behind the plus, as in 2.13.0+cpu, is no other version."""
    assert version(name).split("+")[0] == pin


def test_no_package_is_pinned_twice() -> None:
    assert len(EVERY_PIN) == len(PINS) + sum(map(len, EXTRAS.values()))


def test_every_statement_of_the_oldest_python_agrees() -> None:
    oldest = ".".join(map(str, course.OLDEST))
    assert course_setup.OLDEST == course.OLDEST
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    assert PROJECT["requires-python"] == f">={oldest}"
    assert f"python >={oldest}" in CONDA["dependencies"]
    assert tools["mypy"]["python_version"] == oldest
    assert tools["ruff"]["target-version"] == "py" + oldest.replace(".", "")


def test_the_licence_is_bsd_3_clause_by_the_contributors() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert text.startswith("BSD 3-Clause License\n")
    assert re.search(r"^Copyright \(c\) \d{4}, QuantLab contributors$", text, re.MULTILINE)
    # The clause that makes it three: no endorsement in the contributors' name.
    assert "3. Neither the name of the copyright holder nor the names of its" in text
    assert PROJECT["license"] == "BSD-3-Clause"
    assert PROJECT["authors"] == [{"name": "QuantLab contributors"}]


def test_the_two_commands_have_their_entry_points() -> None:
    assert PROJECT["scripts"] == {
        "quantlab": "quantlab.learn.cli:main",
        "autograder": "autograder.cli:main",
    }
