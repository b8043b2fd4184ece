"""The facts that the doctor judges, gathered before; None is not known, and not judged."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

from mediad.config.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFacts:
    """The place of recordings, as the daemon sees it."""

    directory: str | None
    """The directory; None: nobody has set one, and nothing can be recorded."""
    free_bytes: int
    problem: str | None
    """The problem that is in the way of recordings, in words."""
    wanted: bool
    """True when the directory was set, and is no default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonFacts:
    """A running daemon's reports about itself."""

    version: str
    pid: int
    status: str
    problems: tuple[str, ...] = ()
    """The problems that it knows itself, in words."""
    url: str | None
    workers: list[dict[str, Any]]
    """The workers, as `mediactl workers` shows them."""
    reports: dict[str, dict[str, Any]]
    """The answers to worker.stats by worker id, of those that answered."""
    settings_problems: tuple[str, ...] = ()
    """The problems that its next start would meet."""
    tokens_needed: bool | None = None
    """True when nobody comes in without a token; None for a daemon of an older version."""
    settings_waiting: tuple[str, ...] = ()
    """The keys whose configured value waits for the next start."""
    fd_limit: int
    open_fds: int
    recording: RecordingFacts | None = None
    """The place of recordings; None for a daemon of an older version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    synchronised: bool | None = None
    """True when the kernel's clock is kept right by some program (adjtimex(2))."""
    offset_s: float | None = None
    """Seconds that it is ahead of an NTP server, if one was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The host, or the container."""

    addresses: frozenset[str] = frozenset()
    """The addresses of all interfaces, without zones."""
    cores: float = 1.0
    """The usable cores: affinity, and the control group's limit."""
    throttled: float | None = None
    """The share of the scheduler's periods in which the control group was held back."""
    receive_buffer_max: int | None = None
    """net.core.rmem_max, in bytes."""
    ephemeral_ports: tuple[int, int] | None = None
    reserved_ports: frozenset[int] = frozenset()
    """The ports of that range that the kernel gives only to programs that ask for them by number."""
    conntrack: tuple[int, int] | None = None
    """The entries in the connection table, and the most it can hold."""
    memory_available: int | None = None
    group_memory: tuple[int, int] | None = None
    """Bytes in use in the control group nearest its limit, and that limit."""
    stop_timeout_s: float | None = None
    """Seconds until systemd kills the unit that it told to stop; None without systemd, or without a limit."""
    udp_gso: bool | None = None
    clock: Clock = Clock()
    socket_drops: dict[int, int] = field(default_factory=dict)
    """Datagrams that found a socket's buffer full, by UDP port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenPort:
    """A port that the daemon needs and cannot open."""

    protocol: str
    ip: str
    port: int
    problem: str
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPorts:
    """The ports that the transports of a worker have for themselves, and how many another program has."""

    worker_id: int
    total: int
    taken: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPath:
    """The media path to one worker at one address, tried with STUN requests."""

    worker_id: int
    ip: str
    port: int
    arrived: bool
    answered_from: str | None = None
    """The address from which the answer to a check came; None when none came, or no check could be sent."""
    was_asked: bool = False
    """True when a check was sent that a working worker answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The results of attempts over the network."""

    announced: tuple[str, ...] | None = None
    """The addresses that browsers are told."""
    named: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The addresses at this moment of each name in announced_ip."""
    media_paths: tuple[MediaPath, ...] = ()
    public_address: str | None = None
    """The address from which a STUN server sees this machine's packets, if one was asked."""
    public_problem: str | None = None
    front_problem: str | None = None
    """The reason why the front of a running daemon did not answer."""
    taken: tuple[TakenPort, ...] = ()
    own_ports: tuple[OwnPorts, ...] = ()
    """The media ports of each worker, where every transport has its own and no daemon runs."""
    ipv6_route: bool | None = None
    """True when this machine has a route to the IPv6 internet; None when no address of it is announced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """The front's certificate file."""

    path: str
    problem: str | None = None
    """The reason why it cannot be used at all; nothing below is known then."""
    names: tuple[str, ...] = ()
    not_before: datetime.datetime = datetime.datetime.min
    not_after: datetime.datetime = datetime.datetime.max
    self_signed: bool = False
    chain_length: int = 1
    key_path: str = ""
    key_matches: bool = True
    key_readable_by_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessFacts:
    """The privileges of a process of the daemon, from /proc."""

    name: str
    user_id: int
    capabilities: int
    """The effective capabilities, as bits."""
    no_new_privileges: bool
    filters_calls: bool
    """True when a filter of system calls (seccomp) is in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """A file that others should not read, or a socket that they should not use."""

    what: str
    path: str
    mode: int
    """The permission bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """The guard of a daemon that anyone on the internet may reach."""

    secret_origins: dict[str, str] = field(default_factory=dict)
    """The origin of each secret that is set, by its key: a file, the environment, the command line."""
    processes: tuple[ProcessFacts, ...] = ()
    files: tuple[FileFacts, ...] = ()
    open_pages: tuple[str, ...] = ()
    """The pages about the whole node that the front shows to whoever asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of the installation: for each its problem and the remedy, or None."""

    native_problem: str | None = None
    library_problem: str | None = None
    page_problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All facts about an installation at one moment."""

    now: datetime.datetime
    version: str
    """The version of mediactl itself."""
    settings: Settings | None
    """The daemon's settings; without a daemon those it would start with; None when they are wrong."""
    settings_problems: tuple[str, ...] = ()
    daemon: DaemonFacts | None = None
    daemon_problem: str | None = None
    """The reason why no daemon could be asked."""
    machine: Machine = Machine()
    network: Network = Network()
    certificate: CertificateFacts | None = None
    installation: Parts | None = None
    exposure: Exposure | None = None
    """The guard of the daemon; None unless it is meant for the open internet."""
