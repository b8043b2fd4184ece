"""The linked library: all of it is inside the module, and the time is not its own."""

from __future__ import annotations

import importlib.util
import subprocess


def symbols(*options: str) -> set[str]:
    module = importlib.util.find_spec("mediad._usrsctp.library")
    assert module is not None
    assert module.origin is not None
    command = ["nm", "--dynamic", *options, module.origin]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {line.split()[-1].split("@")[0] for line in listed.splitlines()}


def test_the_module_shows_nothing_of_the_library() -> None:
    assert {name for name in symbols("--defined-only") if "sctp" in name} == set()


def test_the_library_is_in_the_module_and_reads_no_clock() -> None:
    wanted = symbols("--undefined-only")
    assert "pthread_mutex_lock" in wanted, "nm shows what the library asks for"
    assert {name for name in wanted if "sctp" in name or name in {"gettimeofday", "clock_gettime"}} == set()
