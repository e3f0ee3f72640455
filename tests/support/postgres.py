"""A PostgreSQL server of the tests' own: started, used through a socket, and gone."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

#: Debian keeps the server's programs off the path, by version.
DEBIAN = Path("/usr/lib/postgresql")
OWNER = "grader"


def program(name: str) -> str:
    """The path of one of the server's programs; the newest where Debian has several."""
    found = shutil.which(name)
    there = sorted(DEBIAN.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    if found is None and not there:
        raise FileNotFoundError(f"PostgreSQL's {name} is not installed: apt-get install postgresql")
    return found or str(there[-1])


@contextmanager
def server() -> Iterator[str]:
    """A running server, as the address of its socket's folder. The server refuses to be root."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path must be short
    user = "nobody" if os.geteuid() == 0 else None
    if user:
        who = pwd.getpwnam(user)
        os.chown(folder, who.pw_uid, who.pw_gid)
    data, log = folder / "data", folder / "log"
    run = {"user": user, "cwd": folder, "check": True, "stdout": subprocess.DEVNULL}
    init = [program("initdb"), "-D", data, "-U", OWNER, "--auth=trust", "--no-sync"]
    init += ["--encoding=UTF8", "--locale=C"]
    control = [program("pg_ctl"), "-D", data, "-w"]
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
    try:
        subprocess.run(init, **run)
        subprocess.run([*control, "-l", log, "-o", options, "start"], **run)
        try:
            yield str(folder)
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **run)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def database(host: str, name: str, like: str = "template1") -> str:
    """A new database on the server, a copy of `like`: its address for SQLAlchemy."""
    with psycopg.connect(host=host, user=OWNER, dbname="postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')
    return f"postgresql://{OWNER}@/{name}?host={host}"
