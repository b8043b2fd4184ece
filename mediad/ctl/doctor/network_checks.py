"""Can browsers reach it? Addresses, ports, and whether there is https."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from mediad.config import Settings
from mediad.ctl.doctor.facts import Facts
from mediad.ctl.doctor.finding import Check, Finding, error, ok, warning

_SHARED = ipaddress.ip_network("100.64.0.0/10")  # RFC 6598, between a provider and its customers
_EXAMPLES = [
    ipaddress.ip_network(text)
    for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
]

_ANNOUNCE = "set announced_ip to the address clients reach this machine at"


def candidate(settings: Settings) -> str:
    """What browsers are told to send media to."""
    return settings.announced_ip or settings.listen_ip


def announced_address(facts: Facts) -> Iterator[Finding]:
    """Judged by what kind of address it is."""
    if facts.settings is None or facts.network.announced is None:
        return
    told = candidate(facts.settings)
    if not facts.network.announced:
        yield error("announced-address", f"{told} does not resolve: no browser will find it", _ANNOUNCE)
    for text in facts.network.announced:
        finding = _judge(text, facts.settings)
        shown = told if told == text else f"{told} ({text})"
        if finding is None:
            yield ok("announced-address", f"browsers are told to send media to {shown}")
        else:
            kind, bad = finding
            words = f"browsers are told to send media to {shown}, {kind}"
            yield (error if bad else warning)("announced-address", words, _ANNOUNCE)


def address_family(facts: Facts) -> Iterator[Finding]:
    """Plenty of networks have no IPv6 yet."""
    announced = facts.network.announced
    if announced and all(":" in address for address in announced) and not all(map(is_loopback, announced)):
        text = "browsers are told of IPv6 addresses only: clients without IPv6 get no media"
        yield warning("announced-address", text, "announce an IPv4 address, or a name that has both")


def _judge(text: str, settings: Settings) -> tuple[str, bool] | None:
    """What is wrong with the address, and whether it is hopeless."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if address.is_loopback:
        if is_loopback(settings.host):
            return None  # nobody else is meant to come
        return "which is this machine only for itself", True
    if address.is_unspecified or address.is_multicast:
        return "which is no address of a machine", True
    if address.is_link_local:
        return "which holds on one cable only (link-local)", True
    if any(address in network for network in _EXAMPLES):
        return "which is an example from a manual", True
    if address in _SHARED:
        return "which only customers of the same provider reach (100.64.0.0/10)", False
    if address.is_private:
        return "a private address: only clients in the same network reach it", False
    return None


def listen_address(facts: Facts) -> Iterator[Finding]:
    if facts.settings is None or not facts.machine.addresses:
        return
    for key in ("listen_ip", "host"):
        value: str = getattr(facts.settings, key)
        try:
            address = ipaddress.ip_address(value)
        except ValueError:
            continue  # a name; opening the port will tell
        if address.is_unspecified or address.is_loopback or value in facts.machine.addresses:
            yield ok("listen-address", f"{key} {value} is of this machine")
        else:
            known = ", ".join(sorted(facts.machine.addresses))
            yield error("listen-address", f"{key} {value} is not of this machine", f"choose one of {known}")


def public_address(facts: Facts) -> Iterator[Finding]:
    """Only when a STUN server was asked."""
    seen, problem = facts.network.public_address, facts.network.public_problem
    if problem is not None:
        advice = "try another server; if none answers, UDP out of this machine is blocked"
        yield warning("public-address", problem, advice)
    if seen is None or facts.network.announced is None:
        return
    if seen in facts.network.announced:
        yield ok("public-address", f"the internet sees this machine as {seen}, as announced")
    else:
        told = ", ".join(facts.network.announced) or "nothing"
        text = f"the internet sees this machine as {seen}, while {told} is announced"
        yield warning("public-address", text, f"set announced_ip to {seen}, unless clients are elsewhere")


def media_path(facts: Facts) -> Iterator[Finding]:
    """Whether what is sent to the announced address arrives at the workers."""
    for probe in facts.network.probes:
        where = f"{probe.ip} UDP port {probe.port}"
        if probe.arrived:
            yield ok("media-path", f"what is sent to {where} arrives at worker {probe.worker_id}")
            continue
        text = f"what is sent to {where} does not arrive at worker {probe.worker_id}"
        if probe.ip in facts.machine.addresses or is_loopback(probe.ip):
            advice = "a firewall on this machine drops it, or listen_ip is another address"
            yield error("media-path", text, advice + "; `mediactl ports` lists what must be open")
        else:
            advice = (
                "open or forward the ports that `mediactl ports` lists; if the router only does not let a"
            )
            yield warning(
                "media-path", text, advice + " machine reach itself from outside, try from elsewhere"
            )


def front(facts: Facts) -> Iterator[Finding]:
    if facts.daemon is None:
        return
    if facts.network.front_problem is not None:
        text = f"{facts.daemon.url or 'the front'} does not answer: {facts.network.front_problem}"
        yield error("front", text, "the log of mediad says more; a firewall may be in the way")
    else:
        yield ok("front", f"{facts.daemon.url} answers")


def taken_ports(facts: Facts) -> Iterator[Finding]:
    """Only while the daemon does not run: then it is what keeps it from starting."""
    if facts.daemon is not None or facts.settings is None:
        return
    for taken in facts.network.taken:
        owner = f" by {taken.owner}" if taken.owner else ""
        text = f"{taken.protocol} port {taken.port} on {taken.ip} {taken.problem}{owner}"
        key = "rtc_base_port" if taken.protocol == "UDP" else "port"
        yield error("ports", text, f"stop the other, or choose another {key}")
    if not facts.network.taken:
        yield ok("ports", "all ports it needs are free")


def port_range(facts: Facts) -> Iterator[Finding]:
    """Ports the kernel hands out by itself may be gone when a worker starts."""
    if facts.settings is None or facts.machine.ephemeral_ports is None:
        return
    low, high = facts.machine.ephemeral_ports
    ports = [
        facts.settings.worker_settings(worker_id).rtc_first_port
        for worker_id in range(facts.settings.worker_count())
    ]
    inside = [port for port in ports if low <= port <= high and port not in facts.machine.reserved_ports]
    if inside:
        text = (
            f"media ports {', '.join(map(str, inside))} are among those any program is given ({low}-{high})"
        )
        advice = "move rtc_base_port below, or list them in net.ipv4.ip_local_reserved_ports"
        yield warning("port-range", text, advice)
    else:
        yield ok("port-range", "no media port is among those any program is given")


def https(facts: Facts) -> Iterator[Finding]:
    """Browsers hand out camera and microphone only to pages from https, or from this very machine."""
    if facts.settings is None or facts.settings.tls_certificate is not None:
        return
    if is_loopback(facts.settings.host):
        yield ok("https", "without https, but for this machine only")
    else:
        text = "without https: browsers hand out no camera and microphone to its pages"
        yield warning("https", text, "set tls_certificate, unless a proxy in front of it does https")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


CHECKS: tuple[Check, ...] = (
    *(announced_address, address_family, listen_address, public_address, media_path),
    *(front, taken_ports, port_range, https),
)
