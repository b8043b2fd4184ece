"""Profile of a worker: samples of its threads as a flame graph, functions of native code included.

py-spy takes the samples, from outside and without slowing down what it looks at. Considered and set aside:
perf, which would show the kernel as well. It asks for a permission that containers rarely have and for a
package of the running kernel's version, and knows Python's functions from 3.12 on only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.bench.throughput import CONSUMERS, Measured, Peers, measure_engine

SAMPLES_PER_S = 200
_PROGRAMS = sysconfig.get_path("scripts")
HEAD_START_S = 1.0  # sampling ends within the load, not after it


class CannotProfile(Exception):
    """Says in one line what keeps this machine from it."""


def of_forwarding(out: Path, profile: str, forwarded_per_s: float, seconds: float) -> Measured:
    """A flame graph of this process, whose media thread forwards meanwhile; returns what it forwarded."""
    peers = Peers(CONSUMERS, profile)
    sampler = _start(out, os.getpid(), seconds)
    try:
        measured = measure_engine(peers, profile, forwarded_per_s, seconds + HEAD_START_S)
    finally:
        peers.close()
        _finish(sampler, out)
    return measured


def of_process(out: Path, pid: int, seconds: float) -> None:
    """A flame graph of a process that runs: a worker of a daemon, say."""
    _finish(_start(out, pid, seconds), out)


def _start(out: Path, pid: int, seconds: float) -> subprocess.Popen[str]:
    if not Path("/proc", str(pid)).exists():
        raise CannotProfile(f"there is no process {pid}")
    program = shutil.which("py-spy", path=_PROGRAMS)
    if program is None:
        raise CannotProfile(f"py-spy is not installed in {sys.prefix}; scripts/profile does that")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.unlink(missing_ok=True)
    rate, duration = str(SAMPLES_PER_S), str(max(1, round(seconds)))
    how = ("--native", "--threads", "--rate", rate, "--duration", duration, "--format", "flamegraph")
    return subprocess.Popen(
        [program, "record", *how, "--output", str(out), "--pid", str(pid)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _finish(sampler: subprocess.Popen[str], out: Path) -> None:
    said = sampler.communicate()[1].partition("\n")[0]
    if sampler.returncode == 0 and out.exists():
        return
    hint = "looking into another process needs root or CAP_SYS_PTRACE, and kernel.yama.ptrace_scope below 3"
    raise CannotProfile(f"py-spy took no samples ({hint}): {said or sampler.returncode}")
