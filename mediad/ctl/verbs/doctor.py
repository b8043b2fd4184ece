"""Verbs for setting up: doctor, which finds problems, and ports, which lists what must be open."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

from mediad.config.settings import Settings
from mediad.ctl.command import Command, argument
from mediad.ctl.exits import CtlExit
from mediad.ctl.installation import find
from mediad.ctl.ports import FIREWALLS, Opening, commands, openings
from mediad.ctl.render import printable, table
from mediad.ctl.session import Data, Session
from mediad.errors import ConfigError, MediadError

if TYPE_CHECKING:
    from mediad.ctl.doctor.finding import Finding

_LABELS = ("ok", "warning", "ERROR")
_COLOURS = ("\x1b[32m", "\x1b[33m", "\x1b[31;1m")
_PLAIN = "\x1b[0m"


def _doctor(session: Session, data: Data) -> CtlExit:
    # here, because importing the certificate library takes longer than most verbs take to run
    from mediad.ctl.doctor.checks import examine
    from mediad.ctl.doctor.gather import gather

    found = find(session, data.get("config"), os.environ)
    try:
        findings = examine(
            gather(session, found, data.get("stun"), data.get("ntp"), public=bool(data.get("public")))
        )
    except (OSError, ValueError) as error:
        raise MediadError(f"a server that was to be asked did not answer: {error}") from None
    if session.as_json:
        session.print_json({"findings": [_wire(finding) for finding in findings]})
    else:
        session.print(report(findings, coloured=session.is_terminal))
    worst = 1 if data.get("strict") else 2
    return CtlExit.REFUSED if any(finding.level >= worst for finding in findings) else CtlExit.OK


def report(findings: list[Finding], *, coloured: bool) -> str:
    """A line for each finding, the remedy below it, and the number of each severity."""
    lines = []
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        label = f"{_LABELS[finding.level]:7}"
        if coloured:
            label = f"{_COLOURS[finding.level]}{label}{_PLAIN}"
        lines.append(f"{label}  {finding.check:{width}}  {printable(finding.text)}")
        if finding.advice:
            lines.append(" " * (11 + width) + f"-> {printable(finding.advice)}")
    count = Counter(int(finding.level) for finding in findings)
    lines.append(f"\nerrors: {count[2]}, warnings: {count[1]}, in order: {count[0]}")
    return "\n".join(lines)


def _wire(finding: Finding) -> Data:
    return {
        "level": finding.level.name.lower(),
        "check": finding.check,
        "text": finding.text,
        "advice": finding.advice or None,
    }


def _ports(session: Session, data: Data) -> None:
    needed = openings(_settings(session, data))
    if session.as_json:
        session.print_json({"ports": [opening.wire() for opening in needed]})
    elif "for" in data:
        session.print("\n".join(commands(needed, data["for"])))
    else:
        session.print(show_ports(needed))


def show_ports(needed: list[Opening]) -> str:
    rows = [(opening.protocol, opening.ports, opening.ip, opening.purpose) for opening in needed]
    return table(("PROTOCOL", "PORT", "ADDRESS", "FOR"), rows)


def _settings(session: Session, data: Data) -> Settings:
    """The settings in force. Raises ConfigError when they are wrong, because the ports are not known then."""
    found = find(session, data.get("config"), os.environ)
    if found.settings is None:
        raise ConfigError("\n".join(found.problems))
    return found.settings


_CONFIG = argument("--config", metavar="FILE", help="settings to read when mediad is not running")

COMMANDS = (
    Command(
        "doctor",
        "find what is wrong with this installation; exit code 1 when something is",
        _doctor,
        (
            _CONFIG,
            argument("--stun", metavar="HOST[:PORT]", help="STUN server to ask for the public address"),
            argument("--ntp", metavar="HOST[:PORT]", help="NTP server to compare the clock with"),
            argument(
                "--public", action="store_true", help="judge a server that anyone on the internet may reach"
            ),
            argument("--strict", action="store_true", help="warnings make the exit code 1 as well"),
        ),
    ),
    Command(
        "ports",
        "what the firewall must let in",
        _ports,
        (_CONFIG, argument("--for", choices=FIREWALLS, help="as commands for this firewall")),
    ),
)
