"""The ports that clients need, from the settings, and the commands that open them in firewalls."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mediad.config.settings import Settings, WorkerSettings

FIREWALLS = ("ufw", "firewalld", "nft")


@dataclass(frozen=True, slots=True)
class Opening:
    """A port that a firewall must let in."""

    protocol: str
    first: int
    last: int
    ip: str
    """The address on which the daemon listens."""
    purpose: str

    @property
    def ports(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"

    @property
    def is_local(self) -> bool:
        """True when only this machine can reach it, firewall or not."""
        try:
            return ipaddress.ip_address(self.ip).is_loopback
        except ValueError:
            return self.ip == "localhost"

    def wire(self) -> dict[str, Any]:
        return {
            "protocol": self.protocol,
            "firstPort": self.first,
            "lastPort": self.last,
            "ip": self.ip,
            "purpose": self.purpose,
        }


def openings(settings: Settings) -> list[Opening]:
    """The ports to open: the front's, and those of each worker.

    Where WebRTC clients share a port, the others are for plain transports alone.
    """
    scheme = "https and wss" if settings.tls_certificate else "http and ws; or your proxy's port instead"
    found = [Opening("tcp", settings.port, settings.port, settings.host, f"page and signaling ({scheme})")]
    for worker_id in range(settings.worker_count()):
        worker = settings.worker_settings(worker_id)
        ports, purpose = worker.media_ports, f"media of worker {worker_id}"
        found += [
            Opening(protocol, ports[0], ports[-1], ip, about)
            for protocol, about in _media(worker, purpose)
            for ip in settings.listen_ip
        ]
        if worker.own_ports is None and worker.plain_ports:
            first, last = worker.plain_ports[0], worker.plain_ports[-1]
            about = f"plain transports of worker {worker_id}, if clients of other machines have any"
            found.append(Opening("udp", first, last, settings.listen_ip[0], about))
    return found


def _media(worker: WorkerSettings, purpose: str) -> Iterator[tuple[str, str]]:
    """The protocols of the media ports, each with its purpose."""
    yield "udp", purpose
    if worker.rtc_tcp_connections_per_address:
        yield "tcp", f"{purpose}, of clients without UDP"


def commands(needed: Sequence[Opening], firewall: str) -> Iterator[str]:
    """Shell lines that open the ports; for those only this machine can use, a comment says so instead.

    Each line is for IPv4 and IPv6.
    """
    yield from dict.fromkeys(_command(opening, firewall) for opening in needed)
    if firewall == "firewalld":
        yield "firewall-cmd --reload"


def _command(opening: Opening, firewall: str) -> str:
    if opening.is_local:
        return f"# {opening.protocol} {opening.ports} is for this machine only ({opening.ip})"
    return _COMMANDS[firewall].format(protocol=opening.protocol, ports=_ports(opening, firewall))


def _ports(opening: Opening, firewall: str) -> str:
    return opening.ports.replace("-", ":") if firewall == "ufw" else opening.ports


_COMMANDS = {
    "ufw": "ufw allow {ports}/{protocol}",
    "firewalld": "firewall-cmd --permanent --add-port={ports}/{protocol}",
    "nft": "nft add rule inet filter input {protocol} dport {ports} accept",
}
