"""An installation that is in order, to seed faults into."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

from mediad.config.listen import ListenInfo
from mediad.config.settings import Settings
from mediad.ctl.doctor.facts import (
    CertificateFacts,
    Clock,
    DaemonFacts,
    Facts,
    Machine,
    MediaPath,
    Network,
    Parts,
)

NOW = datetime.datetime(2030, 6, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
ADDRESS = "8.8.4.4"


def worker(worker_id: int = 0, **changes: Any) -> dict[str, Any]:
    well = {"state": "ready", "restarts": 0, "lastDeath": None}
    well |= {"firstPort": 10000 + 1000 * worker_id, "lastPort": 10999 + 1000 * worker_id}
    return {"workerId": worker_id, **well, **changes}


SETTINGS = Settings(
    host="0.0.0.0",
    listen_ip=("0.0.0.0",),
    announced_ip=(ADDRESS,),
    announced=(ListenInfo("0.0.0.0", (ADDRESS,)),),
    workers=2,
    tls_certificate="/etc/c.pem",
    tls_private_key="/etc/k.pem",
)

DAEMON = DaemonFacts(
    version="1.0",
    pid=7,
    status="ok",
    tokens_needed=True,
    url="https://sfu.example:3000/",
    workers=[worker(0), worker(1)],
    reports={str(n): {"udpGso": True, "udpBufferBytes": 4 * 2**20} for n in range(2)},
    fd_limit=65536,
    open_fds=40,
)

MACHINE = Machine(
    addresses=frozenset({"127.0.0.1", ADDRESS}),
    cores=2.0,
    throttled=0.0,
    receive_buffer_max=4 * 2**20,
    ephemeral_ports=(32768, 60999),
    conntrack=(10, 1000),
    memory_available=2**32,
    udp_gso=True,
    clock=Clock(synchronised=True, offset_s=0.01),
    socket_drops={10000: 0, 11000: 0},
)

NETWORK = Network(
    announced=(ADDRESS,),
    media_paths=(MediaPath(worker_id=0, ip=ADDRESS, port=10000, arrived=True),),
    public_address=ADDRESS,
)

CERTIFICATE = CertificateFacts(
    path="/etc/c.pem",
    names=("sfu.example",),
    not_before=NOW - DAY,
    not_after=NOW + 60 * DAY,
    chain_length=2,
    key_path="/etc/k.pem",
)

WELL = Facts(
    now=NOW,
    version="1.0",
    settings=SETTINGS,
    daemon=DAEMON,
    machine=MACHINE,
    network=NETWORK,
    certificate=CERTIFICATE,
    installation=Parts(),
)


def settings(**changes: Any) -> Facts:
    return replace(WELL, settings=replace(SETTINGS, **changes))


def daemon(**changes: Any) -> Facts:
    return replace(WELL, daemon=replace(DAEMON, **changes))


def stopped(**changes: Any) -> Facts:
    """Return the facts when nothing runs, and nothing was asked of it."""
    network = replace(NETWORK, media_paths=(), **changes)
    return replace(WELL, daemon=None, daemon_problem="mediad is not running", network=network)


def machine(**changes: Any) -> Facts:
    return replace(WELL, machine=replace(MACHINE, **changes))


def network(**changes: Any) -> Facts:
    return replace(WELL, network=replace(NETWORK, **changes))


def announced(address: str, **changes: Any) -> Facts:
    """Return the facts when this address is announced, and stands for itself."""
    told = {"announced_ip": (address,), "announced": (ListenInfo("0.0.0.0", (address,)),)}
    facts = settings(**{**told, **changes})
    return replace(facts, network=replace(NETWORK, announced=(address,), media_paths=(), public_address=None))


def certificate(**changes: Any) -> Facts:
    return replace(WELL, certificate=replace(CERTIFICATE, **changes))
