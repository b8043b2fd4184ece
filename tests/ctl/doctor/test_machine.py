"""The machine is read from proc and sys, real ones and made-up ones."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from mediad.ctl.doctor import machine
from mediad.ctl.doctor.machine import look, time_span_s

UDP_TABLE = (
    "sl local_address rem_address st tx_queue:rx_queue tr:when retrnsmt uid timeout inode ref pointer drops\n"
    "110: 0100007F:2710 00000000:0000 07 0:0 00:0 0 0 0 4711 2 0 {}\n"
)


def write(root: Path, **texts: str) -> None:
    for name, text in texts.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_this_machine() -> None:
    found = look(os.getpid())
    assert "127.0.0.1" in found.addresses
    assert 0 < found.cores <= (os.cpu_count() or 1)
    assert found.memory_available is not None
    assert 0 < found.memory_available <= psutil.virtual_memory().total
    assert isinstance(found.udp_gso, bool)
    assert found.clock.synchronised in (True, False, None)
    assert found.receive_buffer_max is None or found.receive_buffer_max > 0


def test_a_machine_that_says_nothing(tmp_path: Path) -> None:
    found = look(os.getpid(), 1.5, tmp_path)
    assert found.throttled is None
    assert found.receive_buffer_max is None
    assert found.ephemeral_ports is None
    assert found.reserved_ports == frozenset()
    assert found.conntrack is None
    assert found.socket_drops == {}
    assert found.clock.offset_s == 1.5


def test_numbers_of_the_kernel(tmp_path: Path) -> None:
    net = "proc__sys__net__"
    write(
        tmp_path,
        **{
            f"{net}core__rmem_max": "212992\n",
            f"{net}ipv4__ip_local_port_range": "32768\t60999\n",
            f"{net}ipv4__ip_local_reserved_ports": "40000,41000-41002\n",
            f"{net}netfilter__nf_conntrack_count": "7\n",
            f"{net}netfilter__nf_conntrack_max": "1000\n",
        },
    )
    found = look(os.getpid(), None, tmp_path)
    assert found.receive_buffer_max == 212_992
    assert found.ephemeral_ports == (32768, 60999)
    assert found.reserved_ports == {40000, 41000, 41001, 41002}
    assert found.conntrack == (7, 1000)


def test_drops_of_both_families_are_added(tmp_path: Path) -> None:
    write(tmp_path, proc__net__udp=UDP_TABLE.format(5), proc__net__udp6=UDP_TABLE.format(2))
    assert look(os.getpid(), None, tmp_path).socket_drops == {10000: 7}


def test_quotas_of_control_groups(tmp_path: Path) -> None:
    pid = os.getpid()
    group = "sys__fs__cgroup__system.slice"
    write(
        tmp_path,
        **{
            f"proc__{pid}__cgroup": "0::/system.slice/mediad.service\n",
            f"{group}__cpu.max": "50000 100000\n",
            f"{group}__cpu.stat": "usage_usec 9\nnr_periods 200\nnr_throttled 50\n",
            f"{group}__mediad.service__cpu.max": "max 100000\n",
            f"{group}__mediad.service__cpu.stat": "usage_usec 9\nnr_periods 0\n",
        },
    )
    found = look(pid, None, tmp_path)
    assert found.cores == 0.5
    assert found.throttled == 0.25


def test_a_process_that_is_gone_has_the_cores_of_this_one() -> None:
    assert machine._cores(2**22 + 1, Path("/nonexistent")) == float(len(os.sched_getaffinity(0)))


def test_limits_of_memory(tmp_path: Path) -> None:
    pid = os.getpid()
    group = "sys__fs__cgroup__system.slice"
    write(
        tmp_path,
        **{
            f"proc__{pid}__cgroup": "0::/system.slice/worker\n",
            f"{group}__memory.current": "500\n",
            f"{group}__memory.max": "1000\n",
            f"{group}__worker__memory.current": "400\n",
            f"{group}__worker__memory.max": "max\n",
        },
    )
    assert look(pid, None, tmp_path).group_memory == (500, 1000)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1min 30s", 90), ("5s", 5), ("250ms", 0.25), ("1h 2min", 3720), ("infinity", None), ("", None)],
)
def test_spans_of_systemd(text: str, seconds: float | None) -> None:
    assert time_span_s(text) == seconds


@pytest.mark.parametrize(
    ("script", "seconds"),
    [("test $4 = mediad.service && echo 1min 30s", 90), ("exit 1", None), ("echo infinity", None)],
)
def test_the_unit_is_found_by_its_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, seconds: float | None
) -> None:
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(f"#!/bin/sh\n{script}\n")
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    pid = os.getpid()
    write(tmp_path, **{f"proc__{pid}__cgroup": "0::/system.slice/mediad.service/workers\n"})
    assert look(pid, None, tmp_path).stop_timeout_s == seconds
