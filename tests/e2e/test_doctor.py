"""mediactl doctor on real installations with faults put into them: each is named, with what to do."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from mediad.ctl.exits import CtlExit
from tests.support.daemon import ROOT, clean_environment
from tests.support.daemons import MEDIAD, running
from tests.support.loops import until_sync
from tests.support.pem import certificate, key_text, pem
from tests.support.ports import free_media_ports, free_port

Finding = tuple[str, str, str]
"""Level, check, text."""


def doctor(admin_socket: str, *options: str) -> tuple[int, list[Finding]]:
    """Exit code and findings."""
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "mediad.ctl.main",
            "--admin-socket",
            admin_socket,
            "doctor",
            "--json",
            *options,
        ],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout, result.stderr
    findings = json.loads(result.stdout)["findings"]
    assert all(finding["advice"] for finding in findings if finding["level"] != "ok")
    return result.returncode, [(f["level"], f["check"], f["text"]) for f in findings]


def expect(findings: list[Finding], level: str, check: str, *words: str) -> None:
    texts = [
        text for found_level, found_check, text in findings if (found_level, found_check) == (level, check)
    ]
    assert any(all(word in text for word in words) for text in texts), (check, words, findings)


@contextmanager
def server(answer: Callable[[bytes], bytes]) -> Iterator[str]:
    """A UDP server that answers everything; yields `127.0.0.1:PORT`."""
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))

        def serve() -> None:
            while data := sock.recvfrom(2048):
                if not data[0]:
                    return
                sock.sendto(answer(data[0]), data[1])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        address = sock.getsockname()
        try:
            yield f"127.0.0.1:{address[1]}"
        finally:
            sock.sendto(b"", address)
            thread.join()


def a_clock_ahead(request: bytes) -> bytes:
    """An NTP server by which ours is 60 s behind."""
    now = struct.pack("!II", int(time.time()) + 60 + 2_208_988_800, 0)
    return bytes([0x24, 1]) + bytes(30) + now + now


def somebody_else(request: bytes) -> bytes:
    """A STUN server that sees us come from 9.9.9.9."""
    value = struct.pack("!BBHI", 0, 1, 0, 0x09090909 ^ 0x2112A442)
    return b"\x01\x01" + struct.pack("!H", 12) + request[4:20] + struct.pack("!HH", 0x0020, 8) + value


def limited() -> list[str]:
    """A command that runs another one with few descriptors, and where it makes a difference, fewer rights."""
    drop = ["setpriv", "--bounding-set", "-net_admin"] if os.geteuid() == 0 else []
    return [*drop, "prlimit", "--nofile=600:600", *MEDIAD]


def test_a_daemon_that_runs_with_all_that_is_wrong() -> None:
    workers = len(os.sched_getaffinity(0)) + 1
    base_port = free_media_ports(workers, range(33_000, 60_000 - 1000 * workers, 1000))
    settings = {
        "host": "0.0.0.0",
        "open": "true",
        "listen-ip": "127.0.0.1",
        "announced-ip": "127.0.0.2",  # where nobody listens
        "workers": workers,
        "rtc-base-port": base_port,
        "udp-buffer-bytes": 2**29,
        "worker-ping-timeout-s": 60,
    }
    flags = [text for key, value in settings.items() for text in (f"--{key}", str(value))]
    with running(*flags, command=limited()) as daemon:
        admin_socket = daemon.wait_ready().admin_socket
        killed, hanging, *_ = (pid for pid in daemon.worker_pids() if pid)
        os.kill(killed, signal.SIGKILL)
        until_sync(lambda: daemon.worker_pids()[0] not in (None, killed))
        os.kill(hanging, signal.SIGSTOP)
        with server(a_clock_ahead) as ntp, server(somebody_else) as stun:
            code, found = doctor(admin_socket, "--ntp", ntp, "--stun", stun)
        os.kill(hanging, signal.SIGCONT)
    assert code == CtlExit.REFUSED
    expect(found, "error", "announced-address", "127.0.0.2")
    expect(found, "error", "media-path", f"127.0.0.2 UDP port {base_port}", "worker 0")
    expect(found, "error", "workers", "worker 1 does not answer")
    expect(found, "error", "clock", "s behind")
    expect(found, "warning", "workers", "worker 0 was started again", "SIGKILL")
    expect(found, "warning", "public-address", "9.9.9.9", "127.0.0.2")
    expect(found, "warning", "descriptors", "600")
    expect(found, "warning", "udp-buffers", "512 MiB were asked for")
    expect(found, "warning", "https", "camera")
    expect(found, "warning", "port-range", str(base_port))
    expect(found, "warning", "cores", f"{workers} workers")
    expect(found, "ok", "front")


def test_a_daemon_that_cannot_start(tmp_path: Path) -> None:
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    chain, private = tmp_path / "c.pem", tmp_path / "k.pem"
    settings, port, media_port = tmp_path / "mediad.toml", free_port(), 34_000
    settings.write_text(
        f'port = {port}\nrtc_base_port = {media_port}\nworkers = 1\nannounced_ip = "203.0.113.7"\n'
        f'listen_ip = "203.0.113.9"\ntls_certificate = "{chain}"\ntls_private_key = "{private}"\n'
    )
    chain.write_text(pem(certificate("sfu", key, other, "authority", names=["sfu.example"], days=0.5)))
    private.write_text(key_text(key))
    private.chmod(0o644)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        code, found = doctor(str(tmp_path / "none"), "--config", str(settings))
    assert code == CtlExit.REFUSED
    expect(found, "error", "daemon", "mediad is not running")
    expect(found, "error", "ports", f"TCP port {port} on 127.0.0.1 is taken")
    expect(found, "error", "listen-address", "203.0.113.9")
    expect(found, "error", "announced-address", "203.0.113.7", "example")
    expect(found, "error", "certificate", "sfu.example", "expired")
    expect(found, "warning", "certificate-chain", "without its chain")
    expect(found, "warning", "certificate-key", str(private))
    private.write_text(key_text(other))
    expect(
        doctor(str(tmp_path / "none"), "--config", str(settings))[1], "error", "certificate", "is not the one"
    )


def test_wrong_settings(tmp_path: Path) -> None:
    settings = tmp_path / "mediad.toml"
    settings.write_text('port = "high"\nanounced_ip = "8.8.4.4"\n')
    code, found = doctor(str(tmp_path / "none"), "--config", str(settings))
    assert code == CtlExit.REFUSED
    expect(found, "error", "settings", "port: got 'high'")
    expect(found, "error", "settings", "anounced_ip: unknown setting", "did you mean announced_ip?")


def test_answers_come_from_the_address_that_is_announced() -> None:
    """One of several, on a wildcard: the kernel by itself would answer from 127.0.0.1."""
    settings = ("--listen-ip", "0.0.0.0", "--announced-ip", "127.0.0.2", "--workers", "1")
    port = free_media_ports(1)
    with running(*settings, "--rtc-base-port", str(port), command=MEDIAD) as daemon:
        _, found = doctor(daemon.wait_ready().admin_socket)
    expect(found, "ok", "media-path", f"127.0.0.2 UDP port {port}", "the answer comes back from there")


def test_each_announced_address_is_tried_at_a_port_that_is_open() -> None:
    """Listen in both families, without a port that transports share: the doctor gets one for itself."""
    settings = ("--listen-ip", "127.0.0.1,::1", "--port-mode", "per-transport", "--workers", "1")
    port = free_media_ports(1)
    with running(*settings, "--rtc-base-port", str(port), command=MEDIAD) as daemon:
        _, found = doctor(daemon.wait_ready().admin_socket)
    for address in ("127.0.0.1", "::1"):
        expect(found, "ok", "media-path", f"{address} UDP port ", "the answer comes back from there")


def test_a_daemon_without_faults_of_its_own() -> None:
    with running("--workers", "1", "--rtc-base-port", str(free_media_ports(1)), command=MEDIAD) as daemon:
        _, found = doctor(daemon.wait_ready().admin_socket)
    levels = {check: level for level, check, _ in found}
    for check in ("settings", "daemon", "workers", "media-path", "front", "announced-address", "port-range"):
        assert levels[check] == "ok"
