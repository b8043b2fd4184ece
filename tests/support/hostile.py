"""A process that confines itself as a worker or a recorder does, and is then somebody else's.

`python -m tests.support.hostile worker|files|ffmpeg DIRECTORY ATTEMPT SECRET PORT nothing|seccomp|landlock`
runs one attempt and prints `DONE`, or the name of the error; the last word is what this machine shall lack.
The attempts are what would be done next with a worker that was taken over.
"""

from __future__ import annotations

import ctypes
import errno
import faulthandler
import mmap
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from mediad.confinement import landlock
from mediad.confinement.confine import confine_recorder, confine_worker

_libc = ctypes.CDLL(None, use_errno=True)
_PTRACE_ATTACH, _CLONE_NEWUSER, _MSG_FASTOPEN = 16, 0x10000000, 0x20000000


def _checked(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _fast_open(port: int) -> None:
    with socket.socket() as sock:
        sock.sendto(b"x", _MSG_FASTOPEN, ("127.0.0.1", port))


def _in_a_thread(attempt: Callable[[], object]) -> None:
    """Run it on another thread, and raise what it raises."""
    problems: list[BaseException] = []

    def run() -> None:
        try:
            attempt()
        except BaseException as error:
            problems.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if problems:
        raise problems[0]


def _read_memory(pid: int) -> None:
    """Read from another process; an address that it does not have counts, too: the kernel would have read."""
    found = ctypes.create_string_buffer(8)
    ours, theirs = ((ctypes.c_size_t * 2)(ctypes.addressof(found), 8) for _ in range(2))
    if _libc.process_vm_readv(pid, ours, 1, theirs, 1, 0) < 0 and ctypes.get_errno() != errno.EFAULT:
        raise OSError(ctypes.get_errno(), "process_vm_readv")


def _io_uring() -> None:
    _checked(_libc.syscall(425, 8, ctypes.create_string_buffer(120)))


def _send_to(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)


def attempts(secret: str, port: int, directory: str) -> dict[str, Callable[[], object]]:
    """Return the attempts by name."""
    return {
        **_on_files(secret, directory),
        **_on_the_supervisor(os.getppid()),
        **_on_the_rest(port, directory),
    }


def _on_files(secret: str, directory: str) -> dict[str, Callable[[], object]]:
    return {
        "read a secret": lambda: Path(secret).read_text(),
        "read a secret in a thread": lambda: _in_a_thread(Path(secret).read_text),
        "read passwords": lambda: Path("/etc/shadow").read_text(),
        "list a directory": lambda: os.listdir(Path(secret).parent),
        "write a file": lambda: Path(directory, "out").write_text("x"),
        "write elsewhere": lambda: Path(secret).with_name("new").write_text("x"),
        "append to a secret": lambda: os.open(secret, os.O_WRONLY | os.O_APPEND),
        "truncate a secret": lambda: os.truncate(secret, 0),
        "remove a secret": lambda: os.unlink(secret),
        "rename a secret": lambda: os.rename(secret, f"{directory}/mine"),
        "link a secret": lambda: os.link(secret, f"{directory}/mine"),
        "symlink a secret": lambda: os.symlink(secret, f"{directory}/mine"),
        "make a directory": lambda: os.mkdir(Path(secret).with_name("folder")),
        "change a mode": lambda: os.chmod(secret, 0o777),
        "make a device": lambda: os.mknod(f"{directory}/dev", 0o20666, 0x0103),
    }


def _on_the_supervisor(parent: int) -> dict[str, Callable[[], object]]:
    return {
        "environment of the supervisor": lambda: Path(f"/proc/{parent}/environ").read_bytes(),
        "memory of the supervisor": lambda: open(f"/proc/{parent}/mem", "rb"),
        "descriptors of the supervisor": lambda: os.listdir(f"/proc/{parent}/fd"),
        "signal the supervisor": lambda: os.kill(parent, 0),
        "kill the supervisor": lambda: os.kill(parent, signal.SIGKILL),
        "trace the supervisor": lambda: _checked(_libc.ptrace(_PTRACE_ATTACH, parent, 0, 0)),
        "read its memory": lambda: _read_memory(parent),
        "memory of its own": lambda: open("/proc/self/mem", "r+b"),
    }


def _on_the_rest(port: int, directory: str) -> dict[str, Callable[[], object]]:
    return {
        # programs
        "fork": lambda: os.fork() or os._exit(0),
        "run a program": lambda: subprocess.run(["/bin/true"], check=True),
        "become a program": lambda: os.execv("/bin/true", ["true"]),
        # the network
        "connect over TCP": lambda: socket.create_connection(("127.0.0.1", port), 1),
        "connect over TCP in a thread": lambda: _in_a_thread(
            lambda: socket.create_connection(("127.0.0.1", port), 1)
        ),
        "connect by a first packet": lambda: _fast_open(port),
        "connect to a Unix socket": lambda: _send_to(f"{directory}/admin.sock"),
        "raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
        "packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
        "socket of a virtual machine": lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM),
        # the kernel
        "io_uring": _io_uring,
        "new namespace": lambda: _checked(_libc.unshare(_CLONE_NEWUSER)),
        "mount": lambda: _checked(_libc.mount(b"none", b"/mnt", b"tmpfs", 0, None)),
        "keys": lambda: _checked(_libc.syscall(250, 0, -3, 0)),
        "bpf": lambda: _checked(_libc.syscall(321, 0, None, 0)),
        "change root": lambda: os.chroot("/"),
        "become another user": lambda: os.setuid(12345),
        "raise a limit": lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
        # what must go on
        "import": lambda: __import__("xml.dom.minidom"),
        "start a thread": lambda: _in_a_thread(lambda: None),
        "listen on TCP": lambda: socket.create_server(("127.0.0.1", 0)).close(),
        "send over UDP": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(
            b"x", ("127.0.0.1", port)
        ),
        "map memory to execute": lambda: mmap.mmap(
            -1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
        ),
        "crash": lambda: ctypes.string_at(0),
    }


def leave_out(what: str) -> None:
    """Make this machine one that lacks pyseccomp, or a kernel that lacks Landlock."""
    if what == "seccomp":
        sys.modules["pyseccomp"] = None  # type: ignore[assignment]  # an import of it fails
    else:
        landlock.version = lambda: 0


def main(role: str, directory: str, attempt: str, secret: str, port: str, lacking: str) -> None:
    faulthandler.enable()
    if lacking != "nothing":
        leave_out(lacking)
    print(confine_worker("on") if role == "worker" else confine_recorder(role, directory), file=sys.stderr)
    sys.stderr.flush()
    try:
        attempts(secret, int(port), directory)[attempt]()
    except BaseException as error:
        print(type(error).__name__)
    else:
        print("DONE")


if __name__ == "__main__":
    main(*sys.argv[1:])
