"""What no namespace covers is refused by the kernel itself, and what honest code does is not."""

import json

import pytest

from autograder.running.sandbox import sandbox
from autograder.running.settings import Settings
from autograder.running.student import Student
from autograder.running.student_side import refused

TRIES = """
import ctypes, errno, json, os, socket, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.argtypes = [ctypes.c_long] * 7
def call(number, *words):
    ctypes.set_errno(0)
    said = libc.syscall(number, *words, *[0] * (6 - len(words)))
    return errno.errorcode.get(ctypes.get_errno(), "worked") if said < 0 else "worked"
def open_socket(family):
    try:
        socket.socket(family, socket.SOCK_STREAM).close()
        return "worked"
    except OSError as fault:
        return errno.errorcode[fault.errno]
text = ctypes.create_string_buffer(b"user")
where = ctypes.addressof(text)
print(json.dumps({
    "calls": {name: call(number, *WORDS.get(name, ())) for name, number in NUMBERS.items()},
    "new namespace": call(CLONE, 0x10000000),
    "hypervisor": open_socket(40),
    "machine's crypto": open_socket(38),
    "internet": open_socket(socket.AF_INET),
    "files": open_socket(socket.AF_UNIX),
}))
"""
HONEST = """
import multiprocessing, subprocess, tempfile, threading
from multiprocessing import shared_memory
with multiprocessing.get_context("fork").Pool(1) as pool:
    print(pool.map(abs, [-1]))
block = shared_memory.SharedMemory(create=True, size=16)
block.unlink()
threading.Thread(target=print, args=("thread",)).start()
print(subprocess.run(["echo", "program"], capture_output=True, text=True).stdout)
_ = tempfile.TemporaryFile().write(b"x")
"""
#: Of all others the kernel is told nothing that it could do.
WORDS = {"shmget": (0, 4096, 0o1600), "keyctl": (0, -3, 1), "memfd_create": ()}


@pytest.fixture(scope="module")
def student():
    with Student(sandbox("bubblewrap"), Settings(cell_seconds=10)) as student:
        yield student


def test_every_refused_call_is_refused(student):
    at = refused.MACHINES[refused.platform.machine()][0]
    numbers = {name: both[at] for name, both in refused.REFUSED.items()}
    given = f"NUMBERS, WORDS, CLONE = {numbers!r}, {WORDS!r}, {refused.CLONE[at]}\n"
    seen = json.loads(student.run_cell(given + TRIES).printed)
    due = {n: "ENOSYS" if n in refused.ABSENT else "EPERM" for n in refused.REFUSED}
    assert seen["calls"] == due
    assert seen["new namespace"] == "EPERM"
    assert seen["hypervisor"] == seen["machine's crypto"] == "EAFNOSUPPORT"
    assert seen["internet"] == seen["files"] == "worked"


def test_processes_threads_programs_and_shared_memory_work_as_before(student):
    said = student.run_cell(HONEST)
    assert said.stopped is None
    assert [word in said.printed for word in ("[1]", "thread", "program")] == [True] * 3
    assert said.outputs == ()


def test_there_are_so_many_files_and_no_more(student):
    """A file without a byte takes a kilobyte of the kernel's memory, and belongs to no process."""
    cell = """
import os
made, full = 0, ""
os.makedirs("/tmp/many")
try:
    for made in range(60_000):
        os.close(os.open(f"/tmp/many/{made}", os.O_CREAT))
except OSError as fault:
    full = fault.strerror
print(made < 20_000, full)
"""
    assert student.run_cell(cell).printed.strip() == "True No space left on device"
