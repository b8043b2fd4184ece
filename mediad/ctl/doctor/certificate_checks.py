"""Checks of the front's certificate: do browsers accept it, and for how long?"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from mediad.ctl.doctor.facts import Facts
from mediad.ctl.doctor.finding import Check, Finding, error, ok, warning
from mediad.words import plural

SOON = datetime.timedelta(days=14)
"""The time before the end at which a warning is due: renewal, usually a month before, has failed then."""

_RENEW = "renew it, then `systemctl reload mediad`"


def usable(facts: Facts) -> Iterator[Finding]:
    found = facts.certificate
    if found is None:
        return
    if found.problem is not None:
        advice = "tls_certificate must name a PEM file with the certificate first, then its chain"
        yield error("certificate", f"{found.path}: {found.problem}", advice)
    elif not found.key_matches:
        text = f"the key in {found.key_path} is not the one of the certificate in {found.path}"
        yield error("certificate", text, "tls_private_key and tls_certificate must be a pair")
    else:
        yield from _validity(facts)


def _validity(facts: Facts) -> Iterator[Finding]:
    found = facts.certificate
    assert found is not None
    whose = f"the certificate of {', '.join(found.names) or 'nobody'}"
    if facts.now < found.not_before:
        text = f"{whose} is not valid before {found.not_before:%Y-%m-%d %H:%M} UTC"
        yield error("certificate", text, "look at the clock (`timedatectl`), or wait")
    elif facts.now >= found.not_after:
        yield error("certificate", f"{whose} expired on {found.not_after:%Y-%m-%d}", _RENEW)
    elif facts.now + SOON >= found.not_after:
        days = (found.not_after - facts.now).days
        text = f"{whose} expires in {plural(days, 'day')}, on {found.not_after:%Y-%m-%d}"
        yield warning("certificate", text, _RENEW)
    else:
        yield ok("certificate", f"{whose} is valid until {found.not_after:%Y-%m-%d}")


def trust(facts: Facts) -> Iterator[Finding]:
    found = facts.certificate
    if found is None or found.problem is not None:
        return
    if found.self_signed:
        text = f"the certificate in {found.path} is self-signed: browsers refuse it"
        yield warning("certificate-chain", text, "get one from an authority, such as Let's Encrypt")
    elif found.chain_length < 2:
        text = f"{found.path} holds the certificate without its chain: some clients refuse it"
        yield warning("certificate-chain", text, "use the file with the whole chain (fullchain.pem)")
    else:
        yield ok("certificate-chain", f"{found.path} holds the whole chain")


def secrecy(facts: Facts) -> Iterator[Finding]:
    found = facts.certificate
    if found is not None and found.problem is None and found.key_readable_by_all:
        advice = f"`chmod 640 {found.key_path}`, and give it the daemon's group"
        yield warning("certificate-key", f"everybody on this machine can read {found.key_path}", advice)


CHECKS: tuple[Check, ...] = (usable, trust, secrecy)
