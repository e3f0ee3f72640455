"""Calls to the kernel that no answer makes, refused for good before the first cell runs.

Namespaces do not cover all of a kernel: a session's keys are handed down, a socket of the machine's
hypervisor belongs to no network, and segments and files in memory belong to no process that a watch
could see. A filter of the kernel's (seccomp) refuses these calls to this process and to everything
that it starts. Large and young parts of the kernel, where holes are found, are refused with them.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys
from collections.abc import Iterator, Mapping

#: By call: its number on x86-64 and on 64-bit ARM.
REFUSED: Mapping[str, tuple[int, int]] = {
    # Memory that belongs to no process.
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    # Keys of whoever started the grader.
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # Other namespaces, other files, other processes.
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    # Large ways into the kernel.
    "io_uring_setup": (425, 425),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "bpf": (321, 280),
}
#: Programs ask again in another way where a call is not there, and give up where it is forbidden.
ABSENT = frozenset({"memfd_create", "memfd_secret", "io_uring_setup", "userfaultfd"})
#: A call that begins a process: with these flags, one in namespaces of its own.
CLONE, NEW_NAMESPACES = (56, 220), 0x7E020000
#: The same by a structure that no filter reads; where it is absent, the C library takes the other.
CLONE3 = 435
#: Sockets: of files, of the two internet protocols, and of the kernel's own settings.
SOCKETS, FAMILIES = ((41, 198), (53, 199)), (1, 2, 10, 16)

MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
#: On x86-64, numbers from here on are those of another way to call the same.
X32 = 0x40000000
NUMBER, MACHINE, FIRST = 0, 4, 16
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, ERROR = 0x7FFF0000, 0x00050000
NO_NEW_RIGHTS, SET_FILTER, BY_PROGRAM = 38, 22, 2
JOIN_SESSION = 1

Step = tuple[int, int, int, int]


def refuse() -> bool:
    """Refuse them to this process and its children, and leave the session's keys behind. False
    where the system has no such filter, or this machine's numbers are not known."""
    at, machine = MACHINES.get(platform.machine(), (-1, 0))
    if sys.platform != "linux" or at < 0 or ctypes.sizeof(ctypes.c_void_p) != 8:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall(ctypes.c_long(REFUSED["keyctl"][at]), ctypes.c_long(JOIN_SESSION), None)
    steps = b"".join(struct.pack("HBBI", *step) for step in program(at, machine))
    kept = ctypes.create_string_buffer(steps, len(steps))
    whole = struct.pack("H6xP", len(steps) // 8, ctypes.addressof(kept))
    nothing = ctypes.c_ulong(0)
    if libc.prctl(NO_NEW_RIGHTS, ctypes.c_ulong(1), nothing, nothing, nothing) != 0:
        return False
    return bool(libc.prctl(SET_FILTER, ctypes.c_ulong(BY_PROGRAM), whole, nothing, nothing) == 0)


def program(at: int, machine: int) -> Iterator[Step]:
    """The filter, step by step: (what, steps to skip if so, steps to skip if not, number)."""
    yield LOAD, 0, 0, MACHINE
    yield EQUAL, 1, 0, machine
    yield _error(errno.EPERM)
    yield LOAD, 0, 0, NUMBER
    if at == 0:
        yield AT_LEAST, 0, 1, X32
        yield _error(errno.ENOSYS)
    for name, numbers in {**REFUSED, "clone3": (CLONE3, CLONE3)}.items():
        yield EQUAL, 0, 1, numbers[at]
        yield _error(errno.ENOSYS if name in ABSENT or name == "clone3" else errno.EPERM)
    yield EQUAL, 0, 4, CLONE[at]
    yield LOAD, 0, 0, FIRST
    yield ANY_BIT, 0, 1, NEW_NAMESPACES
    yield _error(errno.EPERM)
    yield RETURN, 0, 0, ALLOW
    for numbers in SOCKETS:
        yield EQUAL, 0, len(FAMILIES) + 3, numbers[at]
        yield LOAD, 0, 0, FIRST
        for n, family in enumerate(FAMILIES):
            yield EQUAL, len(FAMILIES) - n, 0, family
        yield _error(errno.EAFNOSUPPORT)
        yield RETURN, 0, 0, ALLOW
    yield RETURN, 0, 0, ALLOW


def _error(number: int) -> Step:
    return RETURN, 0, 0, ERROR | number
