"""A container is asked for with every limit, ended by its name, and said where there is none."""

import os
import stat
from itertools import pairwise

import pytest

from autograder.running import container
from autograder.running.container import Container
from autograder.running.sandbox import Limits, NoSandbox
from autograder.running.session import Session
from autograder.running.settings import Settings

#: Stands for docker: knows one image, runs the student's side of `none`, and notes what it is told.
STAND_IN = """#!/bin/sh
echo "$@" >> {log}
case "$1" in
  info) exit 0 ;;
  image) [ "$3" = quantlab-student ] ;;
  kill) exit 0 ;;
  run) exec {python} -c "import time; time.sleep(60)" ;;
esac
"""


@pytest.fixture
def docker(tmp_path, monkeypatch):
    program, log = tmp_path / "docker", tmp_path / "log"
    program.write_text(STAND_IN.format(log=log, python="python3"))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setattr(container, "PROGRAMS", ("docker",))
    return log


def test_every_limit_is_asked_for_and_no_lesson_is_mounted(docker):
    launch = Container().launch(Limits(memory_mib=700, processes=33))
    words = " ".join(launch.argv)
    for asked in (
        "--network none",
        "--cap-drop ALL",
        "--read-only",
        "--user 65534:65534",
        "--security-opt no-new-privileges",
        "--pids-limit 33",
        "--memory 700m --memory-swap 700m",
    ):
        assert asked in words
    pairs = pairwise(launch.argv)
    mounted = [word for before, word in pairs if before == "--volume"]
    assert not [w for w in mounted if "lessons" in w or "solutions" in w]
    assert mounted
    assert all(w.endswith(":ro") for w in mounted)
    assert launch.end[1] == "kill"
    assert launch.end[2] in launch.argv


def test_a_container_that_does_not_answer_is_killed_by_its_name(docker, monkeypatch):
    monkeypatch.setattr("autograder.running.session.START_SECONDS", 0.5)
    monkeypatch.setattr("autograder.running.session.GRACE_SECONDS", 0.1)
    with pytest.raises(NoSandbox, match="does not start"):
        Session(Container(), Settings())
    said = docker.read_text().splitlines()
    assert [row for row in said if row.startswith("kill quantlab-")]


def test_what_an_engine_lacks_is_said_with_what_to_do_and_nothing_runs_without_it(
    docker, monkeypatch
):
    """Such as crun where both versions of cgroups are mounted; the words are its own."""
    program = docker.parent / "docker"
    refuses = (
        "run) echo 'OCI runtime error: crun: cgroups in hybrid mode not supported' >&2; exit 126"
    )
    program.write_text(
        "\n".join(
            refuses if "run)" in row else row for row in program.read_text().splitlines()
        ).replace("exit 126", "exit 126 ;;")
    )
    with pytest.raises(NoSandbox) as said:
        Session(Container(), Settings())
    assert "does not start: OCI runtime error: crun: cgroups in hybrid mode" in str(said.value)
    assert "catatonit, or runc" in str(said.value)
    assert "user namespaces" not in str(said.value)


def test_no_image_and_no_service_are_said_with_what_to_do(docker, monkeypatch):
    monkeypatch.setenv("QUANTLAB_IMAGE", "another")
    with pytest.raises(NoSandbox, match="build -t"):
        Container()
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NoSandbox, match="Neither podman nor docker"):
        Container()
