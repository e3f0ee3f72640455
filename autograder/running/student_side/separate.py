"""Namespaces for one submission, made inside of the sandbox that its interpreter waits in.

bubblewrap has shut the machine out already. What is made here keeps one submission from the waiting
interpreter and from every other submission: processes, files, network, IPC and host name of its
own, fresh memory for all that can be written, and no right over any of it.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from collections.abc import Iterable

NEW_FILES, NEW_NAME, NEW_IPC = 0x00020000, 0x04000000, 0x08000000
NEW_USER, NEW_PIDS, NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
READ_ONLY, NO_SUID, NO_DEVICES, NO_PROGRAMS, AGAIN = 1, 2, 4, 8, 32
BIND, EVERYTHING_BELOW, PRIVATE = 1 << 12, 1 << 14, 1 << 18
DROP_FOR_EVER, NO_NEW_RIGHTS = 24, 38
CAPABILITIES = 64
#: Of /proc, what a user with the machine's first number could write: bubblewrap covers the same.
COVERED = ("sys", "sysrq-trigger", "irq", "bus")
#: What is in memory counts as no process's; a file without a byte takes a kilobyte of the kernel's.
FILES = "nr_inodes=20000"
#: Every user inside is this one, whoever it is outside.
NOBODY = 65534
INTERFACE_UP, SET_FLAGS = 1, 0x8914

_libc = ctypes.CDLL(None, use_errno=True)


def leave() -> None:
    """Leave everything that is shared; processes that are started from now on are in the new
    namespace of processes. OSError where the system refuses."""
    _call("unshare", NEW_FILES | NEW_NAME | NEW_IPC | NEW_PIDS | NEW_NETWORK)


def mount_anew(places: Iterable[tuple[str, int]]) -> None:
    """Fresh memory of so many MiB at each place, and a /proc and terminals of these namespaces."""
    _mount("none", "/", "", EVERYTHING_BELOW | PRIVATE)
    for place, mib in places:
        _mount("tmpfs", place, "tmpfs", NO_SUID | NO_DEVICES, f"size={mib}m,{FILES},mode=0755")
    _mount("devpts", "/dev/pts", "devpts", NO_SUID | NO_PROGRAMS, "ptmxmode=0666,mode=620")
    flags = NO_SUID | NO_DEVICES | NO_PROGRAMS
    _mount("proc", "/proc", "proc", flags)
    for name in COVERED:
        path = f"/proc/{name}"
        if os.path.exists(path):
            _mount(path, path, "", BIND)
            _mount("none", path, "", BIND | AGAIN | READ_ONLY | flags)


def switch_loopback_on() -> None:
    """A program may speak to itself, as in every sandbox."""
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        fcntl.ioctl(line, SET_FLAGS, struct.pack("16sH14x", b"lo", INTERFACE_UP))


def give_up_rights() -> None:
    """Become nobody in a user namespace of its own, without one right and without a way to any."""
    _call("unshare", NEW_USER)
    for name, text in (
        ("setgroups", "deny"),
        ("gid_map", f"{NOBODY} 0 1"),
        ("uid_map", f"{NOBODY} 0 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    for number in range(CAPABILITIES):  # those that this kernel has not are refused
        _libc.prctl(DROP_FOR_EVER, number, 0, 0, 0)
    _call("prctl", NO_NEW_RIGHTS, 1, 0, 0, 0)
    version_3, nothing = struct.pack("Ii", 0x20080522, 0), bytes(24)
    _call("capset", version_3, nothing)


def _mount(source: str, place: str, kind: str, flags: int, options: str = "") -> None:
    words = (source.encode(), place.encode(), kind.encode() or None)
    _call("mount", *words, ctypes.c_ulong(flags), options.encode() or None)


def _call(name: str, *words: object) -> None:
    if getattr(_libc, name)(*words) != 0:
        number = ctypes.get_errno()
        told = " ".join(w.decode("latin-1") for w in words if isinstance(w, bytes) and w.isascii())
        raise OSError(number, f"{name} {told[:60]}: {os.strerror(number)}")
