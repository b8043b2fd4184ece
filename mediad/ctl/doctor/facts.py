"""Everything the doctor judges, gathered beforehand: what could not be found out is None and not judged."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

from mediad.config.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonFacts:
    """What a running daemon says of itself."""

    version: str
    pid: int
    status: str
    problems: tuple[str, ...] = ()
    """What it knows to be wrong itself, in words."""
    url: str | None
    workers: list[dict[str, Any]]
    """As `mediactl workers` shows them."""
    reports: dict[str, dict[str, Any]]
    """worker.stats by worker id, of those that answered."""
    settings_problems: tuple[str, ...] = ()
    """What it would find wrong at the next start."""
    settings_waiting: tuple[str, ...] = ()
    """Keys that are configured otherwise than they are in force, until the next start."""
    fd_limit: int
    open_fds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    synchronised: bool | None = None
    """Whether the kernel's clock is being kept right by somebody (adjtimex(2))."""
    offset_s: float | None = None
    """How far ahead of an NTP server it is, if one was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The host, or the container."""

    addresses: frozenset[str] = frozenset()
    """Of all interfaces, without zones."""
    cores: float = 1.0
    """Usable ones: affinity, and what the control group grants."""
    throttled: float | None = None
    """Share of the scheduler's periods in which the control group was held back."""
    receive_buffer_max: int | None = None
    """net.core.rmem_max, in bytes."""
    ephemeral_ports: tuple[int, int] | None = None
    reserved_ports: frozenset[int] = frozenset()
    """Which of those the kernel keeps for who asks by number."""
    conntrack: tuple[int, int] | None = None
    """Entries in the connection table, and how many fit."""
    memory_available: int | None = None
    group_memory: tuple[int, int] | None = None
    """Bytes in use in the control group nearest its limit, and that limit."""
    stop_timeout_s: float | None = None
    """When systemd kills the unit that was told to stop; None without systemd, or without a limit."""
    udp_gso: bool | None = None
    clock: Clock = Clock()
    socket_drops: dict[int, int] = field(default_factory=dict)
    """UDP port → datagrams that found its socket's buffer full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenPort:
    """A port the daemon would need, and somebody else has."""

    protocol: str
    ip: str
    port: int
    problem: str
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaProbe:
    """STUN requests sent to where browsers are told to send media."""

    worker_id: int
    ip: str
    port: int
    arrived: bool
    answered_from: str | None = None
    """Where the answer to a check came from; None when none came, or none could be asked for."""
    was_asked: bool = False
    """A check was sent that a worker in order answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What was tried over the network."""

    announced: tuple[str, ...] | None = None
    """The addresses browsers are told; () when a name is announced, and does not resolve."""
    named: tuple[str, ...] = ()
    """What announced_ip stands for at this moment."""
    probes: tuple[MediaProbe, ...] = ()
    public_address: str | None = None
    """What a STUN server sees us come from, if one was asked."""
    public_problem: str | None = None
    front_problem: str | None = None
    """Why the front of a running daemon did not answer."""
    taken: tuple[TakenPort, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """The front's certificate file."""

    path: str
    problem: str | None = None
    """Why it cannot be used at all; nothing below is known then."""
    names: tuple[str, ...] = ()
    not_before: datetime.datetime = datetime.datetime.min
    not_after: datetime.datetime = datetime.datetime.max
    self_signed: bool = False
    chain_length: int = 1
    key_path: str = ""
    key_matches: bool = True
    key_readable_by_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What mediad is installed with: for each part what is wrong and what to do, or None."""

    native_problem: str | None = None
    library_problem: str | None = None
    page_problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One look at an installation."""

    now: datetime.datetime
    version: str
    """Of mediactl itself."""
    settings: Settings | None
    """The daemon's; those it would start with when it does not run; None when they are wrong."""
    settings_problems: tuple[str, ...] = ()
    daemon: DaemonFacts | None = None
    daemon_problem: str | None = None
    """Why there is no daemon to ask."""
    machine: Machine = Machine()
    network: Network = Network()
    certificate: CertificateFacts | None = None
    installation: Parts | None = None
