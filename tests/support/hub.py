"""A class's own machine and its hub, set up by the lines of docs/hub/one_machine.md."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path

import requests

ROOT = Path(__file__).parents[2]
PASSWORD = "one-of-three"
#: What comes from elsewhere, in the page's lines; a machine has its own way to each.
BROUGHT, VENV, INSTALLED, HUB = "cp -r quantlab ", " -m venv ", "/pip install -e ", "/jupyterhub "


def commands(page: str, heading: str) -> list[str]:
    """The lines to type below one heading of a page in docs/."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    section = re.split(r"^## ", text.partition(f"\n## {heading}\n")[2], flags=re.M)[0]
    return "\n".join(re.findall(r"^```\n(.*?)\n```$", section, re.M | re.S)).splitlines()


class Machine:
    """Programs and files of the machine inside, which `machine()` starts."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}

    def words(self, *words: str | Path) -> list[str | Path]:
        return ["nsenter", "--target", str(self.pid), "--mount", "--pid", "--wd=/", *words]

    def path(self, inside: str | Path) -> Path:
        """A path of the machine's, as this process reaches it."""
        return Path(f"/proc/{self.pid}/root{inside}")

    def root(self, *words: str | Path, given: str = "") -> str:
        """What a program of root's prints. AssertionError with its words where it fails."""
        return self._said(self.words(*words), given)

    def user(self, name: str, line: str) -> str:
        """What a line prints that `name` types at home. AssertionError where it fails."""
        return self._said(self.words("runuser", "--login", name, "--command", line))

    def refused(self, name: str, line: str) -> str:
        """What a line says that must fail for `name`. AssertionError where it succeeds."""
        words = self.words("runuser", "--login", name, "--command", line)
        done = subprocess.run(words, env=self.env, capture_output=True, text=True)
        assert done.returncode, f"{name} could: {line}\n{done.stdout}"
        return done.stderr

    def _said(self, words: list[str | Path], given: str = "") -> str:
        done = subprocess.run(words, env=self.env, input=given, capture_output=True, text=True)
        assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
        return done.stdout


@contextmanager
def machine() -> Iterator[Machine]:
    """A machine with this Python and, for root, the project. It is gone on leaving, however."""
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    command += [sys.executable, Path(__file__).with_name("hub_machine.py")]
    command += [ROOT, sys.base_prefix, *packages()]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as first:
        try:
            assert first.stdout.readline() == "ready\n"
            (child,) = Path(f"/proc/{first.pid}/task/{first.pid}/children").read_text().split()
            yield Machine(int(child))
        finally:
            first.stdin.close()


def packages() -> list[str]:
    """The virtual environments whose packages this Python sees, its own first."""
    sites = [Path(path) for path in sys.path if path.endswith("site-packages")]
    return list(dict.fromkeys([sys.prefix, *(str(site.parents[2]) for site in sites)]))


def environment(machine: Machine, venv: Path, course: Path) -> None:
    """What `pip install -e course` leaves in venv, made of the packages that are here."""
    own = Path("/mnt") / venv.as_posix().strip("/").replace("/", "-")
    machine.root("mkdir", "-p", venv, own / "upper", own / "work")
    lower = ":".join(f"/mnt/packages-{number}" for number, _ in enumerate(packages()))
    layers = f"lowerdir={lower},upperdir={own / 'upper'},workdir={own / 'work'}"
    machine.root("mount", "-t", "overlay", "-o", layers, "overlay", venv)
    inner = machine.path(venv)
    (site,) = inner.glob("lib/python*/site-packages")
    for path in site.glob("__editable__*"):
        path.unlink()
    (site / "course.pth").write_text(str(course))
    for script in entry_points(group="console_scripts"):
        program = inner / "bin" / script.name
        text = f"#!{venv}/bin/python\nimport sys\nfrom {script.module} import {script.attr}\n"
        program.unlink(missing_ok=True)
        program.write_text(f"{text}sys.exit({script.attr}())\n")
        program.chmod(0o755)


def type_as_root(machine: Machine, line: str) -> None:
    """One line of the page. What would be downloaded comes from here."""
    if line.startswith(BROUGHT):
        machine.root("mkdir", target := line.split()[-1])
        machine.root("mount", "--rbind", "/mnt/project", target)
    elif INSTALLED in line:
        venv, course = re.fullmatch(r"(\S+)/bin/pip install -e '([^[]+)\[hub\]'", line).groups()
        environment(machine, Path(venv), Path(course))
    elif VENV not in line:
        machine.root("sh", "-c", line)


class Person:
    """Somebody who logs in, and their server as their own programs reach it."""

    def __init__(self, hub: str, name: str) -> None:
        self.name, self.hub, self.server = name, hub, f"{hub}/user/{name}"
        web = requests.Session()
        web.get(f"{hub}/hub/login").raise_for_status()
        form = {"username": name, "password": PASSWORD, "_xsrf": _xsrf(web)}
        web.post(f"{hub}/hub/login", form, allow_redirects=False).raise_for_status()
        made = web.post(
            f"{hub}/hub/api/users/{name}/tokens", json={}, headers={"X-XSRFToken": _xsrf(web)}
        )
        self.headers = {"Authorization": f"token {made.json()['token']}"}

    def ask(self, method: str, address: str, **more) -> requests.Response:
        return requests.request(method, address, headers=self.headers, **more)

    def start(self) -> None:
        """Ask for the server; `ready` says when it is there."""
        self.ask("POST", f"{self.hub}/hub/api/users/{self.name}/server").raise_for_status()

    def ready(self) -> None:
        for _ in range(1800):
            said = self.ask("GET", f"{self.hub}/hub/api/users/{self.name}").json()
            if said["servers"].get("", {}).get("ready"):
                return
            time.sleep(0.2)
        raise TimeoutError(f"The server of {self.name} does not start: {said}")


def _xsrf(web: requests.Session) -> str:
    return web.cookies.get("_xsrf", path="/hub/")


def wait_for(address: str, hub: subprocess.Popen, log: Path) -> None:
    for _ in range(1800):
        assert hub.poll() is None, log.read_text()
        try:
            requests.get(f"{address}/hub/api", timeout=5).raise_for_status()
            return
        except requests.RequestException:
            time.sleep(0.1)
    raise TimeoutError(f"The hub does not answer at {address}:\n{log.read_text()}")
