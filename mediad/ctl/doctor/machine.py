"""Facts about the machine, from /proc, /sys and the kernel. What cannot be read is None."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil

from mediad.ctl.doctor.facts import Clock, Machine

_UDP_SEGMENT = 103  # linux/udp.h
_STA_UNSYNC = 0x0040  # sys/timex.h
_TIMEX_BYTES = 512  # more than struct timex has anywhere
_TIMEX_STATUS = 5 * ctypes.sizeof(ctypes.c_long)  # after modes, offset, freq, maxerror and esterror

SYSTEMCTL_S = 3.0
"""The time that systemctl has to answer."""

_UNITS_S = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"([0-9.]+)(ms|s|min|h|d|w)")

ROOT = Path("/")


def look(pid: int, offset_s: float | None = None, root: Path = ROOT) -> Machine:
    """The machine as process `pid` sees it.

    `offset_s` is the clock's distance to an NTP server, if one was asked; `root` is the folder of proc and
    sys.
    """
    return Machine(
        addresses=_addresses(),
        cores=_cores(pid, root),
        throttled=_throttled(pid, root),
        receive_buffer_max=_number(root / "proc/sys/net/core/rmem_max"),
        ephemeral_ports=_port_range(root),
        reserved_ports=_reserved_ports(root),
        conntrack=_conntrack(root),
        group_memory=_group_memory(pid, root),
        stop_timeout_s=_stop_timeout_s(pid, root),
        memory_available=psutil.virtual_memory().available,
        udp_gso=_udp_gso(),
        clock=Clock(synchronised=_synchronised(), offset_s=offset_s),
        socket_drops=_socket_drops(root),
    )


def _addresses() -> frozenset[str]:
    return frozenset(
        entry.address.partition("%")[0]
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family in (socket.AF_INET, socket.AF_INET6)
    )


def _cores(pid: int, root: Path) -> float:
    try:
        cores = float(len(os.sched_getaffinity(pid)))
    except OSError:
        cores = float(len(os.sched_getaffinity(0)))
    for group in _control_groups(pid, root):
        quota = (_text(group / "cpu.max") or "max").split()
        if quota[0] != "max":
            cores = min(cores, int(quota[0]) / int(quota[1]))
    return round(cores, 2)


def _throttled(pid: int, root: Path) -> float | None:
    """The throttled share of the innermost control group that has a quota."""
    for group in _control_groups(pid, root):
        pairs = (line.split() for line in (_text(group / "cpu.stat") or "").splitlines())
        stat = {name: int(value) for name, value in pairs}
        if stat.get("nr_periods"):
            return stat["nr_throttled"] / stat["nr_periods"]
    return None


def _group_memory(pid: int, root: Path) -> tuple[int, int] | None:
    """The memory of the control group that is nearest its limit."""
    found = []
    for group in _control_groups(pid, root):
        current, limit = _number(group / "memory.current"), (_text(group / "memory.max") or "max").strip()
        if current is not None and limit not in ("max", "0"):
            found.append((current, int(limit)))
    return max(found, key=lambda pair: pair[0] / pair[1], default=None)


def _stop_timeout_s(pid: int, root: Path) -> float | None:
    """The stop timeout of the unit whose control group the process is in."""
    unit = next((group.name for group in _control_groups(pid, root) if group.suffix == ".service"), None)
    if unit is None:
        return None
    command = ["systemctl", "show", "--property=TimeoutStopUSec", "--value", unit]
    try:
        shown = subprocess.run(command, capture_output=True, text=True, timeout=SYSTEMCTL_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return time_span_s(shown.stdout.strip())


def time_span_s(text: str) -> float | None:
    """The seconds in systemd's `1min 30s`; None for a text that is no time span, as `infinity`."""
    found = [_SPAN.fullmatch(word) for word in text.split()]
    if not found or not all(found):
        return None
    return sum(float(match[1]) * _UNITS_S[match[2]] for match in found if match)


def _control_groups(pid: int, root: Path) -> Iterator[Path]:
    """The process's control group and those around it, innermost first (cgroup v2)."""
    top = root / "sys/fs/cgroup"
    for line in (_text(root / f"proc/{pid}/cgroup") or "").splitlines():
        if line.startswith("0::"):
            group = top / line[3:].lstrip("/")
            yield from (group, *(parent for parent in group.parents if parent.is_relative_to(top)))


def _port_range(root: Path) -> tuple[int, int] | None:
    words = (_text(root / "proc/sys/net/ipv4/ip_local_port_range") or "").split()
    return (int(words[0]), int(words[1])) if len(words) == 2 else None


def _reserved_ports(root: Path) -> frozenset[int]:
    """The ports in `10000,20000-20010`, the kernel's list of reserved ones."""
    ports: set[int] = set()
    for part in (_text(root / "proc/sys/net/ipv4/ip_local_reserved_ports") or "").split(","):
        low, _, high = part.strip().partition("-")
        if low:
            ports.update(range(int(low), int(high or low) + 1))
    return frozenset(ports)


def _conntrack(root: Path) -> tuple[int, int] | None:
    folder = root / "proc/sys/net/netfilter"
    count, most = _number(folder / "nf_conntrack_count"), _number(folder / "nf_conntrack_max")
    return (count, most) if count is not None and most else None


def _socket_drops(root: Path) -> dict[int, int]:
    """The drops of UDP sockets by port; the kernel's table has the local address second, drops last."""
    drops: dict[int, int] = {}
    for name in ("udp", "udp6"):
        for line in (_text(root / "proc/net" / name) or "").splitlines()[1:]:
            words = line.split()
            port = int(words[1].rpartition(":")[2], 16)
            drops[port] = drops.get(port, 0) + int(words[-1])
    return drops


def _udp_gso() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.setsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT, 1200)
        except OSError:
            return False
        return True


def _synchronised() -> bool | None:
    """True when the kernel's clock is kept right: adjtimex(2), asked to change nothing."""
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)
    try:
        if ctypes.CDLL(None).adjtimex(timex) < 0:
            return None
    except AttributeError:
        return None
    status = ctypes.c_int.from_buffer(timex, _TIMEX_STATUS).value
    return not status & _STA_UNSYNC


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text is not None else None


def _text(path: Path) -> str | None:
    with contextlib.suppress(OSError):
        return path.read_text()
    return None
