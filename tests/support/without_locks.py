"""Run Python where no file can be locked: the kernel answers ENOLCK, as a share without locks does.

A seccomp filter (Linux, no rights needed) refuses fcntl's lock commands in the child process alone.
"""

import platform
import subprocess
import sys

FILTER = """
import ctypes, struct
FCNTL, NR, SECOND_ARGUMENT, ENOLCK = {fcntl}, 0, 24, 37
LOAD, EQUAL, ANSWER = 0x20, 0x15, 0x06
lock_commands = (6, 7, 37, 38)  # F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW
code = [(LOAD, 0, 0, NR), (EQUAL, 0, len(lock_commands) + 1, FCNTL), (LOAD, 0, 0, SECOND_ARGUMENT)]
for i, command in enumerate(lock_commands):
    code.append((EQUAL, len(lock_commands) - i, 0, command))
code += [(ANSWER, 0, 0, 0x7FFF0000), (ANSWER, 0, 0, 0x00050000 | ENOLCK)]
program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
what = Program(len(code), ctypes.addressof(program))
assert libc.prctl(22, 2, ctypes.byref(what), 0, 0) == 0, ctypes.get_errno()  # PR_SET_SECCOMP
"""

FCNTL_NUMBERS = {"x86_64": 72, "aarch64": 25}


def python_without_locks(script: str) -> str:
    """What the script prints when it runs where locks are refused."""
    start = FILTER.format(fcntl=FCNTL_NUMBERS[platform.machine()])
    done = subprocess.run(
        [sys.executable, "-c", start + script], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
