"""Checks of the network: can browsers reach this node? Addresses, ports, https."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from mediad.config.announced import advice, judge
from mediad.config.listen import is_loopback
from mediad.ctl.doctor.facts import Facts, MediaPath
from mediad.ctl.doctor.finding import Check, Finding, error, ok, warning


def announced_address(facts: Facts) -> Iterator[Finding]:
    """Judge each announced address by its kind."""
    if facts.settings is None or facts.network.announced is None:
        return
    for text in facts.network.announced:
        finding = judge(text, facts.settings)
        names = [name for name, addresses in facts.network.named.items() if text in addresses]
        shown = f"{', '.join(names)} ({text})" if names else text
        if finding is None:
            yield ok("announced-address", f"browsers are told to send media to {shown}")
        else:
            kind, bad = finding
            words = f"browsers are told to send media to {shown}, {kind}"
            yield (error if bad else warning)("announced-address", words, advice(facts.settings))


def announced_names(facts: Facts) -> Iterator[Finding]:
    """Judge announced names: they are looked up when settings are read, and not again."""
    if facts.settings is None or not facts.network.announced:
        return
    known = {*(facts.settings.announced_ip or ()), *facts.settings.listen_ip}
    told = [ip for ip in facts.network.announced if ip not in known]
    for name, now in facts.network.named.items():
        if now and not set(now) & set(facts.network.announced):
            text = (
                f"browsers are told to send media to {', '.join(told)}, but {name} is {', '.join(now)} by now"
            )
            yield error("announced-address", text, "run mediactl reload; it looks the name up again")
        else:
            text = f"announced_ip is a name, {name}: when its address changes, browsers are told the old one"
            remedy = "set announced_ip to the address itself, or run mediactl reload after each change"
            yield warning("announced-address", text, remedy)


def address_family(facts: Facts) -> Iterator[Finding]:
    """Judge the address family: many networks have no IPv6 yet."""
    announced = facts.network.announced
    if announced and all(":" in address for address in announced) and not all(map(is_loopback, announced)):
        text = "browsers are told of an IPv6 address only: clients without IPv6 get no media"
        yield warning("announced-address", text, "announce an IPv4 address, if this machine has one")


def ipv6(facts: Facts) -> Iterator[Finding]:
    """Judge an announced IPv6 address: clients may prefer one, and wait for it in vain."""
    network = facts.network
    if facts.settings is None or network.ipv6_route is None:
        return
    told = [text for text in network.announced or () if ":" in text and ipaddress.ip_address(text).is_global]
    foreign = [text for text in told if text not in facts.machine.addresses]
    if not network.ipv6_route:
        text = f"browsers are told of {', '.join(told)}, but this machine has no route to the IPv6 internet"
        yield error("ipv6", text, "give it one, or take the IPv6 address out of announced_ip and listen_ip")
    elif foreign:
        text = f"browsers are told of {', '.join(foreign)}, which is not of this machine"
        yield warning("ipv6", text, "IPv6 is seldom translated; announce the address that this machine has")
    else:
        yield ok("ipv6", f"{', '.join(told)} is of this machine, which has a route to the IPv6 internet")


def listen_address(facts: Facts) -> Iterator[Finding]:
    if facts.settings is None or not facts.machine.addresses:
        return
    values = [*(("listen_ip", ip) for ip in facts.settings.listen_ip), ("host", facts.settings.host)]
    for key, value in values:
        try:
            address = ipaddress.ip_address(value.partition("%")[0])
        except ValueError:
            continue  # a name; opening the port shows whether it is right
        if address.is_unspecified or address.is_loopback or str(address) in facts.machine.addresses:
            yield ok("listen-address", f"{key} {value} is of this machine")
        else:
            known = ", ".join(sorted(facts.machine.addresses))
            yield error("listen-address", f"{key} {value} is not of this machine", f"choose one of {known}")


def public_address(facts: Facts) -> Iterator[Finding]:
    """Compare the announced address with the one a STUN server sees; only when one was asked."""
    seen, problem = facts.network.public_address, facts.network.public_problem
    if problem is not None:
        remedy = "try another server; if none answers, UDP out of this machine is blocked"
        yield warning("public-address", problem, remedy)
    if seen is None or facts.network.announced is None:
        return
    if seen in facts.network.announced:
        yield ok("public-address", f"the internet sees this machine as {seen}, as announced")
    else:
        told = ", ".join(facts.network.announced) or "nothing"
        text = f"the internet sees this machine as {seen}, while {told} is announced"
        yield warning("public-address", text, f"set announced_ip to {seen}, unless clients are elsewhere")


def media_path(facts: Facts) -> Iterator[Finding]:
    """Judge whether datagrams to the announced address arrive at the workers."""
    for path in facts.network.media_paths:
        where = f"{path.ip} UDP port {path.port}"
        if path.arrived:
            yield _way_back(path, where)
            continue
        text = f"what is sent to {where} does not arrive at worker {path.worker_id}"
        if path.ip in facts.machine.addresses or is_loopback(path.ip):
            advice = "a firewall on this machine drops it, or listen_ip is another address"
            yield error("media-path", text, advice + "; `mediactl ports` lists what must be open")
        else:
            advice = (
                "open or forward the ports that `mediactl ports` lists; if the router only does not let a"
            )
            yield warning(
                "media-path", text, advice + " machine reach itself from outside, try from elsewhere"
            )


def _way_back(path: MediaPath, where: str) -> Finding:
    """Judge the answer: a browser accepts it only from the address it sent to."""
    text = f"what is sent to {where} arrives at worker {path.worker_id}"
    if not path.was_asked:
        return ok("media-path", text)
    if path.answered_from is None:
        advice = "a firewall that drops outgoing UDP is in the way"
        return error("media-path", f"{text}, but no answer comes back", advice)
    if path.answered_from != path.ip:
        advice = "set listen_ip to the announced address, or see to it that the router translates both ways"
        wrong = f"{text}, but the answer comes from {path.answered_from}: browsers drop it"
        return error("media-path", wrong, advice)
    return ok("media-path", f"{text}, and the answer comes back from there")


def front(facts: Facts) -> Iterator[Finding]:
    if facts.daemon is None:
        return
    if facts.network.front_problem is not None:
        text = f"{facts.daemon.url or 'the front'} does not answer: {facts.network.front_problem}"
        yield error("front", text, "the log of mediad says more; a firewall may be in the way")
    else:
        yield ok("front", f"{facts.daemon.url} answers")


def taken_ports(facts: Facts) -> Iterator[Finding]:
    """Report ports that keep the daemon from starting; only while it does not run."""
    if facts.daemon is not None or facts.settings is None:
        return
    for taken in facts.network.taken:
        owner = f" by {taken.owner}" if taken.owner else ""
        text = f"{taken.protocol} port {taken.port} on {taken.ip} {taken.problem}{owner}"
        key = "port" if (taken.protocol, taken.port) == ("TCP", facts.settings.port) else "rtc_base_port"
        yield error("ports", text, f"stop the other, or choose another {key}")
    for own in facts.network.own_ports:
        if own.taken:
            text = f"other programs have {own.taken} of the {own.total} media ports of worker {own.worker_id}"
            yield warning("ports", text, "stop them, or choose another rtc_base_port")
    if not facts.network.taken and not any(own.taken for own in facts.network.own_ports):
        yield ok("ports", "all ports it needs are free")


def port_range(facts: Facts) -> Iterator[Finding]:
    """Judge the media ports: those the kernel gives to any program may be taken when a worker starts."""
    if facts.settings is None or facts.machine.ephemeral_ports is None:
        return
    low, high = facts.machine.ephemeral_ports
    ranges = [
        facts.settings.worker_settings(worker_id).media_ports
        for worker_id in range(facts.settings.worker_count())
    ]
    given = set(range(low, high + 1)) - facts.machine.reserved_ports
    inside = [ports for ports in ranges if not given.isdisjoint(ports)]
    if inside:
        shown = ", ".join(f"{ports[0]}-{ports[-1]}" if len(ports) > 1 else str(ports[0]) for ports in inside)
        text = f"media ports {shown} are among those any program is given ({low}-{high})"
        advice = "move rtc_base_port below, or list them in net.ipv4.ip_local_reserved_ports"
        yield warning("port-range", text, advice)
    else:
        yield ok("port-range", "no media port is among those any program is given")


def https(facts: Facts) -> Iterator[Finding]:
    """Judge https: browsers give camera and microphone only to pages from https, or from this machine."""
    if facts.settings is None or facts.settings.tls_certificate is not None:
        return
    if is_loopback(facts.settings.host):
        yield ok("https", "without https, but for this machine only")
    else:
        text = "without https: browsers hand out no camera and microphone to its pages"
        yield warning("https", text, "set tls_certificate, unless a proxy in front of it does https")


def open_front(facts: Facts) -> Iterator[Finding]:
    """Judge who is let in: everyone, or those with a token."""
    if facts.settings is None:
        return
    told = facts.daemon.tokens_needed if facts.daemon is not None else None
    if facts.settings.needs_tokens if told is None else told:
        yield ok("open", "nobody enters a room without a token")
    elif is_loopback(facts.settings.host):
        yield ok("open", "no token is needed, on this machine only")
    elif told is not None or facts.settings.open:  # otherwise it does not start, for that reason
        text = "no token is needed: whoever reaches the front may enter every room"
        advice = "set jwt_secrets, jwt_public_keys or jwt_jwks, unless open = true is meant"
        yield warning("open", text, advice)


CHECKS: tuple[Check, ...] = (
    *(announced_address, announced_names, address_family, ipv6, listen_address, public_address, media_path),
    *(front, taken_ports, port_range, https, open_front),
)
