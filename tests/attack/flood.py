"""Floods of datagrams at the speed of the kernel, by the small program in flood.c."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.attack.target import Endpoint, Outcome
from tests.support.imports import ROOT

SOURCE = Path(__file__).with_suffix(".c")
ANY = ("0.0.0.0", 0)
"""The forged source that is another one in each datagram, of 127.16.0.0/12."""


def program() -> Path:
    """The compiled program; made when it is not there, or older than its source."""
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]
    made = ROOT / "build" / "attack" / f"flood-{digest}"
    if not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        draft = made.with_suffix(f".{os.getpid()}")
        subprocess.run(["gcc", "-O2", "-Wall", "-o", draft, SOURCE], check=True, timeout=60)
        draft.rename(made)  # others may make it at the same moment
    return made


def may_forge() -> bool:
    """True when this process may send from addresses that are not its own."""
    return sys.platform == "linux" and os.geteuid() == 0


def forged(
    target: Endpoint, packets: Iterable[bytes], seconds: float, *, source: Endpoint = ANY, rate: float = 0
) -> Outcome:
    """Send packets again and again, as if from `source`; nothing comes back to the attacker."""
    outcome = _run(target, packets, seconds, rate, "forge", source[0], source[1])
    outcome.sent_bytes = 0  # there is nothing to compare with
    return outcome


def own(
    target: Endpoint,
    packets: Iterable[bytes],
    seconds: float,
    *,
    host: str = "127.66.6.6",
    sockets: int = 32,
    rate: float = 0,
) -> Outcome:
    """Send packets again and again from some ports of one address; what comes back is counted."""
    return _run(target, packets, seconds, rate, "from", host, sockets)


def _run(
    target: Endpoint,
    packets: Iterable[bytes],
    seconds: float,
    rate: float,
    *how: object,
) -> Outcome:
    told = b"".join(len(packet).to_bytes(2, "big") + packet for packet in packets)
    command = [str(program()), target[0], str(target[1]), str(seconds), str(rate), *map(str, how)]
    done = subprocess.run(command, input=told, capture_output=True, timeout=seconds + 30, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"flood ended with {done.returncode}: {done.stderr.decode()}")
    counts = json.loads(done.stdout)
    outcome = Outcome(
        sent=counts["sent"], sent_bytes=counts["sent_bytes"], answered_bytes=counts["answered_bytes"]
    )
    if counts["failed"]:
        outcome.reasons["not sent"] = counts["failed"]
    return outcome
